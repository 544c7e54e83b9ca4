//! The program itself: what it says to its operator, and what survives its death.

use crate::http::bytes;
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

/// What an upload's request is answered: its status, its headers, and what its body says.
async fn tus(
    port: u16,
    by: &Somebody,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, Vec<(String, String)>, serde_json::Value) {
    let bearer = format!("Bearer {}", by.token);
    let mut all = vec![("authorization", bearer.as_str()), ("tus-resumable", "1.0.0")];
    all.extend_from_slice(headers);
    let (status, headers, body) = bytes(port, method, path, &all, body).await;
    (status, headers, serde_json::from_slice(&body).unwrap_or_default())
}

fn header(headers: &[(String, String)], name: &str) -> String {
    headers.iter().find(|(key, _)| key == name).unwrap_or_else(|| panic!("{name} in {headers:?}")).1.clone()
}

#[tokio::test]
async fn a_disk_that_is_full_in_the_middle_of_an_upload_loses_nothing_that_came_and_disturbs_nobody() {
    const FULL: usize = 8 << 20;
    let folder = Folder::new();
    let ana = host(&folder.0).await;
    let bo = {
        let store = store(&folder.0).await;
        let bo = sign_up(&store, "bo").await;
        store.close().await;
        bo
    };
    let program = Program::start(&folder.0);
    let film: Vec<u8> = (0..FULL as u64 + (2 << 20)).map(|at| ((at * at) >> 7) as u8).collect();
    let begin = async |by: &Somebody, length: usize| {
        let length = length.to_string();
        let told = "audience ZXZlcnlvbmU=";
        let asked = [("upload-length", length.as_str()), ("upload-metadata", told)];
        let (status, headers, refusal) = tus(program.port, by, "POST", "/api/uploads", &asked, b"").await;
        assert_eq!(status, 201, "{refusal}");
        (header(&headers, "location"), header(&headers, "hearth-video"))
    };
    let add = async |by: &Somebody, location: &str, offset: usize, piece: &[u8]| {
        let offset = offset.to_string();
        let asked = [("content-type", "application/offset+octet-stream"), ("upload-offset", offset.as_str())];
        let (status, _, refusal) = tus(program.port, by, "PATCH", location, &asked, piece).await;
        (status, refusal)
    };
    let offset = async |location: &str| {
        let (status, headers, _) = tus(program.port, &ana, "HEAD", location, &[], b"").await;
        assert_eq!(status, 200);
        header(&headers, "upload-offset").parse::<usize>().unwrap()
    };
    let (location, video) = begin(&ana, film.len()).await;
    let accepted = FULL - (1 << 19);
    assert_eq!(add(&ana, &location, 0, &film[..accepted]).await.0, 204);

    limit_file_size(program.child.id(), FULL as u64);
    let (status, refusal) = add(&ana, &location, accepted, &film[accepted..accepted + (3 << 19)]).await;
    assert_eq!((status, &refusal["kind"]), (507, &serde_json::json!("storage")), "{refusal}");
    let here = offset(&location).await;
    assert!((accepted..=FULL).contains(&here), "{here}");
    assert_eq!(add(&ana, &location, FULL, &film[FULL..]).await.0, if here == FULL { 507 } else { 409 });
    assert_eq!(offset(&location).await, here, "and it is told as often as one asks");
    for by in [&ana, &bo] {
        let (_, _, told) = tus(program.port, by, "GET", &format!("/api/videos/{video}"), &[], b"").await;
        let stands = if by.user == ana.user { &told["state"] } else { &told["kind"] };
        assert_eq!(stands, if by.user == ana.user { "uploading" } else { "not_found" }, "nothing half-there is seen");
    }
    // Whoever needs less than what is left is not disturbed.
    let (theirs, _) = begin(&bo, 100_000).await;
    assert_eq!(add(&bo, &theirs, 0, &film[..100_000]).await.0, 204);
    let (mut client, _) = Client::joined(program.port, &bo.token, &ana.room).await;
    client.command(&ana.room, send("still here", "n0")).await.unwrap();

    limit_file_size(program.child.id(), libc::RLIM_INFINITY);
    assert_eq!(add(&ana, &location, here, &film[here..]).await.0, 204);
    let made = std::fs::read_dir(folder.0.join("videos").join(&video)).unwrap();
    let original = made.map(|entry| entry.unwrap().path()).find(|path| path.ends_with("original")).expect("the whole");
    assert!(std::fs::read(original).unwrap() == film, "every byte once, and in its place");
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
