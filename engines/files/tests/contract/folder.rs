use crate::support::{Place, pattern, storages, until};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use hearth_files::{Error, Files, Settings};
use std::os::unix::fs::MetadataExt as _;

fn open(place: &Place) -> Files {
    Files::open(&Settings::Folder(place.0.join("files"))).expect("a folder")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_on_the_same_disk_is_not_copied() {
    let place = Place::new();
    let (files, file) = (open(&place), place.file("film", &pattern(1_000, 1)));
    files.put_file("a/b/film", &file).await.expect("room");
    let kept = files.local_path("a/b/film").expect("a name").expect("a folder");
    assert_eq!(kept, place.0.canonicalize().expect("it is there").join("files/a/b/film"));
    let (here, there) = (std::fs::metadata(&file).expect("it"), std::fs::metadata(&kept).expect("it"));
    assert_eq!((here.ino(), here.nlink()), (there.ino(), 2));
    files.put_file("a/b/film", &file).await.expect("it may come again");
    assert_eq!(std::fs::metadata(&file).expect("it").nlink(), 2, "no third name is left");
    std::fs::remove_file(&file).expect("it goes");
    assert_eq!(std::fs::read(&kept).expect("it stays"), pattern(1_000, 1));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_on_another_disk_is_copied() {
    let (place, memory) = (Place::new(), Place::within(std::path::Path::new("/dev/shm")));
    let (files, file) = (open(&place), memory.file("film", &pattern(1_000_000, 2)));
    files.put_file("a/film", &file).await.expect("room");
    let kept = files.local_path("a/film").expect("a name").expect("a folder");
    assert_ne!(std::fs::metadata(&kept).expect("it").dev(), std::fs::metadata(&file).expect("it").dev());
    assert_eq!(std::fs::read(&kept).expect("it"), pattern(1_000_000, 2));
    assert_eq!(std::fs::read_dir(kept.parent().expect("a folder")).expect("it").count(), 1, "nothing beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_left_is_not_seen_and_goes_with_the_rest() {
    let place = Place::new();
    let files = open(&place);
    files.put("v/1/film", Bytes::from_static(b"x")).await.expect("room");
    files.put("v/2/film", Bytes::from_static(b"x")).await.expect("room");
    place.file("files/v/1/film#17", b"half");
    place.file("files/v/1/720p/00001.m4s#18446744073709551615", b"half");
    std::fs::create_dir_all(place.0.join("files/v/1/empty/folders")).expect("room");
    let seen: Vec<_> = files.list("v/1").expect("a name").try_collect().await.expect("a list");
    assert_eq!(seen.len(), 1);
    files.delete_all("v/1").await.expect("it goes");
    assert!(!place.0.join("files/v/1").exists());
    assert!(place.0.join("files/v/2/film").exists());
    files.delete_all("v/2").await.expect("it goes");
    assert!(!place.0.join("files/v").exists(), "empty by it");
    assert!(place.0.join("files").exists(), "but never the storage itself");
    files.put("v/3/film", Bytes::from_static(b"x")).await.expect("room");
    files.delete("v/3/film").await.expect("it goes");
    assert!(!place.0.join("files/v").exists() && place.0.join("files").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_is_there_for_the_next_server() {
    let place = Place::new();
    open(&place).put("a", Bytes::from_static(b"x")).await.expect("room");
    assert_eq!(open(&place).head("a").await.expect("an answer").expect("it").bytes, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_none_is_named() {
    let place = Place::new();
    let file = place.file("file", b"x");
    let Err(Error::Settings(said)) = Files::open(&Settings::Folder(file.join("files"))) else { panic!("no folder") };
    assert!(said.contains("files"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_while_their_folder_is_deleted() {
    let place = Place::new();
    let (files, file) = (open(&place), place.file("film", b"x"));
    let deleting = tokio::spawn({
        let files = files.clone();
        async move {
            let film = files.local_path("v/1/deep/film").expect("a name").expect("a folder");
            for _ in 0..50 {
                // While the other one is on its way.
                until("one of them comes", || film.exists()).await;
                files.delete_all("v/1").await.expect("it goes");
            }
        }
    });
    while !deleting.is_finished() {
        files.put_file("v/1/deep/film", &file).await.expect("room");
        files.put("v/1/deep/other", Bytes::new()).await.expect("room");
    }
    deleting.await.expect("no fault");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_folder_has_paths() {
    for storage in storages().await {
        let path = storage.files.local_path("a").expect("a name");
        assert_eq!(path.is_some(), storage.kind == "folder", "{}", storage.kind);
    }
}
