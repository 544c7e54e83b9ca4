//! What two have in common, in rooms of a few people.

use super::*;
use crate::discussion_groups::similarity::comments::COMMENTS_MAX;
use hearth_protocol::conversation::Quote;
use hearth_protocol::people::Profile;

fn user(name: &str) -> UserId {
    UserId::parse(&format!("user_{name}")).unwrap()
}

fn profile(name: &str) -> Profile {
    Profile { id: user(name), name: Some(name.to_owned()), display_name: name.to_owned() }
}

fn interested(interests: &[&str]) -> Preferences {
    Preferences { interests: interests.iter().map(|one| (*one).to_owned()).collect(), ..Preferences::default() }
}

fn message(position: u64, author: &str, text: &str, answers: Option<&str>) -> Message {
    Message {
        position,
        author: profile(author),
        at_ms: 0,
        text: text.to_owned(),
        reply_to: answers.map(|author| Quote {
            position: 1,
            author: profile(author),
            text: String::new(),
            carries: None,
        }),
        mentions: Vec::new(),
        nonce: None,
        broadcast: None,
        media_ms: None,
        float: None,
        carries: None,
        moment: None,
        edited_ms: None,
        deleted: false,
    }
}

fn room(people: &[(&str, &[&str])]) -> Similarity {
    let mut room = Similarity::default();
    for (name, interests) in people {
        room.enters(&user(name), &interested(interests));
    }
    room
}

fn suggested(room: &Similarity, asker: &str, sources: &[SuggestedBy]) -> Vec<(String, Vec<Reason>)> {
    let found = room.suggest(&user(asker), &[], sources, 50, |_| true);
    found.into_iter().map(|one| (one.user.as_str()["user_".len()..].to_owned(), one.reasons)).collect()
}

#[test]
fn what_is_rare_in_the_room_counts_more() {
    let room = room(&[
        ("ana", &["Music", "Bookbinding"]),
        ("bo", &["music"]),
        ("cy", &["BOOKBINDING"]),
        ("dee", &["music"]),
        ("eve", &["chess"]),
    ]);
    let interests = |shared: &str| vec![Reason::Interests { shared: vec![shared.to_owned()] }];
    let expected = [
        ("cy".to_owned(), interests("BOOKBINDING")),
        ("bo".to_owned(), interests("music")),
        ("dee".to_owned(), interests("music")),
    ];
    assert_eq!(suggested(&room, "ana", &[]), expected, "of two who fit alike the lower id comes first");
    assert!(suggested(&room, "eve", &[]).is_empty());
    assert!(suggested(&room, "ana", &[SuggestedBy::Comments]).is_empty(), "only what was asked for");
}

#[test]
fn who_wrote_of_the_same_things_is_found_until_it_is_deleted() {
    let mut room = room(&[("ana", &[]), ("bo", &[]), ("cy", &[])]);
    room.said(&message(1, "ana", "my sourdough never rises", None));
    room.said(&message(2, "bo", "feed the Sourdough twice a day", None));
    room.said(&message(3, "cy", "what camera is that?", None));
    let terms = |term: &str| vec![Reason::Comments { terms: vec![term.to_owned()] }];
    assert_eq!(suggested(&room, "ana", &[]), [("bo".to_owned(), terms("sourdough"))]);
    room.deleted(2);
    room.deleted(2);
    assert!(suggested(&room, "ana", &[]).is_empty());

    room.said(&message(4, "cy", "我也喜欢做面包", None));
    room.said(&message(5, "bo", "面包真好吃", None));
    assert_eq!(suggested(&room, "cy", &[]), [("bo".to_owned(), terms("面包"))]);
    room.forget(&user("bo"));
    assert!(suggested(&room, "cy", &[]).is_empty(), "who was put out is not remembered");
}

#[test]
fn answers_bind_both() {
    let mut room = room(&[("ana", &[]), ("bo", &[])]);
    room.said(&message(1, "ana", "?", None));
    room.said(&message(2, "bo", "!", Some("ana")));
    room.said(&message(3, "ana", "!!", Some("bo")));
    room.said(&message(4, "ana", "to myself", Some("ana")));
    for asker in ["ana", "bo"] {
        assert_eq!(suggested(&room, asker, &[])[0].1, [Reason::Replies { count: 2 }]);
    }
    room.deleted(2);
    assert_eq!(suggested(&room, "bo", &[])[0].1, [Reason::Replies { count: 1 }]);
}

#[test]
fn who_goes_is_not_suggested_and_is_known_again_when_they_come_back() {
    let mut room = room(&[("ana", &["tea"]), ("bo", &["tea"])]);
    room.said(&message(1, "ana", "sourdough", None));
    room.said(&message(2, "bo", "sourdough", None));
    room.leaves(&user("bo"));
    room.leaves(&user("bo"));
    assert!(suggested(&room, "ana", &[]).is_empty());
    room.enters(&user("bo"), &interested(&[]));
    room.enters(&user("bo"), &interested(&[]));
    let terms = vec![Reason::Comments { terms: vec!["sourdough".to_owned()] }];
    assert_eq!(
        suggested(&room, "ana", &[]),
        [("bo".to_owned(), terms)],
        "what they wrote, not what they no longer like"
    );
    room.prefers(&user("bo"), &interested(&["tea"]));
    assert_eq!(suggested(&room, "ana", &[])[0].1.len(), 2);
}

#[test]
fn friends_come_first_and_whoever_does_not_pass_never() {
    let room = room(&[("ana", &["tea"]), ("bo", &["tea"]), ("cy", &[]), ("dee", &[])]);
    let follows = [(user("cy"), false), (user("dee"), true), (user("away"), true)];
    let found = room.suggest(&user("ana"), &follows, &[], 50, |_| true);
    let order: Vec<&str> = found.iter().map(|one| one.user.as_str()).collect();
    assert_eq!(order, ["user_dee", "user_bo", "user_cy"]);
    assert_eq!(found[0].reasons, [Reason::Friend]);
    assert!(found.iter().all(|one| one.score <= 1_000));
    let found = room.suggest(&user("ana"), &follows, &[SuggestedBy::Friends], 1, |one| *one != user("dee"));
    assert_eq!(found.iter().map(|one| one.user.as_str()).collect::<Vec<_>>(), ["user_cy"]);
}

#[test]
fn one_comment_past_the_limit_forgets_the_oldest() {
    let mut room = room(&[("ana", &[]), ("bo", &[])]);
    room.said(&message(1, "ana", "sourdough", None));
    room.said(&message(2, "bo", "sourdough", None));
    for position in 3..=COMMENTS_MAX as u64 {
        room.said(&message(position, "ana", "pottery", None));
    }
    assert_eq!(suggested(&room, "bo", &[]).len(), 1);
    room.said(&message(COMMENTS_MAX as u64 + 1, "ana", "pottery", None));
    assert!(suggested(&room, "bo", &[]).is_empty());
}

#[test]
fn what_very_many_share_says_nothing() {
    let mut room = Similarity::default();
    for number in 0..POSTINGS_MAX {
        room.enters(&user(&format!("{number:05}")), &interested(&["music"]));
    }
    assert_eq!(suggested(&room, "00000", &[]).len(), 50);
    room.enters(&user("x"), &interested(&["music"]));
    assert!(suggested(&room, "00000", &[]).is_empty());
    assert!(room.reasons(&user("x"), &user("00000"), &[], &[]).is_empty());
}

#[test]
fn nothing_is_left_of_who_is_forgotten() {
    let mut room = Similarity::default();
    for round in 0..3 {
        for name in ["ana", "bo"] {
            room.enters(&user(name), &interested(&["tea"]));
        }
        room.said(&message(round * 2 + 1, "ana", "sourdough", None));
        room.said(&message(round * 2 + 2, "bo", "sourdough starter", Some("ana")));
        for name in ["ana", "bo"] {
            room.forget(&user(name));
            room.leaves(&user(name));
        }
        assert_eq!(room.people.len(), 2, "numbers are given anew");
        assert!(room.people.known(&user("ana")).is_none() && room.people.known(&user("bo")).is_none());
    }
}
