//! Pictures that people send, and those of whoever likes to send something else.

use crate::support::*;
use hearth_conversion::{
    Failure, IMAGE_BYTES_MAX, ImageJob, ImageRefusal, Limits, MadeImage, Tools, image, image_finished,
};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

type Colour = [u8; 3];
const RED: Colour = [220, 20, 20];
const GREEN: Colour = [20, 200, 20];
const BLUE: Colour = [20, 20, 220];
const YELLOW: Colour = [220, 220, 20];
const CORNERS: [Colour; 4] = [RED, GREEN, BLUE, YELLOW];

async fn made_with(tools: &Tools, folder: &Folder, file: &Path) -> Result<MadeImage, Failure> {
    let _ = std::fs::remove_dir_all(folder.at("out"));
    let job = ImageJob { file: file.to_owned(), folder: folder.at("out"), limits: Limits::of_images() };
    image(tools, &job).await
}

async fn made(folder: &Folder, file: &Path) -> Result<MadeImage, Failure> {
    made_with(&tools().await, folder, file).await
}

async fn refused(folder: &Folder, file: &Path) -> ImageRefusal {
    match made(folder, file).await {
        Err(Failure::NotTaken(refusal)) => refusal,
        answer => panic!("{}: {answer:?}", file.display()),
    }
}

/// Colours of a picture in its four quarters: above from left to right, then below.
fn quarters(path: &Path) -> [Colour; 4] {
    let size = stream(path, "width,height");
    let (width, height) = size.split_once(',').expect("two sides");
    let (width, height): (usize, usize) = (width.parse().expect("a side"), height.parse().expect("a side"));
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-noautorotate", "-i"])
        .arg(path)
        .args(["-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
        .output()
        .expect("ffmpeg");
    let at = |x: usize, y: usize| {
        let place = (y * width + x) * 3;
        [output.stdout[place], output.stdout[place + 1], output.stdout[place + 2]]
    };
    let (left, right, above, below) = (width / 4, width * 3 / 4, height / 4, height * 3 / 4);
    [at(left, above), at(right, above), at(left, below), at(right, below)]
}

fn alike(seen: [Colour; 4], expected: [Colour; 4]) -> bool {
    seen.iter().flatten().zip(expected.iter().flatten()).all(|(seen, expected)| seen.abs_diff(*expected) < 40)
}

/// A picture of 60×40 with a colour in each quarter, stored so that it is upright only if it is turned as `orientation`
/// says: Exif tells at which side of the picture the first stored row belongs, and at which the first column.
fn stored(orientation: u8) -> (usize, usize, Vec<u8>) {
    let (wide, high) = (60, 40);
    let (columns, rows) = if orientation >= 5 { (high, wide) } else { (wide, high) };
    let mut pixels = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let (x, y) = match orientation {
                1 => (column, row),
                2 => (wide - 1 - column, row),
                3 => (wide - 1 - column, high - 1 - row),
                4 => (column, high - 1 - row),
                5 => (row, column),
                6 => (wide - 1 - row, column),
                7 => (wide - 1 - row, high - 1 - column),
                _ => (row, high - 1 - column),
            };
            pixels.extend_from_slice(&CORNERS[usize::from(x >= wide / 2) + 2 * usize::from(y >= high / 2)]);
        }
    }
    (columns, rows, pixels)
}

fn encoded(folder: &Folder, name: &str, orientation: u8, encoder: &str) -> Vec<u8> {
    let (columns, rows, pixels) = stored(orientation);
    let path = folder.at(name);
    let words = format!("-v error -y -f rawvideo -pix_fmt rgb24 -s {columns}x{rows} -i - {encoder}");
    let mut command = Command::new("ffmpeg");
    let mut child = command.args(words.split_whitespace()).arg(&path).stdin(Stdio::piped()).spawn().expect("ffmpeg");
    child.stdin.take().expect("a pipe").write_all(&pixels).expect("a pipe");
    assert!(child.wait().expect("its end").success());
    std::fs::read(&path).expect("a picture")
}

/// Exif with an orientation, a place, and padding; the place is text that can be looked for.
fn exif(orientation: u8, big: bool, padding: usize) -> Vec<u8> {
    let number = |value: u32, bytes: usize| {
        let all = if big { value.to_be_bytes() } else { value.to_le_bytes() };
        if big { all[4 - bytes..].to_vec() } else { all[..bytes].to_vec() }
    };
    let mut tiff = if big { b"MM\0\x2a".to_vec() } else { b"II\x2a\0".to_vec() };
    tiff.extend(number(8, 4));
    tiff.extend(number(2, 2));
    tiff.extend([number(274, 2), number(3, 2), number(1, 4), number(orientation.into(), 2), vec![0, 0]].concat());
    tiff.extend([number(0x8825, 2), number(4, 2), number(1, 4), number(0, 4)].concat());
    tiff.extend(b"\0\0\0\0GPS 52.5163 N 13.3777 E");
    tiff.resize(tiff.len() + padding, b'G');
    tiff
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
        crc
    })
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [&name[..], content].concat();
    [&(content.len() as u32).to_be_bytes()[..], &named, &crc32(&named).to_be_bytes()].concat()
}

fn riff(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = [&name[..], &(content.len() as u32).to_le_bytes(), content].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

fn with_app1(jpeg: &[u8], parts: &[Vec<u8>]) -> Vec<u8> {
    let mut file = jpeg[..2].to_vec();
    for part in parts {
        file.extend([0xff, 0xe1]);
        file.extend((part.len() as u16 + 2).to_be_bytes());
        file.extend(part);
    }
    file.extend(&jpeg[2..]);
    file
}

fn write(folder: &Folder, name: &str, bytes: &[u8]) -> PathBuf {
    std::fs::write(folder.at(name), bytes).expect("room");
    folder.at(name)
}

/// Names of the parts of a JPEG before its picture.
fn markers(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("a picture");
    let (mut at, mut markers) = (2, Vec::new());
    while bytes[at + 1] != 0xda {
        markers.push(bytes[at + 1]);
        at += 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
    }
    markers
}

fn nothing_of(folder: &Folder, secret: &[u8]) {
    for entry in std::fs::read_dir(folder.at("out")).expect("a folder").flatten() {
        let bytes = std::fs::read(entry.path()).expect("a file");
        assert!(!bytes.windows(secret.len()).any(|word| word == secret), "{:?}", entry.path());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_eight_ways_to_hold_a_camera_come_out_upright_and_without_the_place() {
    let folder = Folder::new("eight");
    for orientation in 1..=8 {
        let jpeg = encoded(&folder, "a.jpg", orientation, "-c:v mjpeg -q:v 2 -pix_fmt yuvj444p");
        let app1 = [b"Exif\0\0".to_vec(), exif(orientation, orientation % 2 == 0, 0)].concat();
        let file = write(&folder, "held.jpg", &with_app1(&jpeg, &[app1]));
        let image = made(&folder, &file).await.expect("a picture");
        assert_eq!((image.full.path.as_str(), image.full.width, image.full.height), ("full.jpg", 60, 40));
        assert_eq!((image.small.path.as_str(), image.small.width), ("small.jpg", 60), "never larger than it was");
        for name in ["full.jpg", "small.jpg"] {
            let seen = quarters(&folder.at(&format!("out/{name}")));
            assert!(alike(seen, CORNERS), "{orientation} {name}: {seen:?}");
            let markers = markers(&folder.at(&format!("out/{name}")));
            assert!(markers.iter().all(|marker| [0xe0, 0xdb, 0xc0, 0xc4].contains(marker)), "{markers:x?}");
        }
        nothing_of(&folder, b"GPS");
        assert!(image.tiny.starts_with("data:image/") && image.tiny.len() < 1_000, "{}", image.tiny);
        assert_eq!(image.moving, None);
        assert_eq!(image_finished(&folder.at("out")), Some(image));
        assert!(!folder.at("out/conversion.begun").exists() && !folder.at("out/tiny").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn png_and_webp_say_how_they_were_held_as_well() {
    let folder = Folder::new("held");
    let png = encoded(&folder, "a.png", 6, "-c:v png");
    let file = [&png[..33], &chunk(b"eXIf", &exif(6, true, 0)), &chunk(b"tEXt", b"Author\0GPS"), &png[33..]].concat();
    let image = made(&folder, &write(&folder, "held.png", &file)).await.expect("a picture");
    assert_eq!((image.full.path.as_str(), image.full.width, image.full.height), ("full.jpg", 60, 40));
    assert!(alike(quarters(&folder.at("out/full.jpg")), CORNERS));
    nothing_of(&folder, b"GPS");
    let webp = encoded(&folder, "a.webp", 8, "-c:v libwebp -quality 95");
    let head = [0x08, 0, 0, 0, 39, 0, 0, 59, 0, 0];
    let chunks = [riff(b"VP8X", &head), webp[12..].to_vec(), riff(b"EXIF", &exif(8, false, 0))].concat();
    let file = riff(b"RIFF", &[&b"WEBP"[..], &chunks].concat());
    let image = made(&folder, &write(&folder, "held.webp", &file)).await.expect("a picture");
    assert_eq!((image.full.path.as_str(), image.full.width, image.full.height), ("full.jpg", 60, 40));
    assert!(alike(quarters(&folder.at("out/full.jpg")), CORNERS));
    nothing_of(&folder, b"GPS");
}

#[tokio::test(flavor = "multi_thread")]
async fn sides_are_those_of_screens() {
    let folder = Folder::new("screens");
    let file = folder.film("large.jpg", "-f lavfi -i testsrc2=size=4000x3000 -frames:v 1");
    let image = made(&folder, &file).await.expect("a picture");
    assert_eq!((image.full.width, image.full.height), (2_048, 1_536));
    assert_eq!((image.small.width, image.small.height), (640, 480));
    for picture in [&image.full, &image.small] {
        let path = folder.at(&format!("out/{}", picture.path));
        assert_eq!(stream(&path, "codec_name,width,height"), format!("mjpeg,{},{}", picture.width, picture.height));
        assert_eq!(std::fs::metadata(&path).expect("a file").len(), picture.bytes);
    }
    assert_eq!(image.bytes, image.full.bytes + image.small.bytes);
    let file = folder.film("narrow.png", "-f lavfi -i testsrc2=size=8x4096 -frames:v 1");
    let image = made(&folder, &file).await.expect("a picture");
    assert_eq!((image.full.width, image.full.height, image.small.width, image.small.height), (4, 2_048, 1, 640));
    let file = folder.film("one.png", "-f lavfi -i color=red:size=8x8,format=rgb24,crop=1:1 -frames:v 1");
    let image = made(&folder, &file).await.expect("a picture");
    assert_eq!(stream(&folder.at("out/full.jpg"), "width,height"), "1,1");
    assert!(image.tiny.len() > 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_seen_through_stays_so() {
    let folder = Folder::new("alpha");
    let seen_through = "-f lavfi -i color=red@0.25:size=900x600,format=rgba -frames:v 1";
    let png = folder.film("a.png", seen_through);
    let webp = folder.film("a.webp", &format!("{seen_through} -c:v libwebp"));
    let gif = folder.film(
        "a.gif",
        "-f lavfi -i color=red@0:size=900x600:duration=1,format=rgba,split[a][b];[a]palettegen[p];[b][p]paletteuse -frames:v 1",
    );
    let tools = tools().await;
    assert!(tools.abilities.webp, "these tests want an ffmpeg with libwebp");
    for (file, opacity) in [(&png, 63), (&webp, 63), (&gif, 0)] {
        let image = made(&folder, file).await.expect("a picture");
        assert_eq!((image.full.path.as_str(), image.small.path.as_str()), ("full.webp", "small.webp"), "{file:?}");
        assert_eq!((image.small.width, image.small.height), (640, 427));
        assert_eq!(opacity_of(&folder.at("out/full.webp")), opacity, "{file:?}");
        assert_eq!(opacity_of(&folder.at("out/small.webp")), opacity, "{file:?}");
    }
    let mut without = tools.clone();
    without.abilities.webp = false;
    let image = made_with(&without, &folder, &png).await.expect("a picture");
    assert_eq!((image.full.path.as_str(), image.small.path.as_str()), ("full.png", "small.png"));
    assert_eq!(opacity_of(&folder.at("out/full.png")), 63);
    assert!(image.tiny.starts_with("data:image/jpeg;base64,"));
}

/// Of the pixel in the middle, 0 to 255.
fn opacity_of(path: &Path) -> u8 {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-vf", "format=rgba,crop=1:1", "-frames:v", "1", "-pix_fmt", "rgba", "-f", "rawvideo", "-"])
        .output()
        .expect("ffmpeg");
    output.stdout[3]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gif_that_moves_becomes_a_film_too() {
    let folder = Folder::new("gif");
    let file = folder.film("a.gif", "-f lavfi -i testsrc=size=301x201:rate=10:duration=3");
    let image = made(&folder, &file).await.expect("a picture");
    let moving = image.moving.expect("it moves");
    assert_eq!((moving.width, moving.height), (302, 202));
    let film = folder.at("out/moving.mp4");
    assert_eq!(stream(&film, "codec_name,width,height,pix_fmt,nb_frames"), "h264,302,202,yuv420p,30");
    assert_eq!(std::fs::metadata(&film).expect("a film").len(), moving.bytes);
    assert_eq!((image.full.width, image.full.height), (301, 201));
    let still = folder.film("still.gif", "-f lavfi -i testsrc=size=301x201 -frames:v 1");
    assert_eq!(made(&folder, &still).await.expect("a picture").moving, None);
    let long = folder.film("long.gif", "-f lavfi -i testsrc2=size=64x64:rate=1:duration=70");
    assert!(made(&folder, &long).await.expect("a picture").moving.is_some());
    assert_eq!(span(&film).1, 60_000, "a minute of it");
}

/// Frames of a single colour that take 30 bytes each, and 9 million pixels to whoever draws them.
#[tokio::test(flavor = "multi_thread")]
async fn a_gif_that_would_take_minutes_does_not_move() {
    let folder = Folder::new("giant");
    let small =
        std::fs::read(folder.film("a.gif", "-f lavfi -i color=red:size=2x2:rate=10:duration=1")).expect("a gif");
    let mut giant = small[..13].to_vec();
    giant[6..10].copy_from_slice(&[0xb8, 0x0b, 0xb8, 0x0b]);
    giant[10] = 0x80;
    giant.extend([0, 0, 0, 255, 0, 0]);
    for _ in 0..2_000 {
        giant.extend(b"\x2c\0\0\0\0\x02\0\x02\0\0\x02\x03\x04\x12\x05\0");
    }
    giant.push(0x3b);
    let began = std::time::Instant::now();
    let image = made(&folder, &write(&folder, "giant.gif", &giant)).await.expect("a picture");
    assert_eq!((image.full.width, image.moving), (2_048, None));
    assert!(began.elapsed() < std::time::Duration::from_secs(50), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_is_refused_and_nobody_fetches_anything() {
    let folder = Folder::new("no-picture");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = format!("http://{}/a.png", listener.local_addr().expect("an address"));
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"9\" height=\"9\">\
         <image xlink:href=\"{address}\" width=\"9\" height=\"9\"/></svg>"
    );
    let playlist = format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{address}\n#EXT-X-ENDLIST\n");
    let concat = format!("ffconcat version 1.0\nfile '{address}'\n");
    let film = std::fs::read(folder.film("a.mp4", "-f lavfi -i testsrc2=size=64x64:duration=1")).expect("a film");
    let heads = ["\u{89}PNG\r\n\u{1a}\n", "GIF89a", "RIFF\0\0\0\0WEBP", "\u{ff}\u{d8}\u{ff}"];
    let heads: Vec<Vec<u8>> = heads.iter().map(|head| head.chars().map(|sign| sign as u8).collect()).collect();
    for content in [svg.as_bytes(), playlist.as_bytes(), concat.as_bytes(), b"", b"%PDF-1.7", b"BM", &film[..]] {
        for ending in ["png", "jpg", "svg", "m3u8"] {
            let file = write(&folder, &format!("a.{ending}"), content);
            assert_eq!(refused(&folder, &file).await, ImageRefusal::Unreadable, "{ending}");
        }
        // Behind the first bytes of a picture as well.
        for head in &heads {
            let file = write(&folder, "a.png", &[head, content].concat());
            refused(&folder, &file).await;
        }
    }
    assert!(listener.accept().is_err(), "somebody fetched something");
    assert!(matches!(made(&folder, &folder.at("nowhere.png")).await, Err(Failure::Io(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_or_damaged_is_refused() {
    let folder = Folder::new("cut");
    let picture = "-f lavfi -i testsrc2=size=320x240 -frames:v 1";
    for (name, encoder) in [("a.jpg", "-q:v 2"), ("a.png", ""), ("a.webp", "-c:v libwebp"), ("a.gif", "")] {
        let whole = std::fs::read(folder.film(name, &format!("{picture} {encoder}"))).expect("a picture");
        made(&folder, &folder.at(name)).await.expect("a picture");
        for part in [whole.len() / 2, whole.len() * 9 / 10, 30] {
            let file = write(&folder, name, &whole[..part]);
            assert_eq!(refused(&folder, &file).await, ImageRefusal::Truncated, "{name} {part}");
        }
    }
    // A size that is not that of the data, and a picture of noise.
    let png = std::fs::read(folder.film("b.png", picture)).expect("a picture");
    let noise: Vec<u8> = (0..3_000u32).map(|at| (at.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect();
    let file = [&png[..33], &chunk(b"IDAT", &noise), &chunk(b"IEND", b"")].concat();
    assert_eq!(refused(&folder, &write(&folder, "noise.png", &file)).await, ImageRefusal::Unreadable);
}

/// A PNG of a size, of one colour: next to no bytes.
fn bomb(folder: &Folder, width: u32, height: u32) -> PathBuf {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let small = std::fs::read(folder.film("s.png", "-f lavfi -i color=black:size=8x8 -frames:v 1")).expect("a picture");
    let file = [&small[..8], &chunk(b"IHDR", &header), &small[33..]].concat();
    write(folder, "bomb.png", &file)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_large_only_when_it_is_unpacked_is_never_unpacked() {
    let folder = Folder::new("bomb");
    let mut tools = tools().await;
    tools.ffmpeg = folder.program("echo it was started >&2; exit 9");
    for (width, height) in [(20_000, 20_000), (16_385, 1), (1, 16_385), (16_000, 7_501), (u32::MAX, u32::MAX)] {
        let refused = made_with(&tools, &folder, &bomb(&folder, width, height)).await;
        assert_eq!(refused, Err(Failure::NotTaken(ImageRefusal::TooLarge { width, height })));
    }
    let file = folder.at("heavy.png");
    std::fs::File::create(&file).expect("room").set_len(IMAGE_BYTES_MAX + 1).expect("room");
    let refused = made_with(&tools, &folder, &file).await;
    assert_eq!(refused, Err(Failure::NotTaken(ImageRefusal::TooManyBytes { bytes: IMAGE_BYTES_MAX + 1 })));
    assert!(!folder.at("out").exists(), "nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_that_is_taken_is_made() {
    let folder = Folder::new("largest");
    let file = folder.film("a.png", "-f lavfi -i color=red:size=16000x7500,format=gray -frames:v 1");
    let image = made(&folder, &file).await.expect("a picture");
    assert_eq!((image.full.width, image.full.height), (2_048, 960));
}

#[tokio::test(flavor = "multi_thread")]
async fn much_beside_the_picture_is_dropped() {
    let folder = Folder::new("beside");
    let jpeg = encoded(&folder, "a.jpg", 6, "-c:v mjpeg -q:v 2");
    let first = [b"Exif\0\0".to_vec(), exif(6, true, 65_000)].concat();
    let other = [b"http://ns.adobe.com/xap/1.0/\0".to_vec(), vec![b'G'; 60_000]].concat();
    let parts: Vec<Vec<u8>> = std::iter::once(first).chain(std::iter::repeat_n(other, 300)).collect();
    let file = write(&folder, "a.jpg", &with_app1(&jpeg, &parts));
    let image = made(&folder, &file).await.expect("a picture");
    assert!(alike(quarters(&folder.at("out/full.jpg")), CORNERS));
    assert!(image.bytes < 20_000, "{image:?}");
    nothing_of(&folder, b"GGGG");
    let png = encoded(&folder, "a.png", 1, "-c:v png");
    let large = [&png[..33], &chunk(b"eXIf", &exif(1, false, 20 << 20)), &png[33..]].concat();
    made(&folder, &write(&folder, "a.png", &large)).await.expect("a picture");
    nothing_of(&folder, b"GGGG");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_nothing_but_a_name() {
    let folder = Folder::new("names");
    let picture =
        std::fs::read(folder.film("a.png", "-f lavfi -i testsrc2=size=64x48 -frames:v 1")).expect("a picture");
    let other = folder.film("b000.png", "-f lavfi -i testsrc2=size=32x32 -frames:v 1");
    for name in [
        "b%03d.png",
        "-y.png",
        "concat:a.png|b.png",
        "a.png -i b000.png",
        "it's \"quoted\" $(id) `id` 100%.png",
        "файл 漢字 🎬",
        "a.png?x=1#y",
        "*.png",
    ] {
        let image =
            made(&folder, &write(&folder, name, &picture)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((image.full.width, image.full.height), (64, 48), "{name}");
    }
    assert!(other.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webp_that_moves_says_so() {
    let folder = Folder::new("moving-webp");
    let file = folder.film("a.webp", "-f lavfi -i testsrc2=size=64x64:rate=5:duration=1 -c:v libwebp_anim -loop 0");
    assert_eq!(refused(&folder, &file).await, ImageRefusal::Moving);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_pictures_is_begun_anew_and_never_somebody_elses() {
    let folder = Folder::new("begun");
    let file = folder.film("a.png", "-f lavfi -i testsrc2=size=64x48 -frames:v 1");
    let job = ImageJob { file: file.clone(), folder: folder.at("out"), limits: Limits::of_images() };
    std::fs::create_dir_all(folder.at("out")).expect("a folder");
    std::fs::write(folder.at("out/thesis.txt"), "years of work").expect("room");
    assert_eq!(image(&tools().await, &job).await, Err(Failure::Occupied));
    assert_eq!(folder.read("out/thesis.txt"), "years of work");
    std::fs::write(folder.at("out/conversion.begun"), "").expect("room");
    image(&tools().await, &job).await.expect("a picture");
    assert!(!folder.at("out/thesis.txt").exists());
    let mut gone = tools().await;
    gone.ffmpeg = folder.at("nothing");
    image(&gone, &job).await.expect("what is finished is not made again");
}
