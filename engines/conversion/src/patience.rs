//! How long a process could have worked: the time that passed, less what it waited for a processor. On a machine with
//! much to do a good film takes long, and that is no fault of the film.

use std::time::{Duration, Instant};

/// What the kernel counts of a process, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Scheduled {
    ran: u64,
    /// It could have run, and others did.
    waited: u64,
}

impl Scheduled {
    /// Of all threads that it has now; nothing where the kernel doesn't count.
    fn of(process: u32) -> Self {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Self::default() };
        let of_thread = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("schedstat")).ok();
        threads.flatten().filter_map(of_thread).fold(Self::default(), |sum, counted| {
            let mut values = counted.split_ascii_whitespace().map(|value| value.parse::<u64>().unwrap_or(0));
            let (ran, waited) = (values.next().unwrap_or(0), values.next().unwrap_or(0));
            Self { ran: sum.ran + ran, waited: sum.waited + waited }
        })
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
        // One that neither ran nor wanted to stands still by itself.
        let share = if waited == 0 { 1.0 } else { ran as f64 / (ran + waited) as f64 };
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

    /// Of a niceness, on the first of the processors that there are.
    fn start(niceness: i32, what: &str) -> Started {
        let script = format!("renice -n {niceness} $$ >/dev/null; taskset -cp 0 $$ >/dev/null; {what}");
        Started(Command::new("sh").args(["-c", &script]).spawn().expect("a shell"))
    }

    fn had_after(process: &Started, looks: u32) -> (Duration, Duration) {
        let (mut patience, began) = (Patience::new(Some(process.0.id())), Instant::now());
        let _before = patience.had();
        let mut had = Duration::ZERO;
        for _ in 0..looks {
            std::thread::sleep(Duration::from_millis(100));
            had = patience.had();
        }
        (had, began.elapsed())
    }

    #[test]
    fn waiting_for_a_processor_does_not_count_and_standing_still_does() {
        const FOR_EVER: &str = "while :; do :; done";
        let busy: Vec<Started> = (0..3).map(|_| start(0, FOR_EVER)).collect();
        let (had, passed) = had_after(&start(10, FOR_EVER), 20);
        assert!(had < passed / 2, "{had:?} of {passed:?} behind {} others", busy.len());
        let (had, passed) = had_after(&start(0, "exec sleep 60"), 5);
        assert!(had > passed / 2, "{had:?} of {passed:?} asleep");
    }
}
