//! Discussion groups, in the live room where they come about and in the group itself.

use hearth_protocol::Rejection;
use hearth_protocol::discussion_groups::Command;
use hearth_protocol::ids::SpaceId;

use super::commands::{Coming, Given};
use super::{Out, Space};
use crate::discussion_groups::Tell;
use crate::input::Time;

impl Space {
    pub(super) fn about_groups(&mut self, _: Time, _: &mut Out, _: Given, _: Command) -> Coming {
        Err(Rejection::NotFound)
    }

    pub(super) fn told_of_groups(&mut self, _: Time, _: &mut Out, _: &SpaceId, what: Tell) {
        match what {}
    }
}
