//! An OpenID Connect provider that lies when told to: what a real one never does can only be tested so.
//! (With a real one, signing in is tested in the browser.)

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hearth_server::clock;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const CLIENT_ID: &str = "hearth";
pub const CLIENT_SECRET: &str = "of the client";

/// What is wrong with the provider's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    Nothing,
    /// The sign-in of somebody else, at another time.
    Nonce,
    /// A token for another server.
    Audience,
    /// A token of another provider.
    Issuer,
    /// A token of yesterday.
    Expired,
    /// A token that was changed on its way.
    Signature,
    /// A token that nobody signed.
    Unsigned,
    /// An access token of somebody else.
    AccessToken,
    /// No ID token at all.
    NoIdToken,
    /// No JSON.
    Nonsense,
}

/// Its person, and its lie.
pub struct Provider {
    pub issuer: String,
    key: EcdsaKeyPair,
    pub lie: Mutex<Lie>,
    pub claims: Mutex<Value>,
    serving: Mutex<Option<JoinHandle<()>>>,
}

impl Provider {
    pub async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Arc::new(Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            lie: Mutex::new(Lie::Nothing),
            claims: Mutex::new(json!({"sub": "1", "preferred_username": "Ana@example.org", "name": "Ana 李"})),
            serving: Mutex::default(),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(description))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        *provider.serving.lock().unwrap() = Some(serving);
        provider
    }

    pub async fn stop(&self) {
        let serving = self.serving.lock().unwrap().take().unwrap();
        serving.abort();
        let _ = serving.await;
    }

    /// The code that its page would send back with, for what it was asked.
    pub fn code(asked: &str) -> String {
        format!("{}.{}", param(asked, "code_challenge"), param(asked, "nonce"))
    }

    fn id_token(&self, nonce: &str, access_token: &str) -> String {
        let lie = *self.lie.lock().unwrap();
        let is = |this: Lie, told: &str| if lie == this { "another".to_owned() } else { told.to_owned() };
        let now_s = clock::now().0 / 1_000;
        let hash = digest(&SHA256, is(Lie::AccessToken, access_token).as_bytes());
        let mut claims = self.claims.lock().unwrap().clone();
        claims["iss"] = if lie == Lie::Issuer { "http://127.0.0.1:1".into() } else { self.issuer.clone().into() };
        claims["aud"] = is(Lie::Audience, CLIENT_ID).into();
        claims["nonce"] = is(Lie::Nonce, nonce).into();
        claims["iat"] = (now_s - 86_400 * u64::from(lie == Lie::Expired)).into();
        claims["exp"] = (now_s + 60 - 86_400 * u64::from(lie == Lie::Expired)).into();
        claims["at_hash"] = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]).into();
        let head = if lie == Lie::Unsigned { json!({"alg": "none"}) } else { json!({"alg": "ES256", "kid": "1"}) };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        if lie == Lie::Unsigned {
            return format!("{signed}.");
        }
        let of = if lie == Lie::Signature { "something else" } else { &signed };
        let signature = self.key.sign(&SystemRandom::new(), of.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A parameter of an address; those that are asked for need no decoding.
pub fn param<'a>(url: &'a str, name: &str) -> &'a str {
    let query = url.split_once('?').unwrap_or_else(|| panic!("no query in {url}")).1;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).unwrap_or_else(|| panic!("no {name} in {url}")).1
}

async fn description(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let issuer = &provider.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "none"],
    }))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let point = provider.key.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    Json(json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1", "x": x, "y": y}]}))
}

/// Gives a token to who proves to be the client, and to be who asked (RFC 7636, section 4.6).
async fn token(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let json = |status: StatusCode, body: String| (status, [(CONTENT_TYPE, "application/json")], body).into_response();
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{}", CLIENT_SECRET.replace(' ', "+"))));
    let (challenge, nonce) = form["code"].split_once('.').unwrap();
    let proven = URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes())) == challenge;
    if headers["authorization"] != basic.as_str() || !proven || form["grant_type"] != "authorization_code" {
        return json(StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}).to_string());
    }
    let mut answer = json!({"access_token": "an access token", "token_type": "Bearer"});
    match *provider.lie.lock().unwrap() {
        Lie::NoIdToken => {}
        Lie::Nonsense => return json(StatusCode::OK, "<html>".to_owned()),
        _ => answer["id_token"] = Value::Null,
    }
    if answer.get("id_token").is_some() {
        answer["id_token"] = provider.id_token(nonce, "an access token").into();
    }
    json(StatusCode::OK, answer.to_string())
}
