//! What only a file can do wrong.

mod support;

use hearth_store::{Address, Error, Store};
use std::os::unix::fs::PermissionsExt;
use support::{Folder, Opened, account};

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    let file = folder.path().join("a file");
    std::fs::write(&file, "in the way").unwrap();
    let database = file.join("hearth.db");
    match Store::open(&Address::Sqlite(database.clone()), drop).await.err() {
        Some(Error::Unwritable { path, reason }) => {
            assert_eq!(path, database);
            assert!(!reason.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_folder_in_the_files_place_is_named() {
    let folder = Folder::new();
    let refused = Store::open(&Address::Sqlite(folder.path().to_owned()), drop).await.err();
    assert!(matches!(&refused, Some(Error::Unwritable { path, .. }) if path == folder.path()), "{refused:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let folder = Folder::new();
    let database = folder.path().join("hearth.db");
    let letter = "Dear diary, ".repeat(1_000);
    std::fs::write(&database, &letter).unwrap();
    let refused = Store::open(&Address::Sqlite(database.clone()), drop).await.err();
    assert!(matches!(refused, Some(Error::Damaged(_))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&database).unwrap(), letter);
}

#[tokio::test]
async fn a_damaged_database_is_found_out() {
    let folder = Folder::new();
    let database = folder.path().join("hearth.db");
    let address = Address::Sqlite(database.clone());
    let opened = Opened::at(&address).await;
    for number in 0..200 {
        opened.store.accounts().create(&account(&format!("user-{number}"))).await.unwrap();
    }
    opened.store.close().await;
    let mut bytes = std::fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..] {
        *byte = 0xA5;
    }
    std::fs::write(&database, bytes).unwrap();
    let found = match Store::open(&address, drop).await {
        Ok(store) => store.check().await.err(),
        Err(error) => Some(error),
    };
    assert!(matches!(found, Some(Error::Damaged(_))), "{found:?}");
}

#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    let folder = Folder::new();
    let database = folder.path().join("data/hearth.db");
    let opened = Opened::at(&Address::Sqlite(database.clone())).await;
    opened.store.accounts().create(&account("ana")).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&database), 0o600);
    assert_eq!(mode(&database.with_extension("db-wal")), 0o600);
    assert_eq!(mode(database.parent().unwrap()), 0o700);
    opened.store.close().await;
}

#[tokio::test]
async fn an_unreachable_postgres_is_told_apart() {
    let folder = Folder::new();
    let host = folder.path().display().to_string().replace('/', "%2F");
    let address = format!("postgres://ana:swordfish@{host}/hearth").parse().unwrap();
    match Store::open(&address, drop).await.err() {
        Some(error @ Error::Unreachable(_)) => {
            let said = error.to_string();
            assert!(!said.contains("swordfish") && !said.contains("pool"), "{said}");
            assert!(said.contains("No such file"), "what is in the way: {said}");
        }
        other => panic!("{other:?}"),
    }
}
