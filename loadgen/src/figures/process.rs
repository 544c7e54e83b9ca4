//! What the kernel says of a process: CPU time, memory, and who listens on a port.

use crate::failure::{Failure, Result};
use std::net::SocketAddr;
use std::time::Duration;

/// The state `LISTEN` in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// What a process has used up to now; nothing of a process on another machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// User and system time of all threads.
    pub cpu: Option<Duration>,
    /// Resident memory, in bytes.
    pub resident_bytes: Option<u64>,
}

impl Usage {
    /// What it has used now.
    pub fn of(process: Option<Process>) -> Result<Self> {
        let Some(process) = process else { return Ok(Self::default()) };
        Ok(Self { cpu: Some(process.cpu_time()?), resident_bytes: Some(process.resident_bytes()?) })
    }

    /// CPU time since an earlier look, in microseconds.
    pub fn cpu_us_since(&self, before: &Self) -> Option<f64> {
        Some(self.cpu?.saturating_sub(before.cpu?).as_secs_f64() * 1e6)
    }

    /// Memory gained since an earlier look, in KiB; 0 where it became less.
    pub fn kib_since(&self, before: &Self) -> Option<f64> {
        Some(self.resident_bytes?.saturating_sub(before.resident_bytes?) as f64 / 1_024.0)
    }
}

/// A process that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process(u32);

impl Process {
    /// The process with this id.
    pub fn new(id: u32) -> Result<Self> {
        let process = Self(id);
        process.cpu_time().map_err(|_| Failure::Usage(format!("there is no process {id} that may be looked at")))?;
        Ok(process)
    }

    /// The process that listens on a TCP port of this machine. Needs leave to look at its open files.
    pub fn listening_on(address: SocketAddr) -> Result<Self> {
        let wanted = format!(":{:04X}", address.port());
        let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| std::fs::read_to_string(table).ok())
            .flat_map(|table| table.lines().filter_map(|line| listening_socket(line, &wanted)).collect::<Vec<_>>())
            .collect();
        let holds = |id: &u32| {
            std::fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten().any(|file| {
                std::fs::read_link(file.path())
                    .is_ok_and(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
            })
        };
        std::fs::read_dir("/proc")?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .find(holds)
            .map(Self)
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "no process that may be looked at listens on port {}; name it with --server-pid",
                    address.port()
                ))
            })
    }

    /// User and system time of all its threads since it started.
    pub fn cpu_time(self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // SAFETY: takes a plain number.
        let ticks_per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1) as u64;
        let ticks = cpu_ticks(&stat).ok_or_else(|| Failure::Usage(format!("/proc/{}/stat can't be read", self.0)))?;
        Ok(Duration::from_millis(ticks * 1_000 / ticks_per_second))
    }

    /// Memory that is resident now, in bytes.
    pub fn resident_bytes(self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0))?;
        resident_kib(&status)
            .map(|kib| kib * 1_024)
            .ok_or_else(|| Failure::Usage(format!("/proc/{}/status can't be read", self.0)))
    }
}

/// The name in `/proc/PID/fd` of the socket that a line of `/proc/net/tcp` tells of, if it listens on the wanted port.
fn listening_socket(line: &str, wanted: &str) -> Option<String> {
    let mut fields = line.split_ascii_whitespace();
    let local = fields.nth(1)?;
    let state = fields.nth(1)?;
    let inode = fields.nth(5)?;
    (local.ends_with(wanted) && state == LISTEN).then(|| format!("socket:[{inode}]"))
}

/// Fields 14 and 15 of `/proc/PID/stat` (proc(5)); the name, field 2, may hold blanks and parentheses.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn resident_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 17 9 9 20 0 3 0 100 1000 10";
        assert_eq!(cpu_ticks(stat), Some(267));
        assert_eq!(cpu_ticks("42 (x) S 1"), None);
        assert_eq!(resident_kib("Name:\tx\nVmRSS:\t  1234 kB\nThreads: 3\n"), Some(1_234));
        assert_eq!(resident_kib("Name:\tx\n"), None);
    }

    #[test]
    fn only_listening_sockets_of_the_port_are_found() {
        let line = "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0";
        assert_eq!(listening_socket(line, ":1F90").as_deref(), Some("socket:[12345]"));
        assert_eq!(listening_socket(line, ":1F91"), None);
        assert_eq!(listening_socket(&line.replace(" 0A ", " 01 "), ":1F90"), None);
        assert_eq!(listening_socket("  sl  local_address rem_address   st", ":1F90"), None);
    }

    #[test]
    fn this_process_is_found_by_its_port_and_uses_memory_and_time() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let process = Process::listening_on(listener.local_addr().unwrap()).unwrap();
        assert_eq!(process, Process(std::process::id()));
        assert!(process.resident_bytes().unwrap() > 100_000);
        let before = process.cpu_time().unwrap();
        let mut sum = 0_u64;
        while process.cpu_time().unwrap() < before + Duration::from_millis(20) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(Process::new(0).is_err());
        assert!(
            Usage::of(Some(process)).unwrap().cpu_us_since(&Usage { cpu: Some(before), resident_bytes: None }).unwrap()
                >= 20_000.0
        );
        assert!(Usage::of(None).unwrap().kib_since(&Usage::default()).is_none());
    }
}
