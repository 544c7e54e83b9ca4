use crate::support::{Opened, account, append, message, profile, room, user};
use hearth_protocol::discussion_groups::Content;
use hearth_protocol::ids::{ReportId, SpaceId, VideoId};
use hearth_protocol::limits::GROUP_MEMBERS_MAX;
use hearth_protocol::moderation::Report;
use hearth_store::{Address, Declined, Stored, Write};

fn group(name: &str) -> SpaceId {
    SpaceId::parse(&format!("group_{name}")).unwrap()
}

fn content(name: &str) -> Content {
    Content::LiveRoom { room: room(name), host: profile(name), title: "Fire & 火".into() }
}

fn confirmed(of: &str, primary: &str, member: &str, at_ms: u64) -> Write {
    let (group, room) = (group(of), room("ana"));
    Write::GroupConfirmed {
        group,
        room,
        primary: profile(primary),
        content: content("ana"),
        member: profile(member),
        at_ms,
    }
}

fn left(of: &str, member: &str, at_ms: u64) -> Write {
    Write::GroupLeft { group: group(of), user: user(member), at_ms }
}

pub async fn the_first_who_confirms_brings_a_group_about(address: Address) {
    let mut opened = Opened::at(&address).await;
    for name in ["ana", "bo"] {
        opened.store.accounts().create(&account(name)).await.unwrap();
    }
    let writes = [confirmed("1", "bo", "cy", 10), confirmed("1", "bo", "cy", 11), confirmed("1", "bo", "dee", 12)];
    assert_eq!(opened.write(writes).await, [Ok(Stored::Done); 3], "again changes nothing");
    opened.put(append_to("1", 1)).await;

    let known = opened.store.groups().load(&group("1")).await.unwrap().expect("it goes on");
    assert_eq!((&known.owner, &known.room, &known.content), (&profile("bo"), &room("ana"), &Some(content("ana"))));
    let members: Vec<(&str, u64)> = known.members.iter().map(|one| (one.profile.id.as_str(), one.joined_ms)).collect();
    assert_eq!(members, [("user_bo", 10), ("user_cy", 11), ("user_dee", 12)], "whoever asked is the longest-standing");
    assert_eq!((known.last_position, known.messages.len(), known.more_messages), (1, 1, false));
    let bound = opened.store.groups().bound_to(&room("ana")).await.unwrap();
    assert_eq!((bound.len(), &bound[0].owner, bound[0].members.len()), (1, &user("bo"), 3));
    assert_eq!(opened.store.groups().of(&user("dee")).await.unwrap(), Some(group("1")));
    assert_eq!(opened.store.groups().load(&group("2")).await.unwrap(), None);
    opened.store.close().await;
}

fn append_to(of: &str, position: u64) -> Write {
    let Write::AppendMessage { message, .. } = append("ana", message(position, "bo", None)) else { unreachable!() };
    Write::AppendMessage { space: group(of), message }
}

pub async fn nobody_is_in_two_groups(address: Address) {
    let mut opened = Opened::at(&address).await;
    opened.put(confirmed("1", "bo", "cy", 1)).await;
    let declined = |why| Ok(Stored::Declined(why));
    let writes = [
        confirmed("2", "dee", "cy", 2),
        confirmed("2", "bo", "eve", 3),
        confirmed("2", "dee", "bo", 4),
        confirmed("2", "dee", "eve", 5),
        confirmed("1", "bo", "dee", 6),
    ];
    let (member, primary) = (declined(Declined::MemberElsewhere), declined(Declined::PrimaryElsewhere));
    assert_eq!(opened.write(writes).await, [member, primary, member, Ok(Stored::Done), member]);
    let cy_goes = [left("1", "cy", 7), confirmed("2", "dee", "cy", 8)];
    assert_eq!(opened.write(cy_goes).await, [Ok(Stored::Done); 2]);
    assert_eq!(opened.store.groups().of(&user("cy")).await.unwrap(), Some(group("2")));
    let since = async |of| opened.store.groups().member_since_ms(&group(of), &user("cy")).await.unwrap();
    assert_eq!((since("1").await, since("2").await), (None, Some(8)));
    opened.store.close().await;
}

pub async fn a_group_has_as_many_members_as_the_limit_and_no_more(address: Address) {
    let mut opened = Opened::at(&address).await;
    for number in 1..GROUP_MEMBERS_MAX {
        let member = format!("m{number}");
        assert_eq!(opened.put(confirmed("1", "bo", &member, number as u64)).await, Stored::Done);
    }
    assert_eq!(opened.put(confirmed("1", "bo", "late", 99)).await, Stored::Declined(Declined::GroupFull));
    opened.put(left("1", "m1", 100)).await;
    assert_eq!(opened.put(confirmed("1", "bo", "late", 101)).await, Stored::Done);
    opened.store.close().await;
}

pub async fn a_group_ends_with_its_last_member_or_by_will_and_is_archived(address: Address) {
    let mut opened = Opened::at(&address).await;
    opened.put(confirmed("1", "bo", "cy", 1)).await;
    opened.put(confirmed("2", "dee", "eve", 2)).await;
    let groups = opened.store.groups();
    assert_eq!(groups.going_on(None).await.unwrap(), [group("1"), group("2")]);
    assert_eq!(groups.going_on(Some(&group("1"))).await.unwrap(), [group("2")]);
    assert_eq!(groups.count_bound_to(&room("ana")).await.unwrap(), 2);
    for writes in [
        vec![left("1", "bo", 5), left("1", "cy", 6)],
        vec![left("2", "eve", 7), Write::GroupEnded { group: group("2"), at_ms: 8 }],
    ] {
        opened.write(writes).await;
    }
    let groups = opened.store.groups();
    assert!(groups.going_on(None).await.unwrap().is_empty() && groups.bound_to(&room("ana")).await.unwrap().is_empty());
    assert_eq!(groups.load(&group("1")).await.unwrap(), None);
    assert_eq!(opened.put(confirmed("1", "bo", "fay", 9)).await, Stored::Declined(Declined::GroupOver));

    // Who was in it to the end keeps it; who left before does not.
    let groups = opened.store.groups();
    let mine = groups.mine(&user("dee")).await.unwrap();
    assert_eq!((mine.len(), &mine[0].id, mine[0].since_ms, mine[0].ended_ms), (1, &group("2"), 2, Some(8)));
    assert_eq!(mine[0].members, [profile("dee")]);
    for (of, who, may) in [("2", "dee", true), ("2", "eve", false), ("1", "cy", false), ("2", "ana", false)] {
        assert_eq!(groups.may_read(&group(of), &user(who)).await.unwrap(), may, "{who} in {of}");
        assert_eq!(groups.mine(&user(who)).await.unwrap().len(), usize::from(may));
    }
    opened.store.close().await;
}

pub async fn a_group_changes_hands_and_places_and_its_reports_are_counted(address: Address) {
    let mut opened = Opened::at(&address).await;
    opened.put(confirmed("1", "bo", "cy", 1)).await;
    let report = |name: &str| Report {
        id: ReportId::parse(&format!("report_{name}")).unwrap(),
        space: room("ana"),
        by: profile("cy"),
        about: profile("bo"),
        message: None,
        reason: String::new(),
        at_ms: 1,
        settled_by: None,
        group: Some(group("1")),
    };
    for name in ["1", "2"] {
        opened.put(Write::Report { report: Box::new(report(name)) }).await;
    }
    assert_eq!(opened.store.reports().by_id(&report("1").id).await.unwrap(), Some(report("1")));
    assert_eq!(opened.store.groups().open_reports(&room("ana")).await.unwrap(), [(group("1"), 2)]);
    assert_eq!(opened.store.reports().count_open(&group("1"), &user("cy")).await.unwrap(), 2);
    opened.store.reports().settle(&report("1").id, &user("ana"), 2).await.unwrap();
    assert_eq!(opened.store.groups().open_reports(&room("ana")).await.unwrap(), [(group("1"), 1)]);

    opened.put(Write::GroupOwner { group: group("1"), user: user("cy") }).await;
    opened.put(Write::GroupContent { group: group("1"), content: content("dee") }).await;
    let groups = opened.store.groups();
    let known = groups.load(&group("1")).await.unwrap().unwrap();
    assert_eq!((known.owner, known.content), (profile("cy"), Some(content("dee"))));
    assert!(
        groups.bound_to(&room("ana")).await.unwrap().is_empty()
            && groups.open_reports(&room("ana")).await.unwrap().is_empty()
    );
    assert_eq!(groups.bound_to(&room("dee")).await.unwrap().len(), 1);
    opened.store.close().await;
}

pub async fn a_group_that_watches_a_film_is_bound_to_no_room(address: Address) {
    let mut opened = Opened::at(&address).await;
    opened.put(confirmed("1", "bo", "cy", 1)).await;
    let film = Content::Video { video: VideoId::parse("video_1").unwrap(), title: "Öfen".into() };
    opened.put(Write::GroupContent { group: group("1"), content: film.clone() }).await;
    let groups = opened.store.groups();
    assert_eq!(groups.load(&group("1")).await.unwrap().unwrap().content, Some(film.clone()));
    assert_eq!(groups.mine(&user("cy")).await.unwrap()[0].content.as_ref(), Some(&film));
    assert_eq!(groups.content(&group("1")).await.unwrap(), Some(film));
    assert!(groups.bound_to(&room("ana")).await.unwrap().is_empty());
    assert_eq!(groups.count_bound_to(&room("ana")).await.unwrap(), 0);
    // It goes on, and comes back to a room; nothing changes it once it is over.
    opened.put(Write::GroupContent { group: group("1"), content: content("dee") }).await;
    opened.put(Write::GroupEnded { group: group("1"), at_ms: 5 }).await;
    opened.put(Write::GroupContent { group: group("1"), content: content("ana") }).await;
    opened.put(Write::GroupEnded { group: group("1"), at_ms: 6 }).await;
    let mine = opened.store.groups().mine(&user("cy")).await.unwrap();
    assert_eq!((&mine[0].content, mine[0].ended_ms), (&Some(content("dee")), Some(5)));
    let groups = opened.store.groups();
    assert_eq!(groups.content(&group("1")).await.unwrap(), None, "it is over");
    assert!(groups.members(&group("1")).await.unwrap().is_empty());
    opened.store.close().await;
}

pub async fn who_comes_back_is_a_member_since_then(address: Address) {
    let mut opened = Opened::at(&address).await;
    let writes = [confirmed("1", "bo", "cy", 1), confirmed("1", "bo", "dee", 5), left("1", "cy", 10)];
    assert_eq!(opened.write(writes).await, [Ok(Stored::Done); 3]);
    assert!(!opened.store.groups().may_read(&group("1"), &user("cy")).await.unwrap(), "who is out reads no more");
    opened.put(confirmed("1", "bo", "cy", 20)).await;
    let known = opened.store.groups().load(&group("1")).await.unwrap().unwrap();
    let members: Vec<_> = known.members.into_iter().map(|one| (one.profile.id, one.joined_ms)).collect();
    assert_eq!(members, [(user("bo"), 1), (user("dee"), 5), (user("cy"), 20)]);
    let members = opened.store.groups().members(&group("1")).await.unwrap();
    assert_eq!(members, [user("bo"), user("dee"), user("cy")]);

    // An owner who is a member no more is followed by the longest-standing.
    opened.put(left("1", "bo", 30)).await;
    let known = opened.store.groups().load(&group("1")).await.unwrap().unwrap();
    assert_eq!(known.owner.id, user("dee"));
    opened.store.close().await;
}
