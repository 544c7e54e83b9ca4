//! The program itself: what it says to its operator, and what survives its death.

use crate::support::{Client, Folder, PATIENCE, Somebody, send, sign_up};
use hearth_protocol::{Outcome, Rejection};
use hearth_store::{Address, Store};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tokio::time::timeout;

fn hearth() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearth"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// A running program, killed when it is dropped.
pub struct Program {
    pub child: Child,
    pub port: u16,
}

impl Program {
    /// Starts the program on a free port and waits until it tells its address.
    pub fn start(data: &Path) -> Self {
        Self::start_with_log(data, Stdio::inherit())
    }

    fn start_with_log(data: &Path, log: Stdio) -> Self {
        let mut child = hearth()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        Self { child, port: port.unwrap_or_else(|| panic!("no address in {line:?}")) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn store(data: &Path) -> Store {
    let address: Address = format!("sqlite:{}", data.join("hearth.db").display()).parse().unwrap();
    Store::open(&address, |_| {}).await.unwrap()
}

async fn host(data: &Path) -> Somebody {
    let store = store(data).await;
    let ana = sign_up(&store, "ana").await;
    store.close().await;
    ana
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let folder = Folder::new();
    let ana = host(&folder.0).await;
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    for round in 0..3 {
        let mut program = Program::start(&folder.0);
        let (mut client, _) = Client::joined(program.port, &ana.token, &ana.room).await;
        for number in 0..15 {
            let nonce = format!("{round}-{number}");
            if number == 5 + 3 * round {
                // The kill falls into whatever the server does with this one.
                client.give(&ana.room, send(&nonce, &nonce)).await;
                program.child.kill().unwrap();
                break;
            }
            match client.command(&ana.room, send(&nonce, &nonce)).await {
                Ok(Outcome::Sent { position, .. }) => {
                    acknowledged.insert(nonce, position);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let store = store(&folder.0).await;
    store.check().await.unwrap();
    for (nonce, position) in &acknowledged {
        let message = store.conversations().message(&ana.room, *position).await.unwrap();
        assert_eq!(message.map(|message| message.text).as_ref(), Some(nonce));
    }
    assert!(acknowledged.len() >= 15, "{}", acknowledged.len());
    store.close().await;
}

#[tokio::test]
async fn a_full_disk_refuses_new_messages_and_keeps_the_old() {
    let folder = Folder::new();
    let ana = host(&folder.0).await;
    // The log is on the full disk too.
    let log = std::fs::File::create(folder.0.join("log")).unwrap();
    let program = Program::start_with_log(&folder.0, log.into());
    let (mut client, _) = Client::joined(program.port, &ana.token, &ana.room).await;
    client.command(&ana.room, send("before", "n0")).await.unwrap();

    limit_file_size(program.child.id(), 1);
    let refused = client.command(&ana.room, send("too much", "n1")).await;
    assert_eq!(refused, Err(Rejection::Storage));

    limit_file_size(program.child.id(), libc::RLIM_INFINITY);
    let again = client.command(&ana.room, send("too much", "n1")).await;
    assert!(matches!(again, Ok(Outcome::Sent { .. })), "the same message, tried again: {again:?}");
    assert_eq!(client.message().await.1, "before");
    assert_eq!(client.message().await.1, "too much");
}

/// The file size limit of a running process (its soft one), which stands for a disk without room.
fn limit_file_size(pid: u32, bytes: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: both pointers are valid for the call; the old limit is not asked for.
    let done = unsafe { libc::prlimit(pid as libc::pid_t, libc::RLIMIT_FSIZE, &raw const limit, std::ptr::null_mut()) };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_port_in_use_is_told_with_what_to_do() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let told = complaint(&output(hearth().args(["serve", "--listen", &address, "--data"]).arg(&folder.0)));
    assert!(told.contains("in use") && told.contains("--listen"), "{told}");
}

#[tokio::test]
async fn a_data_folder_that_can_not_be_written_is_told() {
    let folder = Folder::new();
    let file = folder.0.join("file");
    std::fs::write(&file, "").unwrap();
    let told = complaint(&output(hearth().args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(file.join("in"))));
    assert!(told.contains("data folder"), "{told}");
}

#[tokio::test]
async fn a_wrong_setting_is_told_by_its_name() {
    let folder = Folder::new();
    let file = folder.0.join("hearth.toml");
    std::fs::write(&file, "lissten = \"127.0.0.1:1\"\n").unwrap();
    let told = complaint(&output(hearth().args(["config", "check", "--config"]).arg(&file)));
    assert!(told.contains("lissten"), "{told}");
    let told = complaint(&output(hearth().args(["config", "check"]).env("HEARTH_LIMITS_SOCKETS", "many")));
    assert!(told.contains("HEARTH_LIMITS_SOCKETS"), "{told}");
    let checked = output(hearth().args(["config", "check"]).env("HEARTH_DATABASE_URL", "postgres://u:secret@h/d"));
    let shown = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success() && shown.contains("postgres://u:…@h/d"), "{shown}");
}

#[tokio::test]
async fn accounts_are_made_and_listed_from_the_command_line() {
    let folder = Folder::new();
    let add = |name: &str, password: &str, more: &[&str]| {
        let mut child = hearth()
            .args(["user", "add", name, "--password-stdin", "--data"])
            .arg(&folder.0)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    assert!(add("ana", "a long password\n", &["--admin"]).status.success());
    assert!(add("bo", "another password", &[]).status.success());
    assert!(complaint(&add("ANA", "a long password", &[])).contains("taken"));
    assert!(complaint(&add("short", "1234567", &[])).contains("too short"));
    assert!(complaint(&add("../up", "a long password", &[])).contains("name"));
    let listed = output(hearth().args(["user", "list", "--data"]).arg(&folder.0));
    assert_eq!(String::from_utf8(listed.stdout).unwrap(), "ana\tadministrator\tana\nbo\tuser\tbo\n");
}

#[tokio::test]
async fn a_terminated_program_ends_by_itself() {
    let folder = Folder::new();
    let ana = host(&folder.0).await;
    let mut program = Program::start(&folder.0);
    let (mut client, _) = Client::joined(program.port, &ana.token, &ana.room).await;
    client.command(&ana.room, send("last words", "n")).await.unwrap();
    // SAFETY: a plain signal to a child that is not waited for yet.
    unsafe { libc::kill(program.child.id() as libc::pid_t, libc::SIGTERM) };
    let waited = tokio::task::spawn_blocking(move || {
        let program = &mut program;
        program.child.wait()
    });
    let status = timeout(PATIENCE, waited).await.unwrap().unwrap().unwrap();
    assert!(status.success(), "{status}");
    assert!(!client.rest().await.is_empty());
}

#[tokio::test]
async fn a_backup_of_a_running_server_begins_another() {
    let (folder, other) = (Folder::new(), Folder::new());
    let ana = host(&folder.0).await;
    let program = Program::start(&folder.0);
    let (mut client, _) = Client::joined(program.port, &ana.token, &ana.room).await;
    client.command(&ana.room, send("kept", "n")).await.unwrap();
    let file = other.0.join("backup.db");
    let back_up = || output(hearth().arg("backup").arg(&file).arg("--data").arg(&folder.0));
    assert!(back_up().status.success());
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600,
        "it holds what nobody else reads"
    );
    assert!(complaint(&back_up()).contains("there is a file"), "a backup is never written over another");

    let begun = other.0.join("data");
    let restore = |from: &Path| output(hearth().arg("restore").arg(from).arg("--data").arg(&begun));
    let nonsense = other.0.join("nonsense.db");
    std::fs::write(&nonsense, "no database").unwrap();
    complaint(&restore(&nonsense));
    assert!(restore(&file).status.success(), "what failed left nothing behind");
    assert!(complaint(&restore(&file)).contains("exists"), "data is never written over");

    let program = Program::start(&begun);
    let (mut client, _) = Client::joined(program.port, &ana.token, &ana.room).await;
    client
        .event("a snapshot with the message", |event| match event {
            hearth_protocol::Event::Snapshot { snapshot } => {
                snapshot.messages.iter().any(|message| message.text == "kept").then_some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused() {
    let folder = Folder::new();
    let _first = Program::start(&folder.0);
    let told = complaint(&output(hearth().args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&folder.0)));
    assert!(told.contains("another Hearth is running"), "{told}");
}

#[tokio::test]
async fn a_mistyped_folder_makes_no_empty_backup() {
    let folder = Folder::new();
    let (nowhere, file) = (folder.0.join("typo"), folder.0.join("backup.db"));
    let told = complaint(&output(hearth().arg("backup").arg(&file).arg("--data").arg(&nowhere)));
    assert!(told.contains("no database") && !file.exists() && !nowhere.exists(), "{told}");
    complaint(&output(hearth().args(["user", "list", "--data"]).arg(&nowhere)));
}
