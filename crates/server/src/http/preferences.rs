//! What others may want of oneself, and by what one is found.

use axum::extract::State;
use hearth_capabilities::Input;
use hearth_protocol::Rejection;
use hearth_protocol::limits::{INTEREST_MAX_CHARS, INTERESTS_MAX, LimitName};
use hearth_protocol::people::Preferences;
use hearth_protocol::text::clean_name;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Body};
use super::asking::SignedIn;

/// What others may want of oneself.
#[utoipa::path(get, path = "/api/me/preferences", tag = "accounts",
    responses((status = 200, body = Preferences), (status = 401, body = Rejection)))]
pub async fn read(State(state): State<Arc<AppState>>, SignedIn(who): SignedIn) -> Answer<Preferences> {
    Ok(axum::Json(state.node.store().people().preferences(&who.profile.id).await?))
}

/// Changes what others may want of oneself. Interests are trimmed, and each is kept once.
#[utoipa::path(put, path = "/api/me/preferences", tag = "accounts", request_body = Preferences,
    responses((status = 200, body = Preferences), (status = 401, body = Rejection), (status = 422, body = Rejection)))]
pub async fn change(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Body(wanted): Body<Preferences>,
) -> Answer<Preferences> {
    let user = who.profile.id;
    let preferences = Preferences { interests: clean(wanted.interests)?, ..wanted };
    state.node.store().people().set_preferences(&user, &preferences).await?;
    state.node.tell_spaces(&Input::Prefers { user, preferences: preferences.clone() });
    Ok(axum::Json(preferences))
}

/// Interests as they are kept: without empty ones, and without those that differ only in their case.
///
/// Errors: the limits on their number and their length.
fn clean(interests: Vec<String>) -> Result<Vec<String>, Rejection> {
    let past = |limit, max: usize| Rejection::Limit { limit, max: max as u64, retry_after_ms: None };
    let mut kept: Vec<String> = Vec::new();
    for interest in interests {
        if interest.chars().count() > INTEREST_MAX_CHARS {
            return Err(past(LimitName::InterestChars, INTEREST_MAX_CHARS));
        }
        let Some(interest) = clean_name(&interest, INTEREST_MAX_CHARS) else { continue };
        let folded = interest.to_lowercase();
        if kept.iter().all(|one| one.to_lowercase() != folded) {
            kept.push(interest);
        }
    }
    if kept.len() > INTERESTS_MAX { Err(past(LimitName::Interests, INTERESTS_MAX)) } else { Ok(kept) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interests_are_kept_once_and_within_their_limits() {
        let kept = clean(vec![" Bread ".to_owned(), "bread".to_owned(), String::new(), "面包".to_owned()]);
        assert_eq!(kept, Ok(vec!["Bread".to_owned(), "面包".to_owned()]));
        let many = |count: usize| (0..count).map(|number| format!("thing {number}")).collect();
        assert!(clean(many(INTERESTS_MAX)).is_ok());
        let refused = |result: Result<Vec<String>, Rejection>| match result {
            Err(Rejection::Limit { limit, .. }) => limit,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(clean(many(INTERESTS_MAX + 1))), LimitName::Interests);
        assert_eq!(refused(clean(vec!["长".repeat(INTEREST_MAX_CHARS + 1)])), LimitName::InterestChars);
    }
}
