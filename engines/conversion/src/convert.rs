//! A conversion from beginning to end.

use crate::plan::{Plan, Rendition, Way};
use crate::probe::probe;
use crate::publish::{self, Conversion, DESCRIPTION_FILE, INDEX_FILE, Listed, Made};
use crate::run::{Failure, Look, Run, bytes_in};
use crate::settings::{Limits, SEGMENT_S, Settings};
use crate::source::{Refusal, Source};
use crate::tools::{Abilities, Tools};
use base64::Engine as _;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Says that a folder was made for a conversion: only such a folder is emptied.
const MARK_FILE: &str = "conversion.begun";
const POSTER_FILE: &str = "poster.jpg";
/// The tiny picture, until it is part of the description.
const TINY_FILE: &str = "tiny";
/// Longest segment of what is copied, in seconds.
const SEGMENT_MAX_S: f64 = 3.0 * SEGMENT_S as f64;
/// Of the work of a conversion, the first run is about so much: a quarter where it encodes, next to nothing where it copies.
const FIRST_SHARE: f64 = 0.25;
const COPY_SHARE: f64 = 0.03;
/// No time left is told before so much of the work is done.
const TELLS_FROM: f64 = 0.02;
/// A film's end is missing if less than this came out, in percent, and by more than this, in milliseconds.
const WHOLE_PERCENT: u64 = 90;
const MISSING_MAX_MS: u64 = 2_000;

/// What is to be converted, and where to.
#[derive(Debug, Clone)]
pub struct Job {
    pub file: PathBuf,
    /// Is made if it is not there.
    pub folder: PathBuf,
    pub settings: Settings,
    pub limits: Limits,
}

/// What is told while it goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// What is in the file; comes first.
    Probed(Box<Source>),
    /// `index.m3u8` is there and can be played. Comes again when more renditions have come.
    Playable {
        renditions: Vec<String>,
    },
    /// `poster.jpg` is there; comes soon after the first `Playable`.
    Poster {
        /// A `data:` URL of a picture of 32 pixels.
        tiny: String,
    },
    Progress(Progress),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Of all work, 0 to 1; never less than before.
    pub done: f64,
    /// By the pace so far.
    pub left_ms: Option<u64>,
}

/// Converts a film. Dropping the future ends its processes; what lies in the folder then is thrown away by the next call.
/// A folder with a finished conversion is left as it is.
///
/// ```text
/// index.m3u8           multivariant playlist; grows by renditions
/// 720p/ 360p/ …        init.mp4, 00000.m4s …, index.m3u8: EVENT while it grows, with an end when it is whole
/// audio-0/ …           likewise, for each track
/// subs/0.vtt …         and 0.m3u8
/// poster.jpg  sprites.jpg  sprites.vtt
/// conversion.json      a [`Conversion`]; comes last
/// ```
///
/// # Errors
/// The file is refused, or something failed; [`Failure::may_be_retried`] says whether it makes sense to call again.
pub async fn convert(tools: &Tools, job: &Job, mut report: impl FnMut(Report)) -> Result<Conversion, Failure> {
    if let Some(finished) = finished(&job.folder) {
        return Ok(finished);
    }
    let source = probe(tools, &job.file, &job.limits).await?;
    report(Report::Probed(Box::new(source.clone())));
    let mut settings = job.settings.clone();
    loop {
        let plan = Plan::new(source.clone(), settings.clone(), tools.abilities);
        prepare(&job.folder, &plan)?;
        let file = std::path::absolute(&job.file)?;
        let (began, report) = (Instant::now(), &mut report);
        let mut converting =
            Converting { tools, job, plan: &plan, file, report, began, done: 0.0, sparse: false, tiny: String::new() };
        match converting.all().await {
            // Beyond what was looked at: it has to be encoded after all.
            Err(_) if converting.sparse => settings.copies = false,
            answer => return answer,
        }
    }
}

/// The conversion that lies finished in a folder.
pub fn finished(folder: &Path) -> Option<Conversion> {
    serde_json::from_slice(&std::fs::read(folder.join(DESCRIPTION_FILE)).ok()?).ok()
}

/// An empty folder with folders in it.
fn prepare(folder: &Path, plan: &Plan) -> Result<(), Failure> {
    begin(folder)?;
    let names =
        plan.renditions.iter().map(|rendition| &rendition.name).chain(plan.voices.iter().map(|voice| &voice.name));
    for name in names {
        std::fs::create_dir(folder.join(name))?;
    }
    if !plan.words.is_empty() {
        std::fs::create_dir(folder.join("subs"))?;
    }
    Ok(())
}

/// Makes a folder empty but for [`MARK_FILE`], which says that it may be emptied again.
pub(crate) fn begin(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let mark = folder.join(MARK_FILE);
    if std::fs::read_dir(folder)?.next().is_some() {
        if !mark.exists() {
            return Err(Failure::Occupied);
        }
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            // The mark goes last of all, so that a second try finds it.
            if entry.path() == mark {
                continue;
            }
            let is_folder = entry.file_type()?.is_dir();
            if is_folder { std::fs::remove_dir_all(entry.path())? } else { std::fs::remove_file(entry.path())? }
        }
    }
    Ok(std::fs::write(&mark, b"")?)
}

/// Writes down what came about; the folder is finished by it.
pub(crate) fn finish(folder: &Path, name: &str, description: &impl serde::Serialize) -> Result<(), Failure> {
    let description = serde_json::to_vec_pretty(description).map_err(|error| Failure::Io(error.to_string()))?;
    publish::write(&folder.join(name), &description)?;
    Ok(std::fs::remove_file(folder.join(MARK_FILE))?)
}

/// Takes the tiny picture out of a folder, as a `data:` URL.
pub(crate) fn tiny(folder: &Path, abilities: Abilities) -> Result<String, Failure> {
    let tiny = std::fs::read(folder.join(TINY_FILE))?;
    std::fs::remove_file(folder.join(TINY_FILE))?;
    let kind = if abilities.webp { "webp" } else { "jpeg" };
    Ok(format!("data:image/{kind};base64,{}", base64::engine::general_purpose::STANDARD.encode(tiny)))
}

struct Converting<'a, R> {
    tools: &'a Tools,
    job: &'a Job,
    plan: &'a Plan,
    file: PathBuf,
    report: R,
    began: Instant,
    done: f64,
    /// What is copied has too few key frames.
    sparse: bool,
    /// The tiny picture: a `data:` URL.
    tiny: String,
}

impl<R: FnMut(Report)> Converting<'_, R> {
    async fn all(&mut self) -> Result<Conversion, Failure> {
        let plan = self.plan;
        let share = match (plan.rest().next(), plan.first().way) {
            (None, _) => 1.0,
            (_, Way::Copied) => COPY_SHARE,
            (_, Way::Encoded) => FIRST_SHARE,
        };
        self.first(share).await?;
        let length_ms = self.length_ms();
        let expected_ms = plan.source.duration_ms;
        if length_ms + MISSING_MAX_MS < expected_ms && length_ms * 100 < expected_ms * WHOLE_PERCENT {
            return Err(Refusal::Truncated.into());
        }
        for words in &plan.words {
            let list = publish::subtitles(words, length_ms);
            publish::write(&self.job.folder.join("subs").join(format!("{}.m3u8", words.name)), list.as_bytes())?;
        }
        self.publish(&[plan.first()], true)?;
        self.run(plan.sprites_arguments(), false, |_, _| Ok(Look::GoesOn)).await?;
        let previews = publish::previews(&plan.sprites, length_ms);
        publish::write(&self.job.folder.join("sprites.vtt"), previews.as_bytes())?;
        if let Some(arguments) = plan.rest_arguments(&self.file) {
            self.run(arguments, false, |this, at_ms| {
                this.progress(share, 1.0, at_ms);
                Ok(Look::GoesOn)
            })
            .await?;
        }
        let all: Vec<&Rendition> = plan.renditions.iter().collect();
        let renditions = if all.len() > 1 { self.publish(&all, true)? } else { self.made(&all) };
        self.describe(renditions, length_ms)
    }

    /// The first run, and the poster as soon as there is something to play.
    async fn first(&mut self, share: f64) -> Result<(), Failure> {
        let (tools, job, plan) = (self.tools, self.job, self.plan);
        let input = self.file.clone();
        let playable = Notify::new();
        let pictured = AtomicBool::new(false);
        let pictures = async {
            playable.notified().await;
            for of_key_frames in [true, false] {
                run(tools, job, plan, plan.poster_arguments(&input, of_key_frames), false)
                    .watch(|_| Ok(Look::GoesOn))
                    .await?;
                if job.folder.join(POSTER_FILE).exists() {
                    break;
                }
            }
            run(tools, job, plan, plan.tiny_arguments(), false).watch(|_| Ok(Look::GoesOn)).await?;
            pictured.store(true, Ordering::Relaxed);
            Ok(())
        };
        let arguments = plan.first_arguments(&self.file);
        let mut told = false;
        let making = async {
            let look = |this: &mut Self, at_ms| {
                this.progress(0.0, share, at_ms);
                this.cut_often_enough()?;
                if !told && this.has_begun() {
                    told = true;
                    this.publish(&[plan.first()], false)?;
                    playable.notify_one();
                    return Ok(Look::StepBack);
                }
                if pictured.swap(false, Ordering::Relaxed) {
                    this.tell_pictures()?;
                }
                Ok(Look::GoesOn)
            };
            self.run(arguments, true, look).await?;
            if told { Ok(()) } else { Err(Failure::Failed("nothing came out".into())) }
        };
        tokio::try_join!(making, pictures)?;
        if pictured.load(Ordering::Relaxed) {
            self.tell_pictures()?;
        }
        Ok(())
    }

    fn tell_pictures(&mut self) -> Result<(), Failure> {
        self.tiny = tiny(&self.job.folder, self.plan.abilities)?;
        (self.report)(Report::Poster { tiny: self.tiny.clone() });
        Ok(())
    }

    /// Of what the first run made: of picture or sound, whichever is longer.
    fn length_ms(&self) -> u64 {
        let lengths = self.first_names().filter_map(|name| Some(Listed::read(&self.job.folder, name)?.duration_ms()));
        lengths.max().unwrap_or(0)
    }

    /// Folders that the first run fills.
    fn first_names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.plan.first().name).chain(self.plan.voices.iter().map(|voice| &voice.name))
    }

    fn cut_often_enough(&mut self) -> Result<(), Failure> {
        let first = self.plan.first();
        let listed = (first.way == Way::Copied).then(|| Listed::read(&self.job.folder, &first.name)).flatten();
        self.sparse = listed.is_some_and(|listed| listed.segments.iter().any(|(length, _)| *length > SEGMENT_MAX_S));
        if self.sparse { Err(Failure::Failed("key frames are too far apart".into())) } else { Ok(()) }
    }

    /// Whether picture and sound have a segment each.
    fn has_begun(&self) -> bool {
        self.first_names()
            .all(|name| Listed::read(&self.job.folder, name).is_some_and(|listed| !listed.segments.is_empty()))
    }

    async fn run(
        &mut self,
        arguments: Vec<OsString>,
        awaited: bool,
        mut look: impl FnMut(&mut Self, u64) -> Result<Look, Failure>,
    ) -> Result<(), Failure> {
        run(self.tools, self.job, self.plan, arguments, awaited).watch(|at_ms| look(self, at_ms)).await
    }

    fn progress(&mut self, from: f64, to: f64, at_ms: u64) {
        let part = (at_ms as f64 / self.plan.source.duration_ms.max(1) as f64).min(1.0);
        self.done = self.done.max(from + (to - from) * part);
        let took = self.began.elapsed();
        let left = (self.done >= TELLS_FROM).then(|| took.mul_f64((1.0 - self.done) / self.done));
        let left_ms = left.map(|left: Duration| u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        (self.report)(Report::Progress(Progress { done: self.done, left_ms }));
    }

    fn made(&self, renditions: &[&Rendition]) -> Vec<Made> {
        renditions.iter().filter_map(|rendition| publish::made(&self.job.folder, rendition)).collect()
    }

    fn publish(&mut self, renditions: &[&Rendition], with_subtitles: bool) -> Result<Vec<Made>, Failure> {
        let made = self.made(renditions);
        if made.len() < renditions.len() {
            return Err(Failure::Failed("nothing came out".into()));
        }
        let index = publish::index(self.plan, &made, with_subtitles);
        publish::write(&self.job.folder.join(INDEX_FILE), index.as_bytes())?;
        let renditions = made.iter().map(|made| made.name.clone()).collect();
        (self.report)(Report::Playable { renditions });
        Ok(made)
    }

    fn describe(&self, renditions: Vec<Made>, duration_ms: u64) -> Result<Conversion, Failure> {
        let (folder, plan) = (&self.job.folder, self.plan);
        let conversion = Conversion {
            duration_ms,
            bytes: bytes_in(folder),
            renditions,
            sounds: plan.voices.iter().map(Into::into).collect(),
            subtitles: plan.words.iter().map(Into::into).collect(),
            chapters: plan.source.chapters.clone(),
            sprites: (&plan.sprites).into(),
            tiny: self.tiny.clone(),
        };
        finish(folder, DESCRIPTION_FILE, &conversion)?;
        Ok(conversion)
    }
}

fn run<'a>(tools: &'a Tools, job: &'a Job, plan: &Plan, arguments: Vec<OsString>, awaited: bool) -> Run<'a> {
    Run {
        program: &tools.ffmpeg,
        arguments,
        folder: &job.folder,
        limits: &job.limits,
        duration_ms: plan.source.duration_ms,
        awaited,
    }
}
