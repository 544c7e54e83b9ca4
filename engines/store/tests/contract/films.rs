use crate::support::{Opened, account, message, profile, room, user};
use hearth_protocol::conversation::{Cargo, Carried, Message, Moment, Quote};
use hearth_protocol::ids::{ImageId, SpaceId, UploadId, VideoId};
use hearth_protocol::limits::{DIALOG_VIDEOS_MAX, UPLOADS_MAX};
use hearth_protocol::live_rooms::{About, Entry};
use hearth_protocol::space::Sanction;
use hearth_protocol::videos::{Audience, Chapter, VideoFailure, VideoState};
use hearth_store::{
    Address, Begun, Converting, Facts, ImageRecord, Media, NewDialog, NewUpload, NewVideo, Page, SubtitleFile,
    Timeline, VideoFinder, VideoProgress, VideosOf, Write,
};

async fn opened(address: &Address) -> Opened {
    let opened = Opened::at(address).await;
    for name in ["ana", "bo", "cy"] {
        opened.store.accounts().create(&account(name)).await.unwrap();
    }
    for (id, others) in [("two", vec![user("bo")]), ("few", vec![user("bo"), user("cy")])] {
        let new = NewDialog { id: dialog(id), founder: user("ana"), others, title: String::new(), at_ms: 1 };
        opened.store.dialogs().begin(&new).await.unwrap();
    }
    opened
}

fn dialog(name: &str) -> SpaceId {
    SpaceId::parse(&format!("dialog_{name}")).unwrap()
}

fn video(name: &str) -> VideoId {
    VideoId::parse(&format!("video_{name}")).unwrap()
}

fn new(name: &str, bytes: u64) -> NewUpload {
    NewUpload {
        id: UploadId::parse(&format!("upload_{name}")).unwrap(),
        video: video(name),
        owner: user("ana"),
        title: format!("Title {name}"),
        audience: Audience::Dialog,
        link: None,
        to_say: Some((dialog("two"), "look".to_owned())),
        name: format!("{name}.mp4"),
        bytes,
        created_ms: 10,
        expires_ms: 1_000,
    }
}

fn playable() -> Converting {
    Converting {
        duration_ms: 60_000,
        bytes: 70,
        width: 640,
        height: 360,
        tiny: "data:,".to_owned(),
        media: Media { hls: Some("film/index.m3u8".to_owned()), ..Media::default() },
        chapters: vec![Chapter { start_ms: 0, title: "One".to_owned() }],
        done: false,
    }
}

/// A film that can be played.
async fn film(opened: &Opened, name: &str, audience: Audience, created_ms: u64) {
    let videos = opened.store.videos();
    let new = NewUpload { audience, created_ms, to_say: None, ..new(name, 5) };
    assert_eq!(videos.begin_upload(&new, u64::MAX / 2).await.unwrap(), Begun::Begun);
    let upload = videos.upload(&new.id).await.unwrap().unwrap();
    assert!(videos.uploaded(&upload, "original.mp4", 2_000).await.unwrap());
    assert!(videos.converting(&new.video, &Converting { done: true, ..playable() }).await.unwrap());
}

fn carrying(position: u64, name: &str) -> Message {
    let (width, height, duration_ms) = (640, 360, 60_000);
    let carries = Carried::Video { video: video(name), width, height, duration_ms, tiny: String::new() };
    Message { carries: Some(carries), ..message(position, "ana", None) }
}

async fn share(opened: &mut Opened, space: &str, position: u64, name: &str) {
    let message = carrying(position, name);
    opened.put(Write::AppendMessage { space: dialog(space), message }).await;
}

pub async fn an_upload_becomes_a_film_that_is_converted_and_ready(address: Address) {
    let opened = opened(&address).await;
    let videos = opened.store.videos();
    let new = new("a", 50);
    assert_eq!(videos.begin_upload(&new, 50).await.unwrap(), Begun::Begun);
    let film = videos.by_id(&new.video).await.unwrap().unwrap();
    assert_eq!(
        (film.state, film.audience, film.upload.as_ref()),
        (VideoState::Uploading, Audience::Dialog, Some(&new.id))
    );
    assert_eq!(film.to_say, Some((dialog("two"), "look".to_owned())));
    assert_eq!(videos.used_bytes(&user("ana")).await.unwrap(), 50);
    let upload = videos.upload(&new.id).await.unwrap().unwrap();
    assert_eq!((upload.bytes, upload.done, &upload.dialog), (50, false, &Some(dialog("two"))));
    videos.prolong_upload(&new.id, 1_500).await.unwrap();
    assert!(videos.expired_uploads(1_499).await.unwrap().is_empty());
    assert_eq!(videos.expired_uploads(1_500).await.unwrap().len(), 1);

    assert!(videos.uploaded(&upload, "original.mp4", 2_000).await.unwrap());
    assert!(!videos.uploaded(&upload, "original.mp4", 2_000).await.unwrap(), "once");
    assert!(videos.upload(&new.id).await.unwrap().unwrap().done, "that it is whole is remembered");
    assert!(videos.uploads_of(&user("ana")).await.unwrap().is_empty());
    assert_eq!(videos.used_bytes(&user("ana")).await.unwrap(), 50, "it counts once");
    let waiting = videos.to_convert().await.unwrap();
    assert_eq!(waiting.iter().map(|film| &film.id).collect::<Vec<_>>(), [&new.video]);
    assert_eq!(
        (waiting[0].media.downloads.as_slice(), &waiting[0].upload),
        (["original.mp4".to_owned()].as_slice(), &None)
    );

    videos.tried(&new.video, 2).await.unwrap();
    assert!(videos.converting(&new.video, &playable()).await.unwrap());
    let film = videos.by_id(&new.video).await.unwrap().unwrap();
    assert_eq!((film.state, film.tries, film.width, film.tiny.as_str()), (VideoState::Converting, 2, 640, "data:,"));
    assert_eq!(videos.to_say().await.unwrap().as_slice(), std::slice::from_ref(&new.video));
    videos.was_said(&new.video).await.unwrap();
    assert!(videos.to_say().await.unwrap().is_empty());
    let own = vec![Chapter { start_ms: 5, title: "Mine".to_owned() }];
    assert!(videos.describe(&hearth_store::VideoRecord { chapters: own.clone(), ..film }).await.unwrap());
    assert!(videos.converting(&new.video, &Converting { done: true, ..playable() }).await.unwrap());
    let film = videos.by_id(&new.video).await.unwrap().unwrap();
    assert_eq!((film.state, &film.chapters, film.to_say), (VideoState::Ready, &own, None));
    assert!(!videos.converting(&new.video, &playable()).await.unwrap(), "what is ready stays so");
    assert!(!videos.fail(&new.video, &VideoFailure::Failed).await.unwrap());
    videos.forget_upload(&new.id).await.unwrap();
    assert_eq!(videos.upload(&new.id).await.unwrap(), None);
    opened.store.close().await;
}

pub async fn a_film_that_failed_says_why_and_can_be_tried_again(address: Address) {
    let opened = opened(&address).await;
    let videos = opened.store.videos();
    let new = new("a", 50);
    videos.begin_upload(&new, 50).await.unwrap();
    let upload = videos.upload(&new.id).await.unwrap().unwrap();
    videos.uploaded(&upload, "original.mp4", 2_000).await.unwrap();
    let why = VideoFailure::Pixels { width: 9_000, height: 10 };
    assert!(videos.fail(&new.video, &why).await.unwrap());
    let film = videos.by_id(&new.video).await.unwrap().unwrap();
    assert_eq!((film.state, film.failure), (VideoState::Failed, Some(why)));
    assert!(videos.to_convert().await.unwrap().is_empty());
    assert!(videos.try_again(&new.video).await.unwrap());
    assert!(!videos.try_again(&new.video).await.unwrap(), "it has not failed");
    let film = videos.by_id(&new.video).await.unwrap().unwrap();
    assert_eq!((film.state, film.failure), (VideoState::Converting, None));
    assert!(videos.delete(&new.video).await.unwrap());
    assert_eq!(videos.upload(&new.id).await.unwrap(), None, "its upload goes with it");
    opened.store.close().await;
}

pub async fn nobody_has_more_uploads_or_bytes_than_they_may(address: Address) {
    let opened = opened(&address).await;
    let videos = opened.store.videos();
    assert_eq!(videos.begin_upload(&new("big", 101), 100).await.unwrap(), Begun::NoRoom);
    assert_eq!(videos.by_id(&video("big")).await.unwrap(), None, "nothing of it is there");
    for number in 0..UPLOADS_MAX {
        assert_eq!(videos.begin_upload(&new(&format!("n{number}"), 1), 100).await.unwrap(), Begun::Begun);
    }
    assert_eq!(videos.begin_upload(&new("more", 1), 100).await.unwrap(), Begun::TooMany);
    let other = NewUpload { owner: user("bo"), ..new("bos", 100) };
    assert_eq!(videos.begin_upload(&other, 100).await.unwrap(), Begun::Begun, "others have their own");
    opened.store.close().await;
}

pub async fn a_persons_films_are_found_by_whom_they_are_for(address: Address) {
    let mut opened = opened(&address).await;
    let audiences = [
        ("me", Audience::OnlyMe),
        ("dialog", Audience::Dialog),
        ("friends", Audience::Friends),
        ("link", Audience::Link),
        ("everyone", Audience::Everyone),
    ];
    for (at, (name, audience)) in audiences.into_iter().enumerate() {
        film(&opened, name, audience, at as u64 * 10).await;
    }
    let names = ["everyone", "link", "friends", "dialog", "me"];
    let library = VideoFinder::Library;
    assert_eq!(found(&opened, library, "", None, 10).await.0, names);
    assert_eq!(found(&opened, library, "", Some(30), 2).await, (vec!["friends".to_owned(), "dialog".to_owned()], true));
    assert_eq!(found(&opened, library, "TITLE L", None, 10).await.0, ["link"]);
    assert_eq!(found(&opened, library, "%", None, 10).await.0.len(), 0, "a sign is a sign");
    assert_eq!(on_page(&opened, Some("bo")).await, ["everyone"]);
    assert_eq!(on_page(&opened, None).await, ["everyone"]);
    for (one, other) in [("ana", "bo"), ("bo", "ana")] {
        opened.put(Write::Befriend { user: user(one), other: user(other), at_ms: 1 }).await;
    }
    assert_eq!(on_page(&opened, Some("bo")).await, ["everyone", "friends"]);
    assert_eq!(on_page(&opened, Some("ana")).await, ["everyone", "friends"], "as others find it");
    opened.put(Write::Block { user: user("ana"), other: user("cy") }).await;
    assert_eq!(on_page(&opened, Some("cy")).await.len(), 0);
    opened.store.close().await;
}

/// Ana's films, by the ends of their names, and whether there are older ones.
async fn found(
    opened: &Opened,
    finder: VideoFinder<'_>,
    looked_for: &str,
    before_ms: Option<u64>,
    limit: usize,
) -> (Vec<String>, bool) {
    let which = VideosOf { owner: &user("ana"), looked_for, before_ms, finder, limit };
    let (films, more) = opened.store.videos().of_owner(&which).await.unwrap();
    (films.iter().map(|film| film.id.as_str()["video_".len()..].to_owned()).collect(), more)
}

/// What somebody finds on ana's page.
async fn on_page(opened: &Opened, viewer: Option<&str>) -> Vec<String> {
    let viewer = viewer.map(user);
    found(opened, VideoFinder::Page(viewer.as_ref()), "", None, 10).await.0
}

pub async fn a_persons_page_shows_what_was_shared_and_nothing_half_made(address: Address) {
    let mut opened = opened(&address).await;
    for name in ["me", "dialog", "friends", "link"] {
        let audience = match name {
            "me" => Audience::OnlyMe,
            "dialog" => Audience::Dialog,
            "friends" => Audience::Friends,
            _ => Audience::Link,
        };
        film(&opened, name, audience, 1).await;
    }
    // For everyone, but on its way, not to be played yet, or failed.
    let videos = opened.store.videos();
    for (name, stands) in [("coming", 0), ("preparing", 1), ("failed", 2)] {
        let new = NewUpload { audience: Audience::Everyone, to_say: None, ..new(name, 5) };
        videos.begin_upload(&new, u64::MAX / 2).await.unwrap();
        let upload = videos.upload(&new.id).await.unwrap().unwrap();
        assert!(stands == 0 || videos.uploaded(&upload, "original.mp4", 2_000).await.unwrap());
        assert!(stands < 2 || videos.fail(&new.video, &VideoFailure::Failed).await.unwrap());
    }
    assert!(on_page(&opened, Some("bo")).await.is_empty() && on_page(&opened, None).await.is_empty());
    for (position, name) in [(1, "me"), (2, "dialog"), (3, "friends"), (4, "link")] {
        share(&mut opened, "two", position, name).await;
    }
    assert_eq!(on_page(&opened, Some("bo")).await, ["dialog", "friends", "link"], "all but what is private");
    assert!(on_page(&opened, Some("cy")).await.is_empty() && on_page(&opened, None).await.is_empty());
    assert_eq!(on_page(&opened, Some("ana")).await, ["friends"], "a dialog's are nobody else's to know");
    opened.put(Write::Block { user: user("ana"), other: user("bo") }).await;
    assert!(on_page(&opened, Some("bo")).await.is_empty());
    opened.store.close().await;
}

pub async fn a_recording_is_on_a_persons_page_for_whom_its_room_admits(address: Address) {
    let mut opened = opened(&address).await;
    let videos = opened.store.videos();
    let recording = NewVideo {
        id: video("rec"),
        owner: user("ana"),
        space: Some(room("ana")),
        broadcast: Some(1),
        title: "Kiln".to_owned(),
        created_ms: 1,
        folder: "rec".to_owned(),
        timeline: Timeline::default(),
    };
    videos.create(&recording).await.unwrap();
    for (guest, invited_to) in [("invited", Some(room("ana"))), ("elsewhere", Some(room("bo")))] {
        opened.store.accounts().create_guest(&user(guest), guest, invited_to.as_ref(), 1).await.unwrap();
    }
    let viewers = [None, Some("elsewhere"), Some("invited"), Some("bo"), Some("cy"), Some("ana")];
    let told = async |opened: &Opened| {
        let mut told = Vec::new();
        for viewer in viewers {
            told.push(on_page(opened, viewer).await == ["rec"]);
        }
        told
    };
    assert_eq!(told(&opened).await, [false; 6], "while it is recorded");
    let ready = VideoProgress {
        state: VideoState::Ready,
        duration_ms: 1,
        bytes: 1,
        width: 0,
        height: 0,
        timeline: Timeline::default(),
        media: playable().media,
    };
    assert!(videos.update(&recording.id, &ready).await.unwrap());
    let ban = Sanction { user: profile("cy"), banned: true, until_ms: None, by: user("ana") };
    opened.put(Write::SetSanction { space: room("ana"), sanction: ban }).await;
    for (entry, admitted) in [
        (Entry::Open, [true, true, true, true, false, true]),
        (Entry::Link, [false, false, true, true, false, true]),
        (Entry::Accounts, [false, false, false, true, false, true]),
    ] {
        opened.put(Write::SetAbout { space: room("ana"), about: About { entry, ..About::default() } }).await;
        assert_eq!(told(&opened).await, admitted, "{entry:?}");
    }
    opened.store.close().await;
}

pub async fn a_film_is_shared_while_a_message_carries_it(address: Address) {
    let mut opened = opened(&address).await;
    for name in ["a", "b", "secret"] {
        film(&opened, name, if name == "secret" { Audience::OnlyMe } else { Audience::Dialog }, 1).await;
    }
    for (position, name) in [(1, "a"), (2, "b"), (3, "a"), (4, "secret")] {
        share(&mut opened, "two", position, name).await;
    }
    let shared = async |opened: &Opened, viewer: &str, before| {
        let (shared, more) = opened.store.videos().shared_in(&dialog("two"), &user(viewer), before).await.unwrap();
        let shared: Vec<_> = shared.into_iter().map(|one| (one.video.id.to_string(), one.position)).collect();
        (shared, more)
    };
    let is = |name: &str, position: u64| (format!("video_{name}"), position);
    assert_eq!(
        shared(&opened, "bo", None).await,
        (vec![is("a", 3), is("b", 2)], false),
        "of one shared twice the latest counts"
    );
    assert_eq!(shared(&opened, "bo", Some(3)).await.0, [is("b", 2)]);
    assert_eq!(shared(&opened, "ana", None).await.0, [is("secret", 4), is("a", 3), is("b", 2)]);
    let facts = async |opened: &Opened, name: &str, viewer: &str| {
        let film = opened.store.videos().by_id(&video(name)).await.unwrap().unwrap();
        opened.store.videos().facts(&film, &user(viewer)).await.unwrap()
    };
    assert_eq!(facts(&opened, "a", "bo").await, Facts { shared: true, ..Facts::default() });
    assert_eq!(facts(&opened, "a", "cy").await, Facts::default());
    assert!(opened.store.videos().is_shared_in(&video("a"), &dialog("two")).await.unwrap());
    assert!(!opened.store.videos().is_shared_in(&video("a"), &dialog("few")).await.unwrap());

    // The message says what it carries, until it is taken back.
    let said = opened.store.conversations().message(&dialog("two"), 2).await.unwrap().unwrap();
    assert_eq!(said.carries, carrying(2, "b").carries);
    let author = said.author.clone();
    let reply_to = Some(Quote { position: 2, author, text: said.text.clone(), carries: Some(Cargo::Video) });
    let answer = Message { reply_to: reply_to.clone(), ..message(5, "bo", None) };
    opened.put(Write::AppendMessage { space: dialog("two"), message: answer }).await;
    let answer = opened.store.conversations().message(&dialog("two"), 5).await.unwrap().unwrap();
    assert_eq!(answer.reply_to, reply_to, "whoever quotes it says what it carries");
    opened.put(Write::DeleteMessage { space: dialog("two"), position: 2, by: user("ana"), at_ms: 1 }).await;
    let gone = opened.store.conversations().message(&dialog("two"), 2).await.unwrap().unwrap();
    assert!(gone.deleted && gone.carries.is_none());
    assert_eq!(facts(&opened, "b", "bo").await, Facts::default());
    opened.put(Write::DeleteMessage { space: dialog("two"), position: 3, by: user("ana"), at_ms: 1 }).await;
    assert_eq!(shared(&opened, "bo", None).await.0, [is("a", 1)], "the other message still carries it");

    // Who left the dialog shares nothing in it any more, and sees nothing of it.
    share(&mut opened, "few", 1, "a").await;
    assert!(facts(&opened, "a", "cy").await.shared);
    let sharing = async |opened: &Opened| opened.store.videos().sharing(&video("a")).await.unwrap();
    assert_eq!(sharing(&opened).await, [user("ana"), user("bo"), user("cy")], "of all dialogs, each once");
    opened.put(Write::DialogLeft { dialog: dialog("few"), user: user("cy") }).await;
    assert!(!facts(&opened, "a", "cy").await.shared);
    assert_eq!(sharing(&opened).await, [user("ana"), user("bo")]);
    assert!(opened.store.videos().delete(&video("a")).await.unwrap());
    assert!(sharing(&opened).await.is_empty());
    assert!(shared(&opened, "bo", None).await.0.is_empty());
    share(&mut opened, "two", 9, "a").await;
    assert!(
        shared(&opened, "ana", None).await.0.iter().all(|(id, _)| id != "video_a"),
        "what is gone is shared with nobody"
    );
    opened.store.close().await;
}

pub async fn no_more_shared_films_come_at_once_than_the_limit(address: Address) {
    let mut opened = opened(&address).await;
    for number in 0..=DIALOG_VIDEOS_MAX as u64 {
        let name = format!("n{number}");
        film(&opened, &name, Audience::Dialog, number).await;
        share(&mut opened, "two", number + 1, &name).await;
    }
    let videos = opened.store.videos();
    let (first, more) = videos.shared_in(&dialog("two"), &user("bo"), None).await.unwrap();
    assert_eq!((first.len(), more), (DIALOG_VIDEOS_MAX, true));
    let last = first.last().map(|one| one.position);
    let (rest, more) = videos.shared_in(&dialog("two"), &user("bo"), last).await.unwrap();
    assert_eq!((rest.len(), more), (1, false));
    opened.store.close().await;
}

pub async fn where_each_stopped_is_kept_and_what_was_seen_stays_seen(address: Address) {
    let opened = opened(&address).await;
    film(&opened, "a", Audience::Everyone, 1).await;
    let videos = opened.store.videos();
    let (bo, a) = (user("bo"), video("a"));
    assert_eq!(videos.watched(&bo, &a).await.unwrap(), (0, false));
    for (position_ms, seen, is) in [(5, false, false), (9, true, true), (2, false, true)] {
        videos.set_watched(&bo, &a, position_ms, seen, 1).await.unwrap();
        assert_eq!(videos.watched(&bo, &a).await.unwrap(), (position_ms, is));
    }
    assert_eq!(videos.watched(&user("cy"), &a).await.unwrap(), (0, false));
    opened.store.close().await;
}

pub async fn what_was_said_at_moments_of_a_film_is_for_whoever_is_in_the_dialog(address: Address) {
    let mut opened = opened(&address).await;
    film(&opened, "a", Audience::Everyone, 1).await;
    for (space, position, at_ms) in [("two", 1, 500), ("two", 2, 100), ("few", 1, 300), ("two", 3, 500)] {
        let moment = Some(Moment { video: video("a"), at_ms });
        let message = Message { moment, ..message(position, "ana", None) };
        opened.put(Write::AppendMessage { space: dialog(space), message }).await;
    }
    opened.put(Write::AppendMessage { space: dialog("two"), message: message(4, "ana", None) }).await;
    let moments = async |opened: &Opened, viewer: &str, after, limit| {
        let (messages, more) = opened.store.videos().moments(&video("a"), &user(viewer), after, limit).await.unwrap();
        (messages.into_iter().map(|one| (one.moment.unwrap().at_ms, one.position)).collect::<Vec<_>>(), more)
    };
    assert_eq!(moments(&opened, "bo", (0, 0), 10).await, (vec![(100, 2), (300, 1), (500, 1), (500, 3)], false));
    assert_eq!(moments(&opened, "cy", (0, 0), 10).await.0, [(300, 1)]);
    assert_eq!(moments(&opened, "bo", (300, 1), 1).await, (vec![(500, 1)], true));
    assert_eq!(moments(&opened, "bo", (500, 1), 5).await, (vec![(500, 3)], false));
    let (page, _) = opened.store.conversations().page(&dialog("two"), Page::Latest, 10).await.unwrap();
    assert_eq!(page[0].moment, Some(Moment { video: video("a"), at_ms: 500 }));
    opened.store.close().await;
}

pub async fn what_lies_in_a_films_folder_changes_only_from_what_was_known(address: Address) {
    let opened = opened(&address).await;
    film(&opened, "a", Audience::Everyone, 1).await;
    let videos = opened.store.videos();
    let before = videos.by_id(&video("a")).await.unwrap().unwrap().media;
    let added =
        SubtitleFile { name: "en".to_owned(), path: "added/en.vtt".to_owned(), added: true, ..SubtitleFile::default() };
    let after = Media { subtitles: vec![added], ..before.clone() };
    assert!(videos.set_media(&video("a"), &before, &after).await.unwrap());
    assert!(!videos.set_media(&video("a"), &before, &before).await.unwrap(), "somebody else was first");
    assert_eq!(videos.by_id(&video("a")).await.unwrap().unwrap().media, after);
    opened.store.close().await;
}

pub async fn an_image_is_there_while_a_message_carries_it(address: Address) {
    let mut opened = opened(&address).await;
    let id = ImageId::parse("image_a").unwrap();
    let image = ImageRecord {
        id: id.clone(),
        owner: user("ana"),
        dialog: dialog("two"),
        position: None,
        width: 10,
        height: 20,
        tiny: "data:,".to_owned(),
        kind: "jpg".to_owned(),
        moving: true,
        bytes: 7,
        created_ms: 100,
    };
    opened.store.images().create(&image).await.unwrap();
    assert_eq!(opened.store.images().by_id(&id).await.unwrap(), Some(image.clone()));
    assert_eq!(opened.store.images().count_unsaid(&user("ana")).await.unwrap(), 1);
    assert_eq!(opened.store.videos().used_bytes(&user("ana")).await.unwrap(), 7);
    let carries = Carried::Image { image: id.clone(), width: 10, height: 20, tiny: String::new(), moving: true };
    let carrying = |space: &str, position| Write::AppendMessage {
        space: dialog(space),
        message: Message { carries: Some(carries.clone()), ..message(position, "ana", None) },
    };
    opened.put(carrying("few", 1)).await;
    assert_eq!(opened.store.images().by_id(&id).await.unwrap().unwrap().position, None, "in another dialog it is not");
    opened.put(carrying("two", 5)).await;
    assert_eq!(opened.store.images().by_id(&id).await.unwrap().unwrap().position, Some(5));
    assert_eq!(opened.store.images().count_unsaid(&user("ana")).await.unwrap(), 0);
    assert!(opened.store.images().unsaid_before(u64::MAX >> 1).await.unwrap().is_empty());
    assert!(!opened.store.images().forget(&id).await.unwrap(), "a message carries it");
    opened.put(Write::DeleteMessage { space: dialog("two"), position: 5, by: user("ana"), at_ms: 1 }).await;
    let unsaid = opened.store.images().unsaid_before(1).await.unwrap();
    assert_eq!(unsaid.iter().map(|one| &one.id).collect::<Vec<_>>(), [&id], "at once");
    assert!(opened.store.images().forget(&id).await.unwrap());
    assert_eq!(opened.store.images().by_id(&id).await.unwrap(), None);
    opened.store.close().await;
}
