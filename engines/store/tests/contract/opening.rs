use crate::support::{Opened, account, append, message, room, stored, user};
use hearth_protocol::host_visits::{EndReason, Way};
use hearth_protocol::ids::VisitId;
use hearth_protocol::people::Preferences;
use hearth_store::{Address, Busy, Error, Page, QUEUE_MAX, RoomSearch, SCHEMA_VERSION, Store, Ticket, VisitEnd, Write};

pub async fn what_was_stored_is_there_after_opening_again(address: Address) {
    let mut opened = Opened::at(&address).await;
    opened.store.accounts().create(&account("ana")).await.unwrap();
    opened.put(append("ana", message(1, "ana", None))).await;
    opened.store.close().await;

    let opened = Opened::at(&address).await;
    let space = opened.store.rooms().load(&room("ana")).await.unwrap().unwrap();
    assert_eq!(space.messages, [message(1, "ana", None)]);
    opened.store.check().await.unwrap();
    opened.store.ping().await.unwrap();
    opened.store.close().await;
}

pub async fn a_database_of_a_newer_hearth_is_refused_and_left_alone(address: Address) {
    Opened::at(&address).await.store.close().await;
    let newer = SCHEMA_VERSION + 1;
    execute(&address, "UPDATE schema_version SET version = version + 1").await;
    let refused = Store::open(&address, drop).await.err().expect("it is refused");
    assert!(
        matches!(refused, Error::DatabaseNewer { found, known } if found == newer && known == SCHEMA_VERSION),
        "{refused}"
    );
    execute(&address, "UPDATE schema_version SET version = version - 1").await;
    Opened::at(&address).await.store.close().await;
}

async fn execute(address: &Address, sql: &'static str) {
    use sqlx::Connection;
    let done = match address {
        Address::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected()
        }
        Address::Postgres(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap().rows_affected()
        }
    };
    assert_eq!(done, 1);
}

pub async fn a_database_of_an_older_hearth_is_brought_up_to_date(address: Address) {
    // As the first version left it, with a room that says something of itself.
    let foundation = include_str!("../../migrations/0001_foundation.sql");
    let about = r#"{"title":"Äpfel","category":"","language":"","tags":[],"rules":"","entry":"link"}"#;
    let filled = format!(
        "CREATE TABLE schema_version (version BIGINT NOT NULL); INSERT INTO schema_version VALUES (1); {foundation}; \
         INSERT INTO users (id, name, name_key, display_name, created_ms, seen_ms) \
         VALUES ('user_ana', 'ana', 'ana', 'ÉLAN', 1, 1); \
         INSERT INTO rooms (id, host_id, about, created_ms) VALUES ('room_ana', 'user_ana', '{about}', 1); \
         INSERT INTO messages (space, position, author_id, author_display_name, at_ms, text) \
         VALUES ('room_ana', 1, 'user_ana', 'ÉLAN', 1, 'before')"
    );
    script(&address, filled).await;

    let opened = Opened::at(&address).await;
    let rooms = opened.store.rooms();
    for word in ["äpfel", "élan"] {
        let search = RoomSearch { words: vec![word.into()], with_account: true, ..RoomSearch::default() };
        assert_eq!(rooms.search(&search, 10).await.unwrap().len(), 1, "{word}");
        assert!(rooms.search(&RoomSearch { with_account: false, ..search }, 10).await.unwrap().is_empty());
    }
    let space = rooms.load(&room("ana")).await.unwrap().unwrap();
    assert_eq!((space.messages[0].text.as_str(), space.recording_wanted), ("before", false));
    opened.store.close().await;
}

pub async fn what_was_followed_before_visits_were_known_came_of_none(address: Address) {
    // As the version before preferences, groups and visits left it: Bo follows Ana, and nobody has said what they want.
    let steps = [
        include_str!("../../migrations/0001_foundation.sql"),
        include_str!("../../migrations/0002_live_rooms.sql"),
        "CREATE TABLE schema_version (version BIGINT NOT NULL)",
        "INSERT INTO schema_version VALUES (2)",
        "INSERT INTO users (id, name, name_key, display_name, created_ms, seen_ms) \
         VALUES ('user_ana', 'ana', 'ana', 'ana 李', 1, 1), ('user_bo', 'bo', 'bo', 'bo 李', 1, 1)",
        "INSERT INTO rooms (id, host_id, about, created_ms) VALUES ('room_ana', 'user_ana', '{}', 1)",
        "INSERT INTO follows (user_id, other_id) VALUES ('user_bo', 'user_ana')",
    ];
    script(&address, steps.join(";")).await;

    let mut opened = Opened::at(&address).await;
    assert_eq!(opened.store.people().preferences(&user("bo")).await.unwrap(), Preferences::default());
    assert!(opened.store.groups().going_on(None).await.unwrap().is_empty());
    let visit = VisitId::parse("visit_1").unwrap();
    let (to, from, way) = (user("ana"), user("bo"), Way::Watching);
    opened.put(Write::VisitBegan { visit: visit.clone(), way, to, from, at_ms: 1 }).await;
    let (came, met) = (vec![user("bo")], Vec::new());
    let end = VisitEnd { visit, at_ms: 2, reason: EndReason::Over, came, person_ms: 1, met };
    opened.put(Write::VisitEnded(Box::new(end))).await;
    let entry = opened.store.visits().of(&user("ana")).await.unwrap().remove(0);
    assert_eq!((entry.people, entry.follows_to), (1, 0));
    opened.store.close().await;
}

async fn script(address: &Address, sql: String) {
    use sqlx::{AssertSqlSafe, Connection};
    match address {
        Address::Sqlite(path) => {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let sql = AssertSqlSafe(sql.replace("{serial}", "INTEGER PRIMARY KEY").replace("{bytes}", "BLOB"));
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Address::Postgres(url) => {
            let serial = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
            let sql = AssertSqlSafe(sql.replace("{serial}", serial).replace("{bytes}", "BYTEA"));
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        }
    }
}

pub async fn servers_that_start_at_once_migrate_once(address: Address) {
    // Four at once, so that they meet in the middle of it.
    let (one, two, three, four) =
        tokio::join!(Opened::at(&address), Opened::at(&address), Opened::at(&address), Opened::at(&address));
    three.store.close().await;
    four.store.close().await;
    one.store.accounts().create(&account("ana")).await.unwrap();
    assert!(two.store.accounts().by_id(&user("ana")).await.unwrap().is_some());
    one.store.close().await;
    two.store.close().await;
}

pub async fn closing_stores_what_is_queued_and_refuses_what_comes_later(address: Address) {
    let mut opened = Opened::at(&address).await;
    for position in 1..=3 {
        opened.store.writes().submit(append("a", message(position, "ana", None)), Ticket(position)).unwrap();
    }
    opened.store.close().await;
    for position in 1..=3 {
        assert_eq!(opened.report().await, (Ticket(position), stored(position)));
    }
    assert_eq!(opened.store.writes().submit(append("a", message(4, "ana", None)), Ticket(4)), Err(Busy));

    let opened = Opened::at(&address).await;
    let (messages, _) = opened.store.conversations().page(&room("a"), Page::Latest, 10).await.unwrap();
    assert_eq!(messages.len(), 3);
    opened.store.close().await;
}

pub async fn the_queue_takes_as_much_as_its_limit_and_no_more(address: Address) {
    let mut opened = Opened::at(&address).await;
    let limit = QUEUE_MAX as u64;
    for position in 1..=limit {
        opened.store.writes().submit(append("a", message(position, "ana", None)), Ticket(position)).unwrap();
    }
    assert_eq!(opened.store.writes().waiting(), QUEUE_MAX);
    assert_eq!(opened.store.writes().submit(append("a", message(limit + 1, "ana", None)), Ticket(0)), Err(Busy));
    for position in 1..=limit {
        assert_eq!(opened.report().await, (Ticket(position), stored(position)), "what was accepted is stored");
    }
    opened.store.writes().submit(append("a", message(limit + 1, "ana", None)), Ticket(limit + 1)).unwrap();
    assert_eq!(opened.report().await, (Ticket(limit + 1), stored(limit + 1)));
    opened.store.close().await;
}
