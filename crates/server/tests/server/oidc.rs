//! Signing in with an OpenID Connect provider: who gets which account, and what forged, replayed and late answers get.

use crate::http::{Answer, ask, raw};
use crate::provider::{CLIENT_ID, CLIENT_SECRET, Lie, Provider, param};
use crate::support::Server;
use hearth_server::accounts::oidc::PROVIDER_WITHIN;
use hearth_server::config::Config;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const FAILED: &str = "/sign-in?problem=oidc";
const NO_ACCOUNT: &str = "/sign-in?problem=oidc_account";

async fn server_with(issuer: &str, change: impl FnOnce(&mut Config)) -> Server {
    Server::with(|config| {
        config.oidc.issuer = issuer.to_owned();
        config.oidc.client_id = CLIENT_ID.to_owned();
        config.oidc.client_secret = CLIENT_SECRET.to_owned();
        config.oidc.name = "Home".to_owned();
        change(config);
    })
    .await
}

async fn both(change: impl FnOnce(&mut Config)) -> (Arc<Provider>, Server) {
    let provider = Provider::start().await;
    let server = server_with(&provider.issuer, change).await;
    (provider, server)
}

fn place(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").unwrap()
}

/// The value of a cookie that an answer sets.
fn cookie<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let set = answer.headers.iter().filter(|(key, _)| key == "set-cookie").map(|(_, value)| value.as_str());
    set.filter_map(|text| text.split(';').next()?.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

async fn start(server: &Server, query: &str) -> Answer {
    raw(server.port(), "GET", &format!("/api/oidc/start{query}"), &[], "").await
}

async fn come_back(server: &Server, state: &str, code: &str, handle: Option<&str>) -> Answer {
    let cookie = handle.map(|handle| format!("a=b; hearth_oidc={handle}"));
    let headers: Vec<_> = cookie.iter().map(|cookie| ("cookie", cookie.as_str())).collect();
    raw(server.port(), "GET", &format!("/api/oidc/callback?state={state}&code={code}"), &headers, "").await
}

/// The whole way, as a browser goes it.
async fn sign_in(server: &Server, query: &str) -> Answer {
    let away = start(server, query).await;
    let asked = place(&away);
    come_back(server, param(asked, "state"), &Provider::code(asked), cookie(&away, "hearth_oidc")).await
}

async fn me(server: &Server, answer: &Answer) -> Value {
    let session = format!("hearth_session={}", cookie(answer, "hearth_session").expect("a session"));
    raw(server.port(), "GET", "/api/session", &[("cookie", &session)], "").await.json()["me"].clone()
}

#[tokio::test]
async fn a_person_gets_an_account_and_finds_it_again() {
    let (provider, server) = both(|_| {}).await;
    server.sign_up("ana").await;
    let offers = ask(server.port(), "GET", "/api/session", None, None).await.json()["server"].clone();
    assert_eq!(offers["oidc"], "Home");

    let away = start(&server, "").await;
    assert!(place(&away).starts_with(&format!("{}/authorize?", provider.issuer)), "{away:?}");
    assert_eq!(param(place(&away), "code_challenge_method"), "S256");
    let kept = away.header("set-cookie").unwrap();
    assert!(kept.contains("; HttpOnly; SameSite=Lax") && kept.contains("Path=/api/oidc;"), "{kept}");

    let first = sign_in(&server, "?next=/@ana").await;
    assert_eq!(place(&first), "/@ana");
    let session = first.headers.iter().find(|(_, value)| value.starts_with("hearth_session=")).unwrap();
    assert!(session.1.contains("; HttpOnly; SameSite=Lax"), "{session:?}");
    assert_eq!(cookie(&first, "hearth_oidc"), Some(""), "it has done its service");
    let mine = me(&server, &first).await;
    // A name at the provider opens no account that has that name here.
    assert_eq!((&mine["profile"]["name"], &mine["profile"]["display_name"]), (&"ana2".into(), &"Ana 李".into()));
    assert_eq!(mine["administrator"], false);

    provider.claims.lock().unwrap()["preferred_username"] = "renamed".into();
    let second = sign_in(&server, "?next=//evil.example").await;
    assert_eq!(place(&second), "/");
    assert_eq!(
        me(&server, &second).await["profile"],
        mine["profile"],
        "the same account, whatever they call themselves"
    );
    provider.claims.lock().unwrap()["sub"] = "2".into();
    assert_eq!(me(&server, &sign_in(&server, "").await).await["profile"]["name"], "renamed");
    provider.stop().await;
}

#[tokio::test]
async fn nobody_gets_in_by_a_lie() {
    let (provider, server) = both(|config| config.limits.sign_in_attempts = 1_000).await;
    use Lie::{AccessToken, Audience, Expired, Issuer, NoIdToken, Nonce, Nonsense, Signature, Unsigned};
    for lie in [Nonce, Audience, Issuer, Expired, Signature, Unsigned, AccessToken, NoIdToken, Nonsense] {
        *provider.lie.lock().unwrap() = lie;
        let refused = sign_in(&server, "").await;
        assert_eq!(place(&refused), FAILED, "{lie:?}");
        assert_eq!(cookie(&refused, "hearth_session"), None, "{lie:?}");
    }
    assert!(server.running().node.store().accounts().page(None, 10).await.unwrap().is_empty());
    *provider.lie.lock().unwrap() = Lie::Nothing;
    assert_eq!(place(&sign_in(&server, "").await), "/");
}

#[tokio::test]
async fn forged_and_replayed_answers_get_nobody_in() {
    let (_provider, server) = both(|_| {}).await;
    let away = start(&server, "").await;
    let asked = place(&away).to_owned();
    let (state, code) = (param(&asked, "state"), Provider::code(&asked));
    let handle = cookie(&away, "hearth_oidc").unwrap();
    let elsewhere = start(&server, "").await;
    let others = cookie(&elsewhere, "hearth_oidc");
    for (what, state, handle) in [
        ("a forged state", "forged", Some(handle)),
        ("no state", "", Some(handle)),
        ("another browser", state, None),
        ("a browser with a sign-in of its own", state, others),
        ("a forged browser", state, Some("forged")),
    ] {
        let refused = come_back(&server, state, &code, handle).await;
        assert_eq!(place(&refused), FAILED, "{what}");
        assert_eq!(cookie(&refused, "hearth_session"), None, "{what}");
    }
    assert_eq!(place(&come_back(&server, state, &code, Some(handle)).await), "/", "who began it is undisturbed");
    assert_eq!(place(&come_back(&server, state, &code, Some(handle)).await), FAILED, "once is once");
    let state = param(place(&elsewhere), "state");
    assert_eq!(place(&come_back(&server, state, &"x".repeat(5_000), others).await), FAILED);
}

#[tokio::test]
async fn who_says_no_at_the_provider_is_back_at_the_sign_in_page() {
    let (_provider, server) = both(|_| {}).await;
    let away = start(&server, "").await;
    let path = format!("/api/oidc/callback?error=access_denied&state={}", param(place(&away), "state"));
    let handle = format!("hearth_oidc={}", cookie(&away, "hearth_oidc").unwrap());
    assert_eq!(place(&raw(server.port(), "GET", &path, &[("cookie", &handle)], "").await), FAILED);
}

#[tokio::test]
async fn without_an_account_or_with_a_disabled_one_nobody_gets_in() {
    let (_provider, closed) = both(|config| config.oidc.create_accounts = false).await;
    assert_eq!(place(&sign_in(&closed, "").await), NO_ACCOUNT);
    assert!(closed.running().node.store().accounts().page(None, 10).await.unwrap().is_empty());

    let (_provider, server) = both(|_| {}).await;
    let running = server.running();
    let token = running.setup_url.as_ref().unwrap().rsplit('/').next().unwrap();
    let setup = json!({"token": token, "name": "root", "password": "correct horse battery"});
    assert_eq!(ask(server.port(), "POST", "/api/setup", None, Some(&setup)).await.status, 200);
    assert_eq!(place(&sign_in(&server, "").await), "/");
    let store = running.node.store();
    let (account, _) = store.accounts().by_name("ana").await.unwrap().unwrap();
    store.accounts().set_disabled(&account.profile.id, true).await.unwrap();
    let refused = sign_in(&server, "").await;
    assert_eq!((place(&refused), cookie(&refused, "hearth_session")), (NO_ACCOUNT, None));
}

#[tokio::test]
async fn a_provider_that_is_down_stops_nobody_else() {
    let (provider, server) = both(|_| {}).await;
    let away = start(&server, "").await;
    let asked = place(&away).to_owned();
    provider.stop().await;
    let handle = cookie(&away, "hearth_oidc");
    assert_eq!(place(&come_back(&server, param(&asked, "state"), &Provider::code(&asked), handle).await), FAILED);

    let nowhere = server_with(&provider.issuer, |_| {}).await;
    assert_eq!(place(&start(&nowhere, "").await), FAILED);
    let somebody = nowhere.sign_up("bo").await;
    assert_eq!(ask(nowhere.port(), "GET", "/api/devices", Some(&somebody.token), None).await.status, 200);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_waited_for_so_long_and_others_not_at_all() {
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = server_with(&format!("http://{}", silent.local_addr().unwrap()), |_| {}).await;
    let began = Instant::now();
    let (first, second, session) = tokio::join!(start(&server, ""), start(&server, ""), async {
        let answer = ask(server.port(), "GET", "/api/session", None, None).await;
        (answer.status, began.elapsed())
    });
    let took = began.elapsed();
    assert_eq!((place(&first), place(&second)), (FAILED, FAILED));
    assert!(
        took >= PROVIDER_WITHIN && took < 2 * PROVIDER_WITHIN,
        "both in one wait, not one after the other: {took:?}"
    );
    assert!(session.0 == 200 && session.1 < PROVIDER_WITHIN, "{session:?}");
    assert_eq!(place(&start(&server, "").await), FAILED);
    assert!(began.elapsed() - took < Duration::from_secs(1), "it is not asked again at once");
}

#[tokio::test]
async fn one_address_begins_so_many_sign_ins_and_no_more() {
    let (provider, server) = both(|config| config.limits.sign_in_attempts = 1).await;
    // An address may try five times what a name may.
    for _ in 0..5 {
        assert!(place(&start(&server, "").await).starts_with(&provider.issuer));
    }
    assert_eq!(place(&start(&server, "").await), "/sign-in?problem=oidc_wait");
}

#[tokio::test]
async fn where_no_provider_is_there_is_no_such_address() {
    let server = Server::start().await;
    assert_eq!(ask(server.port(), "GET", "/api/session", None, None).await.json()["server"]["oidc"], Value::Null);
    for path in ["/api/oidc/start", "/api/oidc/callback?state=a&code=b"] {
        let answer = raw(server.port(), "GET", path, &[], "").await;
        assert_eq!((answer.status, answer.json()["kind"].as_str()), (404, Some("not_found")));
    }
}
