//! One broadcast being packaged, on a thread of its own: disks and converters may be slow, and nobody else waits for them.

use bytes::Bytes;
use hearth_capabilities::Input;
use hearth_media::convert::{Converted, VideoConverter, VideoInput};
use hearth_media::{Codec, Config, Frame, Kind, Live, Note, Options, Packager, Recorded, RecordingError};
use hearth_protocol::ids::{LegId, SpaceId, VideoId};
use hearth_protocol::media::{Conversion, Source};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

use super::crowd::Crowd;
use super::feed::plan;
use super::films::{self, Film};
use super::ladder::Climb;
use super::picture::{FFMPEG, Picture};
use crate::clock;
use crate::node::Node;
use crate::node::machine::Mail;

/// Frames and orders that may wait for the thread of a broadcast: some seconds. One more frame is lost, and the packager goes on
/// at the next key frame.
const QUEUE: usize = 1_024;
/// A shared screen is what the crowd sees instead of the camera; it is taken for gone after this long without a frame.
const SCREEN_GONE: Duration = Duration::from_secs(3);
/// A film gets its poster this long after it began: the first pictures are often black.
const POSTER_AFTER: Duration = Duration::from_secs(5);
/// The name of the one rendition that comes from the publisher as it is.
const SOURCE_RENDITION: &str = "source";

/// A broadcast that is packaged, or was until a moment ago.
pub struct Room {
    space: SpaceId,
    number: u64,
    open: AtomicBool,
    ended: AtomicBool,
    /// Somebody wants what costs a conversion.
    needed: AtomicBool,
    recorded: AtomicBool,
    leg: Mutex<Option<LegId>>,
    live: Live,
    crowd: Crowd,
    picture: Picture,
    orders: SyncSender<Order>,
    runtime: Handle,
}

enum Order {
    Anew,
    Frame(Source, Frame),
    Converted(Frame),
    /// Of a rung of the ladder.
    Rung(usize, Converted),
    Sound(Bytes),
    Record(bool),
    End,
}

impl Room {
    /// Begins to package. `None`: the system gives no thread.
    pub(super) fn begin(
        node: &Arc<Node>,
        space: &SpaceId,
        number: u64,
        since_ms: u64,
        open: bool,
    ) -> Option<Arc<Self>> {
        let mut options = Options::new(since_ms);
        options.limits.window_us = u64::from(node.config().broadcast.look_back_minutes) * 60_000_000;
        let live = Live::new(options);
        let mut packager = live.add(SOURCE_RENDITION).expect("the first rendition of a broadcast, well named");
        let (orders, ordered) = sync_channel(QUEUE);
        let room = Arc::new(Self {
            space: space.clone(),
            number,
            open: AtomicBool::new(open),
            ended: AtomicBool::new(false),
            needed: AtomicBool::new(false),
            recorded: AtomicBool::new(false),
            leg: Mutex::default(),
            live,
            crowd: Crowd::default(),
            picture: Picture::default(),
            orders: orders.clone(),
            runtime: Handle::current(),
        });
        let climb = (node.config().broadcast.ladders() > 0).then(|| {
            let orders = orders.clone();
            // A full queue loses the picture, and its segment is the source's.
            let sink = move |rung, converted| drop(orders.try_send(Order::Rung(rung, converted)));
            Climb::new(room.live.clone(), &mut packager, sink)
        });
        let packaging = Packaging {
            node: Arc::downgrade(node),
            room: Arc::downgrade(&room),
            runtime: Handle::current(),
            space: space.clone(),
            number,
            since_ms,
            orders,
            packager,
            climb,
            film: None,
            convert: None,
            screen_seen: None,
            shown: Source::Camera,
            poster_at: None,
            anew: false,
        };
        let started = std::thread::Builder::new().name("packaging".to_owned()).spawn(move || packaging.run(&ordered));
        match started {
            Ok(_) => Some(room),
            Err(error) => {
                tracing::error!(%space, %error, "no thread for a broadcast: it can't be watched by HLS, nor recorded");
                None
            }
        }
    }

    /// Whose.
    pub fn space(&self) -> &SpaceId {
        &self.space
    }

    /// Which of the room's broadcasts.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether anybody may watch.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Whether it is over.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// What can be watched.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Who watches.
    pub fn crowd(&self) -> &Crowd {
        &self.crowd
    }

    /// What it looks like.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// The leg its media comes by.
    pub(super) fn leg(&self) -> Option<LegId> {
        self.leg.lock().expect("plain value").clone()
    }

    /// Somebody watches by HLS: from now on it is worth a conversion.
    pub fn is_needed(&self) {
        self.needed.store(true, Ordering::Relaxed);
    }

    pub(super) fn opens(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }

    pub(super) fn records(&self, record: bool) {
        if self.recorded.swap(record, Ordering::Relaxed) != record {
            self.order(Order::Record(record));
        }
    }

    pub(super) fn hears(&self, leg: Option<LegId>) {
        *self.leg.lock().expect("plain value") = leg;
        self.order(Order::Anew);
    }

    pub(super) fn sound_configured(&self, config: Bytes) {
        self.order(Order::Sound(config));
    }

    pub(super) fn frame(&self, source: Source, frame: Frame) {
        // A full queue loses the frame: the packager sees the gap.
        let _ = self.orders.try_send(Order::Frame(source, frame));
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.order(Order::End);
    }

    /// Gives an order that must not be lost, without waiting here.
    fn order(&self, order: Order) {
        let Err(std::sync::mpsc::TrySendError::Full(order)) = self.orders.try_send(order) else { return };
        let orders = self.orders.clone();
        // An encoder's thread orders too, and belongs to no runtime.
        self.runtime.spawn_blocking(move || orders.send(order));
    }
}

struct Packaging {
    node: Weak<Node>,
    room: Weak<Room>,
    runtime: Handle,
    space: SpaceId,
    number: u64,
    since_ms: u64,
    /// To this very thread, for what converters give.
    orders: SyncSender<Order>,
    packager: Packager,
    climb: Option<Climb>,
    film: Option<Film>,
    convert: Option<VideoConverter>,
    screen_seen: Option<Instant>,
    /// What the crowd is shown.
    shown: Source,
    /// When the film gets its poster.
    poster_at: Option<Instant>,
    /// The next frame begins anew: another leg, or another track.
    anew: bool,
}

impl Packaging {
    fn run(mut self, ordered: &Receiver<Order>) {
        loop {
            match ordered.recv_timeout(Duration::from_secs(1)) {
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(order) => self.take(order),
                // A node that is gone sends no end.
                Err(RecvTimeoutError::Timeout) if self.node.strong_count() == 0 => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.look();
        }
        self.convert = None;
        if self.poster_at.is_some() {
            self.paint_poster();
        }
        let film = self.film.take();
        let finished = self.packager.finish();
        if let Some(climb) = self.climb.take() {
            climb.finish();
        }
        if let (Some(film), Some(node)) = (film, self.node.upgrade()) {
            ended(&self.runtime, &node, film, finished);
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Anew => {
                self.anew = true;
                self.screen_seen = None;
                if let (Some(climb), Some(node)) = (&self.climb, self.node.upgrade()) {
                    climb.tell(&node, &self.space);
                }
            }
            Order::Frame(source, frame) => self.frame(source, frame),
            Order::Converted(frame) => self.push(&frame),
            Order::Rung(rung, converted) => {
                if let Some(climb) = &mut self.climb {
                    climb.converted(rung, converted);
                }
            }
            Order::Sound(config) => {
                if let Err(error) = self.packager.configure(&Config::Aac(config)) {
                    tracing::warn!(space = %self.space, %error, "the sound of a broadcast can't be packaged");
                }
            }
            Order::Record(true) => self.begin_film(),
            Order::Record(false) => self.end_film(false),
            Order::End => {}
        }
        self.heed_notes();
        if self.poster_at.is_some_and(|at| at <= Instant::now()) {
            self.poster_at = None;
            self.paint_poster();
        }
    }

    /// Has a poster made of what is shown now. Nobody waits for it.
    fn paint_poster(&self) {
        let (Some(film), Some(room)) = (&self.film, self.room.upgrade()) else { return };
        let file = film.folder.join(films::POSTER);
        self.runtime.spawn(async move {
            let Some(jpeg) = room.picture().of(room.live()).await else { return };
            // Whole or not at all: half a picture would stay for good.
            let half = file.with_extension("part");
            let written = match tokio::fs::write(&half, &jpeg).await {
                Ok(()) => tokio::fs::rename(&half, &file).await,
                error => error,
            };
            if let Err(error) = written {
                tracing::warn!(file = %file.display(), %error, "a poster could not be written");
            }
        });
    }

    fn frame(&mut self, source: Source, mut frame: Frame) {
        if !self.is_shown(source) {
            return;
        }
        if frame.kind() == Kind::Video && self.shown != source {
            if !frame.key_frame {
                return;
            }
            self.shown = source;
            self.anew = true;
        }
        frame.discontinuity |= std::mem::take(&mut self.anew);
        if frame.codec == Codec::Vp8 { self.convert(frame) } else { self.push(&frame) }
    }

    /// Whether the crowd gets this: the microphone, and the screen where one is shared, else the camera.
    fn is_shown(&mut self, source: Source) -> bool {
        match source {
            Source::Microphone => true,
            Source::ScreenAudio => false,
            Source::Screen => {
                self.screen_seen = Some(Instant::now());
                true
            }
            Source::Camera => self.screen_seen.is_none_or(|seen| seen.elapsed() > SCREEN_GONE),
        }
    }

    fn push(&mut self, frame: &Frame) {
        if let Err(error) = self.packager.push(frame, clock::now().0) {
            tracing::debug!(space = %self.space, %error, "a frame could not be packaged");
        }
        if let (Some(climb), Some(node)) = (&mut self.climb, self.node.upgrade()) {
            climb.pushed(&mut self.packager, frame, &node, &self.space);
        }
    }

    fn look(&mut self) {
        if let (Some(climb), Some(room), Some(node)) = (&mut self.climb, self.room.upgrade(), self.node.upgrade()) {
            climb.look(Instant::now(), &room, &node);
        }
    }

    /// VP8 is not played from MP4: it becomes H.264, once somebody needs it.
    fn convert(&mut self, frame: Frame) {
        let Some(node) = self.node.upgrade() else { return };
        let needed = self.film.is_some() || self.room.upgrade().is_some_and(|room| room.needed.load(Ordering::Relaxed));
        if !needed || !node.config().broadcast.convert {
            return;
        }
        if self.convert.is_none() {
            let orders = self.orders.clone();
            let space = self.space.clone();
            let sink = move |converted: Converted| match converted {
                // A full queue loses the frame: the packager sees the gap.
                Converted::Frame(frame) => drop(orders.try_send(Order::Converted(frame))),
                Converted::Failed(error) => tracing::error!(%space, %error, "VP8 is no longer converted"),
                Converted::Config(_) => {}
            };
            match VideoConverter::start(Path::new(FFMPEG), plan(VideoInput::Vp8), sink) {
                Ok(convert) => {
                    self.convert = Some(convert);
                    node.broadcasts().converts(&node, &self.space, Conversion::Vp8ToH264, true);
                }
                Err(error) => return tracing::warn!(space = %self.space, %error, "VP8 can't be converted"),
            }
        }
        if let Some(convert) = &mut self.convert {
            convert.push(frame);
        }
    }

    fn begin_film(&mut self) {
        let Some(node) = self.node.upgrade() else { return };
        if self.film.is_some() {
            return;
        }
        let begun = films::begin(&node, &self.space, self.number, self.since_ms, clock::now().0);
        let Some(film) = self.runtime.block_on(begun) else { return self.tell(None, true) };
        match self.packager.record(&film.folder) {
            Ok(()) => {
                self.poster_at = Some(Instant::now() + POSTER_AFTER);
                self.tell(Some(film.id.clone()), false);
                self.film = Some(film);
            }
            Err(error) => {
                tracing::error!(space = %self.space, %error, "a broadcast can't be recorded");
                ended(&self.runtime, &node, film, Ok(None));
                self.tell(None, true);
            }
        }
    }

    fn end_film(&mut self, failed: bool) {
        if self.poster_at.take().is_some() {
            self.paint_poster();
        }
        let (Some(film), Some(node)) = (self.film.take(), self.node.upgrade()) else { return };
        let stopped = self.packager.stop_recording();
        ended(&self.runtime, &node, film, stopped);
        self.tell(None, failed);
    }

    fn tell(&self, video: Option<VideoId>, failed: bool) {
        if let Some(node) = self.node.upgrade() {
            node.spaces().deliver_if_awake(&self.space, Mail::notice(Input::Recording { video, failed }));
        }
    }

    fn heed_notes(&mut self) {
        for note in self.packager.take_notes() {
            match note {
                Note::RecordingStopped(error) => {
                    tracing::error!(space = %self.space, %error, "a recording stopped; the broadcast goes on");
                    self.end_film(true);
                }
                other => tracing::debug!(space = %self.space, note = ?other, "of a broadcast that is packaged"),
            }
        }
    }
}

/// Ends a film beside everything else. One that failed is looked at again: what was written before may be whole.
fn ended(runtime: &Handle, node: &Arc<Node>, film: Film, finished: Result<Option<Recorded>, RecordingError>) {
    runtime.spawn(films::end(Arc::downgrade(node), film, finished.ok().flatten()));
}
