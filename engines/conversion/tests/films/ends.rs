//! How conversions end: by themselves, by limits, by force.

use crate::support::*;
use hearth_conversion::{Failure, Job, Limits, Settings, convert};
use std::path::Path;
use std::time::{Duration, Instant};

fn film(folder: &Folder, seconds: u32) -> std::path::PathBuf {
    let words = format!("-f lavfi -i testsrc2=size=640x480:rate=30:duration={seconds} -c:v mpeg4 -q:v 3");
    folder.film("film.avi", &words)
}

async fn with(program: &str, folder: &Folder, limits: Limits) -> Result<(), Failure> {
    let film = film(folder, 2);
    let mut tools = tools().await;
    tools.ffmpeg = folder.program(program);
    let job = Job { limits, ..folder.job(&film) };
    convert(&tools, &job, |_| ()).await.map(|_| ())
}

/// Processes whose command line names a path.
fn processes(naming: &Path) -> usize {
    let naming = naming.to_str().expect("a path").as_bytes();
    let names = |entry: std::fs::DirEntry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.windows(naming.len()).any(|word| word == naming)
    };
    std::fs::read_dir("/proc").expect("processes").flatten().map(names).filter(|names| *names).count()
}

/// Of all threads of such processes.
fn niceness(naming: &Path) -> Vec<i32> {
    let naming = naming.to_str().expect("a path");
    let processes = std::fs::read_dir("/proc")
        .expect("processes")
        .flatten()
        .filter(|entry| std::fs::read_to_string(entry.path().join("cmdline")).is_ok_and(|line| line.contains(naming)));
    let threads =
        processes.filter_map(|process| std::fs::read_dir(process.path().join("task")).ok()).flatten().flatten();
    let stats = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
    // What follows the name in brackets: state, …; niceness is the 17th of them (proc_pid_stat(5)).
    stats.filter_map(|stat| stat.rsplit_once(") ")?.1.split(' ').nth(16)?.parse().ok()).collect()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_says_nothing_hangs_and_is_killed_with_what_it_started() {
    let folder = Folder::new("hangs");
    let limits = Limits { silence: Duration::from_millis(600), ..Limits::default() };
    let script = "while :; do echo frame=7; echo out_time_us=1000; sleep 0.1; done & sleep 1000";
    assert_eq!(with(script, &folder, limits).await, Err(Failure::Hung));
    until("its group is gone", || processes(&folder.at("program")) == 0).await;
    assert!(Failure::Hung.may_be_retried());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_gets_no_end_has_a_time() {
    let folder = Folder::new("endless");
    let limits = Limits {
        run_at_least: Duration::from_millis(300),
        run_per_second: Duration::from_millis(200),
        ..Limits::default()
    };
    let script = "n=0; while :; do n=$((n+1)); echo out_time_us=$n; sleep 0.05; done";
    let began = Instant::now();
    assert_eq!(with(script, &folder, limits).await, Err(Failure::TooLong));
    assert!(began.elapsed() >= Duration::from_millis(700));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_say_what_was() {
    let folder = Folder::new("fails");
    let limits = Limits::default();
    assert_eq!(with("kill -SEGV $$", &folder, limits.clone()).await, Err(Failure::Killed(libc::SIGSEGV)));
    let failed = with("echo all is wrong >&2; exit 3", &folder, limits.clone()).await;
    assert_eq!(failed, Err(Failure::Failed("all is wrong".into())));
    let full =
        with("echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 1", &folder, limits.clone());
    assert_eq!(full.await, Err(Failure::DiskFull));
    assert!(matches!(with("exit 0", &folder, limits).await, Err(Failure::Failed(_))), "nothing came out");
    let mut tools = tools().await;
    tools.ffmpeg = folder.at("nothing");
    let job = folder.job(&folder.at("film.avi"));
    assert_eq!(convert(&tools, &job, |_| ()).await, Err(Failure::Missing(folder.at("nothing"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_is_as_limited_as_it_has_to_be() {
    let folder = Folder::new("limited");
    let script =
        "ulimit -v; ulimit -n; ulimit -c; nice; env | sort | cut -d= -f1 | tr '\\n' ' '; readlink /proc/self/fd/0";
    let limits = Limits::default();
    let script = format!("({script}) >&2; exit 1");
    let Err(Failure::Failed(said)) = with(&script, &folder, limits.clone()).await else { panic!("it must fail") };
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], (limits.memory_bytes / 1_024).to_string());
    assert_eq!(&lines[1..4], ["256", "0", "5"]);
    assert_eq!(lines[4], "MALLOC_ARENA_MAX PATH PWD SHLVL _ /dev/null");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_may_be_written_is_not() {
    let folder = Folder::new("much");
    let film = film(&folder, 30);
    let limits = Limits { output_bytes: 200_000, ..Limits::default() };
    let answer = convert(&tools().await, &Job { limits, ..folder.job(&film) }, |_| ()).await;
    assert_eq!(answer, Err(Failure::TooMuch));
    let limits = Limits { free_bytes: u64::MAX, ..Limits::default() };
    let answer = convert(&tools().await, &Job { limits, ..folder.job(&film) }, |_| ()).await;
    assert_eq!(answer, Err(Failure::DiskFull));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_grows_can_be_played_and_what_is_cancelled_is_gone_and_begins_anew() {
    let folder = Folder::new("cancelled");
    let film = film(&folder, 120);
    let job = folder.job(&film);
    let converting = tokio::spawn({
        let job = job.clone();
        async move { convert(&tools().await, &job, |_| ()).await }
    });
    until("it is playable", || job.folder.join("index.m3u8").exists()).await;
    let growing = folder.read("out/360p/index.m3u8");
    assert!(growing.contains("#EXT-X-PLAYLIST-TYPE:EVENT") && !growing.contains("ENDLIST"), "{growing}");
    assert!(told(&folder.at("out/index.m3u8"), "-show_entries stream=codec_name").contains(&"h264".to_owned()));
    until("it steps back", || niceness(&film).iter().all(|nice| *nice == 10)).await;
    assert!(processes(&film) > 0);
    converting.abort();
    assert!(converting.await.is_err());
    until("its processes are gone", || processes(&film) == 0).await;
    // Another, shorter film into the same folder: nothing of the first is left.
    let film = folder.film("other.avi", "-f lavfi -i testsrc2=size=160x120:rate=10:duration=2 -c:v mpeg4");
    let (made, _) = converted(&Job { settings: Settings::default(), ..folder.job(&film) }).await;
    assert_eq!(made.duration_ms, 2_000);
    assert!(!folder.at("out/360p").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_ffmpeg_is_a_failure_that_can_be_tried_again() {
    let folder = Folder::new("killed");
    let film = film(&folder, 120);
    let job = folder.job(&film);
    let converting = tokio::spawn({
        let job = job.clone();
        async move { convert(&tools().await, &job, |_| ()).await }
    });
    until("it is playable", || job.folder.join("index.m3u8").exists()).await;
    let naming = film.to_str().expect("a path");
    let mine = std::fs::read_dir("/proc").expect("processes").flatten().filter_map(|entry| {
        let line = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        (line.starts_with("ffmpeg") && line.contains(naming))
            .then(|| entry.file_name().to_string_lossy().parse::<i32>().ok())?
    });
    for process in mine {
        // SAFETY: a plain system call, to a process that this test has started.
        unsafe { libc::kill(process, libc::SIGKILL) };
    }
    let failure = converting.await.expect("no fault").expect_err("a failure");
    assert_eq!(failure, Failure::Killed(libc::SIGKILL));
    assert!(failure.may_be_retried());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_something_else_in_it_is_left_alone() {
    let folder = Folder::new("occupied");
    let film = film(&folder, 2);
    std::fs::create_dir_all(folder.at("out")).expect("a folder");
    std::fs::write(folder.at("out/thesis.txt"), "years of work").expect("room");
    let answer = convert(&tools().await, &folder.job(&film), |_| ()).await;
    assert_eq!(answer, Err(Failure::Occupied));
    assert_eq!(folder.read("out/thesis.txt"), "years of work");
}

/// The other half of the next test: a server that is killed while it converts.
#[tokio::test(flavor = "multi_thread")]
async fn converts_until_it_is_killed() {
    let Some(film) = std::env::var_os(FILM) else { return };
    let film = std::path::PathBuf::from(film);
    let folder = film.parent().expect("a folder").join("out");
    let job = Job { file: film, folder, settings: Settings::default(), limits: Limits::default() };
    let _ = convert(&tools().await, &job, |_| ()).await;
}

const FILM: &str = "HEARTH_TEST_CONVERTS";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_a_server_that_is_killed() {
    let folder = Folder::new("server");
    let film = film(&folder, 120);
    let mut server = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "ends::converts_until_it_is_killed"])
        .env(FILM, &film)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("this program");
    until("it converts", || folder.at("out/index.m3u8").exists()).await;
    assert!(processes(&film) > 0);
    server.kill().expect("a process");
    server.wait().expect("its end");
    until("its processes are gone", || processes(&film) == 0).await;
    let film = folder.film("film.avi", "-f lavfi -i testsrc2=size=160x120:rate=10:duration=2 -c:v mpeg4");
    let (made, _) = converted(&folder.job(&film)).await;
    assert_eq!(made.duration_ms, 2_000, "the next start begins anew");
}
