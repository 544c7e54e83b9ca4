//! Films on their way to the server, by the resumable upload protocol tus 1.0.0: `creation`, `creation-with-upload`, `expiration`,
//! `checksum` and `termination`.

use aws_lc_rs::digest;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hearth_protocol::Rejection;
use hearth_protocol::http::{Storage, Upload, Uploads};
use hearth_protocol::ids::{SpaceId, UploadId, VideoId};
use hearth_protocol::limits::{FILE_NAME_MAX_BYTES, LimitName, MESSAGE_MAX_CHARS, TITLE_MAX_CHARS, UPLOADS_MAX};
use hearth_protocol::text::clean_name;
use hearth_protocol::videos::Audience;
use hearth_store::{Begun, NewUpload, UploadRecord};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::AppState;
use super::answer::{self, Answer, Path, Refusal};
use super::asking::WithAccount;
use crate::accounts::Who;
use crate::films::uploads::{self, Broken, Checksum, EXPIRES_AFTER_MS};
use crate::films::{self, conversions};
use crate::{clock, fresh};

/// The version of tus that is spoken here.
const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const EXTENSIONS: HeaderValue =
    HeaderValue::from_static("creation,creation-with-upload,expiration,checksum,termination");
const ALGORITHMS: HeaderValue = HeaderValue::from_static("sha1,sha256");
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const VIDEO: HeaderName = HeaderName::from_static("hearth-video");
/// What a body that is added is said to be.
const PIECE: &str = "application/offset+octet-stream";
/// The checksum differs (tus 1.0.0, checksum).
const CHECKSUM_MISMATCH: u16 = 460;
/// Bytes of what is said of an upload.
const METADATA_MAX_BYTES: usize = 16 * 1024;

/// Why an upload's request is declined.
#[derive(Debug)]
pub enum No {
    /// As anything is.
    Rejected(Rejection),
    /// With a status of the protocol's own, and the headers that go with it.
    Status(StatusCode, Vec<(HeaderName, HeaderValue)>, Rejection),
}

impl<T: Into<Refusal>> From<T> for No {
    fn from(refusal: T) -> Self {
        Self::Rejected(refusal.into().0)
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let (status, headers, rejection) = match self {
            Self::Rejected(rejection) => (answer::status(&rejection), Vec::new(), rejection),
            Self::Status(status, headers, rejection) => (status, headers, rejection),
        };
        let mut response = (status, axum::Json(rejection)).into_response();
        response.headers_mut().insert(RESUMABLE, VERSION);
        response.headers_mut().extend(headers);
        response
    }
}

fn malformed(reason: &str) -> No {
    No::Rejected(Rejection::Malformed { reason: reason.to_owned() })
}

fn with_status(status: StatusCode, reason: &str) -> No {
    No::Status(status, Vec::new(), Rejection::Malformed { reason: reason.to_owned() })
}

fn no_disk(error: &io::Error) -> No {
    tracing::error!(%error, "an upload could not be written");
    No::Status(StatusCode::INSUFFICIENT_STORAGE, Vec::new(), Rejection::Storage)
}

/// What is spoken here.
#[utoipa::path(options, path = "/api/uploads", tag = "videos", responses((status = 204)))]
pub async fn options(State(state): State<Arc<AppState>>) -> Response {
    let headers = [
        (RESUMABLE, VERSION),
        (HeaderName::from_static("tus-version"), VERSION),
        (HeaderName::from_static("tus-extension"), EXTENSIONS),
        (HeaderName::from_static("tus-checksum-algorithm"), ALGORITHMS),
        (HeaderName::from_static("tus-max-size"), state.node.config().videos.upload_max_bytes.into()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// One's uploads that are not whole yet, the newest first.
#[utoipa::path(get, path = "/api/uploads", tag = "videos",
    responses((status = 200, body = Uploads), (status = 401, body = Rejection)))]
pub async fn list(State(state): State<Arc<AppState>>, WithAccount(who): WithAccount) -> Answer<Uploads> {
    let mut uploads = Vec::new();
    for one in state.node.store().videos().uploads_of(&who.profile.id).await? {
        let Ok(received_bytes) = uploads::received(&state.node, &one).await else { continue };
        uploads.push(Upload {
            id: one.id,
            video: one.video,
            name: one.name,
            bytes: one.bytes,
            received_bytes,
            dialog: one.dialog,
            expires_ms: one.expires_ms,
        });
    }
    Ok(axum::Json(Uploads { uploads }))
}

/// What one's films take, and may take.
#[utoipa::path(get, path = "/api/storage", tag = "videos",
    responses((status = 200, body = Storage), (status = 401, body = Rejection)))]
pub async fn storage(State(state): State<Arc<AppState>>, WithAccount(who): WithAccount) -> Answer<Storage> {
    let used_bytes = state.node.store().videos().used_bytes(&who.profile.id).await?;
    let videos = &state.node.config().videos;
    let (max_bytes, upload_max_bytes) = (videos.storage_max_bytes, videos.upload_max_bytes);
    Ok(axum::Json(Storage { used_bytes, max_bytes, upload_max_bytes }))
}

/// Begins an upload: `Upload-Length`, and `Upload-Metadata` with `filename` and perhaps `title`, `audience`, `dialog` and `text`.
#[utoipa::path(post, path = "/api/uploads", tag = "videos",
    responses((status = 201), (status = 400, body = Rejection), (status = 401, body = Rejection),
        (status = 404, body = Rejection, description = "No such dialog of one's own"),
        (status = 412, body = Rejection), (status = 413, body = Rejection), (status = 422, body = Rejection),
        (status = 507, body = Rejection, description = "The server's disk is full")))]
pub async fn create(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    request: Request,
) -> Result<Response, No> {
    spoken(request.headers())?;
    let (parts, body) = request.into_parts();
    let new = new_upload(&state, &who, &parts.headers).await?;
    let node = &state.node;
    uploads::begin(node, &new.id, new.bytes).await.map_err(|error| no_disk(&error))?;
    let begun = node.store().videos().begin_upload(&new, node.config().videos.storage_max_bytes).await;
    if !matches!(begun, Ok(Begun::Begun)) {
        node.films().uploads().forget(node, &new.id).await;
    }
    let past = |limit, max| Err(No::Rejected(Rejection::Limit { limit, max, retry_after_ms: None }));
    match begun? {
        Begun::Begun => {}
        Begun::TooMany => return past(LimitName::Uploads, UPLOADS_MAX as u64),
        Begun::NoRoom => return past(LimitName::StorageBytes, node.config().videos.storage_max_bytes),
    }
    let upload = found(&state, &who, new.id.as_str()).await?;
    conversions::tell_owner(node, &upload.video).await;
    let location = HeaderValue::from_str(&format!("/api/uploads/{}", upload.id)).expect("an id is plain");
    let video = HeaderValue::from_str(upload.video.as_str()).expect("an id is plain");
    let mut response = if parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == PIECE) {
        added(&state, upload.clone(), 0, checksum(&parts.headers)?, body).await?
    } else {
        // An empty file is whole at once.
        uploads::finish(node, &upload).await.map_err(|error| not_finished(&upload, &*error))?;
        answered(upload.expires_ms, 0)
    };
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(VIDEO, video);
    Ok(response)
}

/// How much of an upload is here.
#[utoipa::path(head, path = "/api/uploads/{upload}", tag = "videos", params(("upload" = String, Path)),
    responses((status = 200), (status = 404), (status = 410)))]
pub async fn ask(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(upload): Path<String>,
    request: Request,
) -> Result<Response, No> {
    let upload = named(&state, &who, &upload, request.headers()).await?;
    // Whoever still adds to it hangs on a connection that its sender has given up.
    let _turn = state.node.films().uploads().turn(&upload.id).await;
    let received = uploads::received(&state.node, &upload).await.map_err(|error| no_disk(&error))?;
    let mut response = answered(upload.expires_ms, received);
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(LENGTH, upload.bytes.into());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(VIDEO, HeaderValue::from_str(upload.video.as_str()).expect("an id is plain"));
    Ok(response)
}

/// Adds to an upload.
#[utoipa::path(patch, path = "/api/uploads/{upload}", tag = "videos", params(("upload" = String, Path)),
    responses((status = 204), (status = 404, body = Rejection), (status = 409, body = Rejection), (status = 410, body = Rejection),
        (status = 413, body = Rejection), (status = 415, body = Rejection), (status = 460, body = Rejection),
        (status = 507, body = Rejection)))]
pub async fn add(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(upload): Path<String>,
    request: Request,
) -> Result<Response, No> {
    let (parts, body) = request.into_parts();
    let upload = named(&state, &who, &upload, &parts.headers).await?;
    if parts.headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != PIECE) {
        return Err(with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a piece is application/offset+octet-stream"));
    }
    let offset = number(&parts.headers, &OFFSET)?;
    added(&state, upload, offset, checksum(&parts.headers)?, body).await
}

/// Gives an upload up, and with it its film.
#[utoipa::path(delete, path = "/api/uploads/{upload}", tag = "videos", params(("upload" = String, Path)),
    responses((status = 204), (status = 404, body = Rejection)))]
pub async fn remove(
    State(state): State<Arc<AppState>>,
    WithAccount(who): WithAccount,
    Path(upload): Path<String>,
    request: Request,
) -> Result<Response, No> {
    let upload = named(&state, &who, &upload, request.headers()).await?;
    // What is whole is a film, and deleted as one.
    let film = state.node.store().videos().by_id(&upload.video).await?.filter(|_| !upload.done);
    let film = film.ok_or(Rejection::NotFound)?;
    films::delete(&state.node, &film).await?;
    Ok((StatusCode::NO_CONTENT, [(RESUMABLE, VERSION)]).into_response())
}

/// Adds a body, in a task of its own: what has come is kept also when the connection ends in the middle.
async fn added(
    state: &Arc<AppState>,
    upload: UploadRecord,
    offset: u64,
    checksum: Option<Checksum>,
    body: Body,
) -> Result<Response, No> {
    let node = state.node.clone();
    let adding = tokio::spawn(async move {
        let mut turn = node.films().uploads().turn(&upload.id).await;
        if upload.done {
            let there = if offset == upload.bytes { Ok(offset) } else { Err(Broken::Elsewhere(upload.bytes)) };
            return there.map_err(No::from).map(|offset| answered(upload.expires_ms, offset));
        }
        let received = uploads::add(&node, &upload, &mut turn, offset, checksum, body).await;
        let expires_ms = uploads::prolong(&node, &upload).await;
        let received = received?;
        if received == upload.bytes {
            uploads::finish(&node, &upload).await.map_err(|error| not_finished(&upload, &*error))?;
        }
        Ok(answered(expires_ms, received))
    });
    adding.await.unwrap_or(Err(No::Rejected(Rejection::Fault)))
}

impl From<Broken> for No {
    fn from(broken: Broken) -> Self {
        let reason = broken.to_string();
        match broken {
            Broken::Elsewhere(here) => {
                let headers = vec![(OFFSET, here.into())];
                Self::Status(StatusCode::CONFLICT, headers, Rejection::Malformed { reason })
            }
            Broken::TooMuch => with_status(StatusCode::PAYLOAD_TOO_LARGE, &reason),
            Broken::Checksum => with_status(StatusCode::from_u16(CHECKSUM_MISMATCH).expect("a status"), &reason),
            Broken::Ended => Self::Rejected(Rejection::Busy),
            Broken::Disk(error) => match error.kind() {
                // Its film was deleted, or it was given up.
                io::ErrorKind::NotFound => Self::Rejected(Rejection::NotFound),
                _ => no_disk(&error),
            },
        }
    }
}

fn not_finished(upload: &UploadRecord, error: &(dyn std::error::Error + Send + Sync)) -> No {
    tracing::error!(upload = %upload.id, %error, "an upload that is whole could not become a film");
    No::Rejected(Rejection::Storage)
}

fn answered(expires_ms: u64, received: u64) -> Response {
    let expires = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_millis(expires_ms));
    let mut response = (StatusCode::NO_CONTENT, [(RESUMABLE, VERSION), (OFFSET, received.into())]).into_response();
    if let Ok(expires) = HeaderValue::from_str(&expires) {
        response.headers_mut().insert(EXPIRES, expires);
    }
    response
}

/// Whether the client speaks the version that is spoken here.
fn spoken(headers: &HeaderMap) -> Result<(), No> {
    if headers.get(&RESUMABLE) == Some(&VERSION) {
        return Ok(());
    }
    let version = vec![(HeaderName::from_static("tus-version"), VERSION)];
    let reason = "Tus-Resumable is 1.0.0".to_owned();
    Err(No::Status(StatusCode::PRECONDITION_FAILED, version, Rejection::Malformed { reason }))
}

/// The upload that a request names, in the words of the protocol.
async fn named(state: &AppState, who: &Who, upload: &str, headers: &HeaderMap) -> Result<UploadRecord, No> {
    spoken(headers)?;
    found(state, who, upload).await
}

/// An upload of one's own. Others' are not there.
async fn found(state: &AppState, who: &Who, upload: &str) -> Result<UploadRecord, No> {
    let id = UploadId::parse(upload).map_err(|_| Rejection::NotFound)?;
    let upload = state.node.store().videos().upload(&id).await?.filter(|upload| upload.owner == who.profile.id);
    let upload = upload.ok_or(Rejection::NotFound)?;
    if upload.expires_ms <= clock::now().0 && !upload.done {
        return Err(No::Status(StatusCode::GONE, Vec::new(), Rejection::NotFound));
    }
    Ok(upload)
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, No> {
    let text = headers.get(name).and_then(|value| value.to_str().ok());
    let digits = text.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or_else(|| malformed(&format!("{name} is a number of bytes")))
}

/// The checksum that a piece has (tus 1.0.0, checksum).
fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, No> {
    let Some(given) = headers.get(&CHECKSUM) else { return Ok(None) };
    let parts = given.to_str().ok().and_then(|text| text.split_once(' '));
    let (name, value) = parts.ok_or_else(|| malformed("Upload-Checksum is an algorithm and a value"))?;
    let algorithm = match name {
        "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha256" => &digest::SHA256,
        _ => return Err(malformed("Upload-Checksum is by sha1 or sha256")),
    };
    let value = STANDARD.decode(value.trim()).map_err(|_| malformed("the value of Upload-Checksum is Base64"))?;
    Ok(Some(Checksum { algorithm, value }))
}

/// What is to come, if it may.
async fn new_upload(state: &AppState, who: &Who, headers: &HeaderMap) -> Result<NewUpload, No> {
    if headers.contains_key("upload-defer-length") {
        return Err(malformed("Upload-Length is to be known beforehand"));
    }
    let bytes = number(headers, &LENGTH)?;
    let max = state.node.config().videos.upload_max_bytes;
    if bytes > max {
        return Err(No::Rejected(Rejection::Limit { limit: LimitName::UploadBytes, max, retry_after_ms: None }));
    }
    let told = metadata(headers)?;
    let text = |key: &str| told.get(key).map_or("", String::as_str);
    let name = file_name(text("filename"))?;
    let title =
        if text("title").is_empty() { name.rsplit_once('.').map_or(&*name, |(stem, _)| stem) } else { text("title") };
    if text("title").chars().count() > TITLE_MAX_CHARS {
        return Err(past(LimitName::TitleChars, TITLE_MAX_CHARS as u64));
    }
    let title: String = title.chars().take(TITLE_MAX_CHARS).collect();
    let dialog = match text("dialog") {
        "" => None,
        dialog => {
            let dialog = SpaceId::parse(dialog).ok().filter(SpaceId::is_dialog).ok_or(Rejection::NotFound)?;
            if !state.node.store().dialogs().is_member(&dialog, &who.profile.id).await? {
                return Err(Rejection::NotFound.into());
            }
            Some(dialog)
        }
    };
    if text("text").chars().count() > MESSAGE_MAX_CHARS {
        return Err(past(LimitName::MessageChars, MESSAGE_MAX_CHARS as u64));
    }
    let audience = match text("audience") {
        "" if dialog.is_some() => Audience::Dialog,
        "" => Audience::OnlyMe,
        word => audience(word).ok_or_else(|| invalid("audience", "who may watch an upload"))?,
    };
    let now_ms = clock::now().0;
    Ok(NewUpload {
        id: uploads::new_id(),
        video: VideoId::parse(&format!("video_{}", fresh::suffix())).expect("well formed"),
        owner: who.profile.id.clone(),
        title: clean_name(&title, TITLE_MAX_CHARS).unwrap_or_default(),
        link: (audience == Audience::Link).then(fresh::secret),
        audience,
        to_say: dialog.map(|dialog| (dialog, text("text").to_owned())),
        name,
        bytes,
        created_ms: now_ms,
        expires_ms: now_ms + EXPIRES_AFTER_MS,
    })
}

/// Whom an upload may be for: anything that is no room's.
fn audience(word: &str) -> Option<Audience> {
    let audience: Audience = serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()?;
    (audience != Audience::Room).then_some(audience)
}

/// What a file is called, without any path before it and without what doesn't show.
fn file_name(given: &str) -> Result<String, No> {
    if given.len() > FILE_NAME_MAX_BYTES {
        return Err(past(LimitName::FileNameBytes, FILE_NAME_MAX_BYTES as u64));
    }
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    Ok(clean_name(last, FILE_NAME_MAX_BYTES).unwrap_or_default())
}

/// `Upload-Metadata`: pairs of a key and a value in Base64, divided by commas (tus 1.0.0, creation).
fn metadata(headers: &HeaderMap) -> Result<HashMap<String, String>, No> {
    let wrong = || malformed("Upload-Metadata is pairs of a key and text in Base64");
    let Some(given) = headers.get(&METADATA) else { return Ok(HashMap::new()) };
    let given = given.to_str().map_err(|_| wrong())?;
    if given.len() > METADATA_MAX_BYTES {
        return Err(wrong());
    }
    let mut told = HashMap::new();
    for pair in given.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if told.insert(key.to_owned(), value.ok_or_else(wrong)?).is_some() {
            return Err(wrong());
        }
    }
    Ok(told)
}

fn past(limit: LimitName, max: u64) -> No {
    No::Rejected(Rejection::Limit { limit, max, retry_after_ms: None })
}

fn invalid(field: &str, reason: &str) -> No {
    No::Rejected(Rejection::Invalid { field: field.to_owned(), reason: reason.to_owned() })
}
