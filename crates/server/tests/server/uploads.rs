//! Films that are uploaded: by tus, in pieces, over restarts; what is refused; what becomes of them.

use crate::http::{Answer, ask, bytes};
use crate::support::{Client, Folder, PATIENCE, Server, Somebody};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hearth_protocol::conversation::Carried;
use hearth_protocol::ids::SpaceId;
use hearth_protocol::limits::{FILE_NAME_MAX_BYTES, TITLE_MAX_CHARS, UPLOADS_MAX};
use hearth_protocol::videos::{Video, VideoFailure, VideoState};
use hearth_protocol::{Command, Event, PersonEvent, ServerFrame};
use serde_json::json;
use std::path::Path;
use tokio::io::AsyncWriteExt as _;

const PIECE: (&str, &str) = ("content-type", "application/offset+octet-stream");

/// A film of some seconds that ffmpeg makes, as its bytes.
pub fn film(folder: &Path, words: &str, end: &str) -> Vec<u8> {
    let path = folder.join(format!("made.{end}"));
    let made = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(words.split_whitespace())
        .arg(&path)
        .status()
        .expect("ffmpeg");
    assert!(made.success(), "{words}");
    std::fs::read(path).unwrap()
}

/// Small, and converted in a second.
pub fn short_film(folder: &Path) -> Vec<u8> {
    let words = "-f lavfi -i testsrc2=size=320x240:rate=25:duration=6 -f lavfi -i sine=frequency=440:duration=6 \
                 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -c:a aac -movflags +faststart";
    film(folder, words, "mp4")
}

/// Somebody's program that uploads.
pub struct Uploader<'a> {
    pub server: &'a Server,
    pub by: &'a Somebody,
}

impl Uploader<'_> {
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.by.token);
        let mut all = vec![("authorization", bearer.as_str()), ("tus-resumable", "1.0.0")];
        all.extend_from_slice(headers);
        let (status, headers, body) = bytes(self.server.port(), method, path, &all, body).await;
        Answer { status, headers, body: String::from_utf8(body).unwrap() }
    }

    /// Begins an upload of so many bytes, with what is told of it.
    pub async fn begin(&self, length: usize, told: &[(&str, &str)]) -> Answer {
        let told: Vec<String> = told.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value))).collect();
        let length = length.to_string();
        self.ask("POST", "/api/uploads", &[("upload-length", &length), ("upload-metadata", &told.join(","))], b"").await
    }

    pub async fn add(&self, location: &str, offset: usize, piece: &[u8]) -> Answer {
        self.ask("PATCH", location, &[PIECE, ("upload-offset", &offset.to_string())], piece).await
    }

    pub async fn offset(&self, location: &str) -> usize {
        let answer = self.ask("HEAD", location, &[], b"").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("upload-offset").unwrap().parse().unwrap()
    }

    /// Uploads all of a film; gives the film's name.
    pub async fn all(&self, film: &[u8], told: &[(&str, &str)]) -> String {
        let begun = self.begin(film.len(), told).await;
        assert_eq!(begun.status, 201, "{begun:?}");
        let added = self.add(begun.header("location").unwrap(), 0, film).await;
        assert_eq!(added.status, 204, "{added:?}");
        begun.header("hearth-video").unwrap().to_owned()
    }

    pub async fn video(&self, id: &str) -> Option<Video> {
        let answer = ask(self.server.port(), "GET", &format!("/api/videos/{id}"), Some(&self.by.token), None).await;
        (answer.status == 200).then(|| serde_json::from_str(&answer.body).unwrap())
    }

    /// The film, as soon as it stands so.
    pub async fn until(&self, id: &str, stands: impl Fn(&Video) -> bool) -> Video {
        let mut client = Client::hello(self.server.port(), &self.by.token).await;
        let video = self.video(id).await.expect("a film");
        if stands(&video) {
            return video;
        }
        client
            .expect("how the film stands", |frame| match frame {
                ServerFrame::Person { event: PersonEvent::Video { video }, .. } => {
                    Some((**video).clone()).filter(|video| video.id.as_str() == id && stands(video))
                }
                _ => None,
            })
            .await
    }
}

pub async fn dialog(server: &Server, by: &Somebody, with: &[&Somebody]) -> SpaceId {
    let with: Vec<_> = with.iter().map(|one| one.user.as_str()).collect();
    let answer = ask(server.port(), "POST", "/api/dialogs", Some(&by.token), Some(&json!({ "with": with }))).await;
    SpaceId::parse(answer.json()["id"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_film_comes_in_pieces_and_is_said_in_its_dialog_as_soon_as_it_can_be_played() {
    let server = Server::start().await;
    let (ana, bo, cy) = (server.sign_up("ana").await, server.sign_up("bo").await, server.sign_up("cy").await);
    let dialog = dialog(&server, &ana, &[&bo]).await;
    let mut client = Client::hello(server.port(), &bo.token).await;
    client.command(&dialog, Command::Join { resume: None, as_guest: false }).await.unwrap();
    let folder = Folder::new();
    let film = short_film(&folder.0);

    let uploader = Uploader { server: &server, by: &ana };
    let told = [("filename", "Holiday.MP4"), ("dialog", dialog.as_str()), ("text", "look"), ("title", "At the sea")];
    let begun = uploader.begin(film.len(), &told).await;
    assert_eq!((begun.status, begun.header("tus-resumable")), (201, Some("1.0.0")), "{begun:?}");
    assert!(begun.header("upload-expires").is_some());
    let (location, id) = (begun.header("location").unwrap(), begun.header("hearth-video").unwrap());
    let half = film.len() / 2;
    let first = uploader.add(location, 0, &film[..half]).await;
    assert_eq!((first.status, first.header("upload-offset")), (204, Some(half.to_string().as_str())));
    let coming = ask(server.port(), "GET", "/api/uploads", Some(&ana.token), None).await.json();
    assert_eq!(coming["uploads"][0]["received_bytes"], half, "{coming}");
    assert_eq!(uploader.video(id).await.unwrap().state, VideoState::Uploading);
    let others = Uploader { server: &server, by: &bo };
    assert!(others.video(id).await.is_none(), "nothing half-there is seen");

    assert_eq!(uploader.offset(location).await, half);
    assert_eq!(uploader.add(location, half, &film[half..]).await.status, 204);
    assert_eq!(uploader.offset(location).await, film.len(), "whoever did not hear that it is whole can ask");
    let said = client
        .event("the film", |event| match event {
            Event::Message { message } => Some(message.clone()),
            _ => None,
        })
        .await;
    assert_eq!((said.author.id, said.text.as_str()), (ana.user.clone(), "look"));
    let Some(Carried::Video { video, width: 320, height: 240, duration_ms, tiny }) = said.carries else {
        panic!("{:?}", said.carries)
    };
    assert!((5_500..6_500).contains(&duration_ms), "{duration_ms}");
    assert!(tiny.starts_with("data:image/"), "{tiny}");
    assert_eq!(video.as_str(), id);

    let ready = uploader.until(id, |video| video.state == VideoState::Ready).await;
    assert_eq!(ready.title, "At the sea");
    let theirs = others.video(id).await.expect("it is for who is in the dialog");
    assert!(theirs.own.is_none() && theirs.downloads.is_empty() && !theirs.may_change);
    let hls = theirs.hls.unwrap();
    let get = async |path: &str| bytes(server.port(), "GET", path, &[], b"").await;
    let (status, headers, index) = get(&hls).await;
    assert_eq!(status, 200);
    assert!(headers.contains(&("content-type".to_owned(), "application/vnd.apple.mpegurl".to_owned())));
    let index = String::from_utf8(index).unwrap();
    let rendition = index.lines().find(|line| line.ends_with("/index.m3u8")).unwrap_or_else(|| panic!("{index}"));
    let base = hls.strip_suffix("index.m3u8").unwrap();
    assert_eq!(get(&format!("{base}{rendition}")).await.0, 200);
    for picture in [theirs.poster.unwrap(), theirs.previews.unwrap()] {
        assert_eq!(get(&picture).await.0, 200, "{picture}");
    }
    let row = ask(server.port(), "GET", &format!("/api/dialogs/{dialog}/videos"), Some(&bo.token), None).await.json();
    assert_eq!((&row["videos"][0]["video"]["id"], &row["videos"][0]["position"]), (&json!(id), &json!(said.position)));

    // What its owner may take away is theirs, byte by byte.
    let (status, headers, original) = get(&ready.downloads[0]).await;
    assert!(status == 200 && original == film);
    assert!(
        headers.iter().any(|(name, value)| name == "content-disposition" && value.ends_with("At%20the%20sea.mp4")),
        "{headers:?}"
    );
    let taken = hls.replace("film/index.m3u8", "original.mp4");
    assert_eq!(get(&taken).await.0, 404, "who may watch may not take it away");
    // Who is not in the dialog finds nothing.
    assert!(Uploader { server: &server, by: &cy }.video(id).await.is_none());
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_in_the_words_of_the_protocol_is_refused_and_loses_nothing() {
    let server = Server::with(|config| config.videos.upload_max_bytes = 1_000).await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let uploader = Uploader { server: &server, by: &ana };
    let bearer = format!("Bearer {}", ana.token);
    let (status, headers, _) =
        bytes(server.port(), "POST", "/api/uploads", &[("authorization", &bearer), ("upload-length", "9")], b"").await;
    assert_eq!(status, 412);
    assert!(headers.contains(&("tus-version".to_owned(), "1.0.0".to_owned())), "{headers:?}");
    let options = uploader.ask("OPTIONS", "/api/uploads", &[], b"").await;
    assert_eq!((options.header("tus-max-size"), options.header("tus-version")), (Some("1000"), Some("1.0.0")));

    for length in ["", "x", "-1", "+5", "99999999999999999999999"] {
        assert_eq!(
            uploader.ask("POST", "/api/uploads", &[("upload-length", length)], b"").await.status,
            400,
            "{length}"
        );
    }
    assert_eq!(uploader.ask("POST", "/api/uploads", &[("upload-defer-length", "1")], b"").await.status, 400);
    assert_eq!(uploader.begin(1_000, &[]).await.status, 201);
    let over = uploader.begin(1_001, &[]).await;
    assert_eq!((over.status, &over.json()["limit"]), (413, &json!("upload_bytes")));
    let name = |bytes: usize| "n".repeat(bytes);
    assert_eq!(uploader.begin(9, &[("filename", &name(FILE_NAME_MAX_BYTES))]).await.status, 201);
    assert_eq!(
        uploader.begin(9, &[("filename", &name(FILE_NAME_MAX_BYTES + 1))]).await.json()["limit"],
        "file_name_bytes"
    );
    assert_eq!(uploader.begin(9, &[("title", &name(TITLE_MAX_CHARS + 1))]).await.json()["limit"], "title_chars");
    assert_eq!(uploader.begin(9, &[("audience", "room")]).await.status, 422);
    assert_eq!(uploader.begin(9, &[("dialog", "dialog_none")]).await.status, 404);
    let broken =
        uploader.ask("POST", "/api/uploads", &[("upload-length", "9"), ("upload-metadata", "filename %%")], b"");
    assert_eq!(broken.await.status, 400);

    let begun = uploader.begin(10, &[]).await;
    let location = begun.header("location").unwrap();
    assert_eq!(uploader.add(location, 0, b"0123").await.status, 204);
    let elsewhere = uploader.add(location, 3, b"3").await;
    assert_eq!((elsewhere.status, elsewhere.header("upload-offset")), (409, Some("4")));
    assert_eq!(uploader.ask("PATCH", location, &[("upload-offset", "4")], b"4").await.status, 415);
    assert_eq!(uploader.add(location, 4, b"4567890").await.status, 413, "one more than was said");
    assert_eq!(uploader.offset(location).await, 4);

    let sum = |algorithm: &str, value: &[u8]| format!("{algorithm} {}", STANDARD.encode(value));
    let right = sum("sha1", digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, b"45").as_ref());
    let wrong = sum("sha256", digest::digest(&digest::SHA256, b"other").as_ref());
    let checked = async |sum: &str, offset: &str, piece: &[u8]| {
        uploader
            .ask("PATCH", location, &[PIECE, ("upload-offset", offset), ("upload-checksum", sum)], piece)
            .await
            .status
    };
    assert_eq!(checked(&wrong, "4", b"45").await, 460);
    assert_eq!(uploader.offset(location).await, 4, "nothing of it was kept");
    assert_eq!(checked("crc32 AAAA", "4", b"45").await, 400);
    assert_eq!(checked("sha1", "4", b"45").await, 400);
    assert_eq!(checked(&right, "4", b"45").await, 204);

    let other = Uploader { server: &server, by: &bo };
    assert_eq!(other.ask("HEAD", location, &[], b"").await.status, 404, "others' are not there");
    assert_eq!(other.add(location, 6, b"6").await.status, 404);
    assert_eq!(other.ask("DELETE", location, &[], b"").await.status, 404);
    assert_eq!(uploader.ask("DELETE", location, &[], b"").await.status, 204);
    assert_eq!(uploader.ask("HEAD", location, &[], b"").await.status, 404);
    let left = std::fs::read_dir(server.folder.0.join("uploads")).unwrap().count();
    assert_eq!(left, 2, "the two that are still to come");
    server.stop().await;
}

#[tokio::test]
async fn nobody_has_more_on_its_way_or_kept_than_they_may() {
    let server = Server::with(|config| config.videos.storage_max_bytes = 1_000).await;
    let ana = server.sign_up("ana").await;
    let uploader = Uploader { server: &server, by: &ana };
    for _ in 0..UPLOADS_MAX {
        assert_eq!(uploader.begin(10, &[]).await.status, 201);
    }
    let over = uploader.begin(10, &[]).await;
    assert_eq!((over.status, &over.json()["limit"]), (422, &json!("uploads")));
    let bo = server.sign_up("bo").await;
    let uploader = Uploader { server: &server, by: &bo };
    assert_eq!(uploader.begin(900, &[]).await.status, 201);
    assert_eq!(uploader.begin(101, &[]).await.json()["limit"], "storage_bytes");
    assert_eq!(uploader.begin(100, &[]).await.status, 201);
    let storage = ask(server.port(), "GET", "/api/storage", Some(&bo.token), None).await.json();
    assert_eq!(storage, json!({"used_bytes": 1_000, "max_bytes": 1_000, "upload_max_bytes": 17_179_869_184_u64}));
    server.stop().await;
}

#[tokio::test]
async fn a_film_comes_through_a_restart_in_the_middle_of_its_upload_and_of_its_conversion() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let made = Folder::new();
    // Long enough for its conversion to be interrupted.
    let words = "-f lavfi -i testsrc2=size=640x360:rate=25:duration=24 -c:v mpeg4 -q:v 6 -g 25";
    let film = film(&made.0, words, "mkv");
    let uploader = Uploader { server: &server, by: &ana };
    let begun = uploader.begin(film.len(), &[("filename", "a.mkv")]).await;
    let (location, id) =
        (begun.header("location").unwrap().to_owned(), begun.header("hearth-video").unwrap().to_owned());
    let half = film.len() / 2;
    uploader.add(&location, 0, &film[..half]).await;
    let folder = server.stop().await;

    let server = Server::on(folder, |_| {}).await;
    let uploader = Uploader { server: &server, by: &ana };
    assert_eq!(uploader.offset(&location).await, half);
    assert_eq!(uploader.add(&location, half, &film[half..]).await.status, 204);
    uploader.until(&id, |video| video.hls.is_some()).await;
    let folder = server.stop().await;

    let server = Server::on(folder, |_| {}).await;
    let uploader = Uploader { server: &server, by: &ana };
    let ready = uploader.until(&id, |video| video.state == VideoState::Ready).await;
    assert!((23_000..25_000).contains(&ready.duration_ms), "{}", ready.duration_ms);
    server.stop().await;
}

#[tokio::test]
async fn a_new_request_takes_an_upload_over_from_one_that_hangs() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let uploader = Uploader { server: &server, by: &ana };
    let begun = uploader.begin(10, &[]).await;
    let location = begun.header("location").unwrap();
    let mut hanging = tokio::net::TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    let head = format!(
        "PATCH {location} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ntus-resumable: 1.0.0\r\n\
         content-type: application/offset+octet-stream\r\nupload-offset: 0\r\ncontent-length: 10\r\n\r\n012",
        ana.token
    );
    hanging.write_all(head.as_bytes()).await.unwrap();
    // Until it has arrived it adds nothing; then what it had brought is kept, and it adds no more.
    let offset = tokio::time::timeout(PATIENCE, async {
        loop {
            if let offset @ 1.. = uploader.offset(location).await {
                return offset;
            }
        }
    });
    let offset = offset.await.expect("the hanging one gives way");
    assert_eq!(offset, 3);
    assert_eq!(uploader.add(location, 3, b"3456").await.status, 204);
    hanging.write_all(b"xxxxxxx").await.unwrap();
    assert_eq!(uploader.offset(location).await, 7);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_film_fails_with_the_reason_for_its_owner_alone() {
    let server = Server::start().await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let dialog = dialog(&server, &ana, &[&bo]).await;
    let uploader = Uploader { server: &server, by: &ana };
    let made = Folder::new();
    let sound = film(&made.0, "-f lavfi -i sine=frequency=440:duration=2 -c:a aac", "m4a");
    let playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n";
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://127.0.0.1:1/x'/></svg>";
    let cases: [(&str, &[u8], VideoFailure); 5] = [
        ("empty.mp4", b"", VideoFailure::Unreadable),
        ("lies.mp4", b"this is text", VideoFailure::Unreadable),
        ("list.mp4", playlist, VideoFailure::Unreadable),
        ("picture.mov", svg, VideoFailure::Unreadable),
        ("sound.mp4", &sound, VideoFailure::NoPicture),
    ];
    for (name, bytes, why) in cases {
        let told = [("filename", name), ("dialog", dialog.as_str())];
        let id = if bytes.is_empty() {
            uploader.begin(0, &told).await.header("hearth-video").unwrap().to_owned()
        } else {
            uploader.all(bytes, &told).await
        };
        let failed = uploader.until(&id, |video| video.state == VideoState::Failed).await;
        assert_eq!(failed.own.unwrap().failure, Some(why), "{name}");
        assert!(Uploader { server: &server, by: &bo }.video(&id).await.is_none(), "{name}");
        let path = format!("/api/videos/{id}");
        assert_eq!(ask(server.port(), "DELETE", &path, Some(&ana.token), None).await.status, 204);
        assert!(!server.folder.0.join("videos").join(&id).exists(), "{name}: its files are gone");
    }
    let said =
        ask(server.port(), "GET", &format!("/api/dialogs/{dialog}/messages"), Some(&bo.token), None).await.json();
    assert_eq!(said["messages"], json!([]), "nothing of them was said");
    server.stop().await;
}
