//! A full disk, by the page limit of the one connection that writes: SQLite answers both with SQLITE_FULL.

use super::{Report, Stored, Ticket, Write};
use crate::db::Db;
use crate::{Address, Store, WriteFailed};
use hearth_protocol::conversation::Message;
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::people::Profile;
use sqlx::AssertSqlSafe;
use std::sync::{Arc, Mutex};

fn append(position: u64) -> Write {
    let author = Profile { id: UserId::parse("user_a").unwrap(), name: None, display_name: "A".into() };
    let message = Message {
        position,
        author,
        at_ms: position,
        text: "x".repeat(2_000),
        reply_to: None,
        mentions: vec![],
        nonce: None,
        broadcast: None,
        media_ms: None,
        float: None,
        carries: None,
        moment: None,
        edited_ms: None,
        deleted: false,
    };
    Write::AppendMessage { space: SpaceId::parse("room_a").unwrap(), message }
}

async fn allow_pages(db: &Db, more: i64) {
    let Db::Sqlite { write, .. } = db else { panic!("SQLite") };
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(write).await.unwrap();
    let limit = AssertSqlSafe(format!("PRAGMA max_page_count = {}", pages + more));
    sqlx::query(limit).execute(write).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_accepted_stays() {
    let path = std::env::temp_dir().join(format!("hearth-store-full-{}", std::process::id()));
    let reports: Arc<Mutex<Vec<Report>>> = Arc::default();
    let heard = reports.clone();
    let store = Store::open(&Address::Sqlite(path.join("hearth.db")), move |batch| heard.lock().unwrap().extend(batch))
        .await
        .unwrap();
    allow_pages(&store.db, 20).await;
    for position in 1..=200 {
        store.writes().submit(append(position), Ticket(position)).unwrap();
        // One to a group: some fit.
        store.writes().settled().await;
    }
    let results: Vec<_> = reports.lock().unwrap().drain(..).collect();
    // A message may still fit into a page that is there while another one needs a new page.
    let fitted = results.iter().filter(|(_, result)| result.is_ok()).count() as u64;
    assert!((1..200).contains(&fitted), "{fitted}");
    assert!(results.iter().all(|(_, result)| matches!(result, Ok(_) | Err(WriteFailed::Full))), "{results:?}");

    let full = store.setup().set_value("key", &"x".repeat(50_000)).await;
    assert!(matches!(full, Err(crate::Error::Full)), "{full:?}");

    allow_pages(&store.db, 1_000).await;
    store.writes().submit(append(201), Ticket(201)).unwrap();
    store.writes().settled().await;
    let again = Stored::Message { position: 201, at_ms: 201, repeated: false };
    assert_eq!(*reports.lock().unwrap(), [(Ticket(201), Ok(again))]);
    let space = SpaceId::parse("room_a").unwrap();
    let (messages, _) = store.conversations().page(&space, crate::Page::Latest, 100).await.unwrap();
    assert_eq!(messages.len() as u64, fitted + 1);
    store.check().await.unwrap();
    store.close().await;
    std::fs::remove_dir_all(path).unwrap();
}
