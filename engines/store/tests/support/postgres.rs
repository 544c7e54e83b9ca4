//! A real PostgreSQL of the test's own, on a socket in a folder of its own.

use super::Folder;
use hearth_store::Address;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running server. It stops with its value, also when a test panics.
pub struct Server {
    folder: Folder,
    programs: PathBuf,
    running: Option<Child>,
}

impl Server {
    pub fn start() -> Self {
        let folder = Folder::new();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).unwrap();
        if let Some((uid, gid)) = unprivileged() {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let mut server = Self { folder, programs: programs(), running: None };
        let made = server
            .command("initdb")
            .args(["--auth=trust", "--username=hearth", "--encoding=UTF8", "--no-locale", "-D"])
            .arg(server.folder.path().join("data"))
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server.resume();
        server
    }

    /// Starts the server (again) and waits until it takes connections.
    pub fn resume(&mut self) {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.folder.path().join("data"));
        command.arg("-k").arg(self.folder.path()).args(["-h", "", "-c", "max_connections=40"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        // SAFETY: prctl is async-signal-safe; the server dies with the thread that runs the test.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let mut running = command.spawn().expect("postgres starts");
        let mut log = BufReader::new(running.stderr.take().expect("piped"));
        let mut said = String::new();
        while !said.contains("ready to accept connections") {
            assert_ne!(log.read_line(&mut said).expect("its log"), 0, "postgres ended: {said}");
        }
        // It must not block on a full pipe.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        self.running = Some(running);
    }

    /// Stops the server at once, as a crash would.
    pub fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            // SAFETY: the process is our child and not yet waited for, so the number is still its own.
            unsafe { libc::kill(running.id() as libc::pid_t, libc::SIGQUIT) };
            running.wait().expect("postgres ends");
        }
    }

    /// A new, empty database.
    pub fn database(&self, name: &str) -> Address {
        let made = self
            .command("createdb")
            .args(["-U", "hearth", "-h"])
            .arg(self.folder.path())
            .arg(name)
            .output()
            .expect("createdb runs");
        assert!(made.status.success(), "createdb: {}", String::from_utf8_lossy(&made.stderr));
        let host = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://hearth@{host}/{name}").parse().unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        if let Some((uid, gid)) = unprivileged() {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The newest installed server's programs.
fn programs() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("initdb").exists().then_some((version, programs))
        })
        .collect();
    found.sort();
    found.pop().expect("no PostgreSQL server found: install the Debian package `postgresql` and run the test again").1
}

/// PostgreSQL refuses to run as root: then it runs as the user that its package made.
fn unprivileged() -> Option<(u32, u32)> {
    // SAFETY: geteuid only reads.
    if unsafe { libc::geteuid() } != 0 {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let fields: Vec<&str> = accounts
        .lines()
        .find(|line| line.starts_with("postgres:"))
        .expect("no user `postgres`: install the Debian package `postgresql` and run the test again")
        .split(':')
        .collect();
    Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}
