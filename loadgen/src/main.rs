//! The load generator: publishers, viewers and chatters that speak the real protocols, and what the server spends on them.

mod chat;
mod cli;
mod clock;
mod failure;
mod figures;
mod forwarder;
mod hearth;
mod hls;
mod janus;
mod media;
mod media_runs;
mod mediasoup;
mod net;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    clock::now_ns();
    str0m::crypto::from_feature_flags().install_process_default();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("LOADGEN_LOG").unwrap_or_else(|_| "error".into()))
        .with_writer(std::io::stderr)
        .init();
    let arguments = cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("loadgen: {error}");
            return ExitCode::FAILURE;
        }
    };
    let local = tokio::task::LocalSet::new();
    match local.block_on(&runtime, cli::run(arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("loadgen: {failure}");
            ExitCode::FAILURE
        }
    }
}
