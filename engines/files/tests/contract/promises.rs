use crate::support::{Place, pattern, storages};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use hearth_files::{BadName, Error, Files, Stored};
use std::time::{Duration, SystemTime};

async fn all(files: &Files, name: &str) -> Option<Bytes> {
    let read = files.read(name, None).await.unwrap_or_else(|error| panic!("{name}: {error}"))?;
    assert_eq!(read.range, 0..read.bytes);
    Some(read.all().await.unwrap_or_else(|error| panic!("{name}: {error}")))
}

async fn names(files: &Files, below: &str) -> Vec<String> {
    let kept: Vec<_> = files.list(below).expect("a name").try_collect().await.expect("a list");
    let mut names: Vec<String> = kept.into_iter().map(|kept| kept.name).collect();
    names.sort();
    names
}

async fn put(files: &Files, names: &[&str]) {
    for name in names {
        files
            .put(name, Bytes::copy_from_slice(name.as_bytes()))
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_is_read_listed_and_deleted() {
    for storage in storages().await {
        let (kind, files) = (storage.kind, &storage.files);
        files.check().await.unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(names(files, "").await, Vec::<String>::new(), "{kind}: a check leaves nothing");
        let bytes = pattern(300_000, 1);
        files.put("films/a/full.jpg", bytes.clone()).await.expect("room");
        files.put("films/a/empty", Bytes::new()).await.expect("room");
        assert_eq!(all(files, "films/a/full.jpg").await, Some(bytes.clone()), "{kind}");
        assert_eq!(all(files, "films/a/empty").await, Some(Bytes::new()), "{kind}");
        let kept = files.head("films/a/full.jpg").await.expect("an answer").expect("it is there");
        assert_eq!((kept.name.as_str(), kept.bytes), ("films/a/full.jpg", 300_000), "{kind}");
        let age = SystemTime::now().duration_since(kept.modified).unwrap_or_default();
        assert!(age < Duration::from_secs(60), "{kind}: {age:?}");
        let read = files.read("films/a/full.jpg", None).await.expect("an answer").expect("it is there");
        assert_eq!((read.bytes, read.modified, &read.etag), (300_000, kept.modified, &kept.etag), "{kind}");
        assert!(kept.etag.is_some_and(|etag| !etag.is_empty() && !etag.contains('"')), "{kind}");
        let listed: Vec<_> = files.list("films").expect("a name").try_collect().await.expect("a list");
        assert_eq!(listed.iter().map(|kept| kept.bytes).sum::<u64>(), 300_000, "{kind}");
        assert_eq!(names(files, "").await, ["films/a/empty", "films/a/full.jpg"], "{kind}");
        files.delete("films/a/full.jpg").await.expect("it goes");
        files.delete("films/a/full.jpg").await.expect("it may be gone");
        assert_eq!(all(files, "films/a/full.jpg").await, None, "{kind}");
        assert_eq!(names(files, "films").await, ["films/a/empty"], "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_an_error() {
    for storage in storages().await {
        let (kind, files) = (storage.kind, &storage.files);
        put(files, &["a/b/c"]).await;
        // The server of this test takes folders of its own for faults.
        let folders = ["a", "a/b", "a/b/c/d", "a/b/c/d/e"];
        for name in ["nothing", "a/nothing"].into_iter().chain(folders.into_iter().filter(|_| kind == "folder")) {
            assert!(files.read(name, None).await.expect("an answer").is_none(), "{kind}: {name}");
            assert!(files.read(name, Some(0..1)).await.expect("an answer").is_none(), "{kind}: {name}");
            assert_eq!(files.head(name).await, Ok(None), "{kind}: {name}");
            files.delete(name).await.unwrap_or_else(|error| panic!("{kind}: {name}: {error}"));
        }
        assert_eq!(names(files, "a/b/c").await, Vec::<String>::new(), "{kind}: a file is not below itself");
        assert_eq!(names(files, "other").await, Vec::<String>::new(), "{kind}");
        files.delete_all("other").await.expect("nothing to do");
        files.delete_all("a/b/c").await.expect("nothing to do");
        assert_eq!(names(files, "").await, ["a/b/c"], "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_what_they_are_of_the_whole() {
    for storage in storages().await {
        let (kind, files) = (storage.kind, &storage.files);
        let bytes = pattern(1_000_000, 2);
        files.put("film", bytes.clone()).await.expect("room");
        files.put("empty", Bytes::new()).await.expect("room");
        for (asked, comes) in [
            (0..1, 0..1),
            (0..1_000_000, 0..1_000_000),
            (262_143..524_289, 262_143..524_289),
            (999_999..1_000_000, 999_999..1_000_000),
            (999_990..1_000_001, 999_990..1_000_000),
            (500_000..u64::MAX, 500_000..1_000_000),
        ] {
            let read = files.read("film", Some(asked.clone())).await.expect("an answer").expect("it is there");
            assert_eq!((read.bytes, read.range.clone()), (1_000_000, comes.clone()), "{kind}: {asked:?}");
            let part = bytes.slice(comes.start as usize..comes.end as usize);
            assert_eq!(read.all().await.expect("bytes"), part, "{kind}: {asked:?}");
        }
        let (empty, inverted) = (7..7, std::ops::Range { start: 9, end: 3 });
        for asked in [1_000_000..1_000_001, 2_000_000..u64::MAX, empty, inverted] {
            let refused = files.read("film", Some(asked.clone())).await.expect_err("a refusal");
            assert_eq!(refused, Error::NoSuchPart { bytes: 1_000_000 }, "{kind}: {asked:?}");
        }
        let refused = files.read("empty", Some(0..1)).await.expect_err("a refusal");
        assert_eq!(refused, Error::NoSuchPart { bytes: 0 }, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_comes_in_parts_and_is_whole() {
    let place = Place::new();
    let bytes = pattern(17_000_001, 3);
    let file = place.file("upload", &bytes);
    for storage in storages().await {
        let (kind, files) = (storage.kind, &storage.files);
        files.put_file("originals/große Datei.mkv", &file).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(all(files, "originals/große Datei.mkv").await.as_deref(), Some(&bytes[..]), "{kind}");
        let part = files.read("originals/große Datei.mkv", Some(8_388_600..8_388_620)).await;
        let part = part.expect("an answer").expect("it is there").all().await.expect("bytes");
        assert_eq!(part, bytes.slice(8_388_600..8_388_620), "{kind}: where two parts meet");
        files.put_file("originals/große Datei.mkv", &file).await.expect("it may come again");
        assert_eq!(names(files, "").await, ["originals/große Datei.mkv"], "{kind}");
        assert!(file.exists(), "{kind}: it stays where it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_while_a_file_is_replaced_sees_one_or_the_other() {
    for storage in storages().await {
        let (kind, files) = (storage.kind, storage.files.clone());
        let whole = |seed: u8| Bytes::from(vec![seed; 700_000 + usize::from(seed)]);
        files.put("index.m3u8", whole(0)).await.expect("room");
        let replacing = tokio::spawn({
            let (files, place) = (files.clone(), Place::new());
            async move {
                for seed in 1..=20 {
                    if seed % 2 == 0 {
                        let file = place.file(&seed.to_string(), &whole(seed));
                        files.put_file("index.m3u8", &file).await.expect("room");
                    } else {
                        files.put("index.m3u8", whole(seed)).await.expect("room");
                    }
                }
            }
        });
        let mut seen = 0;
        while !replacing.is_finished() {
            let read = all(&files, "index.m3u8").await.expect("it is always there");
            assert_eq!(read.len(), 700_000 + usize::from(read[0]), "{kind}");
            assert!(read.iter().all(|byte| *byte == read[0]), "{kind}: a mixture");
            seen += 1;
        }
        replacing.await.expect("no fault");
        assert!(seen > 0, "{kind}");
        assert_eq!(all(&files, "index.m3u8").await, Some(whole(20)), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_all_leaves_neighbours_alone() {
    for storage in storages().await {
        let (kind, files) = (storage.kind, &storage.files);
        put(files, &["v/12/a", "v/12/720p/b", "v/12/720p/c", "v/123/a", "v/1/a", "v/12.jpg", "w/12/a"]).await;
        files.delete_all("v/12").await.expect("it goes");
        assert_eq!(names(files, "").await, ["v/1/a", "v/12.jpg", "v/123/a", "w/12/a"], "{kind}");
        files.delete_all("v/12").await.expect("it may be gone");
        files.delete_all("v").await.expect("it goes");
        assert_eq!(names(files, "").await, ["w/12/a"], "{kind}");
        assert_eq!(files.delete_all("").await, Err(Error::Name(BadName::Empty)), "{kind}: not by mistake");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_files_than_a_server_lists_or_deletes_at_once() {
    for storage in storages().await {
        let (kind, files) = (storage.kind, &storage.files);
        let place = Place::new();
        for number in 0..1_100 {
            place.file(&format!("{:02}/{number:05}.m4s", number % 7), b"x");
        }
        let stored = files.put_folder("many", &place.0).await.expect("room");
        assert_eq!(stored, Stored { files: 1_100, bytes: 1_100 }, "{kind}");
        files.put("other", Bytes::new()).await.expect("room");
        assert_eq!(names(files, "many").await.len(), 1_100, "{kind}");
        files.delete_all("many").await.expect("it goes");
        assert_eq!(names(files, "").await, ["other"], "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_kept_with_what_leads_to_others_last() {
    for storage in storages().await {
        let (kind, files) = (storage.kind, storage.files.clone());
        let place = Place::new();
        let ordered = [
            ["720p/init.mp4", "720p/00000.m4s", "subs/0.vtt", "poster.jpg"].as_slice(),
            &["720p/index.m3u8", "subs/0.m3u8"],
            &["index.m3u8"],
            &["conversion.json"],
        ];
        for name in ordered.concat() {
            place.file(name, name.as_bytes());
        }
        let keeping = tokio::spawn({
            let files = files.clone();
            let folder = place.0.clone();
            async move { files.put_folder("f/1", &folder).await }
        });
        // As somebody sees it who looks all the time: what is there leads to nothing that is not.
        while !keeping.is_finished() {
            let seen = names(&files, "f/1").await;
            for (at, turn) in ordered.iter().enumerate() {
                if turn.iter().any(|name| seen.contains(&format!("f/1/{name}"))) {
                    // Listed before it was looked at: it is there by now, at the latest.
                    for earlier in ordered[..at].concat() {
                        assert!(files.head(&format!("f/1/{earlier}")).await.expect("an answer").is_some(), "{kind}");
                    }
                }
            }
        }
        let stored = keeping.await.expect("no fault").expect("room");
        assert_eq!(stored.files, 8, "{kind}");
        for name in ordered.concat() {
            assert_eq!(all(&files, &format!("f/1/{name}")).await.as_deref(), Some(name.as_bytes()), "{kind}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_kept_to_the_letter() {
    let odd =
        ["ключ/漢字.jpg", "é/🎬 film (1).mp4", "a b/+%2e%2e&=?*.vtt", "~/'\"<>|{}^`[].x", "...", "-rf", "A", "a/…"];
    for storage in storages().await {
        let (kind, files) = (storage.kind, &storage.files);
        put(files, &odd).await;
        for name in odd {
            assert_eq!(all(files, name).await.as_deref(), Some(name.as_bytes()), "{kind}: {name}");
        }
        let mut expected = odd.to_vec();
        expected.sort_unstable();
        assert_eq!(names(files, "").await, expected, "{kind}");
        for name in odd {
            files.delete(name).await.unwrap_or_else(|error| panic!("{kind}: {name}: {error}"));
        }
        assert_eq!(names(files, "").await, Vec::<String>::new(), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_names_are_refused_everywhere() {
    let place = Place::new();
    let file = place.file("file", b"x");
    for storage in storages().await {
        let files = &storage.files;
        for (name, why) in [
            ("../secret", BadName::Dots),
            ("/etc/passwd", BadName::Empty),
            ("a//b", BadName::Empty),
            ("a#1", BadName::Sign),
            (&"x".repeat(201), BadName::TooLong),
        ] {
            let refused = Error::Name(why);
            assert_eq!(files.put(name, Bytes::new()).await, Err(refused.clone()));
            assert_eq!(files.put_file(name, &file).await, Err(refused.clone()));
            assert_eq!(files.put_folder(name, &place.0).await, Err(refused.clone()));
            assert_eq!(files.read(name, None).await.expect_err("a refusal"), refused);
            assert_eq!(files.head(name).await, Err(refused.clone()));
            assert_eq!(files.delete(name).await, Err(refused.clone()));
            assert_eq!(files.delete_all(name).await, Err(refused.clone()));
            assert_eq!(files.local_path(name), Err(refused.clone()));
            assert_eq!(files.list(name).err(), Some(refused));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_plain_files_are_kept() {
    let place = Place::new();
    place.file("folder/film", b"x");
    std::os::unix::fs::symlink("/etc/passwd", place.0.join("folder/link")).expect("a link");
    for storage in storages().await {
        let (kind, files) = (storage.kind, &storage.files);
        let link = place.0.join("folder/link");
        let not = Err(Error::NotAFile(link.display().to_string()));
        assert_eq!(files.put_file("a", &link).await, not, "{kind}");
        assert_eq!(files.put_folder("a", &place.0.join("folder")).await.map(drop), not, "{kind}");
        assert!(matches!(files.put_file("a", &place.0).await, Err(Error::NotAFile(_))), "{kind}");
        assert!(matches!(files.put_file("a", &place.0.join("nothing")).await, Err(Error::Failed(_))), "{kind}");
        assert_eq!(names(files, "").await, Vec::<String>::new(), "{kind}");
    }
}
