//! Images in dialogs: sent, said, seen by whoever is in the dialog, and gone when they are taken back.

use crate::http::{ask, bytes};
use crate::peers::until;
use crate::support::{Folder, Server, Somebody};
use crate::uploads::{dialog, film};
use hearth_protocol::conversation::Carried;
use hearth_protocol::http::SentImage;
use hearth_protocol::ids::ImageId;
use hearth_protocol::limits::{IMAGE_MAX_BYTES, IMAGES_UNSAID_MAX};
use hearth_server::fresh;
use hearth_store::ImageRecord;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

async fn sent(server: &Server, by: &Somebody, dialog: &str, image: &[u8]) -> (u16, Value) {
    let bearer = format!("Bearer {}", by.token);
    let path = format!("/api/dialogs/{dialog}/images");
    let (status, _, body) = bytes(server.port(), "POST", &path, &[("authorization", &bearer)], image).await;
    (status, serde_json::from_slice(&body).unwrap())
}

/// A connection on which so much of an image is announced.
async fn begun(server: &Server, by: &Somebody, dialog: &str, length: usize) -> TcpStream {
    let mut socket = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    let head = format!(
        "POST /api/dialogs/{dialog}/images HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\ncontent-length: {length}\r\n\r\n",
        by.token
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

async fn seen(server: &Server, by: &Somebody, image: &str, size: &str) -> (u16, Vec<u8>) {
    let bearer = format!("Bearer {}", by.token);
    let path = format!("/api/images/{image}/{size}");
    let (status, _, body) = bytes(server.port(), "GET", &path, &[("authorization", &bearer)], b"").await;
    (status, body)
}

#[tokio::test]
async fn an_image_is_for_whoever_is_in_its_dialog_until_it_is_taken_back() {
    let server = Server::start().await;
    let (ana, bo, cy) = (server.sign_up("ana").await, server.sign_up("bo").await, server.sign_up("cy").await);
    let dialog = dialog(&server, &ana, &[&bo]).await;
    let made = Folder::new();
    let png = film(&made.0, "-f lavfi -i testsrc2=size=1000x500 -frames:v 1", "png");
    assert_eq!(sent(&server, &cy, dialog.as_str(), &png).await.0, 404);
    let (status, image) = sent(&server, &ana, dialog.as_str(), &png).await;
    assert_eq!(status, 200, "{image}");
    let image: SentImage = serde_json::from_value(image).unwrap();
    assert_eq!((image.width, image.height, image.moving), (1_000, 500, false));
    assert!(image.tiny.starts_with("data:image/"));
    let id = image.image.as_str();
    assert_eq!(seen(&server, &ana, id, "small").await.0, 200);
    assert_eq!(seen(&server, &bo, id, "small").await.0, 404, "it was not said yet");

    let commands = format!("/api/spaces/{dialog}/commands");
    let say = json!({"kind": "send", "text": "", "nonce": "n", "carries": {"kind": "image", "image": id}});
    let by =
        async |by: &Somebody, body: &Value| ask(server.port(), "POST", &commands, Some(&by.token), Some(body)).await;
    assert_eq!(by(&bo, &say).await.status, 404, "others' images are not theirs to say");
    let said = by(&ana, &say).await.json();
    let messages = ask(server.port(), "GET", &format!("/api/dialogs/{dialog}/messages"), Some(&bo.token), None).await;
    let carries: Carried = serde_json::from_value(messages.json()["messages"][0]["carries"].clone()).unwrap();
    assert!(
        matches!(&carries, Carried::Image { image, width: 1_000, height: 500, .. } if image.as_str() == id),
        "{carries:?}"
    );
    let (status, small) = seen(&server, &bo, id, "small").await;
    assert!(status == 200 && small.starts_with(&[0xFF, 0xD8]), "a JPEG");
    assert_eq!(seen(&server, &bo, id, "moving").await.0, 404);
    assert_eq!(seen(&server, &bo, id, "../small").await.0, 404);
    assert_eq!(seen(&server, &cy, id, "small").await.0, 404);

    let back = json!({"kind": "delete_message", "position": said["position"]});
    assert_eq!(by(&ana, &back).await.status, 200);
    assert_eq!(seen(&server, &bo, id, "small").await.0, 404);
    let folder = server.folder.0.join("images").join(id);
    assert!(folder.exists());
    hearth_server::films::images::sweep(&server.running().node).await;
    assert!(!folder.exists(), "its files are gone");
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_image_or_too_much_is_refused() {
    let server = Server::start().await;
    let ana = server.sign_up("ana").await;
    let bo = server.sign_up("bo").await;
    let dialog = dialog(&server, &ana, &[&bo]).await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://127.0.0.1:1/x'/></svg>";
    for wrong in [b"".as_slice(), svg, b"#EXTM3U\nfile:///etc/passwd", b"\x89PNG\r\n\x1a\n"] {
        let (status, refusal) = sent(&server, &ana, dialog.as_str(), wrong).await;
        assert_eq!((status, &refusal["field"]), (422, &json!("image")), "{refusal}");
    }
    let (status, refusal) = sent(&server, &ana, dialog.as_str(), &vec![0; IMAGE_MAX_BYTES + 1]).await;
    assert_eq!((status, &refusal["limit"]), (413, &json!("image_bytes")));
    let left = |folder: &str| std::fs::read_dir(server.folder.0.join(folder)).map_or(0, Iterator::count);
    assert_eq!((left("images"), left("uploads")), (0, 0), "nothing of them stays");
    // One that breaks off leaves nothing either, and the next has its turn.
    let mut cut = begun(&server, &ana, dialog.as_str(), IMAGE_MAX_BYTES).await;
    cut.write_all(&vec![1; 4 << 20]).await.unwrap();
    until("what came of it is on disk, not in memory", || left("uploads") == 1).await;
    drop(cut);
    until("nothing of it stays", || left("uploads") == 0).await;

    for _ in 0..IMAGES_UNSAID_MAX {
        let image = ImageRecord {
            id: ImageId::parse(&format!("image_{}", fresh::suffix())).unwrap(),
            owner: ana.user.clone(),
            dialog: dialog.clone(),
            position: None,
            width: 1,
            height: 1,
            tiny: String::new(),
            kind: "jpg".to_owned(),
            moving: false,
            bytes: 1,
            created_ms: hearth_server::clock::now().0,
        };
        server.running().node.store().images().create(&image).await.unwrap();
    }
    let (status, refusal) = sent(&server, &ana, dialog.as_str(), b"x").await;
    assert_eq!((status, &refusal["limit"]), (422, &json!("images")));
    server.stop().await;
}
