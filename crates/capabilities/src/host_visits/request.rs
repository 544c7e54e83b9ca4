//! A request for visits: whom it goes down, who was asked, and what became of each.

use hearth_protocol::Rejection;
use hearth_protocol::host_visits::{Conditions, InvitationState, Invited, Request as WireRequest};
use hearth_protocol::ids::{SpaceId, UserId, VisitId};
use hearth_protocol::limits::{LimitName, OFFER_MAX_CHARS, VISIT_HOSTS_MAX, VISIT_MAX_S, VISIT_MIN_S};
use hearth_protocol::people::Profile;
use hearth_protocol::text::clean_name;
use std::collections::VecDeque;

use super::HostFacts;
use super::conditions;
use super::ranking::{Asker, is_candidate, ranked};
use crate::input::{Fresh, Time};
use crate::kernel::limits::{VISIT_ANSWER_MS, VISIT_QUEUE_MAX, invalid, past};

/// What a host asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Which hosts are wanted.
    pub conditions: Conditions,
    /// How many.
    pub wanted: u32,
    /// For how long, in seconds.
    pub duration_s: u32,
    /// What is offered in return.
    pub offer: String,
    /// Whom the host picked, in that order; nobody: the best first.
    pub hosts: Vec<UserId>,
}

impl Wish {
    /// A wish as it is taken.
    ///
    /// Errors: which field can't be taken, or which limit is past.
    pub fn clean(self) -> Result<Self, Rejection> {
        let conditions = conditions::clean(self.conditions)?;
        if self.wanted == 0 {
            return Err(invalid("wanted", "at least one"));
        }
        if self.wanted > VISIT_HOSTS_MAX {
            return Err(past(LimitName::VisitHosts, VISIT_HOSTS_MAX as usize));
        }
        if self.duration_s < VISIT_MIN_S {
            return Err(invalid("duration_s", "at least 60"));
        }
        if self.duration_s > VISIT_MAX_S {
            return Err(past(LimitName::VisitSeconds, VISIT_MAX_S as usize));
        }
        if self.offer.chars().count() > OFFER_MAX_CHARS {
            return Err(past(LimitName::OfferChars, OFFER_MAX_CHARS));
        }
        if self.hosts.len() > VISIT_QUEUE_MAX {
            return Err(invalid("hosts", "at most 20"));
        }
        let offer = clean_name(&self.offer, OFFER_MAX_CHARS).unwrap_or_default();
        let mut hosts: Vec<UserId> = Vec::new();
        for host in self.hosts {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        Ok(Self { conditions, offer, hosts, ..self })
    }
}

/// Somebody to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Who.
    pub host: Profile,
    /// Their room.
    pub room: SpaceId,
    /// Its title.
    pub title: String,
}

/// Somebody who was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// With which visit.
    pub visit: VisitId,
    /// Whom.
    pub target: Target,
    /// What became of it.
    pub state: InvitationState,
    /// Until when it can be answered.
    pub until: Time,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What was asked for.
    pub wish: Wish,
    /// Who was asked, in that order.
    pub asked: Vec<Asked>,
    queue: VecDeque<Target>,
    names: Fresh,
}

impl Request {
    /// A request that goes down the hosts who may be asked. `names` are the bits that its visits get their names from.
    /// Who was picked and can't be asked is told as such, without a reason.
    ///
    /// Errors: [`Rejection::NobodyInvited`].
    pub fn new(now: Time, asker: Asker<'_>, wish: Wish, known: &[HostFacts], names: Fresh) -> Result<Self, Rejection> {
        let target = |host: &Profile, room: &SpaceId, title: &str| Target {
            host: host.clone(),
            room: room.clone(),
            title: title.to_owned(),
        };
        let mut request = Self { wish, asked: Vec::new(), queue: VecDeque::new(), names };
        if request.wish.hosts.is_empty() {
            let best = ranked(now, asker, &request.wish.conditions, known);
            request.queue =
                best.iter().take(VISIT_QUEUE_MAX).map(|one| target(&one.host, &one.room, &one.title)).collect();
        }
        for host in request.wish.hosts.clone() {
            let Some(facts) = known.iter().find(|facts| facts.host.id == host) else { continue };
            let target = target(&facts.host, &facts.room, &facts.about.title);
            if is_candidate(now, asker, &request.wish.conditions, facts) {
                request.queue.push_back(target);
            } else {
                request.enter(target, InvitationState::Unavailable, now);
            }
        }
        let nobody = request.queue.is_empty();
        if nobody { Err(Rejection::NobodyInvited { users: Vec::new() }) } else { Ok(request) }
    }

    fn enter(&mut self, target: Target, state: InvitationState, until: Time) -> &Asked {
        let visit = self.names.visit(self.asked.len());
        self.asked.push(Asked { visit, target, state, until });
        let last = self.asked.len() - 1;
        &self.asked[last]
    }

    fn count(&self, state: InvitationState) -> usize {
        self.asked.iter().filter(|asked| asked.state == state).count()
    }

    /// Whether one more acceptance is wanted.
    pub fn wants_more(&self) -> bool {
        self.count(InvitationState::Accepted) < self.wish.wanted as usize
    }

    /// Asks the next one, where one is to be asked: as many invitations are open as acceptances are missing.
    pub fn ask_next(&mut self, now: Time) -> Option<&Asked> {
        let under_way = self.count(InvitationState::Accepted) + self.count(InvitationState::Open);
        if under_way >= self.wish.wanted as usize {
            return None;
        }
        let target = self.queue.pop_front()?;
        Some(self.enter(target, InvitationState::Open, now.plus_ms(VISIT_ANSWER_MS)))
    }

    /// Nobody else is asked.
    pub fn ask_nobody_else(&mut self) {
        self.queue.clear();
    }

    /// An invitation that can be answered.
    pub fn open(&mut self, visit: &VisitId) -> Option<&mut Asked> {
        self.asked.iter_mut().find(|asked| asked.visit == *visit && asked.state == InvitationState::Open)
    }

    /// The invitations that can be answered.
    pub fn open_ones(&self) -> Vec<VisitId> {
        let open = self.asked.iter().filter(|asked| asked.state == InvitationState::Open);
        open.map(|asked| asked.visit.clone()).collect()
    }

    /// Whether it has come to its end: enough have accepted, or nobody is left.
    pub fn is_over(&self) -> bool {
        self.count(InvitationState::Open) == 0 && (self.queue.is_empty() || !self.wants_more())
    }

    /// The request as its host sees it.
    pub fn wire(&self) -> WireRequest {
        let invited = self.asked.iter().map(|asked| Invited {
            visit: asked.visit.clone(),
            host: asked.target.host.clone(),
            state: asked.state,
            until_ms: asked.until.0,
        });
        let over = self.is_over();
        let left = if over { 0 } else { u32::try_from(self.queue.len()).unwrap_or(u32::MAX) };
        WireRequest { wanted: self.wish.wanted, invited: invited.collect(), left, over }
    }
}
