//! Which film is converted now, and what becomes of it.
//!
//! ```text
//!            add                          playable              done
//!  uploaded ─────► waiting ─► converting ──────────► said ─────────────► ready
//!                     ▲           │ failed, may be tried again
//!                     └───────────┴──────────────────────────────────► failed (three times, or refused)
//! ```
//!
//! What is to be converted is in the store (`state = 'converting'`), so a stop loses nothing: the next start begins anew with
//! what was not done.

use hearth_conversion::{
    Cancelled, Conversion, DESCRIPTION_FILE, Ended, Enqueued, Failure, INDEX_FILE, Job, Queue, QueueLimits, Refusal,
    Report, Source, Tools, convert,
};
use hearth_protocol::conversation::Carry;
use hearth_protocol::ids::{SpaceId, UserId, VideoId};
use hearth_protocol::videos::{Chapter, Conversion as Progress, VideoFailure, VideoState};
use hearth_protocol::{Command, Outcome, Rejection};
use hearth_store::{Converting, SubtitleFile, VideoRecord};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, mpsc};
use tokio::task::JoinHandle;

use super::describe;
use super::shelf::{self, Of};
use crate::broadcast::picture::FFMPEG;
use crate::node::Node;
use crate::{commanding, films};

const FFPROBE: &str = "ffprobe";
/// The folder of a conversion, in the film's.
const MADE: &str = "film";
/// The owner is told of progress at most this often.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// Somebody waits for their turn to say a film so often.
const TURNS: usize = 5;
/// Chapters that are taken over from a file.
const CHAPTERS_MAX: usize = hearth_protocol::limits::CHAPTERS_MAX;

/// What is being converted, and what waits.
pub struct Conversions {
    state: Mutex<State>,
    tools: OnceCell<Tools>,
}

struct State {
    queue: Queue<VideoId>,
    running: HashMap<VideoId, Running>,
    stopped: bool,
}

struct Running {
    done: f64,
    left_ms: Option<u64>,
    /// Ends its processes when it is aborted.
    task: Option<JoinHandle<()>>,
}

impl Conversions {
    /// None yet; so many run at the same time.
    pub fn new(at_once: usize) -> Self {
        let queue = Queue::new(QueueLimits { running: at_once, ..QueueLimits::default() });
        Self { state: Mutex::new(State { queue, running: HashMap::new(), stopped: false }), tools: OnceCell::new() }
    }

    /// How far a film is.
    pub fn progress(&self, film: &VideoId) -> Progress {
        let state = self.state.lock().expect("plain state");
        match state.running.get(film) {
            Some(running) => Progress { before: 0, done: running.done, left_ms: running.left_ms },
            None => {
                let before = state.queue.place(film).map_or(0, |place| place + state.running.len());
                Progress { before: u32::try_from(before).unwrap_or(u32::MAX), done: 0.0, left_ms: None }
            }
        }
    }

    /// A film is to be converted.
    pub fn add(&self, node: &Arc<Node>, film: &VideoRecord) {
        let added = self.state.lock().expect("plain state").queue.add(film.id.clone(), film.tries);
        if added == Enqueued::Full {
            // It is in the store: the next start takes it.
            tracing::error!(film = %film.id, "too many films wait to be converted");
        }
        self.go_on(node);
    }

    /// A film is not to be converted any more; returns when nothing writes to its folder.
    pub async fn cancel(&self, node: &Arc<Node>, film: &VideoId) {
        let task = {
            let mut state = self.state.lock().expect("plain state");
            match state.queue.cancel(film) {
                Cancelled::Ran => state.running.remove(film).and_then(|running| running.task),
                Cancelled::Waited | Cancelled::Unknown => None,
            }
        };
        if let Some(task) = task {
            task.abort();
            let _ = task.await;
            self.go_on(node);
        }
    }

    /// Ends what runs, and begins nothing more; returns when nothing writes to any folder. The next start begins anew.
    pub async fn stop(&self) {
        let tasks: Vec<_> = {
            let mut state = self.state.lock().expect("plain state");
            state.stopped = true;
            state.running.drain().filter_map(|(_, running)| running.task).collect()
        };
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
    }

    /// Begins what has a place.
    fn go_on(&self, node: &Arc<Node>) {
        let mut state = self.state.lock().expect("plain state");
        while let Some((film, tries)) = if state.stopped { None } else { state.queue.start() } {
            let running = Running { done: 0.0, left_ms: None, task: None };
            state.running.insert(film.clone(), running);
            let task = tokio::spawn(run(node.clone(), film.clone(), tries));
            if let Some(running) = state.running.get_mut(&film) {
                running.task = Some(task);
            }
        }
    }

    fn notes(&self, film: &VideoId, done: f64, left_ms: Option<u64>) {
        if let Some(running) = self.state.lock().expect("plain state").running.get_mut(film) {
            (running.done, running.left_ms) = (done, left_ms);
        }
    }

    fn ended(&self, film: &VideoId, again: bool) -> Ended {
        let mut state = self.state.lock().expect("plain state");
        state.running.remove(film);
        state.queue.ended(film, again)
    }

    /// The programs that convert.
    pub(super) async fn tools(&self) -> Result<&Tools, Failure> {
        self.tools.get_or_try_init(|| Tools::find(Path::new(FFMPEG), Path::new(FFPROBE))).await
    }
}

/// Takes up what was to be converted when the server stopped.
pub async fn resume(node: &Arc<Node>) {
    match node.store().videos().to_convert().await {
        Ok(waiting) => waiting.iter().for_each(|film| node.films().conversions().add(node, film)),
        Err(error) => tracing::error!(%error, "films that are to be converted could not be looked for"),
    }
}

/// Converts a film, and says what came of it.
async fn run(node: Arc<Node>, id: VideoId, tries: u32) {
    let store = node.store().videos();
    let film = match store.by_id(&id).await {
        Ok(Some(film)) if film.state == VideoState::Converting => film,
        Ok(_) => {
            node.films().conversions().ended(&id, false);
            return node.films().conversions().go_on(&node);
        }
        Err(error) => return failed(&node, &id, &Failure::Io(error.to_string())).await,
    };
    if let Err(error) = store.tried(&id, tries).await {
        tracing::warn!(film = %id, %error, "the tries of a conversion could not be stored");
    }
    let folder = films::folder(&node, &film.folder);
    let Some(original) = film.media.downloads.first().cloned() else {
        return failed(&node, &id, &Failure::Io("the original is not there".to_owned())).await;
    };
    let (told, reports) = mpsc::unbounded_channel();
    let following = Following::new(node.clone(), film, original.clone());
    let job = Job {
        file: folder.join(&original),
        folder: folder.join(MADE),
        settings: node.config().videos.conversion(),
        limits: hearth_conversion::Limits::default(),
    };
    let tools = match node.films().conversions().tools().await {
        Ok(tools) => tools,
        Err(failure) => return failed(&node, &id, &failure).await,
    };
    let converting = async {
        let told = told;
        convert(tools, &job, |report| drop(told.send(report))).await
    };
    let (converted, following) = tokio::join!(converting, following.heed(reports));
    match converted {
        Ok(conversion) => following.done(&conversion, &job.folder).await,
        Err(failure) => failed(&node, &id, &failure).await,
    }
}

/// A film that is being converted, as far as others have to know.
struct Following {
    node: Arc<Node>,
    film: VideoRecord,
    original: String,
    stands: Converting,
    told: Option<Instant>,
}

impl Following {
    fn new(node: Arc<Node>, film: VideoRecord, original: String) -> Self {
        let stands = Converting { bytes: film.bytes, tiny: film.tiny.clone(), ..Converting::default() };
        Self { node, film, original, stands, told: None }
    }

    /// Stores what is reported, and tells whom it concerns, until the conversion has ended.
    async fn heed(mut self, mut reports: mpsc::UnboundedReceiver<Report>) -> Self {
        self.stands.media.downloads = vec![self.original.clone()];
        while let Some(report) = reports.recv().await {
            match report {
                Report::Probed(source) => self.probed(&source),
                Report::Playable { .. } if self.stands.media.hls.is_none() => {
                    self.stands.media.hls = Some(made(INDEX_FILE));
                    self.store().await;
                    self.tell().await;
                }
                Report::Playable { .. } => {}
                Report::Poster { tiny } => {
                    self.stands.tiny = tiny;
                    self.stands.media.poster = Some(made("poster.jpg"));
                    self.store().await;
                    say(&self.node, &self.film.id).await;
                    self.tell().await;
                }
                Report::Progress(progress) => {
                    self.node.films().conversions().notes(&self.film.id, progress.done, progress.left_ms);
                    if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                        self.tell().await;
                    }
                }
            }
        }
        self
    }

    fn probed(&mut self, source: &Source) {
        (self.stands.width, self.stands.height) = source.video.shown();
        self.stands.duration_ms = source.duration_ms;
        let chapters = source.chapters.iter().take(CHAPTERS_MAX);
        self.stands.chapters = chapters.map(chapter).collect();
    }

    /// It is whole.
    async fn done(mut self, conversion: &Conversion, folder: &Path) {
        self.stands.duration_ms = conversion.duration_ms;
        self.stands.bytes = self.film.bytes + conversion.bytes;
        self.stands.tiny.clone_from(&conversion.tiny);
        self.stands.done = true;
        let media = &mut self.stands.media;
        media.hls = Some(made(INDEX_FILE));
        media.poster = Some(made("poster.jpg"));
        media.previews = folder.join("sprites.vtt").exists().then(|| made("sprites.vtt"));
        let subtitles = conversion.subtitles.iter().enumerate().map(|(number, one)| SubtitleFile {
            name: format!("{number}"),
            path: made(&one.path),
            language: one.language.clone().unwrap_or_default(),
            label: one.title.clone().unwrap_or_default(),
            added: false,
        });
        media.subtitles = subtitles.collect();
        debug_assert!(folder.join(DESCRIPTION_FILE).exists());
        let id = self.film.id.clone();
        if !self.store().await {
            // Not stored: as if it had not come about. The folder is whole, so that another try costs nothing.
            return failed(&self.node, &id, &Failure::Io("its end could not be stored".to_owned())).await;
        }
        say(&self.node, &id).await;
        self.node.films().conversions().ended(&id, false);
        self.tell().await;
        self.node.films().conversions().go_on(&self.node);
        shelf::keep(&self.node, Of::Videos, &self.film.folder).await;
    }

    /// Stores how it stands; what its owner has added meanwhile stays.
    async fn store(&mut self) -> bool {
        if let Ok(Some(film)) = self.node.store().videos().by_id(&self.film.id).await {
            let added = film.media.subtitles.into_iter().filter(|one| one.added);
            self.stands.media.subtitles.retain(|one| !one.added);
            self.stands.media.subtitles.extend(added);
        }
        match self.node.store().videos().converting(&self.film.id, &self.stands).await {
            Ok(_) => {
                self.node.films().passes().look_again(&self.film.id);
                true
            }
            Err(error) => {
                tracing::error!(film = %self.film.id, %error, "how a conversion stands could not be stored");
                false
            }
        }
    }

    async fn tell(&mut self) {
        self.told = Some(Instant::now());
        tell_owner(&self.node, &self.film.id).await;
    }
}

/// A file of a conversion, by its name in the film's folder.
fn made(name: &str) -> String {
    format!("{MADE}/{name}")
}

fn chapter(chapter: &hearth_conversion::Chapter) -> Chapter {
    let title = chapter.title.as_deref().unwrap_or_default();
    let title = hearth_protocol::text::clean_name(title, hearth_protocol::limits::TITLE_MAX_CHARS);
    Chapter { start_ms: chapter.start_ms, title: title.unwrap_or_default() }
}

/// A conversion failed: it is tried again later, or the owner is told why.
async fn failed(node: &Arc<Node>, id: &VideoId, failure: &Failure) {
    tracing::warn!(film = %id, %failure, "a film could not be converted");
    if node.films().conversions().ended(id, failure.may_be_retried()) != Ended::Waits {
        match node.store().videos().fail(id, &reason(failure)).await {
            Ok(true) => remove(films::folder(node, id.as_str()).join(MADE)).await,
            Ok(false) => {}
            Err(error) => tracing::error!(film = %id, %error, "why a film failed could not be stored"),
        }
        node.films().passes().look_again(id);
        tell_owner(node, id).await;
    }
    node.films().conversions().go_on(node);
}

/// What a failed conversion left behind.
async fn remove(folder: PathBuf) {
    let removed = tokio::fs::remove_dir_all(&folder).await;
    if let Err(error) = removed
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %error, "what a failed conversion left could not be removed");
    }
}

fn reason(failure: &Failure) -> VideoFailure {
    match failure {
        Failure::Refused(refusal) => match refusal {
            Refusal::Unreadable => VideoFailure::Unreadable,
            Refusal::NoVideo => VideoFailure::NoPicture,
            Refusal::Codec { codec } => VideoFailure::Codec { codec: codec.clone() },
            Refusal::TooLarge { width, height } | Refusal::TooSmall { width, height } => {
                VideoFailure::Pixels { width: *width, height: *height }
            }
            Refusal::TooLong => VideoFailure::TooLong,
            Refusal::OneFrame => VideoFailure::OneFrame,
            Refusal::Truncated => VideoFailure::Truncated,
            Refusal::TooManyStreams => VideoFailure::TooManyStreams,
        },
        Failure::TooLong | Failure::TooMuch | Failure::Hung => VideoFailure::TooMuch,
        Failure::DiskFull => VideoFailure::NoRoom,
        Failure::NotTaken(_)
        | Failure::Missing(_)
        | Failure::Killed(_)
        | Failure::Failed(_)
        | Failure::Occupied
        | Failure::Io(_) => VideoFailure::Failed,
    }
}

/// Says a film in the dialog that it is for, once. The upload's name makes a repeat harmless.
async fn say(node: &Arc<Node>, id: &VideoId) {
    let store = node.store();
    let film = match store.videos().by_id(id).await {
        Ok(Some(film)) => film,
        _ => return,
    };
    let Some((dialog, text)) = film.to_say else { return };
    let command = Command::Send {
        text,
        reply_to: None,
        nonce: format!("film {}", &id.as_str()[id.as_str().len().saturating_sub(30)..]),
        mentions: Vec::new(),
        float: None,
        media_ms: None,
        carries: Some(Carry::Video { video: id.clone() }),
        moment: None,
    };
    match said(node, &film.owner.id, &dialog, &command).await {
        // Who left the dialog, was blocked or has no account any more says nothing there: the film stays theirs.
        Ok(_) | Err(Rejection::NotFound | Rejection::Forbidden | Rejection::Muted { .. }) => {
            if let Err(error) = store.videos().was_said(id).await {
                tracing::error!(film = %id, %error, "that a film was said could not be stored");
            }
        }
        Err(rejection) => {
            tracing::warn!(film = %id, ?rejection, "a film could not be said in its dialog yet; it is tried again in an hour");
        }
    }
}

/// Says something; who has just said much waits for their turn.
async fn said(node: &Arc<Node>, by: &UserId, dialog: &SpaceId, command: &Command) -> Result<Outcome, Rejection> {
    for _ in 0..TURNS {
        match commanding::give_as(node, by, dialog, command.clone()).await {
            Err(
                Rejection::Limit { retry_after_ms: Some(wait_ms), .. }
                | Rejection::SlowMode { retry_after_ms: wait_ms },
            ) => {
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            }
            answer => return answer,
        }
    }
    Err(Rejection::Busy)
}

/// Says the films that can be played and could not be said.
pub async fn say_what_waits(node: &Arc<Node>) {
    match node.store().videos().to_say().await {
        Ok(waiting) => {
            for film in waiting {
                say(node, &film).await;
            }
        }
        Err(error) => tracing::warn!(%error, "films that are still to be said could not be looked for"),
    }
}

/// Tells the owner's devices how a film stands.
pub async fn tell_owner(node: &Arc<Node>, id: &VideoId) {
    let Ok(Some(film)) = node.store().videos().by_id(id).await else { return };
    let owner = film.owner.id.clone();
    if let Ok(video) = describe::for_owner(node, film).await {
        node.tell(&owner, hearth_capabilities::Tell::Video { video: Box::new(video) });
    }
}
