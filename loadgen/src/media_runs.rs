//! The media runs that can be asked for: Hearth, Janus, mediasoup, and several in one run.

use crate::failure::Result;
use crate::figures::process::{Process, Usage};
use crate::figures::report::Figures;
use crate::hearth::api::Credentials;
use crate::hearth::group;
use crate::hearth::media::HearthRoom;
use crate::hearth::target::Target;
use crate::janus::process::Janus;
use crate::janus::room::JanusRoom;
use crate::media::cameras;
use crate::media::load::{self, Load, Outcome};
use crate::mediasoup::process::Mediasoup;
use crate::mediasoup::room::MediasoupRoom;
use crate::mediasoup::sdp::{EXTENSIONS, TRANSPORT_WIDE_CC};
use hearth_protocol::ids::SpaceId;
use std::path::Path;

/// The least share of packets that must arrive, in every run.
pub const DELIVERED_MIN: f64 = 0.99;

/// The Hearth to load.
pub struct HearthServer {
    /// Where it is.
    pub target: Target,
    /// The host.
    pub credentials: Credentials,
    /// The room; the host's own where left out.
    pub room: Option<SpaceId>,
    /// Its process; unknown on another machine.
    pub process: Option<Process>,
}

/// Several runs of one kind.
#[derive(Default)]
pub struct Runs {
    figures: Vec<Figures>,
    good: bool,
}

impl Runs {
    /// No runs; they are good until one isn't.
    pub fn new() -> Self {
        Self { figures: Vec::new(), good: true }
    }

    /// Adds a run.
    pub fn add(&mut self, outcome: Outcome) {
        self.good &= outcome.delivered >= DELIVERED_MIN && outcome.doubled == 0;
        self.figures.push(outcome.figures);
    }

    /// The medians.
    pub fn figures(&self) -> Figures {
        Figures::median_of(&self.figures)
    }

    /// Whether all of them delivered what they must.
    pub fn good(&self) -> bool {
        self.good
    }
}

/// One run against Hearth.
pub async fn hearth(server: &HearthServer, load: Load) -> Result<Outcome> {
    let mut room = HearthRoom::enter(server.target, &server.credentials, server.room.clone()).await?;
    load::run(&mut room, server.process, Load { ip: server.target.own_ip()?, ..load }).await
}

/// One run of many cameras against Hearth, in a group of people who come for it.
pub async fn cameras(server: &HearthServer, load: cameras::Load) -> Result<Outcome> {
    let empty = Usage::of(server.process)?;
    let people = load.cameras + load.viewers;
    let group = group::gather(server.target, &server.credentials, server.room.clone(), people).await?;
    cameras::run(group, server.process, &empty, cameras::Load { ip: server.target.own_ip()?, ..load }).await
}

/// One run against a Janus of its own.
pub async fn janus(program: &str, load: Load) -> Result<Outcome> {
    let janus = Janus::start(program).await?;
    let mut room = JanusRoom::enter(janus.address()).await?;
    load::run(&mut room, Some(janus.process()?), Load { ip: janus.media_ip(), ..load }).await
}

/// One run against a mediasoup worker of its own, of the mediasoup installed in `folder`.
pub async fn mediasoup(node: &str, folder: &Path, load: Load) -> Result<Outcome> {
    let estimation = load.feedback.then_some(TRANSPORT_WIDE_CC);
    let extensions: Vec<&str> = EXTENSIONS.into_iter().chain(estimation).collect();
    let mediasoup = Mediasoup::start(node, folder, &extensions).await?;
    let mut room = MediasoupRoom::enter(&mediasoup);
    load::run(&mut room, Some(mediasoup.worker()), load).await
}
