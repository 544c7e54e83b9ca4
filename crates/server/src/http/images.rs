//! Images in dialogs: sent before they are said, and shown to whoever is in the dialog.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hearth_conversion::Failure;
use hearth_protocol::Rejection;
use hearth_protocol::http::SentImage;
use hearth_protocol::ids::ImageId;
use hearth_protocol::limits::{IMAGE_MAX_BYTES, IMAGES_UNSAID_MAX, LimitName};
use hearth_store::ImageRecord;
use std::sync::Arc;

use super::AppState;
use super::answer::{Answer, Path, Refusal};
use super::asking::{SignedIn, WithAccount};
use super::dialogs::member_of;
use super::kept;
use crate::clock;
use crate::films::images::{self, NotWhole};
use crate::films::shelf::{self, Of};

/// Sends an image to a dialog of one's own; a message says it then. JPEG, PNG, WebP or GIF, as the body.
#[utoipa::path(post, path = "/api/dialogs/{dialog}/images", tag = "dialogs", params(("dialog" = String, Path)),
    request_body(content = Vec<u8>, content_type = "image/*"),
    responses((status = 200, body = SentImage), (status = 401, body = Rejection), (status = 404, body = Rejection),
        (status = 413, body = Rejection), (status = 422, body = Rejection), (status = 503, body = Rejection)))]
pub async fn send(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(dialog): Path<String>,
    body: Body,
) -> Answer<SentImage> {
    let dialog = member_of(&state, &who, &dialog).await?;
    let past = |limit, max| Refusal(Rejection::Limit { limit, max, retry_after_ms: None });
    let store = state.node.store();
    // One at a time of each person: what they have is counted before another is taken.
    let turn = state.node.films().shelf().turn(&format!("images of {}", who.profile.id));
    let _turn = turn.lock().await;
    if store.images().count_unsaid(&who.profile.id).await? >= IMAGES_UNSAID_MAX as u64 {
        return Err(past(LimitName::Images, IMAGES_UNSAID_MAX as u64));
    }
    let id = images::new_id();
    let sent = images::take(&state.node, &id, body).await.map_err(|why| match why {
        NotWhole::TooLarge => past(LimitName::ImageBytes, IMAGE_MAX_BYTES as u64),
        NotWhole::Cut => Refusal(Rejection::Invalid { field: "image".to_owned(), reason: "it ended early".to_owned() }),
        NotWhole::Io(error) => {
            tracing::error!(%error, "an image could not be written");
            Refusal(Rejection::Storage)
        }
    })?;
    let max = state.node.config().videos.storage_max_bytes;
    if store.videos().used_bytes(&who.profile.id).await?.saturating_add(sent.bytes) > max {
        return Err(past(LimitName::StorageBytes, max));
    }
    let made = images::make(&state.node, &id, &sent).await.map_err(|failure| match failure {
        Failure::NotTaken(why) => Refusal(Rejection::Invalid { field: "image".to_owned(), reason: why.to_string() }),
        other => {
            tracing::error!(error = %other, "an image could not be made plain");
            Refusal(Rejection::Storage)
        }
    })?;
    let kind = made.full.path.rsplit_once('.').map_or("", |(_, end)| end).to_owned();
    let image = ImageRecord {
        id: id.clone(),
        owner: who.profile.id,
        dialog,
        position: None,
        width: made.full.width,
        height: made.full.height,
        tiny: made.tiny.clone(),
        kind,
        moving: made.moving.is_some(),
        bytes: made.bytes,
        created_ms: clock::now().0,
    };
    store.images().create(&image).await?;
    shelf::keep(&state.node, Of::Images, id.as_str()).await;
    let (width, height, tiny, moving) = (image.width, image.height, image.tiny, image.moving);
    Ok(axum::Json(SentImage { image: id, width, height, tiny, moving }))
}

/// An image, for whoever is in the dialog in which it was said; before that for who sent it.
#[utoipa::path(get, path = "/api/images/{image}/{size}", tag = "dialogs",
    params(("image" = String, Path), ("size" = String, Path, description = "`full`, `small`, or `moving`")),
    responses((status = 200), (status = 401, body = Rejection), (status = 404, body = Rejection)))]
pub async fn read(
    State(state): State<Arc<AppState>>,
    SignedIn(who): SignedIn,
    Path((image, size)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let id = ImageId::parse(&image).map_err(|_| Rejection::NotFound)?;
    let store = state.node.store();
    let image = store.images().by_id(&id).await?.ok_or(Rejection::NotFound)?;
    let sees = match image.position {
        Some(_) => store.dialogs().is_member(&image.dialog, &who.profile.id).await?,
        None => image.owner == who.profile.id,
    };
    let (name, kind) = match (size.as_str(), image.kind.as_str()) {
        ("full" | "small", "jpg") => (format!("{size}.jpg"), "image/jpeg"),
        ("full" | "small", "png") => (format!("{size}.png"), "image/png"),
        ("full" | "small", "webp") => (format!("{size}.webp"), "image/webp"),
        ("moving", _) if image.moving => ("moving.mp4".to_owned(), "video/mp4"),
        _ => return Err(Rejection::NotFound.into()),
    };
    if !sees {
        return Err(Rejection::NotFound.into());
    }
    let mut response = kept::read(&state.node, Of::Images, id.as_str(), &name, request).await;
    let to = response.headers_mut();
    to.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    to.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=604800, immutable"));
    to.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}
