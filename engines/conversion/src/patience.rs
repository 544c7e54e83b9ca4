//! How long a process could have worked: the time that passed, less what it waited for a processor. On a machine with
//! much to do a good film takes long, and that is no fault of the film.

use std::path::Path;
use std::time::{Duration, Instant};

/// What the kernel counts of a process, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Scheduled {
    ran: u64,
    /// It could have run, and others did; counted once it runs again.
    waited: u64,
    /// A thread could run now.
    runnable: bool,
}

impl Scheduled {
    /// Of all threads that it has now; nothing where the kernel doesn't count.
    fn of(process: u32) -> Self {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Self::default() };
        threads.flatten().filter_map(|thread| Self::of_thread(&thread.path())).fold(Self::default(), |sum, thread| {
            Self {
                ran: sum.ran + thread.ran,
                waited: sum.waited + thread.waited,
                runnable: sum.runnable || thread.runnable,
            }
        })
    }

    fn of_thread(thread: &Path) -> Option<Self> {
        let counted = std::fs::read_to_string(thread.join("schedstat")).ok()?;
        let mut values = counted.split_ascii_whitespace().map(|value| value.parse::<u64>().unwrap_or(0));
        let (ran, waited) = (values.next()?, values.next()?);
        // The state stands behind the name, which may hold anything.
        let described = std::fs::read_to_string(thread.join("stat")).ok()?;
        let runnable = described.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('R'));
        Some(Self { ran, waited, runnable })
    }
}

#[derive(Debug)]
pub(crate) struct Patience {
    process: Option<u32>,
    last: Scheduled,
    at: Instant,
    had: Duration,
}

impl Patience {
    pub(crate) fn new(process: Option<u32>) -> Self {
        Self { process, last: Scheduled::default(), at: Instant::now(), had: Duration::ZERO }
    }

    /// What it had, with the time since this was asked last. To be asked a few times a second: threads that end take
    /// what they counted along.
    pub(crate) fn had(&mut self) -> Duration {
        let passed = self.at.elapsed();
        self.at += passed;
        let now = self.process.map(Scheduled::of).unwrap_or_default();
        let (ran, waited) = (now.ran.saturating_sub(self.last.ran), now.waited.saturating_sub(self.last.waited));
        self.last = now;
        let share = match ran + waited {
            // It waits all the while, and that will be counted; or it stands still by itself.
            0 if now.runnable => 0.0,
            0 => 1.0,
            both => ran as f64 / both as f64,
        };
        self.had += passed.mul_f64(share);
        self.had
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command};

    struct Started(Child);

    impl Drop for Started {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// With this niceness more than ours, on the first of the processors that there are.
    fn start(niceness: i32, what: &str) -> Started {
        // SAFETY: plain system calls.
        let nice = |process: u32| unsafe { libc::getpriority(libc::PRIO_PROCESS, process) };
        let niceness = (nice(0) + niceness).min(19);
        let script = format!("taskset -cp 0 $$ >/dev/null; renice -n {niceness} -p $$ >/dev/null; {what}");
        let started = Started(Command::new("sh").args(["-c", &script]).spawn().expect("a shell"));
        // What stands before it in the script is done then.
        while nice(started.0.id()) != niceness {
            std::thread::yield_now();
        }
        started
    }

    /// Looks until it had so much; how long that took.
    fn until_it_had(process: &Started, least: Duration) -> (Duration, Duration) {
        const LOOK_EVERY: Duration = Duration::from_millis(50);
        let (mut patience, began) = (Patience::new(Some(process.0.id())), Instant::now());
        let before = patience.had();
        loop {
            let had = patience.had() - before;
            if had >= least {
                return (had, began.elapsed());
            }
            std::thread::park_timeout(LOOK_EVERY);
        }
    }

    #[test]
    fn waiting_for_a_processor_does_not_count_and_standing_still_does() {
        const FOR_EVER: &str = "while :; do :; done";
        let busy: Vec<Started> = (0..3).map(|_| start(1, FOR_EVER)).collect();
        let (had, passed) = until_it_had(&start(10, FOR_EVER), Duration::from_millis(300));
        assert!(had < passed / 2, "{had:?} of {passed:?} behind {} others", busy.len());
        let (had, passed) = until_it_had(&start(1, "exec sleep 60"), Duration::from_millis(500));
        assert!(had > passed / 2, "{had:?} of {passed:?} asleep");
    }
}
