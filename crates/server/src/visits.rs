//! What a host's room needs to know of the hosts who may be asked for a visit: from the store, and from who is here now.

use hearth_capabilities::Listing;
use hearth_capabilities::host_visits::conditions::room_meets;
use hearth_capabilities::host_visits::{Facts, HostFacts};
use hearth_protocol::host_visits::{Command, Conditions};
use hearth_protocol::ids::{SpaceId, UserId};
use hearth_protocol::live_rooms::Broadcast;
use hearth_store::{Error, VISIT_HOSTS_READ_MAX, VisitHost};
use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::clock;
use crate::node::Node;

/// The window of the limit on requests, in milliseconds.
const REQUESTS_WINDOW_MS: u64 = 3_600_000;

/// What a command about host visits needs to know, given by somebody in this room.
///
/// Errors: the store's.
pub async fn facts(node: &Node, by: &UserId, space: &SpaceId, command: &Command) -> Result<Facts, Error> {
    let (conditions, picked) = match command {
        Command::Candidates { conditions } => (conditions, &[][..]),
        Command::Invite { conditions, hosts, .. } => (conditions, hosts.as_slice()),
        Command::Cancel | Command::Answer { .. } | Command::Come { .. } | Command::End { .. } => {
            return Ok(Facts::default());
        }
    };
    let room = node.store().rooms().by_id(space).await?;
    if room.is_none_or(|room| room.host.id != *by) {
        return Ok(Facts::default());
    }
    let visits = node.store().visits();
    let requests_ms = visits.requests_since(by, clock::now().0.saturating_sub(REQUESTS_WINDOW_MS)).await?;
    let here = Here::now(node);
    let mut wanted =
        if picked.is_empty() { here.who_might(visits.opted_in().await?, conditions) } else { picked.to_vec() };
    wanted.truncate(VISIT_HOSTS_READ_MAX);
    let hosts = visits.hosts(by, &wanted).await?;
    Ok(Facts { requests_ms, hosts: hosts.into_iter().map(|host| here.facts(host)).collect() })
}

/// Who is here now: the rooms that are awake, by their hosts, and whose devices are connected.
struct Here {
    rooms: BTreeMap<UserId, Listing>,
    connected: HashSet<UserId>,
}

impl Here {
    fn now(node: &Node) -> Self {
        let listings = node.directory().list(|_| true);
        let rooms = listings.into_iter().map(|(_, listing)| (listing.host.id.clone(), listing)).collect();
        Self { rooms, connected: node.connected() }
    }

    fn is_live(&self, host: &UserId) -> bool {
        let broadcast = self.rooms.get(host).map(|listing| &listing.broadcast);
        matches!(broadcast, Some(Broadcast::OnAir { .. } | Broadcast::Interrupted { .. }))
    }

    /// Of those who opted in, who is here and whose room is not known to miss the conditions: who is live first.
    fn who_might(&self, opted_in: Vec<UserId>, conditions: &Conditions) -> Vec<UserId> {
        let mut might: BTreeSet<(bool, UserId)> = BTreeSet::new();
        for host in opted_in {
            let meets = self.rooms.get(&host).is_none_or(|room| room_meets(conditions, &room.about, room.audience));
            let live = self.is_live(&host);
            if meets && (live || self.connected.contains(&host)) {
                might.insert((!live, host));
            }
        }
        might.into_iter().map(|(_, host)| host).collect()
    }

    fn facts(&self, known: VisitHost) -> HostFacts {
        let live = self.is_live(&known.host.id);
        let online = self.connected.contains(&known.host.id);
        let listing = self.rooms.get(&known.host.id);
        HostFacts {
            live,
            online,
            audience: listing.map_or(0, |listing| listing.audience),
            promised: listing.is_some_and(|listing| listing.promised),
            about: listing.map_or(known.about, |listing| listing.about.clone()),
            host: known.host,
            room: known.room,
            may_be_asked: known.may_be_asked,
            blocked: known.blocked,
            followed: known.followed,
            standing: known.standing,
            visited: known.visited,
            was_visited: known.was_visited,
            thanked: known.thanked,
            asked_ms: known.asked_ms,
            declined_ms: known.declined_ms,
        }
    }
}
