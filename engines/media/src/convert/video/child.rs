//! The ffmpeg process: what it may do, and how it ends.

use super::VideoPlan;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Address space of one conversion.
const MEMORY_BYTES: u64 = 2 << 30;
/// Files it may hold open: its pipes and its libraries' own.
const FILES: u64 = 64;
/// How far it steps back behind everything else that runs.
const NICENESS: i32 = 10;
/// Of what it complains of, the log keeps the last lines, cut to a length.
const LOG_LINES: usize = 5;
const LOG_LINE_BYTES: usize = 300;

/// Starts ffmpeg. It dies with the thread that calls this.
pub(super) fn spawn(ffmpeg: &Path, plan: &VideoPlan) -> io::Result<Child> {
    let mut command = Command::new(ffmpeg);
    command.args(plan.arguments()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsStr::new("/usr/bin:/bin").to_owned());
    command.env_clear().env("PATH", path).current_dir("/");
    // SAFETY: between fork and exec only async-signal-safe system calls are made, and nothing is allocated.
    unsafe {
        command.pre_exec(|| {
            limit(libc::RLIMIT_AS, MEMORY_BYTES)?;
            limit(libc::RLIMIT_NOFILE, FILES)?;
            limit(libc::RLIMIT_FSIZE, 0)?;
            limit(libc::RLIMIT_CORE, 0)?;
            libc::nice(NICENESS);
            #[cfg(target_os = "linux")]
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
    command.spawn()
}

#[cfg(target_os = "linux")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_os = "linux"))]
type Resource = libc::c_int;

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: `limit` lives through the call.
    if unsafe { libc::setrlimit(resource, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Reads complaints to their end; gives the last of them.
pub(super) fn complaints(stderr: impl Read) -> Vec<String> {
    let mut reader = BufReader::new(stderr);
    let mut lines = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LOG_LINE_BYTES as u64).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return lines,
            Ok(_) => {
                if lines.len() == LOG_LINES {
                    lines.remove(0);
                }
                lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Aim, KeyFrames, Preset, VideoInput};
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    const PLAN: VideoPlan = VideoPlan {
        input: VideoInput::H264,
        height_px: None,
        bitrate_bps: 1_000_000,
        threads: 1,
        preset: Preset::Ultrafast,
        key_frames: KeyFrames::Often,
        aim: Aim::Rate,
    };

    fn program(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/convert/programs").join(name)
    }

    #[test]
    fn a_child_is_as_limited_as_it_has_to_be() {
        let mut child = spawn(&program("limited"), &PLAN).expect("a shell");
        assert!(child.wait().expect("its end").success());
    }

    #[test]
    fn a_child_dies_with_the_thread_that_started_it() {
        let starting = std::thread::spawn(|| spawn(&program("sleeps"), &PLAN));
        let mut child = starting.join().expect("no fault").expect("a shell");
        assert_eq!(child.wait().expect("its end").signal(), Some(libc::SIGKILL));
    }

    #[test]
    fn of_complaints_the_last_are_kept_and_cut() {
        let said = format!("{}{}\nlast\n", "line\n".repeat(1_000), "x".repeat(LOG_LINE_BYTES - 1));
        let kept = complaints(said.as_bytes());
        assert_eq!(kept.len(), LOG_LINES);
        assert_eq!(kept.last().map(String::as_str), Some("last"));
        assert!(complaints("y".repeat(10_000).as_bytes()).iter().all(|line| line.len() <= LOG_LINE_BYTES));
    }
}
