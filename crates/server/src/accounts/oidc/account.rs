//! Whom a provider vouches for, and their account here.

use hearth_protocol::ids::UserId;
use hearth_protocol::limits::{ACCOUNT_NAME_MAX_BYTES, DISPLAY_NAME_MAX_CHARS};
use hearth_protocol::text::clean_name;
use hearth_store::{NewAccount, Store};
use openidconnect::core::{CoreIdTokenClaims, CoreUserInfoClaims};
use openidconnect::{EndUserName, LocalizedClaim};

use super::{Error, Provider};
use crate::accounts::names;
use crate::{clock, fresh};

/// Names that are tried before one gets a random end: `ana`, `ana2`, `ana3`…
const NUMBERED_NAMES_MAX: usize = 20;
/// The name of an account whose person's names leave nothing to make one of.
const NAMELESS: &str = "user";

/// Somebody a provider vouches for (OpenID Connect Core 1.0, section 5.1). Only `subject` is sure; the rest is as good as
/// what they typed there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Who, for ever, of this issuer.
    pub subject: String,
    /// What they would like to be called in addresses.
    pub preferred_username: Option<String>,
    /// Their e-mail address. It is not kept.
    pub email: Option<String>,
    /// What they are called.
    pub name: Option<String>,
}

impl Person {
    pub(super) fn of_id_token(claims: &CoreIdTokenClaims) -> Self {
        Self {
            subject: claims.subject().to_string(),
            preferred_username: claims.preferred_username().map(|name| name.to_string()),
            email: claims.email().map(|email| email.to_string()),
            name: any(claims.name()),
        }
    }

    /// Whether there is enough to make names of.
    pub(super) fn is_named(&self) -> bool {
        self.preferred_username.is_some() && self.name.is_some()
    }

    /// Takes from elsewhere what is still missing.
    pub(super) fn complete(&mut self, more: &CoreUserInfoClaims) {
        let this = std::mem::take(self);
        *self = Self {
            subject: this.subject,
            preferred_username: this
                .preferred_username
                .or_else(|| more.preferred_username().map(|name| name.to_string())),
            email: this.email.or_else(|| more.email().map(|email| email.to_string())),
            name: this.name.or_else(|| any(more.name())),
        };
    }

    /// An account name made of what they are called.
    fn account_name(&self) -> String {
        let told = [&self.preferred_username, &self.email, &self.name];
        told.into_iter().flatten().find_map(|text| plain(text)).unwrap_or_else(|| NAMELESS.to_owned())
    }

    fn display_name(&self) -> Option<String> {
        let told = [&self.name, &self.preferred_username];
        told.into_iter().flatten().find_map(|text| clean_name(&start_of(text), DISPLAY_NAME_MAX_CHARS))
    }
}

/// The name in no particular language, or else in any.
fn any(name: Option<&LocalizedClaim<EndUserName>>) -> Option<String> {
    let name = name?;
    name.get(None).or_else(|| name.iter().next().map(|(_, name)| name)).map(|name| name.to_string())
}

/// As much of a long name as is kept.
fn start_of(text: &str) -> String {
    text.chars().take(DISPLAY_NAME_MAX_CHARS).collect()
}

/// What an account name can take of a text: of an address of e-mail, what is before the `@`.
fn plain(text: &str) -> Option<String> {
    let local = text.split('@').find(|part| !part.is_empty())?;
    let kept: String = local
        .chars()
        .map(|c| if c == ' ' { '.' } else { c })
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        .collect();
    let kept = kept.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let kept = kept.get(..ACCOUNT_NAME_MAX_BYTES).unwrap_or(kept).to_ascii_lowercase();
    names::account(&kept).ok()
}

/// The names to try for an account, one after the other; the last is nobody's.
fn candidates(name: &str) -> Vec<String> {
    let with = |end: String| format!("{}{end}", &name[..name.len().min(ACCOUNT_NAME_MAX_BYTES - end.len())]);
    let numbered = (2..=NUMBERED_NAMES_MAX).map(|number| number.to_string());
    let last = std::iter::once_with(|| format!("-{}", fresh::suffix()));
    std::iter::once(String::new()).chain(numbered).chain(last).map(with).collect()
}

/// The account of somebody the provider vouches for: theirs, or a new one where those are made.
///
/// Errors: [`Error::NoAccount`], [`Error::Disabled`], [`Error::Store`].
pub async fn account_of(store: &Store, provider: &Provider, person: &Person) -> Result<UserId, Error> {
    if let Some(user) = existing(store, provider, person).await? {
        return Ok(user);
    }
    if !provider.creates_accounts() {
        return Err(Error::NoAccount);
    }
    let mut taken = hearth_store::Error::NameTaken;
    for name in candidates(&person.account_name()) {
        let account = NewAccount {
            user: fresh::user(),
            display_name: person.display_name().unwrap_or_else(|| name.clone()),
            name,
            password_hash: None,
            administrator: false,
            room: fresh::space(),
            created_ms: clock::now().0,
        };
        match store.accounts().create_for_subject(&account, provider.issuer(), &person.subject).await {
            Ok(()) => return Ok(account.user),
            Err(hearth_store::Error::NameTaken) => {}
            Err(other) => {
                taken = other;
                break;
            }
        }
    }
    // Two devices may have signed in at the same time: the account is the one that the other made.
    existing(store, provider, person).await?.ok_or(Error::Store(taken))
}

async fn existing(store: &Store, provider: &Provider, person: &Person) -> Result<Option<UserId>, Error> {
    match store.accounts().by_subject(provider.issuer(), &person.subject).await? {
        Some(account) if account.disabled => Err(Error::Disabled),
        Some(account) => Ok(Some(account.profile.id)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(preferred_username: &str, email: &str, name: &str) -> Person {
        let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Person {
            subject: "1".into(),
            preferred_username: told(preferred_username),
            email: told(email),
            name: told(name),
        }
    }

    #[test]
    fn an_account_is_called_as_its_person_wishes_as_far_as_names_go() {
        for (preferred_username, email, name, expected) in [
            ("Ana", "x@y.z", "N", "ana"),
            ("ana@example.org", "", "", "ana"),
            ("", "bo.b@example.org", "Bo", "bo.b"),
            ("李", "li@example.org", "李", "li"),
            ("李", "", "李 Wei", "wei"),
            ("", "", "Cy Dee", "cy.dee"),
            ("<script>", "", "", "script"),
            ("../../etc", "", "", "etc"),
            ("@ana", "", "", "ana"),
            ("\u{202E}", "", "李", NAMELESS),
            ("", "", "", NAMELESS),
        ] {
            assert_eq!(person(preferred_username, email, name).account_name(), expected, "{preferred_username:?}");
        }
        assert_eq!(person(&"a".repeat(100), "", "").account_name().len(), ACCOUNT_NAME_MAX_BYTES);
    }

    #[test]
    fn every_candidate_is_a_name_and_another_one() {
        for name in ["ana".to_owned(), "a".repeat(ACCOUNT_NAME_MAX_BYTES)] {
            let all = candidates(&name);
            assert_eq!(all.len(), NUMBERED_NAMES_MAX + 1);
            assert_eq!((all[0].as_str(), all.iter().all(|one| names::account(one).is_ok())), (name.as_str(), true));
            assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
        }
    }

    #[test]
    fn a_person_is_shown_by_their_name() {
        assert_eq!(person("ana", "", "Ana 李").display_name().as_deref(), Some("Ana 李"));
        assert_eq!(person("ana", "", "\u{202E}").display_name().as_deref(), Some("ana"));
        assert_eq!(person("", "", "").display_name(), None);
        let long = person("", "", &"李".repeat(1_000)).display_name().unwrap();
        assert_eq!(long.chars().count(), DISPLAY_NAME_MAX_CHARS);
    }
}
