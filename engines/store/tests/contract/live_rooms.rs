use crate::support::{Opened, account, append, message, profile, room, user};
use hearth_protocol::conversation::{Float, FloatPlace, Message};
use hearth_protocol::ids::{ReportId, StreamKeyId, VideoId};
use hearth_protocol::limits::STREAM_KEYS_MAX;
use hearth_protocol::live_rooms::{About, Entry};
use hearth_protocol::moderation::Report;
use hearth_protocol::videos::VideoState;
use hearth_store::{
    Address, Cover, Error, Media, NewVideo, Pause, RoomSearch, STREAM_KEY_TOUCH_INTERVAL_MS, StreamKeyRecord, Timeline,
    VideoProgress, WhichReports, Write,
};

async fn with_accounts(address: &Address, names: &[&str]) -> Opened {
    let opened = Opened::at(address).await;
    for name in names {
        opened.store.accounts().create(&account(name)).await.unwrap();
    }
    opened
}

fn at_media(position: u64, broadcast: u64, media_ms: u64) -> Message {
    Message { broadcast: Some(broadcast), media_ms: Some(media_ms), ..message(position, "ana", None) }
}

pub async fn a_broadcasts_chat_is_read_by_media_time(address: Address) {
    let mut opened = Opened::at(&address).await;
    let floating =
        Message { float: Some(Float { color: "#ff00aa".into(), place: FloatPlace::Top }), ..at_media(4, 1, 2_000) };
    let said = [
        at_media(1, 1, 5_000),
        at_media(2, 1, 2_000),
        at_media(3, 2, 1_000),
        floating.clone(),
        message(5, "ana", None),
        at_media(6, 1, 9_000),
    ];
    opened.write(said.map(|message| append("a", message))).await;
    let delete = Write::DeleteMessage { space: room("a"), position: 6, by: user("ana"), at_ms: 1 };
    opened.put(delete).await;
    let conversations = opened.store.conversations();
    assert_eq!(conversations.message(&room("a"), 4).await.unwrap(), Some(floating), "as it was said");
    let read = async |broadcast, after, limit| {
        let (messages, more) = conversations.of_broadcast(&room("a"), broadcast, after, limit).await.unwrap();
        (messages.iter().map(|message| message.position).collect::<Vec<_>>(), more)
    };
    assert_eq!(read(1, (0, 0), 2).await, (vec![2, 4], true));
    assert_eq!(read(1, (2_000, 2), 2).await, (vec![4, 1], false), "two at one time, and none that was taken back");
    assert_eq!(read(1, (2_000, 4), 2).await, (vec![1], false));
    assert_eq!(read(1, (5_000, 1), 2).await, (vec![], false));
    assert_eq!(read(2, (0, 0), 2).await, (vec![3], false));
    assert_eq!(read(3, (0, 0), 2).await, (vec![], false));
    opened.store.close().await;
}

pub async fn follows_are_kept_counted_and_paged(address: Address) {
    let mut opened = with_accounts(&address, &["ana", "bo", "cy", "di"]).await;
    let follow = |who, whom| Write::Follow { user: user(who), other: user(whom), at_ms: 1 };
    let given =
        [follow("bo", "ana"), follow("cy", "ana"), follow("di", "ana"), follow("bo", "ana"), follow("bo", "cy")];
    for result in opened.write(given).await {
        result.unwrap();
    }
    let follows = opened.store.follows();
    assert_eq!(follows.of(&user("bo")).await.unwrap(), [profile("ana"), profile("cy")]);
    assert_eq!(follows.mutual(&user("bo")).await.unwrap(), [(user("ana"), false), (user("cy"), false)]);
    assert_eq!(follows.count_followers(&user("ana")).await.unwrap(), 3);
    assert_eq!(follows.followers(&user("ana"), None, 2).await.unwrap(), [user("bo"), user("cy")]);
    assert_eq!(follows.followers(&user("ana"), Some(&user("cy")), 2).await.unwrap(), [user("di")]);
    assert_eq!(opened.store.rooms().by_id(&room("ana")).await.unwrap().unwrap().followers, 3);
    opened.put(Write::Unfollow { user: user("bo"), other: user("ana") }).await;
    let follows = opened.store.follows();
    assert_eq!(follows.of(&user("bo")).await.unwrap(), [profile("cy")]);
    assert_eq!(follows.count_followers(&user("ana")).await.unwrap(), 2);
    opened.put(follow("cy", "bo")).await;
    assert_eq!(opened.store.follows().mutual(&user("bo")).await.unwrap(), [(user("cy"), true)]);
    let nobody = opened.write([follow("ana", "nobody")]).await;
    assert!(nobody[0].is_err(), "who does not exist can't be followed");
    opened.store.close().await;
}

fn key(name: &str, space: &str) -> StreamKeyRecord {
    let id = StreamKeyId::parse(&format!("key_{name}")).unwrap();
    StreamKeyRecord { id, space: room(space), label: format!("label {name}"), created_ms: 7, used_ms: None }
}

pub async fn stream_keys_open_until_they_are_rotated_or_revoked(address: Address) {
    let opened = with_accounts(&address, &["ana", "bo"]).await;
    let keys = opened.store.stream_keys();
    keys.create(&key("k", "ana"), "one").await.unwrap();
    assert_eq!(keys.by_secret_hash("one").await.unwrap(), Some((key("k", "ana"), profile("ana"))));
    assert_eq!(keys.by_secret_hash("two").await.unwrap(), None);
    assert_eq!(keys.of_room(&room("bo")).await.unwrap(), []);

    keys.touch(&key("k", "ana"), 1_000).await.unwrap();
    let used = keys.of_room(&room("ana")).await.unwrap().remove(0);
    assert_eq!(used.used_ms, Some(1_000));
    keys.touch(&used, 1_000 + STREAM_KEY_TOUCH_INTERVAL_MS - 1).await.unwrap();
    assert_eq!(keys.of_room(&room("ana")).await.unwrap()[0].used_ms, Some(1_000), "it may lag");
    keys.touch(&used, 1_000 + STREAM_KEY_TOUCH_INTERVAL_MS).await.unwrap();
    assert_eq!(keys.of_room(&room("ana")).await.unwrap()[0].used_ms, Some(1_000 + STREAM_KEY_TOUCH_INTERVAL_MS));

    assert_eq!(keys.rotate(&room("bo"), &used.id, "two", 9).await.unwrap(), None, "another room's key is none");
    let rotated = keys.rotate(&room("ana"), &used.id, "two", 9).await.unwrap().unwrap();
    assert_eq!(rotated, StreamKeyRecord { created_ms: 9, used_ms: None, ..key("k", "ana") });
    assert_eq!(keys.by_secret_hash("one").await.unwrap(), None, "the one before opens nothing");
    assert!(keys.by_secret_hash("two").await.unwrap().is_some());

    opened.store.accounts().set_administrator(&user("bo"), true).await.unwrap();
    opened.store.accounts().set_disabled(&user("ana"), true).await.unwrap();
    assert_eq!(keys.by_secret_hash("two").await.unwrap(), None, "nor does one of a disabled account");
    assert!(!keys.revoke(&room("bo"), &used.id).await.unwrap());
    assert!(keys.revoke(&room("ana"), &used.id).await.unwrap());
    assert_eq!(keys.of_room(&room("ana")).await.unwrap(), []);
    opened.store.close().await;
}

pub async fn a_room_has_as_many_stream_keys_as_the_limit_and_no_more(address: Address) {
    let opened = with_accounts(&address, &["ana", "bo"]).await;
    let keys = opened.store.stream_keys();
    for number in 0..STREAM_KEYS_MAX {
        keys.create(&key(&number.to_string(), "ana"), &format!("hash {number}")).await.unwrap();
    }
    let refused = keys.create(&key("over", "ana"), "over").await;
    assert!(matches!(refused, Err(Error::Limit { max }) if max == STREAM_KEYS_MAX as u64), "{refused:?}");
    keys.create(&key("other", "bo"), "other").await.expect("another room has its own");
    opened.store.close().await;
}

fn report(name: &str, space: &str, by: &str, about: &str) -> Report {
    Report {
        id: ReportId::parse(&format!("report_{name}")).unwrap(),
        space: room(space),
        by: profile(by),
        about: profile(about),
        message: (name == "1").then(|| message(3, about, None)),
        reason: format!("why {name} 火"),
        at_ms: 5,
        settled_by: None,
        group: None,
    }
}

pub async fn reports_are_read_newest_first_and_settled_once(address: Address) {
    let mut opened = Opened::at(&address).await;
    let all = [report("1", "a", "ana", "bo"), report("2", "a", "guest", "cy"), report("3", "b", "ana", "bo")];
    for result in opened.write(all.clone().map(|report| Write::Report { report: Box::new(report) })).await {
        result.unwrap();
    }
    let [one, two, three] = all;
    let reports = opened.store.reports();
    let (space, cy) = (room("a"), user("cy"));
    let page = async |which, limit| reports.page(which, limit).await.unwrap();
    let every = WhichReports::default();
    assert_eq!(page(every, 9).await, (vec![three.clone(), two.clone(), one.clone()], false));
    assert_eq!(page(every, 2).await, (vec![three.clone(), two.clone()], true));
    assert_eq!(page(WhichReports { before: Some(&two.id), ..every }, 2).await, (vec![one.clone()], false));
    let here = WhichReports { space: Some(&space), ..every };
    assert_eq!(page(here, 9).await.0, [two.clone(), one.clone()]);
    assert_eq!(page(WhichReports { not_about: Some(&cy), ..here }, 9).await.0, std::slice::from_ref(&one));
    assert_eq!(reports.count_open(&space, &user("ana")).await.unwrap(), 1);

    assert!(reports.settle(&one.id, &cy, 9).await.unwrap());
    assert!(!reports.settle(&one.id, &user("di"), 10).await.unwrap(), "it is settled already");
    assert!(!reports.settle(&ReportId::parse("report_x").unwrap(), &cy, 9).await.unwrap());
    let settled = Report { settled_by: Some(cy.clone()), ..one };
    assert_eq!(reports.by_id(&settled.id).await.unwrap().as_ref(), Some(&settled));
    assert_eq!(page(WhichReports { settled: Some(true), ..every }, 9).await.0, [settled]);
    assert_eq!(page(WhichReports { settled: Some(false), ..every }, 9).await.0, [three, two]);
    assert_eq!(reports.count_open(&space, &user("ana")).await.unwrap(), 0);
    opened.store.close().await;
}

fn video(name: &str, created_ms: u64) -> NewVideo {
    NewVideo {
        id: VideoId::parse(&format!("video_{name}")).unwrap(),
        owner: user("ana"),
        space: Some(room("ana")),
        broadcast: Some(3),
        title: format!("film {name} 火"),
        created_ms,
        folder: format!("folder-{name}"),
        timeline: Timeline { started_at_ms: created_ms, broadcast_at_ms: 1, pauses: vec![] },
    }
}

pub async fn a_film_goes_from_its_recording_to_the_archive(address: Address) {
    let opened = with_accounts(&address, &["ana"]).await;
    let videos = opened.store.videos();
    for (name, created_ms) in [("a", 10), ("b", 20), ("c", 30)] {
        videos.create(&video(name, created_ms)).await.unwrap();
    }
    let new = videos.by_id(&video("a", 10).id).await.unwrap().unwrap();
    assert_eq!((&new.owner, new.state, new.broadcast), (&profile("ana"), VideoState::Recording, Some(3)));
    assert_eq!((new.duration_ms, new.width, new.folder.as_str()), (0, 0, "folder-a"));

    let pauses = vec![Pause { at_ms: 5, length_ms: 6 }];
    let done = VideoProgress {
        state: VideoState::Ready,
        duration_ms: 60_000,
        bytes: 5_000_000_000,
        width: 1_920,
        height: 1_080,
        timeline: Timeline { pauses, ..new.timeline.clone() },
        media: Media { hls: Some("index.m3u8".to_owned()), ..Media::default() },
    };
    assert!(videos.update(&new.id, &done).await.unwrap());
    let renamed = hearth_store::VideoRecord { title: "other".to_owned(), ..new.clone() };
    assert!(videos.describe(&renamed).await.unwrap());
    let ready = videos.by_id(&new.id).await.unwrap().unwrap();
    assert_eq!((ready.state, ready.title.as_str(), ready.bytes), (VideoState::Ready, "other", 5_000_000_000));
    assert_eq!((ready.width, ready.height, &ready.timeline, &ready.media), (1_920, 1_080, &done.timeline, &done.media));

    let names =
        |videos: &[hearth_store::VideoRecord]| videos.iter().map(|video| video.folder.clone()).collect::<Vec<_>>();
    let (page, more) = videos.of_room(&room("ana"), None, 2).await.unwrap();
    assert_eq!((names(&page), more), (vec!["folder-c".to_owned(), "folder-b".to_owned()], true));
    let (page, more) = videos.of_room(&room("ana"), Some(20), 2).await.unwrap();
    assert_eq!((names(&page), more), (vec!["folder-a".to_owned()], false));
    assert_eq!(names(&videos.recording().await.unwrap()), ["folder-b", "folder-c"]);

    assert!(videos.delete(&new.id).await.unwrap());
    assert!(!videos.delete(&new.id).await.unwrap());
    assert!(!videos.update(&new.id, &done).await.unwrap(), "a film that was deleted does not come back");
    assert!(!videos.describe(&renamed).await.unwrap());
    opened.store.close().await;
}

pub async fn a_cover_replaces_the_one_before(address: Address) {
    let opened = with_accounts(&address, &["ana", "bo"]).await;
    let covers = opened.store.covers();
    let cover = |hash: &str| Cover { hash: hash.into(), kind: "image/png".into(), bytes: vec![0, 159, 146, 150, 0] };
    covers.set(&room("ana"), cover("one")).await.unwrap();
    covers.set(&room("ana"), cover("two")).await.unwrap();
    assert_eq!(covers.of_room(&room("ana")).await.unwrap(), Some(cover("two")));
    assert_eq!(covers.of_room(&room("bo")).await.unwrap(), None);
    assert_eq!(opened.store.rooms().by_id(&room("ana")).await.unwrap().unwrap().cover.as_deref(), Some("two"));
    assert!(covers.remove(&room("ana")).await.unwrap());
    assert!(!covers.remove(&room("ana")).await.unwrap());
    assert!(covers.set(&room("none"), cover("x")).await.is_err(), "a room that is none has no cover");
    opened.store.close().await;
}

pub async fn recording_is_wanted_until_it_is_not(address: Address) {
    let mut opened = with_accounts(&address, &["ana"]).await;
    for wanted in [true, false] {
        opened.put(Write::SetRecording { space: room("ana"), wanted }).await;
        assert_eq!(opened.store.rooms().load(&room("ana")).await.unwrap().unwrap().recording_wanted, wanted);
    }
    opened.store.close().await;
}

fn about(title: &str, category: &str, language: &str, tags: &[&str], entry: Entry) -> About {
    About {
        title: title.into(),
        category: category.into(),
        language: language.into(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        rules: "title".into(),
        entry,
    }
}

pub async fn rooms_are_found_by_what_they_say_as_live_ones_are(address: Address) {
    let mut opened = with_accounts(&address, &["ana", "bo", "cy", "di"]).await;
    let abouts = [
        ("ana", about("Äpfel 100%", "Cooking", "zh-Hant", &["Warm", "late night"], Entry::Open)),
        ("bo", about("Brot", "cooking", "de", &["war"], Entry::Link)),
        ("cy", about("Käse_brot", "Talk", "zh", &[], Entry::Accounts)),
    ];
    for (name, about) in abouts.clone() {
        opened.put(Write::SetAbout { space: room(name), about }).await;
    }
    opened.put(Write::BroadcastStarted { space: room("bo"), number: 1, at_ms: 50 }).await;
    opened.put(Write::BroadcastStarted { space: room("ana"), number: 1, at_ms: 40 }).await;
    opened.store.accounts().set_administrator(&user("ana"), true).await.unwrap();
    opened.store.accounts().set_disabled(&user("di"), true).await.unwrap();

    let everything = RoomSearch { with_account: true, ..RoomSearch::default() };
    let words = |words: &[&str]| RoomSearch {
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        ..everything.clone()
    };
    let category = RoomSearch { category: "COOKING".into(), ..everything.clone() };
    let tag = |tag: &str| RoomSearch { tag: tag.into(), ..everything.clone() };
    let language = |language: &str| RoomSearch { language: language.into(), ..everything.clone() };
    let searches: [(RoomSearch, &[&str]); 16] = [
        (everything.clone(), &["bo", "ana", "cy"]),
        (RoomSearch::default(), &["ana"]),
        (words(&["äPFEL"]), &["ana"]),
        (words(&["brot"]), &["bo", "cy"]),
        (words(&["brot", "talk"]), &["cy"]),
        (words(&["cy"]), &["cy"]),
        (words(&["title"]), &[]),
        (words(&["0%"]), &["ana"]),
        (words(&["%"]), &["ana"]),
        (words(&["_"]), &["cy"]),
        (words(&["\\"]), &[]),
        (category, &["bo", "ana"]),
        (tag("warm"), &["ana"]),
        (tag("late night"), &["ana"]),
        (language("zh"), &["ana", "cy"]),
        (language("ZH-hant"), &["ana"]),
    ];
    let rooms = opened.store.rooms();
    for (search, wanted) in searches {
        let found = rooms.search(&search, 10).await.unwrap();
        let names: Vec<_> = found.iter().map(|room| room.host.name.clone().unwrap()).collect();
        assert_eq!(names, wanted, "{search:?}");
        for (name, about) in &abouts {
            assert_eq!(search.finds(&profile(name), about), wanted.contains(name), "{search:?} in {name}");
        }
    }
    assert_eq!(rooms.search(&everything, 1).await.unwrap().len(), 1);
    opened.store.accounts().set_display_name(&user("ana"), "ÉLAN").await.unwrap();
    assert_eq!(rooms.search(&words(&["élan"]), 10).await.unwrap().len(), 1, "by the new name");

    let mut by_ids = rooms.by_ids(&[room("cy"), room("none"), room("ana")]).await.unwrap();
    by_ids.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(by_ids.iter().map(|found| found.id.clone()).collect::<Vec<_>>(), [room("ana"), room("cy")]);
    assert!(rooms.by_ids(&[]).await.unwrap().is_empty());
    opened.put(Write::SetModerator { space: room("ana"), user: user("bo"), moderator: true }).await;
    assert!(opened.store.rooms().is_moderator(&room("ana"), &user("bo")).await.unwrap());
    assert!(!opened.store.rooms().is_moderator(&room("ana"), &user("cy")).await.unwrap());
    opened.store.close().await;
}
