//! Reports and the audit log, from the act to who reads of it.

use crate::http::ask;
use crate::support::{Client, Server, send};
use hearth_protocol::{Command, Outcome};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn a_report_reaches_the_moderators_and_nobody_judges_their_own() {
    let server = Server::start().await;
    let (ana, bo, cy) = (server.sign_up("ana").await, server.sign_up("bo").await, server.sign_up("cy").await);
    let port = server.port();
    let (mut host, _) = Client::joined(port, &ana.token, &ana.room).await;
    let (mut rude, _) = Client::joined(port, &bo.token, &ana.room).await;
    let (mut witness, _) = Client::joined(port, &cy.token, &ana.room).await;
    let Ok(Outcome::Sent { position, .. }) = rude.command(&ana.room, send("rude", "n")).await else {
        panic!("not sent")
    };
    let about_bo = Command::Report { user: bo.user.clone(), position: Some(position), reason: "rude".to_owned() };
    witness.command(&ana.room, about_bo).await.unwrap();
    let about_ana = Command::Report { user: ana.user.clone(), position: None, reason: "host".to_owned() };
    witness.command(&ana.room, about_ana).await.unwrap();
    host.command(&ana.room, Command::DeleteMessage { position }).await.unwrap();

    let path = format!("/api/rooms/{}/reports", ana.room);
    let reports = ask(port, "GET", &path, Some(&ana.token), None).await.json();
    assert_eq!(reports["reports"].as_array().unwrap().len(), 1, "not those about oneself: {reports}");
    let report = &reports["reports"][0];
    assert_eq!((&report["by"]["name"], &report["about"]["name"]), (&json!("cy"), &json!("bo")));
    assert_eq!(report["message"]["text"], "rude", "moderators read what was said, also when it is deleted");
    assert_eq!(ask(port, "GET", &path, Some(&bo.token), None).await.status, 404);

    let id = report["id"].as_str().unwrap();
    let settle = async || ask(port, "POST", &format!("{path}/{id}/settle"), Some(&ana.token), None).await.status;
    assert_eq!((settle().await, settle().await), (204, 204), "again changes nothing");
    let open = ask(port, "GET", &format!("{path}?settled=false"), Some(&ana.token), None).await.json();
    assert_eq!(open["reports"], json!([]));
    let audit = ask(port, "GET", &format!("/api/rooms/{}/audit", ana.room), Some(&ana.token), None).await.json();
    let actions: Vec<&Value> = audit["entries"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["settle_report", "delete_message"], "settled once");

    // A report about the host is for the administrators.
    let store = server.running().node.store();
    store.accounts().set_administrator(&bo.user, true).await.unwrap();
    let all = ask(port, "GET", "/api/reports?settled=false", Some(&bo.token), None).await.json();
    assert_eq!(all["reports"][0]["about"]["name"], "ana");
    let about_ana = all["reports"][0]["id"].as_str().unwrap();
    let own = ask(port, "POST", &format!("{path}/{about_ana}/settle"), Some(&ana.token), None).await;
    assert_eq!(own.status, 404);
    let theirs = ask(port, "POST", &format!("/api/reports/{about_ana}/settle"), Some(&bo.token), None).await;
    assert_eq!(theirs.status, 204);
}

#[tokio::test]
async fn what_administrators_do_is_in_the_log() {
    let server = Server::start().await;
    let port = server.port();
    let setup_url = server.running().setup_url.clone().unwrap();
    let token = setup_url.rsplit('/').next().unwrap();
    let setup = json!({"token": token, "name": "root", "password": PASSWORD});
    assert_eq!(ask(port, "POST", "/api/setup", None, Some(&setup)).await.status, 200);
    let sign_in = json!({"name": "root", "password": PASSWORD, "program": true});
    let session = ask(port, "POST", "/api/session", None, Some(&sign_in)).await.json();
    let token = session["token"].as_str().unwrap();
    let new = json!({"name": "bo", "password": PASSWORD});
    let bo = ask(port, "POST", "/api/accounts", Some(token), Some(&new)).await.json();
    let path = format!("/api/accounts/{}", bo["profile"]["id"].as_str().unwrap());
    for change in [
        json!({"disabled": true}),
        json!({"disabled": false}),
        json!({"administrator": true}),
        json!({"administrator": false}),
        json!({"new_password": "another horse battery"}),
    ] {
        assert_eq!(ask(port, "PATCH", &path, Some(token), Some(&change)).await.status, 200, "{change}");
    }
    let audit = ask(port, "GET", "/api/audit?limit=7", Some(token), None).await;
    let log = audit.json();
    let mut actions: Vec<&str> =
        log["entries"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    actions.reverse();
    let done = [
        "set_up",
        "create_account",
        "disable_account",
        "enable_account",
        "appoint_administrator",
        "dismiss_administrator",
        "reset_password",
    ];
    assert_eq!(actions, done);
    assert_eq!(log["more"], false);
    assert!(log["entries"].as_array().unwrap().iter().all(|entry| entry["by"]["name"] == "root"));
    assert!(!audit.body.contains("horse"), "no password is written down");
    let page = ask(port, "GET", "/api/audit?limit=2", Some(token), None).await.json();
    let before = page["entries"][1]["number"].as_u64().unwrap();
    let next = ask(port, "GET", &format!("/api/audit?limit=2&before={before}"), Some(token), None).await.json();
    assert_eq!((&page["more"], &next["entries"][0]["action"]), (&json!(true), &json!("appoint_administrator")));
}
