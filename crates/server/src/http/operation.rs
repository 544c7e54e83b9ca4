//! For who runs the server: health, metrics, and the description of this interface.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::{Arc, OnceLock};

use super::AppState;
use super::asking::From;

/// The process is alive.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200)))]
pub async fn healthy() -> &'static str {
    "ok\n"
}

/// The server can serve: the database answers.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses((status = 200), (status = 503)))]
pub async fn ready(State(state): State<Arc<AppState>>) -> Response {
    match state.node.store().ping().await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// The recorder of this process's metrics. There is one for each process, however many servers it runs.
fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // Somebody else's recorder stays; then ours is empty.
        let _ = metrics::set_global_recorder(recorder);
        handle
    })
}

/// Starts counting.
pub fn start_metrics() {
    recorder();
}

/// Figures for Prometheus. From this machine, or by an administrator; nobody else is told that they exist.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses((status = 200), (status = 404)))]
pub async fn metrics(
    State(state): State<Arc<AppState>>,
    super::asking::Anybody(who): super::asking::Anybody,
    From(address): From,
) -> Response {
    if !address.is_loopback() && !who.is_some_and(|who| who.administrator) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let node = &state.node;
    metrics::gauge!("hearth_connections").set(node.connections_len() as f64);
    metrics::gauge!("hearth_sockets").set(state.keeper.open() as f64);
    // A group is nowhere to be seen, and not counted either.
    let rooms = node.spaces().ids().iter().filter(|space| !space.is_group() && !space.is_dialog()).count();
    metrics::gauge!("hearth_spaces_awake").set(rooms as f64);
    metrics::gauge!("hearth_persons_awake").set(node.persons().len() as f64);
    metrics::gauge!("hearth_writes_waiting").set(node.store().writes().waiting() as f64);
    media_metrics(&node.media().sfu().stats());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], recorder().render()).into_response()
}

fn media_metrics(stats: &hearth_sfu::Stats) {
    metrics::gauge!("hearth_media_legs", "kind" => "publishing").set(stats.legs_publishing as f64);
    metrics::gauge!("hearth_media_legs", "kind" => "subscribing").set(stats.legs_subscribing as f64);
    for (name, value) in [
        ("hearth_media_datagrams_in_total", stats.datagrams_in),
        ("hearth_media_bytes_in_total", stats.bytes_in),
        ("hearth_media_datagrams_out_total", stats.datagrams_out),
        ("hearth_media_bytes_out_total", stats.bytes_out),
        ("hearth_media_packets_in_total", stats.packets_in),
        ("hearth_media_packets_forwarded_total", stats.packets_forwarded),
        ("hearth_media_key_frames_requested_total", stats.key_frames_requested),
        ("hearth_media_layer_switches_total", stats.layer_switches),
        ("hearth_media_leg_faults_total", stats.leg_faults),
        ("hearth_media_cpu_us_total", stats.cpu_us),
    ] {
        metrics::counter!(name).absolute(value);
    }
    for (reason, value) in [
        ("unknown", stats.dropped_unknown),
        ("send", stats.dropped_send),
        ("queue", stats.dropped_queue),
        ("between", stats.dropped_between),
    ] {
        metrics::counter!("hearth_media_dropped_total", "reason" => reason).absolute(value);
    }
}

/// The description of this interface, as OpenAPI 3.1.
#[utoipa::path(get, path = "/api/openapi.json", tag = "operation", responses((status = 200)))]
pub async fn description() -> Response {
    let text = super::description::document().to_string();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// A page to read the description.
#[utoipa::path(get, path = "/api", tag = "operation", responses((status = 200)))]
pub async fn page() -> Html<String> {
    Html(super::description::page())
}
