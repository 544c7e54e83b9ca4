//! Converts a film, and tells what it took.
//!
//! `cargo run --release -p hearth-conversion --example convert -- FILM FOLDER`
//!
//! With `--by-hand` it then runs the same commands of ffmpeg without supervision, and a whole ladder in one run with one
//! decoder, into folders beside the first.

use hearth_conversion::{Job, Limits, Plan, Report, Settings, Tools, convert};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// CPU time of all children that have ended, in seconds.
fn cpu_seconds() -> f64 {
    // SAFETY: all zeros are a value of it, and the call fills it.
    let used = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut used);
        used
    };
    [used.ru_utime, used.ru_stime].iter().map(|time| time.tv_sec as f64 + time.tv_usec as f64 / 1e6).sum()
}

fn by_hand(folder: &Path, plan: &Plan, runs: Vec<Vec<OsString>>) -> (f64, f64) {
    let _ = std::fs::remove_dir_all(folder);
    for name in plan.renditions.iter().map(|made| &made.name).chain(plan.voices.iter().map(|voice| &voice.name)) {
        std::fs::create_dir_all(folder.join(name)).expect("a folder");
    }
    std::fs::create_dir_all(folder.join("subs")).expect("a folder");
    let (began, before) = (Instant::now(), cpu_seconds());
    for arguments in runs {
        let mut command = std::process::Command::new("nice");
        command.args(["-n", "10", "ffmpeg"]).args(arguments).current_dir(folder).stdout(std::process::Stdio::null());
        assert!(command.status().expect("ffmpeg").success());
    }
    (began.elapsed().as_secs_f64(), cpu_seconds() - before)
}

/// The first run's command with the renditions of the second.
fn at_once(plan: &Plan, film: &Path) -> Vec<OsString> {
    let mut plan = plan.clone();
    let smallest = plan.renditions.len() - 1;
    let sound = plan.first_arguments(film);
    // A rendition that is nowhere, so that all others are the rest.
    plan.renditions.push(plan.renditions[smallest].clone());
    plan.first = plan.renditions.len() - 1;
    let mut arguments = plan.rest_arguments(film).expect("a ladder");
    let graph_at =
        |arguments: &[OsString]| arguments.iter().position(|word| word == "-filter_complex").expect("a graph") + 1;
    let levels =
        sound[graph_at(&sound)].to_string_lossy().split(';').skip(1).fold(String::new(), |all, one| all + ";" + one);
    let at = graph_at(&arguments);
    arguments[at].push(levels);
    let voices = sound.iter().position(|word| word == "[audio-0]").expect("sound") - 1;
    arguments.extend_from_slice(&sound[voices..]);
    arguments
}

#[tokio::main]
async fn main() {
    let mut words = std::env::args_os().skip(1);
    let (Some(film), Some(folder)) = (words.next(), words.next()) else { panic!("FILM FOLDER [--by-hand] [--encode]") };
    let (film, folder) = (std::path::absolute(film).expect("a path"), PathBuf::from(folder));
    let more: Vec<OsString> = words.collect();
    let settings = Settings { copies: !more.iter().any(|word| word == "--encode"), ..Settings::default() };
    let tools = Tools::find(Path::new("ffmpeg"), Path::new("ffprobe")).await.expect("ffmpeg");
    let job = Job { file: film.clone(), folder: folder.clone(), settings, limits: Limits::default() };
    let (began, before) = (Instant::now(), cpu_seconds());
    let mut source = None;
    let made = convert(&tools, &job, |report| match report {
        Report::Probed(probed) => {
            println!(
                "{:7.2} s  probed: {}×{} {}",
                began.elapsed().as_secs_f64(),
                probed.video.width,
                probed.video.height,
                probed.video.codec
            );
            source = Some(*probed);
        }
        Report::Playable { renditions } => {
            println!("{:7.2} s  playable: {}", began.elapsed().as_secs_f64(), renditions.join(" "))
        }
        Report::Poster { .. } => println!("{:7.2} s  poster there", began.elapsed().as_secs_f64()),
        Report::Progress(_) => {}
    })
    .await;
    let made = match made {
        Ok(made) => made,
        Err(failure) => {
            eprintln!("{failure}");
            std::process::exit(1);
        }
    };
    let (took, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - before);
    println!("{took:7.2} s  done: {cpu:.1} s of CPU, {} bytes, {} s of film", made.bytes, made.duration_ms / 1_000);
    println!("           tiny picture {} bytes as a URL", made.tiny.len());
    let Some(source) = source.filter(|_| more.iter().any(|word| word == "--by-hand")) else { return };
    let plan = Plan::new(source, job.settings.clone(), tools.abilities);
    let mut runs = vec![plan.first_arguments(&film), plan.poster_arguments(&film, true), plan.tiny_arguments()];
    runs.push(plan.sprites_arguments());
    runs.extend(plan.rest_arguments(&film));
    let (hand, hand_cpu) = by_hand(&folder.with_extension("by-hand"), &plan, runs);
    println!("{hand:7.2} s  the same by hand: {hand_cpu:.1} s of CPU");
    if plan.first().way == hearth_conversion::Way::Encoded {
        let (once, once_cpu) = by_hand(&folder.with_extension("at-once"), &plan, vec![at_once(&plan, &film)]);
        println!("{once:7.2} s  the whole ladder in one run, without pictures: {once_cpu:.1} s of CPU");
    }
}
