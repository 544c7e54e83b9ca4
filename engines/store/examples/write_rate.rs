//! How many messages a second the store takes, and how long one waits for its commit.
//!
//! ```text
//! cargo run --release -p hearth-store --example write_rate -- [ADDRESS] [MESSAGES] [IN_FLIGHT]
//! ```
//!
//! `ADDRESS` is `sqlite:PATH` or a PostgreSQL URL (a fresh file in the temporary folder where left out).
//! `IN_FLIGHT` messages wait at any time, as if so many people talked.

use hearth_protocol::conversation::Message;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::people::Profile;
use hearth_store::{Address, Store, Ticket, Write};
use std::time::{Duration, Instant};

const SPACES: u64 = 10;

fn message(number: u64, run: u64) -> Write {
    let author = number % 1_000;
    Write::AppendMessage {
        space: SpaceId::parse(&format!("room_{run}-{}", number % SPACES)).expect("an id"),
        message: Message {
            position: number / SPACES + 1,
            author: Profile {
                id: UserId::parse(&format!("user_{author:022}")).expect("an id"),
                name: Some(format!("person-{author}")),
                display_name: format!("Person {author}"),
            },
            at_ms: 1_700_000_000_000 + number,
            text: "A message of the length that people usually send in a chat.".into(),
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
        },
    }
}

fn percentile(sorted: &[Duration], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let run = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let file = std::env::temp_dir().join(format!("hearth-write-rate-{run}/hearth.db"));
    let address = match arguments.next() {
        Some(address) => address.parse()?,
        None => Address::Sqlite(file),
    };
    let count: u64 = arguments.next().map_or(Ok(50_000), |count| count.parse())?;
    let in_flight: u64 = arguments.next().map_or(Ok(500), |count| count.parse())?.min(count);

    let (tell, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let store = Store::open(&address, move |batch| drop(tell.send(batch))).await?;
    let mut submitted = Vec::with_capacity(count as usize);
    let mut waited = Vec::with_capacity(count as usize);
    let mut commits = 0;
    let start = Instant::now();
    while waited.len() < count as usize {
        while (submitted.len() as u64) < count.min(waited.len() as u64 + in_flight) {
            let number = submitted.len() as u64;
            submitted.push(Instant::now());
            store.writes().submit(message(number, run), Ticket(number))?;
        }
        let batch = reports.recv().await.ok_or("the store ended")?;
        commits += 1;
        for (ticket, result) in batch {
            result?;
            waited.push(submitted[ticket.0 as usize].elapsed());
        }
    }
    let took = start.elapsed();
    waited.sort();
    println!("{address}: {count} messages, {in_flight} in flight");
    println!("{:.0} messages/s, {:.1} a commit", count as f64 / took.as_secs_f64(), count as f64 / commits as f64);
    println!(
        "submitted to committed: p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms",
        percentile(&waited, 0.5),
        percentile(&waited, 0.95),
        percentile(&waited, 0.99)
    );
    store.close().await;
    Ok(())
}
