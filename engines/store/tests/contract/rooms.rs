use crate::support::{Opened, account, append, link, message, profile, room, user};
use hearth_protocol::live_rooms::{About, EndReason, Entry};
use hearth_protocol::moderation::AuditEntry;
use hearth_protocol::people::Preferences;
use hearth_protocol::space::Sanction;
use hearth_store::{Address, Error, GUEST_LINKS_PER_ROOM_MAX, GuestLinkRecord, MESSAGES_AT_OPENING, Ticket, Write};

fn about() -> About {
    About {
        title: "Fire & 火".into(),
        category: "Talk".into(),
        language: "zh".into(),
        tags: vec!["warm".into(), "\"late\"".into()],
        rules: "Be kind.\nBe brief.".into(),
        entry: Entry::Link,
    }
}

pub async fn a_room_is_found_by_id_and_by_its_hosts_name(address: Address) {
    let opened = Opened::at(&address).await;
    opened.store.accounts().create(&account("Ana")).await.unwrap();
    let rooms = opened.store.rooms();
    let found = rooms.by_id(&room("Ana")).await.unwrap().expect("it came with the account");
    assert_eq!((&found.host, &found.about), (&profile("Ana"), &About::default()));
    for name in ["Ana", "ana", "ANA"] {
        assert_eq!(rooms.by_host_name(name).await.unwrap().as_ref(), Some(&found), "{name}");
    }
    assert_eq!(rooms.by_host_name("an_").await.unwrap(), None);
    assert_eq!(rooms.by_id(&room("b")).await.unwrap(), None);
    assert_eq!(rooms.load(&room("b")).await.unwrap(), None);
    opened.store.close().await;
}

pub async fn a_space_opens_with_all_that_was_set(address: Address) {
    let mut opened = Opened::at(&address).await;
    for name in ["ana", "bo", "cy"] {
        opened.store.accounts().create(&account(name)).await.unwrap();
    }
    let fresh = opened.store.rooms().load(&room("ana")).await.unwrap().unwrap();
    assert_eq!((fresh.last_position, fresh.last_broadcast, fresh.slow_mode_s), (0, 0, 0));
    assert!(fresh.messages.is_empty() && fresh.moderators.is_empty() && fresh.sanctions.is_empty());

    let space = room("ana");
    let moderator = |name, moderator| Write::SetModerator { space: room("ana"), user: user(name), moderator };
    let sanction = |name: &str, banned, until_ms| Sanction { user: profile(name), banned, until_ms, by: user("bo") };
    let set = |sanction| Write::SetSanction { space: room("ana"), sanction };
    let writes = [
        Write::SetAbout { space: space.clone(), about: about() },
        Write::SetSlowMode { space: space.clone(), interval_s: 30 },
        moderator("bo", true),
        moderator("bo", true),
        moderator("cy", true),
        moderator("cy", false),
        set(sanction("x", false, Some(99))),
        set(sanction("x", true, None)),
        set(sanction("y", false, Some(5))),
        set(sanction("z", false, None)),
        Write::ClearSanction { space: space.clone(), user: user("z") },
        Write::BroadcastStarted { space: space.clone(), number: 1, at_ms: 10 },
        Write::BroadcastEnded { space: space.clone(), number: 1, at_ms: 20, reason: EndReason::Lost },
        Write::BroadcastStarted { space: space.clone(), number: 2, at_ms: 30 },
    ];
    for result in opened.write(writes).await {
        result.unwrap();
    }
    let many = MESSAGES_AT_OPENING as u64 + 1;
    opened.write((1..=many).map(|position| append("ana", message(position, "bo", None)))).await;

    let record = opened.store.rooms().load(&space).await.unwrap().unwrap();
    assert_eq!(record.about, about());
    assert_eq!(record.host, profile("ana"));
    assert_eq!(record.moderators, [profile("bo")]);
    assert_eq!(record.sanctions, [sanction("x", true, None), sanction("y", false, Some(5))]);
    assert_eq!((record.slow_mode_s, record.last_position, record.last_broadcast), (30, many, 2));
    assert_eq!(record.messages.len(), MESSAGES_AT_OPENING);
    assert_eq!(record.messages[0].position, 2);
    assert!(record.more_messages);
    opened.store.close().await;
}

pub async fn a_space_opens_with_what_was_submitted_just_before(address: Address) {
    let opened = Opened::at(&address).await;
    opened.store.accounts().create(&account("ana")).await.unwrap();
    for position in 1..=20 {
        opened.store.writes().submit(append("ana", message(position, "ana", None)), Ticket(position)).unwrap();
    }
    let record = opened.store.rooms().load(&room("ana")).await.unwrap().unwrap();
    assert_eq!(record.last_position, 20);
    opened.store.close().await;
}

fn guest_link(name: &str, space: &str, created_ms: u64, expires_ms: Option<u64>) -> GuestLinkRecord {
    GuestLinkRecord { id: link(name), space: room(space), created_ms, expires_ms }
}

pub async fn guest_links_admit_until_they_expire_or_are_revoked(address: Address) {
    let opened = Opened::at(&address).await;
    let links = opened.store.guest_links();
    let (lasting, timed) = (guest_link("l", "a", 1, None), guest_link("t", "a", 2, Some(100)));
    links.create(&lasting, "hash-l").await.unwrap();
    links.create(&timed, "hash-t").await.unwrap();
    assert_eq!(links.of_room(&room("a"), 99).await.unwrap(), [lasting.clone(), timed.clone()]);
    assert_eq!(links.of_room(&room("a"), 100).await.unwrap(), std::slice::from_ref(&lasting));
    assert_eq!(links.of_room(&room("b"), 0).await.unwrap(), []);
    assert_eq!(links.by_secret_hash("hash-t", 99).await.unwrap(), Some(timed));
    assert_eq!(links.by_secret_hash("hash-t", 100).await.unwrap(), None);
    assert_eq!(links.by_secret_hash("hash", 0).await.unwrap(), None);
    assert!(!links.revoke(&room("b"), &link("l")).await.unwrap(), "another room's link is none");
    assert!(links.revoke(&room("a"), &link("l")).await.unwrap());
    assert!(!links.revoke(&room("a"), &link("l")).await.unwrap());
    assert_eq!(links.by_secret_hash("hash-l", 0).await.unwrap(), None);
    opened.store.close().await;
}

pub async fn a_room_has_as_many_guest_links_as_the_limit_and_no_more(address: Address) {
    let opened = Opened::at(&address).await;
    let links = opened.store.guest_links();
    for number in 0..GUEST_LINKS_PER_ROOM_MAX {
        let expires_ms = (number == 0).then_some(50);
        let link = guest_link(&number.to_string(), "a", 1, expires_ms);
        links.create(&link, &format!("hash {number}")).await.unwrap();
    }
    let refused = links.create(&guest_link("over", "a", 49, None), "hash over").await;
    assert!(matches!(refused, Err(Error::Limit { max: GUEST_LINKS_PER_ROOM_MAX })), "{refused:?}");
    links.create(&guest_link("b", "b", 49, None), "hash b").await.expect("another room has its own");
    links.create(&guest_link("later", "a", 50, None), "hash later").await.expect("one has run out");
    opened.store.close().await;
}

pub async fn blocks_are_kept_and_taken_back(address: Address) {
    let mut opened = Opened::at(&address).await;
    for name in ["ana", "bo", "cy"] {
        opened.store.accounts().create(&account(name)).await.unwrap();
    }
    let block = |name| Write::Block { user: user("ana"), other: user(name) };
    opened.write([block("cy"), block("bo"), block("bo")]).await;
    assert_eq!(opened.store.people().blocked_by(&user("ana")).await.unwrap(), [profile("bo"), profile("cy")]);
    assert_eq!(opened.store.people().blocked_by(&user("bo")).await.unwrap(), []);
    assert_eq!(opened.store.people().blocked_either_way(&user("ana")).await.unwrap(), [user("bo"), user("cy")]);
    assert_eq!(opened.store.people().blocked_either_way(&user("bo")).await.unwrap(), [user("ana")]);
    opened.put(Write::Unblock { user: user("ana"), other: user("cy") }).await;
    assert_eq!(opened.store.people().blocked_by(&user("ana")).await.unwrap(), [profile("bo")]);
    assert_eq!(opened.store.people().profile(&user("bo")).await.unwrap(), Some(profile("bo")));
    assert_eq!(opened.store.people().profile(&user("x")).await.unwrap(), None);
    opened.store.close().await;
}

pub async fn the_audit_log_is_read_newest_first(address: Address) {
    let mut opened = Opened::at(&address).await;
    let audit = |space: Option<&str>, action: &str, at_ms| Write::Audit {
        space: space.map(room),
        by: user("ana"),
        action: action.into(),
        subject: user("bo").to_string(),
        at_ms,
    };
    opened.write([audit(Some("a"), "ban", 1), audit(None, "disable", 2), audit(Some("a"), "unban", 3)]).await;
    let log = opened.store.audit();
    let (all, more) = log.page(None, None, 3).await.unwrap();
    let actions = |entries: &[AuditEntry]| entries.iter().map(|entry| entry.action.clone()).collect::<Vec<_>>();
    assert_eq!((actions(&all), more), (vec!["unban".into(), "disable".into(), "ban".into()], false));
    assert_eq!((&all[1].space, &all[1].by.id, all[1].at_ms), (&None, &user("ana"), 2));
    assert_eq!((&all[1].by.display_name, all[1].subject.as_str()), (&String::new(), user("bo").as_str()));
    assert_eq!(actions(&log.page(Some(&room("a")), None, 10).await.unwrap().0), ["unban", "ban"]);
    assert_eq!(actions(&log.page(Some(&room("a")), Some(all[0].number), 10).await.unwrap().0), ["ban"]);
    let (page, more) = log.page(None, None, 1).await.unwrap();
    assert_eq!((actions(&page), more), (vec!["unban".into()], true));
    opened.store.accounts().create(&account("ana")).await.unwrap();
    assert_eq!(opened.store.audit().page(None, None, 1).await.unwrap().0[0].by, profile("ana"));
    opened.store.close().await;
}

pub async fn preferences_are_the_usual_ones_until_they_are_set(address: Address) {
    let opened = Opened::at(&address).await;
    opened.store.accounts().create(&account("ana")).await.unwrap();
    let people = opened.store.people();
    assert_eq!(people.preferences(&user("ana")).await.unwrap(), Preferences::default());
    let first = Preferences { interests: vec!["面包".to_owned(), "ovens".to_owned()], ..Preferences::default() };
    let second = Preferences { group_invitations: false, do_not_disturb: true, host_visits: true, ..first.clone() };
    for wanted in [first, second] {
        people.set_preferences(&user("ana"), &wanted).await.unwrap();
        assert_eq!(people.preferences(&user("ana")).await.unwrap(), wanted);
    }
    opened.store.close().await;
}
