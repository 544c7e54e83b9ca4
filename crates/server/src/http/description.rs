//! The description of the HTTP interface: OpenAPI 3.1, and a plain page made of it.

use serde_json::{Value, json};
use std::fmt::Write as _;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hearth",
        description = "The HTTP interface of Hearth. What is live goes over the WebSocket: see docs/protocol.md.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        super::session::read,
        super::session::sign_in,
        super::session::sign_out,
        super::session::guest,
        super::session::set_up,
        super::oidc::start,
        super::oidc::callback,
        super::session::devices,
        super::session::sign_out_device,
        super::accounts::create,
        super::accounts::list,
        super::accounts::change,
        super::accounts::change_me,
        super::accounts::blocks,
        super::accounts::block,
        super::accounts::unblock,
        super::follows::list,
        super::preferences::read,
        super::preferences::change,
        super::groups::mine,
        super::dialogs::people,
        super::dialogs::person,
        super::images::send,
        super::images::read,
        super::subtitles::set,
        super::subtitles::remove,
        super::dialogs::mine,
        super::dialogs::begin,
        super::dialogs::one,
        super::dialogs::keep,
        super::dialogs::find,
        super::dialogs::messages,
        super::follows::follow,
        super::follows::unfollow,
        super::rooms::live,
        super::rooms::search,
        super::rooms::read,
        super::rooms::messages,
        super::guest_links::list,
        super::guest_links::create,
        super::guest_links::revoke,
        super::stream_keys::list,
        super::stream_keys::create,
        super::stream_keys::rotate,
        super::stream_keys::revoke,
        super::covers::read,
        super::covers::set,
        super::covers::remove,
        super::videos::of_room,
        super::videos::read,
        super::videos::change,
        super::videos::delete,
        super::videos::messages,
        super::videos::of_broadcast,
        super::videos::of_owner,
        super::videos::of_dialog,
        super::videos::watched,
        super::videos::convert,
        super::uploads::options,
        super::uploads::list,
        super::uploads::storage,
        super::uploads::create,
        super::uploads::ask,
        super::uploads::add,
        super::uploads::remove,
        super::moderation::audit_of_room,
        super::moderation::audit,
        super::moderation::reports_of_room,
        super::moderation::reports,
        super::moderation::settle_of_room,
        super::moderation::settle,
        super::rooms::command,
        super::visits::list,
        super::visits::thank,
        crate::broadcast::http::watch,
        crate::broadcast::http::picture,
        super::video_files::read,
        super::whip::publish,
        super::whip::publish_by_name,
        super::whip::play,
        super::whip::resource::change_publisher,
        super::whip::resource::change_player,
        super::whip::resource::end_publisher,
        super::whip::resource::end_player,
        super::operation::healthy,
        super::operation::ready,
        super::operation::metrics,
        super::operation::description,
        super::operation::page,
    )
)]
struct Description;

/// The document. What every request can be told is added to each: see [`everywhere`].
pub fn document() -> Value {
    let mut document = serde_json::to_value(Description::openapi()).unwrap_or_default();
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        if !path.starts_with("/api/") || path == "/api/openapi.json" {
            continue;
        }
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            everywhere(method, operation);
        }
    }
    document
}

/// The refusals that do not depend on what is asked for: a body or a query that can't be read, a change that another site's
/// page asks for, a name that is taken or a state that forbids it, a value or limit, a database that is away.
fn everywhere(method: &str, operation: &mut Value) {
    let reads_something = operation["requestBody"].is_object()
        || operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["in"] == "query");
    let has_body = operation["requestBody"].is_object();
    let changes = method != "get";
    let told = [
        ("400", reads_something),
        ("403", changes),
        ("409", has_body),
        ("413", has_body),
        ("422", reads_something),
        ("503", true),
    ];
    let rejection = json!({"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Rejection"}}}});
    if let Some(responses) = operation["responses"].as_object_mut() {
        for (status, _) in told.iter().filter(|(_, told)| *told) {
            responses.entry(*status).or_insert_with(|| rejection.clone());
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The document as a page: every address with its methods and what they do.
pub fn page() -> String {
    let document = document();
    let mut rows = String::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let summary = operation["summary"].as_str().unwrap_or_default();
            let _ = write!(
                rows,
                "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td></tr>",
                escape(&method.to_uppercase()),
                escape(path),
                escape(summary)
            );
        }
    }
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Hearth: HTTP interface</title><style>body{{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem;\
         color-scheme:light dark}}table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.4rem .8rem .4rem 0;\
         border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent);vertical-align:top}}</style>\
         <main><h1>HTTP interface</h1><p>The whole description, with every field, is <a href=\"/api/openapi.json\">openapi.json</a> \
         (OpenAPI 3.1). What is live goes over the WebSocket at <code>/ws</code>.</p>\
         <table><thead><tr><th>Method</th><th>Address</th><th>What it does</th></tr></thead><tbody>{rows}</tbody></table></main></html>"
    )
}
