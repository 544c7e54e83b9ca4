//! Who may come in.

use hearth_protocol::live_rooms::Entry;

use crate::input::Standing;

/// Whether somebody who is neither host nor moderator may come in. Who may not can't tell the room from one that isn't there.
pub fn admits(entry: Entry, standing: Standing) -> bool {
    match standing {
        Standing::Administrator | Standing::Account => true,
        Standing::InvitedGuest => entry != Entry::Accounts,
        Standing::Guest => entry == Entry::Open,
    }
}
