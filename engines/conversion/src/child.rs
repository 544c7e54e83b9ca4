//! The processes of ffmpeg and ffprobe: what they may do, and how they end.

use crate::offline;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Files that a process may hold open: a playlist, an init segment and a segment for each rendition, and its libraries.
const FILES: u64 = 256;
/// How far it steps back behind everything else that runs: while somebody waits for it, and else.
const NICENESS_AWAITED: i32 = 5;
const NICENESS: i32 = 10;

/// What is started.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub program: &'a Path,
    pub arguments: Vec<OsString>,
    pub folder: &'a Path,
    pub memory_bytes: u64,
    /// Somebody waits for what it makes.
    pub awaited: bool,
    /// The largest file it may write.
    pub file_bytes: u64,
}

/// A process in a group of its own. All of the group is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    pub child: Child,
}

impl Running {
    /// Nobody waits for it any more.
    pub(crate) fn step_back(&self) {
        if let Some(group) = self.child.id() {
            // SAFETY: a plain system call. It may fail only where the process has ended.
            unsafe { libc::setpriority(libc::PRIO_PGRP, group, NICENESS) };
        }
    }

    /// Kills it and what it started.
    pub(crate) fn kill(&mut self) {
        // Once it was waited for there is no number any more, and the number may be somebody else's.
        if let Some(group) = self.child.id().and_then(|id| libc::pid_t::try_from(id).ok()) {
            // SAFETY: a plain system call.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

type Answer = oneshot::Sender<io::Result<Child>>;

/// The thread that starts processes. A child shall die with the server, but what the kernel looks at is the thread that
/// started it; a runtime's threads come and go, this one stays.
fn starter() -> io::Result<&'static Sender<(Command, Handle, Answer)>> {
    static STARTER: OnceLock<Option<Sender<(Command, Handle, Answer)>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (sender, receiver) = channel::<(Command, Handle, Answer)>();
        let serve = move || {
            while let Ok((mut command, runtime, answer)) = receiver.recv() {
                let _in_runtime = runtime.enter();
                // Who asked may have gone: the child is then dropped, and killed.
                let _ = answer.send(command.spawn());
            }
        };
        std::thread::Builder::new().name("conversions".into()).spawn(serve).ok().map(|_| sender)
    });
    starter.as_ref().ok_or_else(|| io::Error::other("no thread for starting processes"))
}

/// Starts a program without network, input, or environment, with little right to anything.
pub(crate) async fn spawn(start: Start<'_>) -> io::Result<Running> {
    let mut command = Command::new(start.program);
    command.args(&start.arguments).current_dir(start.folder).kill_on_drop(true).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsStr::new("/usr/bin:/bin").to_owned());
    // Each thread's arena would take much of the address space that it may have.
    command.env_clear().env("PATH", path).env("MALLOC_ARENA_MAX", "2");
    let (memory, file) = (start.memory_bytes, start.file_bytes);
    let niceness = if start.awaited { NICENESS_AWAITED } else { NICENESS };
    // SAFETY: between fork and exec only async-signal-safe system calls are made, and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            limit(libc::RLIMIT_AS, memory)?;
            limit(libc::RLIMIT_NOFILE, FILES)?;
            limit(libc::RLIMIT_FSIZE, file)?;
            limit(libc::RLIMIT_CORE, 0)?;
            libc::nice(niceness);
            #[cfg(target_os = "linux")]
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // Where the kernel has no filters, the protocol whitelist stands alone.
            let _ = offline::forbid_sockets();
            Ok(())
        });
    }
    let (answer, answered) = oneshot::channel();
    let gone = || io::Error::other("the thread for starting processes is gone");
    starter()?.send((command, Handle::current(), answer)).map_err(|_| gone())?;
    Ok(Running { child: answered.await.map_err(|_| gone())?? })
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
