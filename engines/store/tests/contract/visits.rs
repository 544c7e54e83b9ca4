use crate::support::{Opened, account, profile, room, user};
use hearth_protocol::host_visits::{Conditions, EndReason, InvitationState, Way};
use hearth_protocol::ids::{UserId, VisitId};
use hearth_protocol::people::Preferences;
use hearth_store::{
    Address, Error, Stored, VISIT_HOSTS_READ_MAX, VISITS_READ_MAX, VisitEnd, VisitHost, Write, WriteFailed,
};

const NAMES: [&str; 4] = ["ana", "bo", "cy", "dee"];

async fn opened(address: &Address) -> Opened {
    let opened = Opened::at(address).await;
    for name in NAMES {
        opened.store.accounts().create(&account(name)).await.unwrap();
    }
    opened
}

fn visit(name: &str) -> VisitId {
    VisitId::parse(&format!("visit_{name}")).unwrap()
}

fn requested(by: &str, at_ms: u64) -> Write {
    let conditions = Conditions { category: Some("面包".to_owned()), ..Conditions::default() };
    Write::VisitRequested { by: user(by), at_ms, conditions, wanted: 2 }
}

fn invited(name: &str, by: &str, host: &str, at_ms: u64) -> Write {
    Write::VisitInvited { visit: visit(name), by: user(by), host: user(host), at_ms }
}

fn answered(name: &str, state: InvitationState, at_ms: u64) -> Write {
    Write::VisitAnswered { visit: visit(name), state, at_ms }
}

fn began(name: &str, to: &str, from: &str, at_ms: u64) -> Write {
    Write::VisitBegan { visit: visit(name), way: Way::OnStage, to: user(to), from: user(from), at_ms }
}

fn ended(name: &str, reason: EndReason, at_ms: u64) -> Write {
    let (came, met) = (Vec::new(), Vec::new());
    Write::VisitEnded(Box::new(VisitEnd { visit: visit(name), at_ms, reason, came, person_ms: 0, met }))
}

fn follow(who: &str, whom: &str, at_ms: u64) -> Write {
    Write::Follow { user: user(who), other: user(whom), at_ms }
}

async fn done(opened: &mut Opened, writes: Vec<Write>) {
    let expected = vec![Ok(Stored::Done); writes.len()];
    assert_eq!(opened.write(writes).await, expected);
}

async fn host(opened: &Opened, asker: &str, host: &str) -> VisitHost {
    let mut hosts = opened.store.visits().hosts(&user(asker), &[user(host)]).await.unwrap();
    assert_eq!(hosts.len(), 1);
    hosts.remove(0)
}

pub async fn requests_are_counted_from_a_moment_on(address: Address) {
    let mut opened = opened(&address).await;
    // Out of order, as two rooms may write them; those of others are theirs.
    done(&mut opened, vec![requested("ana", 30), requested("ana", 10), requested("bo", 15), requested("ana", 20)])
        .await;
    let since = async |who, from| opened.store.visits().requests_since(&user(who), from).await.unwrap();
    assert_eq!(since("ana", 0).await, [10, 20, 30]);
    assert_eq!(since("ana", 20).await, [20, 30], "the moment itself is in it");
    assert!(since("ana", 31).await.is_empty());
    assert_eq!(since("bo", 0).await, [15]);
    opened.store.close().await;
}

pub async fn who_may_be_asked_has_opted_in_and_wants_no_peace(address: Address) {
    let opened = opened(&address).await;
    let wishes = |host_visits, do_not_disturb| Preferences { host_visits, do_not_disturb, ..Preferences::default() };
    for (name, wish) in [("bo", wishes(true, false)), ("cy", wishes(true, true)), ("ana", wishes(true, false))] {
        opened.store.people().set_preferences(&user(name), &wish).await.unwrap();
    }
    // Dee has never said anything: by default nobody is asked.
    assert_eq!(opened.store.visits().opted_in().await.unwrap(), [user("ana"), user("bo")]);
    for (name, may) in [("bo", true), ("cy", false), ("dee", false)] {
        assert_eq!(host(&opened, "ana", name).await.may_be_asked, may, "{name}");
    }
    opened.store.people().set_preferences(&user("bo"), &wishes(false, false)).await.unwrap();
    assert_eq!(opened.store.visits().opted_in().await.unwrap(), [user("ana")]);
    assert!(!host(&opened, "ana", "bo").await.may_be_asked);
    opened.store.close().await;
}

pub async fn an_invitation_has_one_outcome_and_a_decline_is_remembered(address: Address) {
    let mut opened = opened(&address).await;
    done(&mut opened, vec![invited("1", "ana", "bo", 10), invited("1", "cy", "dee", 11)]).await;
    assert_eq!(host(&opened, "ana", "bo").await.asked_ms, Some(10));
    assert_eq!(host(&opened, "ana", "dee").await.asked_ms, None, "said again it changes nothing");

    let writes = vec![
        answered("1", InvitationState::Declined, 20),
        answered("1", InvitationState::Accepted, 21),
        answered("never", InvitationState::Declined, 22),
        invited("2", "cy", "bo", 30),
        answered("2", InvitationState::Expired, 40),
        invited("3", "bo", "ana", 50),
    ];
    done(&mut opened, writes).await;
    let of_ana = host(&opened, "ana", "bo").await;
    assert_eq!((of_ana.asked_ms, of_ana.declined_ms), (Some(30), Some(20)), "asked by anybody, declined to oneself");
    assert_eq!(host(&opened, "cy", "bo").await.declined_ms, None, "an expiry is no decline, nor is another's");
    assert_eq!(host(&opened, "bo", "ana").await.declined_ms, None);
    opened.store.close().await;
}

pub async fn a_visit_brings_people_minutes_and_new_follows(address: Address) {
    let mut opened = opened(&address).await;
    for name in ["eve", "fay", "gus"] {
        opened.store.accounts().create(&account(name)).await.unwrap();
    }
    let end = |people: [&str; 2], met: &[&str]| VisitEnd {
        visit: visit("1"),
        at_ms: 200_000,
        reason: EndReason::Over,
        came: people.into_iter().map(user).collect(),
        person_ms: 150_000,
        met: met.iter().copied().map(user).collect(),
    };
    done(&mut opened, vec![follow("eve", "ana", 999), began("1", "ana", "bo", 1_000)]).await;
    let going_on = opened.store.visits().of(&user("bo")).await.unwrap();
    assert_eq!((going_on.len(), going_on[0].ended_ms, going_on[0].people), (1, None, 0));
    let writes = vec![
        follow("fay", "ana", 1_000),
        follow("gus", "ana", 1_001),
        follow("cy", "bo", 1_002),
        follow("eve", "bo", 1_003),
        Write::VisitEnded(Box::new(end(["eve", "fay"], &["cy", "dee"]))),
        // The other room may say it once more: the first word counts.
        ended("1", EndReason::Lost, 300_000),
        ended("never", EndReason::Over, 1),
        began("1", "cy", "dee", 5),
    ];
    done(&mut opened, writes).await;
    for name in ["ana", "bo"] {
        let entries = opened.store.visits().of(&user(name)).await.unwrap();
        let entry = &entries[0];
        assert_eq!((entries.len(), &entry.id, entry.way), (1, &visit("1"), Way::OnStage));
        assert_eq!((&entry.to, &entry.from), (&profile("ana"), &profile("bo")));
        assert_eq!((entry.began_ms, entry.ended_ms), (1_000, Some(200_000)));
        assert_eq!((entry.people, entry.person_minutes), (2, 2), "two and a half minutes are two whole ones");
        // Eve followed Ana before, Gus did not come along; Eve is of Bo's own audience.
        assert_eq!((entry.follows_to, entry.follows_from), (1, 1));
    }
    for other in ["cy", "dee", "eve"] {
        assert!(opened.store.visits().of(&user(other)).await.unwrap().is_empty(), "the ledger is its hosts'");
    }
    opened.store.close().await;
}

pub async fn thanks_count_once_and_are_the_two_hosts_to_give(address: Address) {
    let mut opened = opened(&address).await;
    done(&mut opened, vec![began("1", "ana", "bo", 1), ended("1", EndReason::Host, 2)]).await;
    let thank = async |name: &str, who: &str| opened.store.visits().thank(&visit(name), &user(who), 3).await;
    for (name, who) in [("1", "cy"), ("never", "ana")] {
        let refused = thank(name, who).await;
        assert!(matches!(refused, Err(Error::NotFound)), "{who} for {name}: {refused:?}");
    }
    let before = host(&opened, "ana", "bo").await;
    assert_eq!((before.standing, before.thanked), (1, false));
    for _ in 0..2 {
        thank("1", "ana").await.unwrap();
    }
    let bo = host(&opened, "ana", "bo").await;
    assert_eq!((bo.standing, bo.thanked, bo.visited, bo.was_visited), (2, true, 1, 0), "a visit kept, thanks received");
    let ana = host(&opened, "bo", "ana").await;
    assert_eq!((ana.standing, ana.thanked, ana.visited, ana.was_visited), (0, true, 0, 1), "thanks given are none");
    assert!(!host(&opened, "cy", "bo").await.thanked, "between others");
    thank("1", "bo").await.unwrap();
    assert_eq!(host(&opened, "bo", "ana").await.standing, 1);
    let thanked = opened.store.visits().of(&user("ana")).await.unwrap().remove(0).thanked_by;
    assert_eq!(thanked, [user("ana"), user("bo")]);
    opened.store.close().await;
}

pub async fn a_visit_that_was_not_kept_gives_no_standing(address: Address) {
    let mut opened = opened(&address).await;
    let reasons = [EndReason::Over, EndReason::Host, EndReason::BroadcastEnded, EndReason::Gone, EndReason::Lost];
    for (number, reason) in reasons.into_iter().enumerate() {
        let name = number.to_string();
        done(&mut opened, vec![began(&name, "ana", "bo", 1), ended(&name, reason, 2)]).await;
    }
    done(&mut opened, vec![began("open", "ana", "bo", 3)]).await;
    let bo = host(&opened, "ana", "bo").await;
    assert_eq!((bo.standing, bo.visited), (3, 3));
    opened.store.close().await;
}

pub async fn what_a_dead_server_left_open_is_closed_once(address: Address) {
    let mut opened = opened(&address).await;
    let writes = vec![
        began("over", "ana", "bo", 1),
        ended("over", EndReason::Over, 2),
        began("open", "ana", "cy", 3),
        invited("open", "ana", "dee", 4),
        invited("declined", "ana", "bo", 5),
        answered("declined", InvitationState::Declined, 6),
    ];
    done(&mut opened, writes).await;
    for at_ms in [100, 200] {
        opened.store.visits().close_open(at_ms).await.unwrap();
    }
    let entries = opened.store.visits().of(&user("ana")).await.unwrap();
    let ends: Vec<_> = entries.iter().map(|entry| (entry.id.clone(), entry.ended_ms)).collect();
    assert_eq!(ends, [(visit("open"), Some(100)), (visit("over"), Some(2))], "the latest first");
    assert_eq!(host(&opened, "ana", "cy").await.standing, 0, "a visit that was lost was not kept");
    // Nobody has declined what nobody could answer any more; and it is answered no more.
    done(&mut opened, vec![answered("open", InvitationState::Declined, 300)]).await;
    assert_eq!(host(&opened, "ana", "dee").await.declined_ms, None);
    assert_eq!(host(&opened, "ana", "bo").await.declined_ms, Some(6));
    opened.store.close().await;
}

pub async fn a_host_is_described_with_blocks_either_way_and_follows(address: Address) {
    let mut opened = opened(&address).await;
    let block = |who, whom| Write::Block { user: user(who), other: user(whom) };
    done(&mut opened, vec![block("ana", "bo"), block("cy", "ana"), follow("ana", "dee", 1), follow("bo", "ana", 1)])
        .await;
    for (name, blocked, followed) in [("bo", true, false), ("cy", true, false), ("dee", false, true)] {
        let known = host(&opened, "ana", name).await;
        assert_eq!((known.blocked, known.followed), (blocked, followed), "{name}");
        assert_eq!((known.host, known.room), (profile(name), room(name)));
    }
    let visits = opened.store.visits();
    assert!(visits.hosts(&user("ana"), &[]).await.unwrap().is_empty());
    assert!(
        visits.hosts(&user("ana"), &[user("nobody")]).await.unwrap().is_empty(),
        "who is not there is not described"
    );

    // As many are looked at as the limit, and no more.
    let mut named: Vec<UserId> = (1..VISIT_HOSTS_READ_MAX).map(|number| user(&format!("x{number}"))).collect();
    named.extend([user("bo"), user("cy")]);
    let hosts = visits.hosts(&user("ana"), &named).await.unwrap();
    assert_eq!(hosts.iter().map(|one| &one.host.id).collect::<Vec<_>>(), [&user("bo")]);
    opened.store.close().await;
}

pub async fn the_ledger_gives_as_many_as_the_limit_and_the_latest_first(address: Address) {
    let mut opened = opened(&address).await;
    let many = VISITS_READ_MAX as u64 + 1;
    done(&mut opened, (1..=many).map(|at| began(&at.to_string(), "ana", "bo", at)).collect()).await;
    let entries = opened.store.visits().of(&user("ana")).await.unwrap();
    let times: Vec<u64> = entries.iter().map(|entry| entry.began_ms).collect();
    assert_eq!(times, (2..=many).rev().collect::<Vec<_>>());
    opened.store.close().await;
}

pub async fn a_visit_of_nobody_known_is_refused_and_harms_no_other(address: Address) {
    let mut opened = opened(&address).await;
    let results =
        opened.write([began("1", "ana", "nobody", 1), began("2", "ana", "bo", 2), requested("nobody", 3)]).await;
    assert_eq!(results, [Err(WriteFailed::Refused), Ok(Stored::Done), Err(WriteFailed::Refused)]);
    assert_eq!(opened.store.visits().of(&user("ana")).await.unwrap().len(), 1);
    opened.store.close().await;
}
