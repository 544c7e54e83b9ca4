//! Films and images in a bucket: put there when they are whole, played from there, and gone from there when they are deleted.

use crate::http::{ask, bytes};
use crate::s3;
use crate::support::{Folder, Server};
use crate::uploads::{Uploader, dialog, film, short_film};
use hearth_protocol::videos::VideoState;
use std::path::Path;
use std::time::Duration;

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn a_film_lives_in_the_bucket_once_it_is_whole() {
    let store = s3::Server::start().await;
    let storage = |config: &mut hearth_server::config::Config| {
        let s3 = store.settings();
        config.storage = hearth_server::config::Storage {
            endpoint: s3.endpoint,
            bucket: s3.bucket,
            key_id: s3.key_id,
            secret: s3.secret,
            prefix: "hearth".to_owned(),
            allow_http: true,
            ..Default::default()
        };
    };
    let server = Server::with(storage).await;
    let (ana, bo) = (server.sign_up("ana").await, server.sign_up("bo").await);
    let made = Folder::new();
    let original = short_film(&made.0);
    let uploader = Uploader { server: &server, by: &ana };
    let id = uploader.all(&original, &[("filename", "a.mp4"), ("audience", "everyone")]).await;
    uploader.until(&id, |video| video.state == VideoState::Ready).await;
    let here = server.folder.0.join("videos").join(&id);
    tokio::time::timeout(Duration::from_secs(30), async {
        while here.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("it goes from here");

    // Subtitles that are added go there, too; images as well.
    let cues = serde_json::Value::String("00:01.000 --> 00:02.000\nHello".to_owned());
    let path = format!("/api/videos/{id}/subtitles/en?language=en");
    let with = ask(server.port(), "PUT", &path, Some(&ana.token), Some(&cues)).await.json();
    assert!(!here.exists());
    let dialog = dialog(&server, &ana, &[&bo]).await;
    let png = film(&made.0, "-f lavfi -i testsrc2=size=64x32 -frames:v 1", "png");
    let bearer = format!("Bearer {}", ana.token);
    let images = format!("/api/dialogs/{dialog}/images");
    let (_, _, image) = bytes(server.port(), "POST", &images, &[("authorization", &bearer)], &png).await;
    let image: hearth_protocol::http::SentImage = serde_json::from_slice(&image).unwrap();
    assert!(!server.folder.0.join("images").join(image.image.as_str()).exists());
    let folder = server.stop().await;

    // Another start of the server reads them there.
    let server = Server::on(folder, storage).await;
    let uploader = Uploader { server: &server, by: &ana };
    let video = uploader.video(&id).await.unwrap();
    let get = async |path: &str, headers: &[(&str, &str)]| bytes(server.port(), "GET", path, headers, b"").await;
    let (status, _, index) = get(video.hls.as_deref().unwrap(), &[]).await;
    assert!(status == 200 && index.starts_with(b"#EXTM3U"));
    let words = get(with["subtitles"][0]["address"].as_str().unwrap(), &[]).await;
    assert_eq!(words.0, 404, "a pass of an earlier start");
    let (_, _, vtt) = get(video.subtitles[0].address.as_deref().unwrap(), &[]).await;
    assert!(vtt.starts_with(b"WEBVTT"));
    let download = &video.downloads[0];
    let (status, headers, whole) = get(download, &[]).await;
    assert!(status == 200 && whole == original);
    let etag = &headers.iter().find(|(name, _)| name == "etag").expect("a validator").1;
    assert_eq!(get(download, &[("if-none-match", etag)]).await.0, 304);
    let part = get(download, &[("range", "bytes=10-19")]).await;
    assert!(part.0 == 206 && part.2 == original[10..20]);
    assert!(part.1.contains(&("content-range".to_owned(), format!("bytes 10-19/{}", original.len()))), "{:?}", part.1);
    let end = get(download, &[("range", "bytes=-5")]).await;
    assert!(end.0 == 206 && end.2 == original[original.len() - 5..]);
    assert_eq!(get(download, &[("range", "bytes=999999999-")]).await.0, 416);
    let small = get(&format!("/api/images/{}/small", image.image), &[("authorization", &bearer)]).await;
    assert!(small.0 == 200 && small.2.starts_with(&[0xFF, 0xD8]));

    let bucket = store.place.0.join(s3::BUCKET).join("hearth");
    assert!(files_below(&bucket.join("videos")) > 3);
    let path = format!("/api/videos/{id}");
    assert_eq!(ask(server.port(), "DELETE", &path, Some(&ana.token), None).await.status, 204);
    assert_eq!(files_below(&bucket.join("videos")), 0, "nothing of it is left");
    server.stop().await;
}
