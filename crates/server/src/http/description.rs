//! The description of the HTTP interface: OpenAPI 3.1, and a plain page made of it.

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
        super::rooms::live,
        super::rooms::read,
        super::rooms::messages,
        super::rooms::guest_links,
        super::rooms::make_guest_link,
        super::rooms::revoke_guest_link,
        super::rooms::command,
        super::operation::healthy,
        super::operation::ready,
        super::operation::metrics,
        super::operation::description,
        super::operation::page,
    )
)]
struct Description;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The document as a page: every address with its methods and what they do.
pub fn page() -> String {
    let document = serde_json::to_value(document()).unwrap_or_default();
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
