//! Identifiers: newtypes over strings with a prefix that one can see, unguessable where a client sees them.
//!
//! The part behind the prefix is 1 to [`MAX_ID_BYTES`] characters of `[0-9A-Za-z_-]`.
//! A string of another shape is refused when it is read, so no other code meets one.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest identifier, in bytes, its prefix included.
pub const MAX_ID_BYTES: usize = 64;

/// A string that is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedId {
    /// The prefixes that would have been right.
    pub expected: &'static str,
}

impl SpaceId {
    /// Whether it is a group's.
    pub fn is_group(&self) -> bool {
        self.0.starts_with("group_")
    }

    /// Whether it is a dialog's.
    pub fn is_dialog(&self) -> bool {
        self.0.starts_with("dialog_")
    }
}

impl fmt::Display for MalformedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an identifier that starts with {}", self.expected)
    }
}

impl std::error::Error for MalformedId {}

fn well_formed(text: &str, prefix: &str) -> bool {
    text.len() <= MAX_ID_BYTES
        && text.strip_prefix(prefix).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $($prefix:literal)|+) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[ts(type = "string")]
        #[schema(value_type = String)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Reads an identifier, refusing what does not have its shape.
            pub fn parse(text: &str) -> Result<Self, MalformedId> {
                if $(well_formed(text, $prefix))||+ {
                    Ok(Self(text.into()))
                } else {
                    Err(MalformedId { expected: concat!($($prefix, " "),+) })
                }
            }

            /// The identifier as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedId;
            fn try_from(text: String) -> Result<Self, MalformedId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A person: somebody with an account, or a guest.
    UserId, "user_"
);
id!(
    /// An invitation into a discussion group.
    InvitationId, "invitation_"
);
id!(
    /// A visit of one host to another, from its invitation on.
    VisitId, "visit_"
);
id!(
    /// One signed-in browser or program of a user.
    DeviceId, "dev_"
);
id!(
    /// Anything several people are in together: a live room, a group or a dialog; calls get a prefix of their own.
    SpaceId, "room_" | "group_" | "dialog_"
);
id!(
    /// What an encoder shows to send to a room. Not the secret: that is told once, when the key is made.
    StreamKeyId, "key_"
);
id!(
    /// A film.
    VideoId, "video_"
);
id!(
    /// An image in a dialog.
    ImageId, "image_"
);
id!(
    /// A film on its way to the server.
    UploadId, "upload_"
);
id!(
    /// A report to the moderators.
    ReportId, "report_"
);
id!(
    /// One live connection of a device to a node. It ends with its socket; the device stays.
    ConnectionId, "conn_"
);
id!(
    /// One direction of one client's media: a publisher's, or a subscriber's.
    LegId, "leg_"
);
id!(
    /// One published microphone, camera or screen.
    TrackId, "track_"
);
id!(
    /// A link that lets guests into a space.
    GuestLinkId, "link_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_prefix_and_its_alphabet() {
        assert!(UserId::parse("user_Ab-9_").is_ok());
        for wrong in ["", "user_", "room_a", "user_a b", "user_é", "user_a\n", " user_a"] {
            assert!(UserId::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_id_may_be_as_long_as_the_limit_and_no_longer() {
        let longest = format!("user_{}", "a".repeat(MAX_ID_BYTES - 5));
        assert!(UserId::parse(&longest).is_ok());
        assert!(UserId::parse(&format!("{longest}a")).is_err());
    }

    #[test]
    fn a_malformed_id_is_refused_while_reading_json() {
        assert!(serde_json::from_str::<SpaceId>("\"../../etc\"").is_err());
        assert!(serde_json::from_str::<SpaceId>("\"room_1\"").is_ok());
    }
}
