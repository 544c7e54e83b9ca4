//! Servers that Hearth can be compared with.

use crate::failure::{Failure, Result};
use crate::media::load::{Load, Outcome};
use crate::media_runs;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct MediasoupArguments {
    /// Where mediasoup is installed: the FOLDER of `npm install --prefix FOLDER mediasoup`.
    #[arg(long = "mediasoup", env = "LOADGEN_MEDIASOUP", value_name = "FOLDER")]
    pub(super) folder: Option<PathBuf>,
    /// Node.js, which mediasoup's worker is driven by.
    #[arg(long, default_value = "node")]
    pub(super) node: String,
}

/// A server that Hearth can be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Other {
    Janus,
    Mediasoup,
}

impl Other {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Janus => "janus",
            Self::Mediasoup => "mediasoup",
        }
    }
}

impl MediasoupArguments {
    pub(super) fn folder(&self) -> Result<&Path> {
        self.folder.as_deref().ok_or_else(|| {
            Failure::Usage(
                "mediasoup does not come with Hearth: npm install --prefix FOLDER mediasoup, \
                 then say --mediasoup FOLDER or set LOADGEN_MEDIASOUP"
                    .to_owned(),
            )
        })
    }

    pub(super) async fn run(&self, load: Load) -> Result<Outcome> {
        media_runs::mediasoup(&self.node, self.folder()?, load).await
    }
}
