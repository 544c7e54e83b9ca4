use crate::support::{Opened, account, message, profile, user};
use hearth_protocol::conversation::Message;
use hearth_protocol::dialogs::Keeping;
use hearth_protocol::ids::SpaceId;
use hearth_protocol::limits::{FOUND_MESSAGES_MAX, UNREAD_MAX};
use hearth_protocol::people::Preferences;
use hearth_store::{Address, Error, FriendsOf, NewDialog, Page, Stored, Write};

async fn opened(address: &Address) -> Opened {
    let opened = Opened::at(address).await;
    for name in ["ana", "bo", "cy"] {
        opened.store.accounts().create(&account(name)).await.unwrap();
    }
    opened
}

fn dialog(name: &str) -> SpaceId {
    SpaceId::parse(&format!("dialog_{name}")).unwrap()
}

fn new(name: &str, founder: &str, others: &[&str], at_ms: u64) -> NewDialog {
    NewDialog {
        id: dialog(name),
        founder: user(founder),
        others: others.iter().map(|name| user(name)).collect(),
        title: String::new(),
        at_ms,
    }
}

/// Something is said in a dialog, as the server stores it.
async fn said(opened: &mut Opened, name: &str, position: u64, author: &str) {
    opened.put(Write::AppendMessage { space: dialog(name), message: message(position, author, None) }).await;
}

pub async fn there_is_one_dialog_of_two_and_any_number_of_a_few(address: Address) {
    let opened = opened(&address).await;
    let dialogs = opened.store.dialogs();
    assert_eq!(dialogs.begin(&new("1", "ana", &["bo"], 5)).await.unwrap(), (dialog("1"), true));
    assert_eq!(dialogs.begin(&new("2", "bo", &["ana"], 6)).await.unwrap(), (dialog("1"), false));
    assert_eq!(dialogs.begin(&new("3", "ana", &["bo", "cy"], 7)).await.unwrap(), (dialog("3"), true));
    assert_eq!(dialogs.begin(&new("4", "ana", &["bo", "cy"], 8)).await.unwrap(), (dialog("4"), true));
    assert_eq!(dialogs.count_begun(&user("ana"), 8).await.unwrap(), 1, "those of two do not count");
    assert!(matches!(dialogs.begin(&new("5", "ana", &["nobody"], 9)).await, Err(Error::Refused(_))));
    assert_eq!(dialogs.load(&dialog("5")).await.unwrap(), None, "all or nothing");
    let known = dialogs.load(&dialog("1")).await.unwrap().unwrap();
    assert!(known.two && known.messages.is_empty());
    assert_eq!(known.members.iter().map(|one| &one.profile).collect::<Vec<_>>(), [&profile("ana"), &profile("bo")]);
    assert_eq!(dialogs.other_of(&dialog("1"), &user("ana")).await.unwrap(), Some(Some(user("bo"))));
    assert_eq!(dialogs.other_of(&dialog("3"), &user("ana")).await.unwrap(), None);
}

pub async fn a_dialog_stands_for_each_as_they_keep_it(address: Address) {
    let mut opened = opened(&address).await;
    let quiet = Preferences { read_marks: false, presence: false, ..Preferences::default() };
    opened.store.people().set_preferences(&user("bo"), &quiet).await.unwrap();
    assert_eq!(opened.store.people().preferences(&user("bo")).await.unwrap(), quiet);
    for (name, others) in [("1", &["bo"][..]), ("2", &["bo", "cy"]), ("3", &["cy"])] {
        opened.store.dialogs().begin(&new(name, "ana", others, 1)).await.unwrap();
    }
    for position in 1..=u64::from(UNREAD_MAX) + 1 {
        said(&mut opened, "1", position, "ana").await;
    }
    said(&mut opened, "2", 500, "bo").await;
    opened.put(Write::SetReadPosition { space: dialog("1"), user: user("ana"), position: 101 }).await;
    let keeping = Keeping { pinned: true, muted: true };
    opened.put(Write::DialogKept { dialog: dialog("3"), user: user("ana"), keeping }).await;

    let dialogs = opened.store.dialogs();
    let (of_ana, more) = dialogs.of(&user("ana"), None, 50).await.unwrap();
    let order: Vec<_> = of_ana.iter().map(|one| (one.id.as_str(), one.unread, one.pinned, one.muted)).collect();
    assert_eq!(order, [("dialog_3", 0, true, true), ("dialog_2", 1, false, false), ("dialog_1", 0, false, false)]);
    assert!(!more);
    let (behind, _) = dialogs.of(&user("ana"), Some(1_000_500), 50).await.unwrap();
    assert_eq!(behind.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["dialog_1"]);
    let (first, more) = dialogs.of(&user("bo"), None, 1).await.unwrap();
    assert_eq!((first[0].id.as_str(), more), ("dialog_2", true));
    let of_bo = dialogs.one_of(&dialog("1"), &user("bo")).await.unwrap().unwrap();
    assert_eq!((of_bo.unread, of_bo.last.unwrap().position), (UNREAD_MAX, 101), "counted so far and no further");
    assert_eq!(dialogs.one_of(&dialog("1"), &user("cy")).await.unwrap(), None);
    let known = dialogs.load(&dialog("1")).await.unwrap().unwrap();
    let told: Vec<_> = known.members.iter().map(|one| (one.read_position, one.read_marks, one.presence)).collect();
    assert_eq!(told, [(101, true, true), (0, false, false)]);
}

pub async fn whoever_leaves_finds_it_no_more(address: Address) {
    let mut opened = opened(&address).await;
    opened.store.dialogs().begin(&new("1", "ana", &["bo"], 1)).await.unwrap();
    opened.store.dialogs().begin(&new("2", "ana", &["bo", "cy"], 1)).await.unwrap();
    opened.put(Write::DialogTitle { dialog: dialog("2"), title: "Sunday 周日".to_owned() }).await;
    opened.put(Write::DialogLeft { dialog: dialog("2"), user: user("bo") }).await;
    let dialogs = opened.store.dialogs();
    assert!(!dialogs.is_member(&dialog("2"), &user("bo")).await.unwrap());
    assert_eq!(dialogs.load(&dialog("2")).await.unwrap().unwrap().title, "Sunday 周日");
    let (of_bo, _) = dialogs.of(&user("bo"), None, 50).await.unwrap();
    assert_eq!(of_bo.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["dialog_1"]);
    opened.put(Write::DialogJoined { dialog: dialog("2"), user: user("bo"), at_ms: 9 }).await;
    assert!(opened.store.dialogs().is_member(&dialog("2"), &user("bo")).await.unwrap());
}

pub async fn a_message_has_other_words_until_it_is_deleted(address: Address) {
    let mut opened = opened(&address).await;
    opened.store.dialogs().begin(&new("1", "ana", &["bo"], 1)).await.unwrap();
    said(&mut opened, "1", 1, "ana").await;
    let edit = |text: &str, at_ms| Write::EditMessage { space: dialog("1"), position: 1, text: text.to_owned(), at_ms };
    opened.put(edit("other words", 7)).await;
    let read = async |opened: &Opened| {
        let (messages, _) = opened.store.conversations().page(&dialog("1"), Page::Latest, 10).await.unwrap();
        (messages[0].text.clone(), messages[0].edited_ms, messages[0].deleted)
    };
    assert_eq!(read(&opened).await, ("other words".to_owned(), Some(7), false));
    opened.put(Write::DeleteMessage { space: dialog("1"), position: 1, by: user("ana"), at_ms: 8 }).await;
    opened.put(edit("back again", 9)).await;
    assert_eq!(read(&opened).await, (String::new(), Some(7), true));
}

pub async fn friends_are_two_who_each_wished_it(address: Address) {
    let mut opened = opened(&address).await;
    let wish = |by: &str, of: &str| Write::Befriend { user: user(by), other: user(of), at_ms: 1 };
    assert_eq!(opened.put(wish("ana", "bo")).await, Stored::Done);
    assert_eq!(opened.put(wish("cy", "bo")).await, Stored::Done);
    let of = async |opened: &Opened, name: &str| opened.store.friends().of(&user(name)).await.unwrap();
    let requests = vec![profile("ana"), profile("cy")];
    assert_eq!(of(&opened, "bo").await, FriendsOf { requests, ..FriendsOf::default() });
    assert_eq!(of(&opened, "ana").await, FriendsOf { asked: vec![profile("bo")], ..FriendsOf::default() });
    assert_eq!(opened.put(wish("bo", "ana")).await, Stored::NowFriends);
    assert!(opened.store.friends().are(&user("ana"), &user("bo")).await.unwrap());
    opened.put(Write::Block { user: user("bo"), other: user("cy") }).await;
    assert_eq!(of(&opened, "bo").await, FriendsOf { friends: vec![profile("ana")], ..FriendsOf::default() });
    assert_eq!(of(&opened, "cy").await.asked, [profile("bo")], "who is blocked is not told");
    opened.put(Write::Unfriend { user: user("ana"), other: user("bo") }).await;
    assert_eq!(of(&opened, "ana").await, FriendsOf::default());
}

pub async fn people_are_found_who_may_be_written_to(address: Address) {
    let mut opened = opened(&address).await;
    let find = async |opened: &Opened, by: &str, text: &str| -> Vec<String> {
        let found = opened.store.people().find(&user(by), text).await.unwrap();
        found.into_iter().filter_map(|one| one.name).collect()
    };
    assert_eq!(find(&opened, "ana", "BO").await, ["bo"], "by the name, whatever its case");
    assert_eq!(find(&opened, "ana", "李").await, ["bo", "cy"], "by a word of what people read; never oneself");
    assert_eq!(find(&opened, "ana", "%").await, Vec::<String>::new());
    opened.put(Write::Follow { user: user("ana"), other: user("cy"), at_ms: 1 }).await;
    assert_eq!(find(&opened, "ana", "李").await, ["cy", "bo"], "whom one follows first");
    assert!(opened.store.people().reachable(&user("ana"), &user("bo")).await.unwrap().is_some());
    opened.put(Write::Block { user: user("bo"), other: user("ana") }).await;
    assert_eq!(find(&opened, "ana", "李").await, ["cy"]);
    assert_eq!(opened.store.people().reachable(&user("ana"), &user("bo")).await.unwrap(), None);
    assert_eq!(opened.store.people().reachable(&user("ana"), &user("nobody")).await.unwrap(), None);
}

pub async fn what_was_said_is_found_by_its_words_in_any_script(address: Address) {
    let mut opened = opened(&address).await;
    opened.store.dialogs().begin(&new("1", "ana", &["bo"], 1)).await.unwrap();
    opened.store.dialogs().begin(&new("2", "ana", &["cy"], 1)).await.unwrap();
    let say = |name: &str, position: u64, text: &str| Write::AppendMessage {
        space: dialog(name),
        message: Message { text: text.to_owned(), ..message(position, "ana", None) },
    };
    let texts =
        ["The kettle sings", "这个周日见", "日周 is another word", "Kettles, and KETTLE-drums", "don't 100% _panic_"];
    for (position, text) in (1..).zip(texts) {
        opened.put(say("1", position, text)).await;
    }
    opened.put(say("2", 900, "a kettle for Cy")).await;
    let find = async |opened: &Opened, by: &str, text: &str, within: Option<&str>| -> Vec<(String, u64)> {
        let within = within.map(dialog);
        let (found, more) = opened.store.dialogs().find(&user(by), text, within.as_ref(), None).await.unwrap();
        assert!(!more);
        found.into_iter().map(|one| (one.dialog.to_string(), one.message.position)).collect()
    };
    let at =
        |places: &[(&str, u64)]| places.iter().map(|(name, at)| (dialog(name).to_string(), *at)).collect::<Vec<_>>();
    assert_eq!(find(&opened, "ana", "kettle", None).await, at(&[("2", 900), ("1", 4), ("1", 1)]), "the newest first");
    assert_eq!(find(&opened, "bo", "kettle", None).await, at(&[("1", 4), ("1", 1)]), "in dialogs of one's own");
    assert_eq!(find(&opened, "ana", "kettle", Some("2")).await, at(&[("2", 900)]));
    assert_eq!(find(&opened, "bo", "kett sing", None).await, at(&[("1", 1)]), "all words, each may go on");
    assert_eq!(find(&opened, "bo", "周日", None).await, at(&[("1", 2)]), "what stands together");
    assert_eq!(find(&opened, "bo", "KETTLE-drums", None).await, at(&[("1", 4)]));
    assert_eq!(find(&opened, "bo", "don't", None).await, at(&[("1", 5)]));
    for nothing in ["", "%", "\"", "' OR 1=1", "kettle\" OR \"x", "(", ":*", "&", "NEAR(kettle sings)"] {
        assert_eq!(find(&opened, "bo", nothing, None).await, [], "{nothing}");
    }
    let words = Write::EditMessage { space: dialog("1"), position: 1, text: "The pan sings".to_owned(), at_ms: 7 };
    opened.put(words).await;
    assert_eq!(find(&opened, "bo", "sings", None).await, at(&[("1", 1)]));
    assert_eq!(find(&opened, "bo", "kettle sings", None).await, []);
    opened.put(Write::DeleteMessage { space: dialog("1"), position: 1, by: user("ana"), at_ms: 8 }).await;
    assert_eq!(find(&opened, "bo", "sings", None).await, []);
    let (found, _) = opened.store.dialogs().find(&user("ana"), "kettle", None, Some(1_000_900)).await.unwrap();
    assert_eq!(found.len(), 1, "before a time");
    for position in 1_000..1_000 + FOUND_MESSAGES_MAX as u64 + 1 {
        opened.put(say("1", position, "sauna")).await;
    }
    let (found, more) = opened.store.dialogs().find(&user("bo"), "sauna", None, None).await.unwrap();
    assert_eq!((found.len(), more), (FOUND_MESSAGES_MAX, true));
}
