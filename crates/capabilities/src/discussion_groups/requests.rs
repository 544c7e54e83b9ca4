//! Who asked whom into a group, in a live room, and what came of it.
//!
//! Of each primary user there is at most one request, with everybody whom they have asked lately.

use hearth_protocol::Rejection;
use hearth_protocol::discussion_groups::{InvitationState, Invited, Reason, Request as WireRequest};
use hearth_protocol::ids::{InvitationId, SpaceId, UserId};
use hearth_protocol::limits::{
    GROUP_INVITATION_MS, GROUP_INVITATIONS_MAX, GROUP_INVITATIONS_WINDOW_MAX, GROUP_INVITATIONS_WINDOW_MS, LimitName,
};
use hearth_protocol::people::Profile;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::input::{RequestId, Time};
use crate::kernel::limits::{GROUP_REQUESTS_GONE_MAX, past};

/// An invitation.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Which.
    pub id: InvitationId,
    /// Who is invited.
    pub profile: Profile,
    /// Why they.
    pub reasons: Vec<Reason>,
    /// Until when it can be answered.
    pub until: Time,
    /// What became of it.
    pub state: InvitationState,
    /// When that was.
    over: Option<Time>,
    /// Who waits for the acceptance to be stored; while somebody does, it ends by that alone.
    pub accepting: Vec<RequestId>,
}

impl Asked {
    /// Whether it was not answered yet.
    pub fn is_open(&self) -> bool {
        self.state == InvitationState::Open
    }

    fn is_unanswered(&self) -> bool {
        self.is_open() && self.accepting.is_empty()
    }
}

/// What somebody has asked for.
#[derive(Debug)]
pub struct Request {
    /// Who.
    pub primary: Profile,
    /// Whom they asked, in that order; each once.
    pub asked: Vec<Asked>,
    /// The group that the first acceptance brings about, or that is there.
    pub group: Option<SpaceId>,
    /// Whether it is there.
    pub founded: bool,
    /// Whether they left the room. What became of it is remembered for as long as otherwise: who declined is not asked again
    /// by somebody who goes and comes back.
    gone: bool,
}

impl Request {
    /// As whoever asked sees it.
    pub fn wire(&self) -> WireRequest {
        WireRequest {
            invited: self
                .asked
                .iter()
                .map(|asked| Invited { profile: asked.profile.clone(), state: asked.state })
                .collect(),
            group: self.group.clone().filter(|_| self.founded),
            until_ms: self.asked.iter().map(|asked| asked.until.0).max().unwrap_or_default(),
        }
    }

    /// The invitation of somebody.
    pub fn of(&self, user: &UserId) -> Option<&Asked> {
        self.asked.iter().find(|asked| asked.profile.id == *user)
    }

    fn open(&self) -> usize {
        self.asked.iter().filter(|asked| asked.is_open()).count()
    }
}

/// Everybody's requests.
#[derive(Debug, Default)]
pub struct Requests {
    by_primary: BTreeMap<UserId, Request>,
    /// Whose request an invitation belongs to.
    invitations: BTreeMap<InvitationId, UserId>,
    /// The open invitations of each invited.
    open: BTreeMap<UserId, BTreeSet<InvitationId>>,
    /// Primaries who left the room, in that order.
    gone: VecDeque<UserId>,
}

impl Requests {
    /// What somebody has asked for.
    pub fn of(&self, primary: &UserId) -> Option<&Request> {
        self.by_primary.get(primary).filter(|request| !request.gone)
    }

    /// An invitation, and whose request it belongs to.
    pub fn invitation(&self, id: &InvitationId) -> Option<(&Request, &Asked)> {
        let request = self.by_primary.get(self.invitations.get(id)?)?;
        Some((request, request.asked.iter().find(|asked| asked.id == *id)?))
    }

    /// The invitations that somebody has not answered.
    pub fn open_of(&self, invited: &UserId) -> impl Iterator<Item = (&Request, &Asked)> {
        self.open.get(invited).into_iter().flatten().filter_map(|id| self.invitation(id))
    }

    /// How many invitations somebody has not answered.
    pub fn count_open_of(&self, invited: &UserId) -> usize {
        self.open.get(invited).map_or(0, BTreeSet::len)
    }

    /// Whether so many more people may be asked now.
    ///
    /// Errors: the limits on open invitations, and on those of the last minutes.
    pub fn has_room_for(&mut self, now: Time, primary: &UserId, more: usize) -> Result<(), Rejection> {
        self.forget_old(now, primary);
        let Some(request) = self.by_primary.get(primary) else { return Ok(()) };
        if request.open() + more > GROUP_INVITATIONS_MAX {
            return Err(past(LimitName::GroupInvitations, GROUP_INVITATIONS_MAX));
        }
        if request.asked.len() + more > GROUP_INVITATIONS_WINDOW_MAX {
            let oldest = request.asked.iter().filter_map(|asked| asked.over).min().unwrap_or(now);
            let again = oldest.plus_ms(GROUP_INVITATIONS_WINDOW_MS).since_ms(now).max(1);
            let (limit, max) = (LimitName::GroupInvitations, GROUP_INVITATIONS_WINDOW_MAX as u64);
            return Err(Rejection::Limit { limit, max, retry_after_ms: Some(again) });
        }
        Ok(())
    }

    /// The request of somebody, which is begun where there is none.
    pub fn begin(&mut self, primary: &Profile) -> &mut Request {
        self.by_primary.entry(primary.id.clone()).or_insert_with(|| Request {
            primary: primary.clone(),
            asked: Vec::new(),
            group: None,
            founded: false,
            gone: false,
        })
    }

    /// Somebody who had asked comes back into the room.
    pub fn primary_back(&mut self, primary: &UserId) {
        if let Some(request) = self.by_primary.get_mut(primary) {
            request.gone = false;
            self.gone.retain(|gone| gone != primary);
        }
    }

    /// Asks somebody; what became of an earlier invitation of theirs is forgotten.
    pub fn ask(&mut self, now: Time, primary: &Profile, id: InvitationId, invited: &Profile, reasons: Vec<Reason>) {
        let request = self.begin(primary);
        let before = request.asked.iter().position(|asked| asked.profile.id == invited.id);
        let before = before.map(|place| request.asked.remove(place).id);
        request.asked.push(Asked {
            id: id.clone(),
            profile: invited.clone(),
            reasons,
            until: now.plus_ms(GROUP_INVITATION_MS),
            state: InvitationState::Open,
            over: None,
            accepting: Vec::new(),
        });
        if let Some(before) = before {
            self.invitations.remove(&before);
        }
        self.invitations.insert(id.clone(), primary.id.clone());
        self.open.entry(invited.id.clone()).or_default().insert(id);
    }

    fn asked_mut(&mut self, id: &InvitationId) -> Option<&mut Asked> {
        let request = self.by_primary.get_mut(self.invitations.get(id)?)?;
        request.asked.iter_mut().find(|asked| asked.id == *id)
    }

    /// Somebody waits for an acceptance to be stored.
    pub fn accepts(&mut self, id: &InvitationId, request: RequestId) {
        self.asked_mut(id).into_iter().for_each(|asked| asked.accepting.push(request));
    }

    /// An acceptance was stored, or was not; gives who waits for it.
    pub fn accepted(&mut self, id: &InvitationId) -> Vec<RequestId> {
        self.asked_mut(id).map(|asked| std::mem::take(&mut asked.accepting)).unwrap_or_default()
    }

    /// The group that a request brings about; `fresh` where none was thought of yet.
    pub fn group_for(&mut self, primary: &UserId, fresh: SpaceId) -> SpaceId {
        match self.by_primary.get_mut(primary) {
            Some(request) => request.group.get_or_insert(fresh).clone(),
            None => fresh,
        }
    }

    /// The group of a request is there, or is not any more.
    pub fn set_group(&mut self, primary: &UserId, group: Option<SpaceId>) {
        if let Some(request) = self.by_primary.get_mut(primary) {
            request.founded = group.is_some();
            request.group = group;
        }
    }

    /// An invitation ends so; gives who was invited, if it was open.
    pub fn close(&mut self, now: Time, id: &InvitationId, state: InvitationState) -> Option<UserId> {
        let asked = self.asked_mut(id).filter(|asked| asked.is_open())?;
        asked.state = state;
        asked.over = Some(now);
        let invited = asked.profile.id.clone();
        if let Some(open) = self.open.get_mut(&invited) {
            open.remove(id);
            if open.is_empty() {
                self.open.remove(&invited);
            }
        }
        Some(invited)
    }

    /// The invitations of a request that nobody has answered, nor is about to have answered.
    pub fn unanswered(&self, primary: &UserId) -> Vec<InvitationId> {
        let asked = self.by_primary.get(primary).into_iter().flat_map(|request| &request.asked);
        asked.filter(|asked| asked.is_unanswered()).map(|asked| asked.id.clone()).collect()
    }

    /// Those of them whose time is over.
    pub fn due(&self, primary: &UserId, now: Time) -> Vec<InvitationId> {
        let mut unanswered = self.unanswered(primary);
        unanswered.retain(|id| self.invitation(id).is_some_and(|(_, asked)| asked.until <= now));
        unanswered
    }

    /// When something of a request is due next: an invitation's end, or its being forgotten.
    pub fn next_due(&self, primary: &UserId) -> Option<Time> {
        let asked = self.by_primary.get(primary)?.asked.iter();
        asked
            .filter(|asked| asked.accepting.is_empty())
            .map(|asked| asked.over.map_or(asked.until, |over| over.plus_ms(GROUP_INVITATIONS_WINDOW_MS)))
            .min()
    }

    /// Forgets what is long over.
    pub fn forget_old(&mut self, now: Time, primary: &UserId) {
        let Some(request) = self.by_primary.get_mut(primary) else { return };
        let old = |asked: &Asked| asked.over.is_some_and(|over| over.plus_ms(GROUP_INVITATIONS_WINDOW_MS) <= now);
        for asked in request.asked.extract_if(.., |asked| old(asked)) {
            self.invitations.remove(&asked.id);
        }
        self.forget_empty(primary);
    }

    /// Whoever asked is gone. Of those who are gone only so many are remembered.
    pub fn primary_gone(&mut self, primary: &UserId) {
        let Some(request) = self.by_primary.get_mut(primary) else { return };
        request.gone = true;
        self.gone.push_back(primary.clone());
        let settled = |user: &UserId| self.by_primary.get(user).is_none_or(|request| request.open() == 0);
        if self.gone.len() > GROUP_REQUESTS_GONE_MAX
            && let Some(place) = self.gone.iter().position(settled)
            && let Some(oldest) = self.gone.remove(place)
        {
            for asked in self.by_primary.remove(&oldest).into_iter().flat_map(|request| request.asked) {
                self.invitations.remove(&asked.id);
            }
        }
    }

    fn forget_empty(&mut self, primary: &UserId) {
        if self.by_primary.get(primary).is_some_and(|request| request.asked.is_empty()) {
            self.by_primary.remove(primary);
            self.gone.retain(|gone| gone != primary);
        }
    }

    /// Somebody has another name now.
    pub fn renamed(&mut self, profile: &Profile) {
        for request in self.by_primary.values_mut() {
            let known =
                std::iter::once(&mut request.primary).chain(request.asked.iter_mut().map(|one| &mut one.profile));
            known.filter(|known| known.id == profile.id).for_each(|known| known.clone_from(profile));
        }
    }
}
