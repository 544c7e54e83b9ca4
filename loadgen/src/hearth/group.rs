//! A discussion group, where many may publish at a time: guests of a room, one of whom asks the others in.

use super::api::{Api, Credentials, Token};
use super::connection::{Connection, wrong_outcome};
use super::media::HearthWatcher;
use super::target::Target;
use crate::failure::{Failure, Result, within};
use hearth_protocol::discussion_groups::{Command as Group, Event as GroupEvent};
use hearth_protocol::ids::{InvitationId, SpaceId, UserId};
use hearth_protocol::limits::GROUP_INVITATIONS_MAX;
use hearth_protocol::{Command, Event, Outcome};

/// How long an invitation may take to arrive.
const INVITATION_S: u64 = 30;

/// A guest of the room.
struct Guest {
    connection: Connection,
    token: Token,
    user: UserId,
}

/// A group that somebody gathered.
pub struct Gathered {
    /// Who is in it, its owner first.
    pub members: Vec<HearthWatcher>,
    target: Target,
    group: SpaceId,
    owner: Token,
}

impl Gathered {
    /// Ends the group, as its owner.
    pub async fn dissolve(self) -> Result<()> {
        let mut owner = Connection::open(self.target, &self.owner).await?;
        owner.join(&self.group).await?;
        owner.command(&self.group, Command::Groups { wants: Group::Dissolve { group: None } }).await.map(drop)
    }
}

/// Brings so many people into a room as guests, and from there into a group; the first of them owns it.
///
/// They stay in the room, as people do who talk while they watch.
pub async fn gather(
    target: Target,
    credentials: &Credentials,
    room: Option<SpaceId>,
    people: usize,
) -> Result<Gathered> {
    let mut api = Api::connect(target).await?;
    let room = match room {
        Some(room) => room,
        None => {
            let (token, name) = api.sign_in(credentials).await?;
            api.room_of(&name, &token).await?
        }
    };
    let mut guests = Vec::with_capacity(people);
    for number in 1..=people {
        let (token, user) = api.known_guest(format!("Member {number}"), &room).await?;
        let mut connection = Connection::open(target, &token).await?;
        connection.join(&room).await?;
        guests.push(Guest { connection, token, user });
    }
    let group = found(&room, &mut guests).await?;
    let owner = guests.first().map(|guest| guest.token.clone()).unwrap_or_default();
    let mut members = Vec::with_capacity(people);
    for mut guest in guests {
        guest.connection.join(&group).await?;
        members.push(HearthWatcher::new(guest.connection, group.clone()));
    }
    Ok(Gathered { members, target, group, owner })
}

/// The first of the guests invites the others, and they accept.
async fn found(room: &SpaceId, guests: &mut [Guest]) -> Result<SpaceId> {
    let Some((owner, others)) = guests.split_first_mut() else {
        return Err(Failure::Usage("a group of nobody".to_owned()));
    };
    let mut founded = None;
    for some in others.chunks_mut(GROUP_INVITATIONS_MAX) {
        let wants = Group::Invite { users: some.iter().map(|guest| guest.user.clone()).collect() };
        owner.connection.command(room, Command::Groups { wants }).await?;
        for guest in some {
            let invitation = within(INVITATION_S, "an invitation", guest.invitation()).await?;
            let wants = Group::Answer { invitation, accept: true };
            match guest.connection.command(room, Command::Groups { wants }).await? {
                Outcome::GroupJoined { group } => founded = Some(group),
                other => return Err(wrong_outcome(&other)),
            }
        }
    }
    founded.ok_or_else(|| Failure::Usage("a group of one".to_owned()))
}

impl Guest {
    async fn invitation(&mut self) -> Result<InvitationId> {
        loop {
            if let Event::Groups { event: GroupEvent::Invitation { invitation } } = self.connection.next_event().await?
            {
                return Ok(invitation.id);
            }
        }
    }
}
