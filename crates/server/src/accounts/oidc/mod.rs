//! Signing in with an OpenID Connect provider: the authorization code flow (OpenID Connect Core 1.0, section 3.1)
//! with PKCE (RFC 7636, S256).
//!
//! ```text
//! begin ─► Pending (state, nonce, verifier; the browser has a handle in a cookie) ─► the provider's page
//!                                                                                        │ code, state
//! account ◄─ claims of a verified ID token ◄─ exchange of the code ◄─ finish, once ◄─────┘
//! ```
//!
//! *Invariants.* A sign-in that began in one browser finishes in that browser, once.
//! Nothing that the provider says outside the ID token decides who somebody is.
//! An account is found by issuer and subject only: a provider's idea of a name never opens an account that has that name.

mod account;
mod fetch;
mod pending;

pub use account::{Person, account_of};
pub use pending::{Begun, LIFETIME};

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, TokenResponse as _,
};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::config;
use crate::fresh;
use fetch::Fetch;
use pending::Pending;

/// How long the provider has to answer what one step asks of it.
pub const PROVIDER_WITHIN: Duration = Duration::from_secs(5);
/// How long what the provider says of itself is believed: its addresses and its keys.
const DESCRIPTION_LIFETIME: Duration = Duration::from_secs(600);
/// How long a provider that gave no answer is not asked again: who waits behind the first one is answered with it.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(2);
/// The longest authorization code that is passed on, in bytes.
const CODE_MAX_BYTES: usize = 4_096;
/// The longest subject (OpenID Connect Core 1.0, section 2: 255 ASCII characters).
const SUBJECT_MAX_BYTES: usize = 255;

/// Why somebody was not signed in. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The provider gave no usable answer.
    #[error("the provider gave no usable answer: {0}")]
    Provider(String),
    /// The provider, or the person there, said no.
    #[error("the provider declined: {0}")]
    Declined(String),
    /// The sign-in was not begun in this browser, has finished, or took too long.
    #[error("no sign-in that began in this browser is under way with this state")]
    Unknown,
    /// What the provider vouches with does not hold.
    #[error("the provider's answer does not hold: {0}")]
    Invalid(String),
    /// More sign-ins are under way than are kept.
    #[error("too many sign-ins are under way")]
    Crowded,
    /// The person has no account here, and none is made by itself.
    #[error("the subject has no account here")]
    NoAccount,
    /// The account may not sign in.
    #[error("the account is disabled")]
    Disabled,
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] hearth_store::Error),
}

/// The provider that people can sign in with.
pub struct Provider {
    config: config::Oidc,
    fetch: Fetch,
    pending: Pending,
    known: Mutex<Known>,
}

/// What is known of the provider.
#[derive(Default)]
struct Known {
    description: Option<(Instant, Arc<CoreProviderMetadata>)>,
    failed: Option<Instant>,
}

/// Where a browser goes to sign in, and what it keeps until it is back.
pub struct Departure {
    /// The provider's page.
    pub url: String,
    /// The secret for the browser's cookie.
    pub handle: String,
}

/// What we ask the provider as.
type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

impl Provider {
    /// The provider of the configuration; `None` where there is none.
    pub fn new(config: &config::Oidc) -> Option<Self> {
        (!config.issuer.is_empty()).then(|| Self {
            config: config.clone(),
            fetch: Fetch::default(),
            pending: Pending::default(),
            known: Mutex::default(),
        })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        self.config.shown_name()
    }

    /// Whom subjects are of.
    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// Whether a person it vouches for gets an account by signing in.
    pub fn creates_accounts(&self) -> bool {
        self.config.create_accounts
    }

    /// Begins a sign-in that comes back to `redirect_uri`, and then to the path `next`.
    ///
    /// Errors: [`Error::Provider`], [`Error::Crowded`].
    pub async fn begin(&self, redirect_uri: &str, next: &str) -> Result<Departure, Error> {
        let description = self.description(Instant::now()).await?;
        let client = self.client(&description);
        let redirect = redirect_url(redirect_uri)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (state, nonce, handle) = (fresh::secret(), fresh::secret(), fresh::secret());
        let begun = Begun {
            nonce: nonce.clone(),
            verifier: verifier.into_secret(),
            redirect_uri: redirect_uri.to_owned(),
            next: next.to_owned(),
        };
        self.pending.add(&state, &handle, begun, Instant::now())?;
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(["profile", "email"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .set_redirect_uri(Cow::Owned(redirect))
            .url();
        Ok(Departure { url: url.into(), handle })
    }

    /// Takes up the sign-in that a browser comes back with. It can't be taken up again.
    ///
    /// Errors: [`Error::Unknown`].
    pub fn resume(&self, state: &str, handle: &str) -> Result<Begun, Error> {
        self.pending.take(state, handle, Instant::now())
    }

    /// Whom the provider vouches for with a code.
    ///
    /// Errors: [`Error::Provider`], [`Error::Invalid`].
    pub async fn person(&self, begun: Begun, code: &str) -> Result<Person, Error> {
        if code.is_empty() || code.len() > CODE_MAX_BYTES {
            return Err(Error::Invalid(format!("an authorization code of {} bytes", code.len())));
        }
        let description = self.description(Instant::now()).await?;
        let client = self.client(&description);
        let (nonce, token) = within(self.exchange(&client, begun, code)).await?;
        let id_token = token.id_token().ok_or_else(|| Error::Invalid("no ID token".to_owned()))?;
        let claims = match verified(&client, id_token, token.access_token(), &nonce) {
            Ok(claims) => claims.clone(),
            // The provider may have changed its keys since it was last asked.
            Err(first) => {
                let fresh = self.description_other_than(&description).await?;
                let client = self.client(&fresh);
                verified(&client, id_token, token.access_token(), &nonce).map_err(|_| first)?.clone()
            }
        };
        if claims.subject().len() > SUBJECT_MAX_BYTES {
            return Err(Error::Invalid("a subject that is too long".to_owned()));
        }
        let mut person = Person::of_id_token(&claims);
        if !person.is_named() && client.user_info_url().is_some() {
            let more = within(self.user_info(&client, token.access_token(), &claims)).await?;
            person.complete(&more);
        }
        Ok(person)
    }

    async fn exchange(&self, client: &Client, begun: Begun, code: &str) -> Result<(Nonce, CoreTokenResponse), Error> {
        let token = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(provider)?
            .set_pkce_verifier(PkceCodeVerifier::new(begun.verifier))
            .set_redirect_uri(Cow::Owned(redirect_url(&begun.redirect_uri)?))
            .request_async(&self.fetch)
            .await
            .map_err(provider)?;
        Ok((Nonce::new(begun.nonce), token))
    }

    /// What the provider's address for claims says of the subject, and of no other (section 5.3.2).
    async fn user_info(
        &self,
        client: &Client,
        token: &AccessToken,
        claims: &CoreIdTokenClaims,
    ) -> Result<CoreUserInfoClaims, Error> {
        client
            .user_info(token.clone(), Some(claims.subject().clone()))
            .map_err(provider)?
            .request_async(&self.fetch)
            .await
            .map_err(provider)
    }

    fn client(&self, description: &CoreProviderMetadata) -> Client {
        let secret = Some(&self.config.client_secret).filter(|secret| !secret.is_empty());
        let id = ClientId::new(self.config.client_id.clone());
        let secret = secret.map(|secret| ClientSecret::new(secret.clone()));
        let client = CoreClient::from_provider_metadata(description.clone(), id, secret);
        // Basic where nothing is said (OpenID Connect Discovery 1.0, section 3).
        let by = |method| description.token_endpoint_auth_methods_supported().is_some_and(|all| all.contains(&method));
        let in_body = by(CoreClientAuthMethod::ClientSecretPost) && !by(CoreClientAuthMethod::ClientSecretBasic);
        client.set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
    }

    /// What the provider says of itself, asked again when it is old.
    async fn description(&self, now: Instant) -> Result<Arc<CoreProviderMetadata>, Error> {
        let mut known = self.known.lock().await;
        if let Some((since, description)) = &known.description
            && now.saturating_duration_since(*since) < DESCRIPTION_LIFETIME
        {
            return Ok(description.clone());
        }
        self.ask(&mut known).await
    }

    /// What the provider says of itself now, unless another asked since.
    async fn description_other_than(
        &self,
        old: &Arc<CoreProviderMetadata>,
    ) -> Result<Arc<CoreProviderMetadata>, Error> {
        let mut known = self.known.lock().await;
        match &known.description {
            Some((_, description)) if !Arc::ptr_eq(description, old) => Ok(description.clone()),
            _ => self.ask(&mut known).await,
        }
    }

    async fn ask(&self, known: &mut Known) -> Result<Arc<CoreProviderMetadata>, Error> {
        if known.failed.is_some_and(|at| at.elapsed() < PAUSE_AFTER_FAILURE) {
            return Err(Error::Provider("it gave none a moment ago".to_owned()));
        }
        let issuer = IssuerUrl::new(self.config.issuer.clone()).map_err(provider)?;
        let asked = within(async { CoreProviderMetadata::discover_async(issuer, &self.fetch).await.map_err(provider) });
        match asked.await {
            Ok(description) => {
                let description = Arc::new(description);
                *known = Known { description: Some((Instant::now(), description.clone())), failed: None };
                Ok(description)
            }
            Err(error) => {
                known.failed = Some(Instant::now());
                Err(error)
            }
        }
    }
}

/// The claims of an ID token, after all checks of section 3.1.3.7 and, where it can be made, of 3.1.3.8.
fn verified<'a>(
    client: &Client,
    id_token: &'a CoreIdToken,
    access_token: &AccessToken,
    nonce: &Nonce,
) -> Result<&'a CoreIdTokenClaims, Error> {
    let verifier: CoreIdTokenVerifier<'_> = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
    let claims = id_token.claims(&verifier, nonce).map_err(invalid)?;
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = id_token.signing_alg().map_err(invalid)?;
        let key = id_token.signing_key(&verifier).map_err(invalid)?;
        let actual = AccessTokenHash::from_token(access_token, algorithm, key).map_err(invalid)?;
        if actual != *expected {
            return Err(Error::Invalid("the access token is not the one of the ID token".to_owned()));
        }
    }
    Ok(claims)
}

/// Signatures that only the provider can make. Never `none`, and no HMAC: that key would be ours too.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

fn redirect_url(text: &str) -> Result<RedirectUrl, Error> {
    RedirectUrl::new(text.to_owned()).map_err(invalid)
}

async fn within<T>(asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = || Error::Provider(format!("none within {} s", PROVIDER_WITHIN.as_secs()));
    timeout(PROVIDER_WITHIN, asked).await.map_err(|_| late())?
}

fn provider(error: impl std::error::Error) -> Error {
    Error::Provider(with_causes(&error))
}

fn invalid(error: impl std::error::Error) -> Error {
    Error::Invalid(with_causes(&error))
}

/// An error with what it came from, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
