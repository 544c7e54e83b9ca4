//! A process that stores messages is killed with SIGKILL again and again: nothing it acknowledged is lost or doubled.

mod support;

use hearth_store::{Address, Page, Ticket};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use support::{Folder, Opened, append, message, room};

const ROUNDS: u64 = 8;
/// Writes that a child keeps waiting at a time, so that the kill falls into a group.
const IN_FLIGHT: u64 = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match arguments.iter().position(|argument| argument == "--child") {
        Some(at) => runtime.block_on(child(&arguments[at + 1], arguments[at + 2].parse().unwrap())),
        // The test runner's own questions: there is one test here, and it takes no filter.
        None if arguments.iter().any(|argument| argument == "--list") => println!("kill: test"),
        None => {
            runtime.block_on(parent());
            println!("test nothing_acknowledged_is_lost_to_a_kill ... ok");
        }
    }
}

/// Stores messages from a position on for ever, and prints each position once it is acknowledged.
async fn child(path: &str, first: u64) {
    let (tell, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let address = Address::Sqlite(path.into());
    let store = hearth_store::Store::open(&address, move |batch| drop(tell.send(batch))).await.unwrap();
    let submit = |position: u64| {
        let message = message(position, "ana", Some(&position.to_string()));
        store.writes().submit(append("a", message), Ticket(position)).unwrap();
    };
    (first..first + IN_FLIGHT).for_each(submit);
    let mut next = first + IN_FLIGHT;
    while let Some(batch) = reports.recv().await {
        let mut lines = String::new();
        for (ticket, result) in batch {
            result.expect("stored");
            lines += &format!("{}\n", ticket.0);
            submit(next);
            next += 1;
        }
        let mut out = std::io::stdout().lock();
        out.write_all(lines.as_bytes()).and_then(|()| out.flush()).unwrap();
    }
}

async fn parent() {
    let folder = Folder::new();
    let path = folder.path().join("hearth.db");
    let mut acknowledged = BTreeSet::new();
    let mut first = 1;
    for round in 0..ROUNDS {
        // Different in each round and spread over a group, so that kills fall before, in and after commits.
        let enough = (40 + round * 137) as usize;
        acknowledged.extend(round_until_killed(&path, first, enough));
        first = verify(&path, &acknowledged).await + 1;
    }
    assert!(acknowledged.len() as u64 > ROUNDS * 40, "the children did work");
    println!("{} messages acknowledged over {ROUNDS} kills, none lost or doubled", acknowledged.len());
}

fn round_until_killed(path: &std::path::Path, first: u64, enough: usize) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("--child")
        .arg(path)
        .arg(first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut positions = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        positions.push(line.unwrap().parse().expect("whole lines: they are written at once"));
        if positions.len() == enough {
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGKILL));
    positions
}

/// Reads everything back; gives the last position.
async fn verify(path: &std::path::Path, acknowledged: &BTreeSet<u64>) -> u64 {
    let opened = Opened::at(&Address::Sqlite(path.to_owned())).await;
    opened.store.check().await.expect("the database is sound");
    let mut there = Vec::new();
    loop {
        let after = there.last().copied().unwrap_or(0);
        let (messages, more) = opened.store.conversations().page(&room("a"), Page::After(after), 100).await.unwrap();
        for stored in messages {
            assert_eq!(stored, message(stored.position, "ana", Some(&stored.position.to_string())));
            there.push(stored.position);
        }
        if !more {
            break;
        }
    }
    let unique: BTreeSet<u64> = there.iter().copied().collect();
    assert_eq!(unique.len(), there.len(), "none is there twice");
    let lost: Vec<_> = acknowledged.difference(&unique).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    opened.store.close().await;
    there.last().copied().unwrap_or(0)
}
