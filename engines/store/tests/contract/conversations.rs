use crate::support::{Opened, account, append, message, profile, room, stored, user};
use hearth_protocol::conversation::{Message, Quote};
use hearth_store::{Address, Page, Stored, Write, WriteFailed};

async fn page(opened: &Opened, space: &str, page: Page, limit: usize) -> (Vec<u64>, bool) {
    let (messages, more) = opened.store.conversations().page(&room(space), page, limit).await.unwrap();
    (messages.iter().map(|message| message.position).collect(), more)
}

async fn only(opened: &Opened, space: &str, position: u64) -> Message {
    opened.store.conversations().message(&room(space), position).await.unwrap().expect("it is there")
}

pub async fn messages_keep_their_order_and_page_both_ways(address: Address) {
    let mut opened = Opened::at(&address).await;
    // Positions may skip; what is in another space is not seen.
    let writes = [2, 4, 6, 8, 10].map(|position| append("a", message(position, "ana", None)));
    opened.write(writes.into_iter().chain([append("b", message(5, "ana", None))])).await;

    assert_eq!(page(&opened, "a", Page::Latest, 2).await, (vec![8, 10], true));
    assert_eq!(page(&opened, "a", Page::Latest, 5).await, (vec![2, 4, 6, 8, 10], false));
    assert_eq!(page(&opened, "a", Page::Before(8), 2).await, (vec![4, 6], true));
    assert_eq!(page(&opened, "a", Page::Before(7), 3).await, (vec![2, 4, 6], false));
    assert_eq!(page(&opened, "a", Page::Before(2), 3).await, (vec![], false));
    assert_eq!(page(&opened, "a", Page::After(2), 2).await, (vec![4, 6], true));
    assert_eq!(page(&opened, "a", Page::After(6), 2).await, (vec![8, 10], false));
    assert_eq!(page(&opened, "a", Page::After(u64::MAX), 2).await, (vec![], false));
    assert_eq!(page(&opened, "none", Page::Latest, 2).await, (vec![], false));

    let writes = (11..=120).map(|position| append("a", message(position, "ana", None)));
    opened.write(writes).await;
    assert_eq!(page(&opened, "a", Page::Latest, 1_000).await.0.len(), 100, "a page has its limit");
    assert_eq!(page(&opened, "a", Page::Latest, 0).await, (vec![120], true));
    opened.store.close().await;
}

pub async fn a_message_keeps_everything_it_had(address: Address) {
    let mut opened = Opened::at(&address).await;
    let first = Message {
        text: "\"quoted\" \\ '; DROP TABLE messages; -- 👩‍👩‍👧\n\tz".into(), ..message(1, "ana", None)
    };
    let mut guest = profile("guest");
    guest.name = None;
    let answer = Message {
        author: guest.clone(),
        reply_to: Some(Quote { position: 1, author: profile("ana"), text: first.text.clone(), carries: None }),
        mentions: vec![profile("ana"), guest],
        nonce: Some("n-1".into()),
        ..message(2, "x", None)
    };
    opened.write([append("a", first.clone()), append("a", answer.clone())]).await;
    let (messages, _) = opened.store.conversations().page(&room("a"), Page::Latest, 10).await.unwrap();
    assert_eq!(messages, [first, answer]);

    let long = Message { text: "長".repeat(2_000), ..message(3, "ana", None) };
    let answer = Message {
        reply_to: Some(Quote { position: 3, author: profile("ana"), text: String::new(), carries: None }),
        ..message(4, "ana", None)
    };
    opened.write([append("a", long), append("a", answer)]).await;
    let quote = only(&opened, "a", 4).await.reply_to.unwrap();
    assert_eq!(quote.text.chars().count(), 140, "a quote is a beginning");

    let odd = Message { text: "a\0b".into(), ..message(5, "ana", None) };
    opened.put(append("a", odd)).await;
    assert_eq!(only(&opened, "a", 5).await.text, "ab", "U+0000 can't be stored everywhere, so it is stored nowhere");
    opened.store.close().await;
}

pub async fn a_repeated_nonce_resolves_to_the_first_message(address: Address) {
    let mut opened = Opened::at(&address).await;
    let repeated = Ok(Stored::Message { position: 1, at_ms: 1_000_001, repeated: true });
    let group = [
        append("a", message(1, "ana", Some("n"))),
        append("a", message(2, "ana", Some("n"))),
        append("a", message(3, "ana", Some("m"))),
    ];
    assert_eq!(opened.write(group).await, [stored(1), repeated, stored(3)], "within a group");
    assert_eq!(opened.write([append("a", message(4, "ana", Some("n")))]).await, [repeated], "after it");
    assert_eq!(
        opened.write([append("a", message(1, "ana", Some("n")))]).await,
        [Ok(Stored::Message { position: 1, at_ms: 1_000_001, repeated: false })],
        "the very same write again is simply stored"
    );
    assert_eq!(page(&opened, "a", Page::Latest, 10).await.0, [1, 3]);
    assert_eq!(only(&opened, "a", 1).await.text, message(1, "ana", None).text);
    opened.store.close().await;
}

pub async fn a_nonce_is_the_authors_own_in_a_space(address: Address) {
    let mut opened = Opened::at(&address).await;
    let group = [
        append("a", message(1, "ana", Some("n"))),
        append("a", message(2, "bo", Some("n"))),
        append("b", message(1, "ana", Some("n"))),
        append("a", message(3, "ana", None)),
        append("a", message(4, "ana", None)),
    ];
    assert_eq!(opened.write(group).await, [stored(1), stored(2), stored(1), stored(3), stored(4)]);
    opened.store.close().await;
}

pub async fn long_runs_are_stored_whole_whatever_their_length(address: Address) {
    let mut opened = Opened::at(&address).await;
    let mut position = 0;
    for length in [1, 7, 8, 9, 63, 64, 65, 72, 137, 1_024, 1_025] {
        let from = position + 1;
        position += length;
        let nonces: Vec<String> = (from..=position).map(|position| position.to_string()).collect();
        let run = (from..=position).zip(&nonces).map(|(at, nonce)| append("a", message(at, "ana", Some(nonce))));
        let expected: Vec<_> = (from..=position).map(stored).collect();
        assert_eq!(opened.write(run).await, expected, "a run of {length}");
    }
    let mut at = 0;
    loop {
        let (messages, more) = opened.store.conversations().page(&room("a"), Page::After(at), 100).await.unwrap();
        for message in messages {
            at += 1;
            assert_eq!(message, crate::support::message(at, "ana", Some(&at.to_string())));
        }
        if !more {
            break;
        }
    }
    assert_eq!(at, position);
    opened.store.close().await;
}

pub async fn deletion_erases_the_text_wherever_it_is_quoted(address: Address) {
    let mut opened = Opened::at(&address).await;
    let secret = Message { mentions: vec![profile("bo")], ..message(1, "ana", Some("n")) };
    let quote = Quote { position: 1, author: profile("ana"), text: secret.text.clone(), carries: None };
    let answer = Message { reply_to: Some(quote.clone()), ..message(2, "bo", None) };
    opened.write([append("a", secret.clone()), append("a", answer)]).await;
    let delete = |at_ms| Write::DeleteMessage { space: room("a"), position: 1, by: user("mod"), at_ms };
    assert_eq!(opened.put(delete(7)).await, Stored::Done);
    let tombstone = Message { text: String::new(), mentions: vec![], deleted: true, ..secret };
    assert_eq!(only(&opened, "a", 1).await, tombstone);
    assert_eq!(only(&opened, "a", 2).await.reply_to, Some(Quote { text: String::new(), ..quote }));
    // Again, and of none: changes nothing. Its nonce stays used.
    opened.put(delete(8)).await;
    opened.put(Write::DeleteMessage { space: room("a"), position: 99, by: user("mod"), at_ms: 9 }).await;
    let again = opened.put(append("a", message(3, "ana", Some("n")))).await;
    assert_eq!(again, Stored::Message { position: 1, at_ms: 1_000_001, repeated: true });
    assert_eq!(page(&opened, "a", Page::Latest, 10).await.0, [1, 2]);
    opened.store.close().await;
}

pub async fn a_refused_write_harms_no_other(address: Address) {
    let mut opened = Opened::at(&address).await;
    opened.store.accounts().create(&account("ana")).await.unwrap();
    let stranger = Write::SetReadPosition { space: room("a"), user: user("nobody"), position: 1 };
    let group = [
        append("a", message(1, "ana", Some("1"))),
        append("a", message(1, "bo", Some("2"))),
        append("a", message(2, "ana", Some("3"))),
        stranger,
        Write::SetReadPosition { space: room("a"), user: user("ana"), position: 2 },
        append("a", message(3, "ana", Some("1"))),
    ];
    let refused = Err(WriteFailed::Refused);
    let repeated = Ok(Stored::Message { position: 1, at_ms: 1_000_001, repeated: true });
    assert_eq!(opened.write(group).await, [stored(1), refused, stored(2), refused, Ok(Stored::Done), repeated]);
    assert_eq!(page(&opened, "a", Page::Latest, 10).await.0, [1, 2]);
    assert_eq!(only(&opened, "a", 1).await.author, profile("ana"));
    assert_eq!(opened.store.conversations().read_position(&room("a"), &user("ana")).await.unwrap(), 2);
    opened.store.close().await;
}

pub async fn reading_never_goes_back(address: Address) {
    let mut opened = Opened::at(&address).await;
    opened.store.accounts().create(&account("ana")).await.unwrap();
    let read = |position| Write::SetReadPosition { space: room("a"), user: user("ana"), position };
    assert_eq!(opened.store.conversations().read_position(&room("a"), &user("ana")).await.unwrap(), 0);
    for (set, expected) in [(5, 5), (3, 5), (5, 5), (9, 9)] {
        opened.put(read(set)).await;
        let position = opened.store.conversations().read_position(&room("a"), &user("ana")).await.unwrap();
        assert_eq!(position, expected, "after {set}");
    }
    assert_eq!(opened.store.conversations().read_position(&room("b"), &user("ana")).await.unwrap(), 0);
    opened.store.close().await;
}
