//! Who is asked first, and why: pure, deterministic, and told with the result.
//!
//! A score has thousandths: up to 500 for how well two rooms fit, up to 260 for what their hosts owe each other, up to 240
//! for how long nobody has asked this host. So who was never asked comes before a slightly better fit that everybody asks.

use hearth_protocol::host_visits::{Candidate, Conditions, Reason};
use hearth_protocol::ids::UserId;
use hearth_protocol::live_rooms::About;

use super::HostFacts;
use super::conditions::{alike, room_meets, same_language};
use crate::input::Time;
use crate::kernel::limits::VISIT_DECLINED_MS;

const CATEGORY: u32 = 160;
const LANGUAGE: u32 = 110;
const TAG: u32 = 50;
const TAGS_COUNTED_MAX: usize = 3;
const FOLLOWED: u32 = 80;
/// For each visit that they owe the asking host.
const OWED: u32 = 60;
/// Against each visit that the asking host owes them.
const OWES: u32 = 40;
/// Visits owed that count, either way.
const OWED_COUNTED_MAX: u32 = 3;
const THANKED: u32 = 80;
const RARELY_ASKED: u32 = 240;
/// Who was not asked for so long counts like who was never asked, in milliseconds.
const RARELY_ASKED_MS: u64 = 7 * 24 * 3_600_000;

/// The asking host, and what their room says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// Who.
    pub user: &'a UserId,
    /// Their room's words.
    pub about: &'a About,
}

/// Whether a host may be asked, and meets the conditions.
pub fn is_candidate(now: Time, asker: Asker<'_>, conditions: &Conditions, facts: &HostFacts) -> bool {
    let declined = facts.declined_ms.is_some_and(|at| now.since_ms(Time(at)) < VISIT_DECLINED_MS);
    let reachable = facts.live || facts.online;
    facts.host.id != *asker.user
        && facts.may_be_asked
        && reachable
        && !facts.blocked
        && !facts.promised
        && !declined
        && (facts.followed || !conditions.followed)
        && conditions.standing_from.is_none_or(|from| facts.standing >= from)
        && room_meets(conditions, &facts.about, facts.audience)
}

/// Who may be asked, the best first: by score, then by who was asked least lately, then by id.
pub fn ranked(now: Time, asker: Asker<'_>, conditions: &Conditions, hosts: &[HostFacts]) -> Vec<Candidate> {
    let candidates = hosts.iter().filter(|facts| is_candidate(now, asker, conditions, facts));
    let mut ranked: Vec<(&HostFacts, Candidate)> =
        candidates.map(|facts| (facts, candidate(now, asker, facts))).collect();
    ranked.sort_by(|(a, of_a), (b, of_b)| {
        let by_score = of_b.score.cmp(&of_a.score);
        by_score.then_with(|| a.asked_ms.cmp(&b.asked_ms)).then_with(|| a.host.id.cmp(&b.host.id))
    });
    ranked.dedup_by(|(_, one), (_, other)| one.host.id == other.host.id);
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

fn candidate(now: Time, asker: Asker<'_>, facts: &HostFacts) -> Candidate {
    let mut reasons = reasons(now, asker, facts);
    // What speaks against somebody comes last.
    let debt = facts.visited.saturating_sub(facts.was_visited);
    let against = OWES * debt.min(OWED_COUNTED_MAX);
    let fits: u32 = reasons.iter().filter(|(_, reason)| *reason != Reason::RarelyAsked).map(|(weight, _)| weight).sum();
    let score = fits + fairness(now, facts);
    reasons.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let owed = (debt > 0).then_some(Reason::OwesVisits { visits: debt });
    Candidate {
        host: facts.host.clone(),
        room: facts.room.clone(),
        title: facts.about.title.clone(),
        category: facts.about.category.clone(),
        live: facts.live,
        audience: facts.audience,
        standing: facts.standing,
        reasons: reasons.into_iter().map(|(_, reason)| reason).chain(owed).collect(),
        score: score.saturating_sub(against),
    }
}

/// What speaks for somebody, each with its weight.
fn reasons(now: Time, asker: Asker<'_>, facts: &HostFacts) -> Vec<(u32, Reason)> {
    let (own, theirs) = (asker.about, &facts.about);
    let mut reasons = Vec::new();
    if !own.category.is_empty() && alike(&own.category, &theirs.category) {
        reasons.push((CATEGORY, Reason::Category));
    }
    if same_language(&own.language, &theirs.language) {
        reasons.push((LANGUAGE, Reason::Language));
    }
    let shares = |tag: &&String| own.tags.iter().any(|other| alike(tag, other));
    let shared: Vec<String> = theirs.tags.iter().filter(shares).cloned().collect();
    if !shared.is_empty() {
        let counted = u32::try_from(shared.len().min(TAGS_COUNTED_MAX)).unwrap_or_default();
        reasons.push((TAG * counted, Reason::Tags { shared }));
    }
    if facts.followed {
        reasons.push((FOLLOWED, Reason::Followed));
    }
    let owed = facts.was_visited.saturating_sub(facts.visited);
    if owed > 0 {
        reasons.push((OWED * owed.min(OWED_COUNTED_MAX), Reason::IsOwedVisits { visits: owed }));
    }
    if facts.thanked {
        reasons.push((THANKED, Reason::Thanked));
    }
    let fairness = fairness(now, facts);
    if fairness == RARELY_ASKED {
        reasons.push((fairness, Reason::RarelyAsked));
    }
    reasons
}

/// What counts for somebody because nobody has asked them for long.
fn fairness(now: Time, facts: &HostFacts) -> u32 {
    let quiet_ms = facts.asked_ms.map_or(RARELY_ASKED_MS, |at| now.since_ms(Time(at)).min(RARELY_ASKED_MS));
    u32::try_from(u64::from(RARELY_ASKED) * quiet_ms / RARELY_ASKED_MS).unwrap_or(RARELY_ASKED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearth_protocol::ids::SpaceId;
    use hearth_protocol::people::Profile;

    use crate::trial::host_facts;

    const NOW: Time = Time(1_000 * 24 * 3_600_000);

    fn host(name: &str) -> HostFacts {
        let profile = Profile {
            id: UserId::parse(&format!("user_{name}")).unwrap(),
            name: Some(name.to_owned()),
            display_name: name.to_owned(),
        };
        let about = About { category: "Baking".to_owned(), ..About::default() };
        HostFacts { about, audience: 10, ..host_facts(profile, SpaceId::parse(&format!("room_{name}")).unwrap()) }
    }

    fn baking() -> Conditions {
        Conditions { category: Some("baking".to_owned()), ..Conditions::default() }
    }

    fn order(conditions: &Conditions, hosts: &[HostFacts]) -> Vec<String> {
        let user = UserId::parse("user_ana").unwrap();
        let about = About { category: "baking".to_owned(), ..About::default() };
        let ranked = ranked(NOW, Asker { user: &user, about: &about }, conditions, hosts);
        ranked.into_iter().map(|one| one.host.display_name).collect()
    }

    #[test]
    fn who_may_not_be_asked_is_no_candidate() {
        type Change = fn(&mut HostFacts);
        let changes: [(&str, Change); 9] = [
            ("not opted in", |one| one.may_be_asked = false),
            ("neither live nor online", |one| (one.live, one.online) = (false, false)),
            ("blocked", |one| one.blocked = true),
            ("promised", |one| one.promised = true),
            ("declined within a day", |one| one.declined_ms = Some(NOW.0 - VISIT_DECLINED_MS + 1)),
            ("oneself", |one| one.host.id = UserId::parse("user_ana").unwrap()),
            ("not followed", |_| {}),
            ("below the standing", |one| (one.followed, one.standing) = (true, 2)),
            ("in another room", |one| {
                (one.followed, one.standing) = (true, 3);
                one.about.category = "music".to_owned();
            }),
        ];
        let conditions = Conditions { followed: true, standing_from: Some(3), ..baking() };
        let meets = HostFacts { followed: true, standing: 3, ..host("bo") };
        assert_eq!(order(&conditions, std::slice::from_ref(&meets)), ["bo"]);
        for (why, change) in changes {
            let mut one = if why == "not followed" { host("bo") } else { meets.clone() };
            change(&mut one);
            assert!(order(&conditions, &[one]).is_empty(), "{why}");
        }
        let long_ago = HostFacts { declined_ms: Some(NOW.0 - VISIT_DECLINED_MS), ..meets.clone() };
        assert_eq!(order(&conditions, &[long_ago]), ["bo"]);
        let asleep = HostFacts { live: false, ..meets };
        assert_eq!(order(&conditions, &[asleep]), ["bo"], "who is online may be asked without being live");
    }

    #[test]
    fn what_one_is_owed_and_who_was_asked_least_lately_come_first() {
        let just_asked = Some(NOW.0 - 60_000);
        let hosts = [
            HostFacts { asked_ms: just_asked, ..host("just_asked") },
            HostFacts { asked_ms: Some(NOW.0 - RARELY_ASKED_MS / 2), ..host("asked_days_ago") },
            host("never_asked"),
            HostFacts { asked_ms: just_asked, was_visited: 3, thanked: true, ..host("owes") },
            HostFacts { asked_ms: just_asked, visited: 1, ..host("came_before") },
        ];
        let expected = ["owes", "never_asked", "asked_days_ago", "just_asked", "came_before"];
        let mut backwards = hosts.to_vec();
        backwards.reverse();
        assert_eq!(order(&baking(), &hosts), expected);
        assert_eq!(order(&baking(), &backwards), expected, "the order they are known in says nothing");
    }

    #[test]
    fn a_candidate_comes_with_the_reasons_the_strongest_first() {
        let user = UserId::parse("user_ana").unwrap();
        let about = About {
            category: "baking".to_owned(),
            language: "en-GB".to_owned(),
            tags: vec!["rye".to_owned(), "bread".to_owned()],
            ..About::default()
        };
        let mut facts = HostFacts { followed: true, visited: 2, thanked: true, ..host("bo") };
        facts.about.language = "en".to_owned();
        facts.about.tags = vec!["Bread".to_owned(), "Rye".to_owned(), "cake".to_owned()];
        let all = ranked(NOW, Asker { user: &user, about: &about }, &baking(), &[facts]);
        let shared = vec!["Bread".to_owned(), "Rye".to_owned()];
        assert_eq!(
            all[0].reasons,
            [
                Reason::RarelyAsked,
                Reason::Category,
                Reason::Language,
                Reason::Tags { shared },
                Reason::Followed,
                Reason::Thanked,
                Reason::OwesVisits { visits: 2 }
            ]
        );
        assert_eq!(all[0].score, 240 + 160 + 110 + 100 + 80 + 80 - 80);
    }

    #[test]
    fn no_score_is_above_a_thousand() {
        let mut facts = HostFacts { followed: true, was_visited: 9, thanked: true, ..host("bo") };
        facts.about.language = "en".to_owned();
        facts.about.tags = (0..8).map(|number| format!("t{number}")).collect();
        let about = facts.about.clone();
        let user = UserId::parse("user_ana").unwrap();
        let all = ranked(NOW, Asker { user: &user, about: &about }, &baking(), &[facts]);
        assert_eq!(all[0].score, 1_000);
    }
}
