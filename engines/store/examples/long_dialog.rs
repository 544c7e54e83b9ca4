//! How long it takes to open a dialog in which much was said: its row, its newest page, a page in the middle, and what is found
//! in it by words.
//!
//! ```text
//! cargo run --release -p hearth-store --example long_dialog -- [ADDRESS] [MESSAGES]
//! ```
//!
//! `ADDRESS` is `sqlite:PATH` or a PostgreSQL URL (a fresh file in the temporary folder where left out).

use hearth_protocol::conversation::Message;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::people::Profile;
use hearth_store::{Address, NewAccount, NewDialog, Page, Store, Ticket, Write};
use std::time::{Duration, Instant};

const WORDS: [&str; 8] = ["lantern", "harbour", "morning", "tickets", "kiln", "bridge", "明天见", "soup"];
const RUNS: usize = 200;

fn user(number: u64) -> UserId {
    UserId::parse(&format!("user_{number}")).expect("an id")
}

fn message(number: u64) -> Message {
    let word = |at: u64| WORDS[((number / (at + 1) + at) % 8) as usize];
    let author = number % 2;
    Message {
        position: number + 1,
        author: Profile {
            id: user(author),
            name: Some(format!("person{author}")),
            display_name: format!("Person {author}"),
        },
        at_ms: 1_700_000_000_000 + number * 1_000,
        text: format!("{} {} {} number {number}", word(0), word(1), word(2)),
        reply_to: None,
        mentions: Vec::new(),
        nonce: Some(format!("{number:020}")),
        broadcast: None,
        media_ms: None,
        float: None,
        carries: None,
        moment: None,
        edited_ms: None,
        deleted: false,
    }
}

fn told(what: &str, mut taken: Vec<Duration>) {
    taken.sort();
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!("{what:<28} p50 {:7.3} ms   p95 {:7.3} ms", at(0.5), at(0.95));
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let run = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    let file = std::env::temp_dir().join(format!("hearth-long-dialog-{run}/hearth.db"));
    let address = arguments.next().map_or(Ok(Address::Sqlite(file.clone())), |address| address.parse())?;
    let count: u64 = arguments.next().map_or(Ok(100_000), |count| count.parse())?;
    let store = Store::open(&address, |_| {}).await?;
    for number in 0..2 {
        let account = NewAccount {
            user: user(number),
            name: format!("person{number}"),
            display_name: format!("Person {number}"),
            password_hash: None,
            administrator: false,
            room: SpaceId::parse(&format!("room_{number}"))?,
            created_ms: 1,
        };
        store.accounts().create(&account).await?;
    }
    let dialog = SpaceId::parse("dialog_long")?;
    let new = NewDialog { id: dialog.clone(), founder: user(0), others: vec![user(1)], title: String::new(), at_ms: 1 };
    store.dialogs().begin(&new).await?;
    for number in 0..count {
        while store
            .writes()
            .submit(Write::AppendMessage { space: dialog.clone(), message: message(number) }, Ticket(number))
            .is_err()
        {
            store.writes().settled().await;
        }
    }
    store.writes().settled().await;
    println!("{count} messages");
    let (dialogs, conversations) = (store.dialogs(), store.conversations());
    let mut taken: [Vec<Duration>; 5] = Default::default();
    for run in 0..RUNS {
        let began = Instant::now();
        dialogs.load(&dialog).await?;
        taken[0].push(began.elapsed());
        let began = Instant::now();
        dialogs.one_of(&dialog, &user(0)).await?;
        taken[1].push(began.elapsed());
        let began = Instant::now();
        conversations.page(&dialog, Page::Latest, 50).await?;
        taken[2].push(began.elapsed());
        let began = Instant::now();
        conversations.page(&dialog, Page::Before(count / 2 + run as u64), 50).await?;
        taken[3].push(began.elapsed());
        let began = Instant::now();
        dialogs.find(&user(0), "harbour number 5", Some(&dialog), None).await?;
        taken[4].push(began.elapsed());
    }
    let [machine, row, latest, middle, found] = taken;
    told("opened by its machine", machine);
    told("its row", row);
    told("the newest 50", latest);
    told("50 in the middle", middle);
    told("found by three words", found);
    store.close().await;
    if let Some(folder) = file.parent() {
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(())
}
