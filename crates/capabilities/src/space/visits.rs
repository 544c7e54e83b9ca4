//! Host visits, in the room of the host who invites and in that of the one who visits.

use hearth_protocol::Rejection;
use hearth_protocol::host_visits::Command;
use hearth_protocol::ids::SpaceId;

use super::commands::{Coming, Given};
use super::{Out, Space};
use crate::host_visits::Tell;
use crate::input::Time;

impl Space {
    pub(super) fn about_visits(&mut self, _: Time, _: &mut Out, _: Given, _: Command) -> Coming {
        Err(Rejection::NotFound)
    }

    pub(super) fn told_of_visits(&mut self, _: Time, _: &mut Out, _: &SpaceId, what: Tell) {
        match what {}
    }
}
