//! Log lines, for people or for programs.

use crate::config::{Config, LogFormat};
use tracing_subscriber::EnvFilter;

/// Starts logging to standard error. A second call changes nothing.
pub fn start(config: &Config) {
    let filter = EnvFilter::try_new(&config.log).unwrap_or_else(|_| EnvFilter::new("info"));
    // The stack warns of each report that it makes for a viewer and that is thrown away (decision 0014): every second of each.
    let filter = filter.add_directive("str0m::rtp_::srtp=error".parse().expect("well formed"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log that can't be written (its disk is full, its reader is gone) must not bring a task down:
        // the complaint about it would go the same way, and panic.
        .log_internal_errors(false);
    let _ = match config.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
