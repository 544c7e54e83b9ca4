//! The TypeScript in `web/src/protocol/generated` is what these types say.
//! `HEARTH_REGENERATE=1 cargo test -p hearth-protocol` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use ts_rs::{Config, TS};

use hearth_protocol::{
    conversation, dialogs, discussion_groups, frames, host_visits, http, ids, limits, live_rooms, media, moderation,
    people, person, rejection, space, stage, videos,
};

fn declaration<T: TS + 'static>(config: &Config) -> String {
    let docs = T::docs().unwrap_or_default();
    format!("{docs}export {}\n", T::decl(config))
}

macro_rules! declarations {
    ($config:expr, $($type:ty),* $(,)?) => {{
        let mut text = String::from("// Generated from crates/protocol. Do not edit: see crates/protocol/tests/typescript.rs.\n\n");
        $(writeln!(text, "{}", declaration::<$type>($config)).unwrap();)*
        text
    }};
}

/// One file of types, and one of the limits as constants.
fn generated() -> BTreeMap<&'static str, String> {
    let config = Config::default();
    let types = declarations!(
        &config,
        ids::UserId,
        ids::DeviceId,
        ids::SpaceId,
        ids::ConnectionId,
        ids::LegId,
        ids::TrackId,
        ids::GuestLinkId,
        ids::StreamKeyId,
        ids::VideoId,
        ids::UploadId,
        ids::ImageId,
        ids::ReportId,
        ids::InvitationId,
        ids::VisitId,
        limits::LimitName,
        rejection::Rejection,
        people::Profile,
        people::Me,
        people::Device,
        people::Preferences,
        media::Source,
        media::SourceOfMid,
        media::Track,
        media::Publisher,
        media::Via,
        media::Conversion,
        media::Watching,
        media::OfferedTrack,
        media::LayerPreference,
        media::Health,
        conversation::Message,
        conversation::Quote,
        conversation::Float,
        conversation::FloatPlace,
        conversation::Carried,
        conversation::Carry,
        conversation::Cargo,
        conversation::Moment,
        stage::StageStanding,
        stage::StageRequests,
        videos::Video,
        videos::VideoState,
        videos::Own,
        videos::Conversion,
        videos::Audience,
        videos::Subtitles,
        videos::Chapter,
        videos::VideoFailure,
        videos::Recording,
        moderation::Report,
        moderation::AuditEntry,
        live_rooms::About,
        live_rooms::Entry,
        live_rooms::Broadcast,
        live_rooms::EndReason,
        discussion_groups::Content,
        discussion_groups::Destination,
        discussion_groups::SuggestedBy,
        discussion_groups::Reason,
        discussion_groups::Suggestion,
        discussion_groups::Command,
        discussion_groups::InvitationState,
        discussion_groups::Invitation,
        discussion_groups::Invited,
        discussion_groups::Request,
        discussion_groups::NotInvited,
        discussion_groups::Uninvited,
        discussion_groups::GroupHere,
        discussion_groups::GroupMember,
        discussion_groups::Proposal,
        discussion_groups::Group,
        discussion_groups::Event,
        discussion_groups::MyGroup,
        dialogs::Dialog,
        dialogs::State,
        dialogs::DialogMember,
        dialogs::Command,
        dialogs::Event,
        dialogs::Keeping,
        host_visits::Conditions,
        host_visits::Way,
        host_visits::Reason,
        host_visits::Candidate,
        host_visits::Command,
        host_visits::InvitationState,
        host_visits::Invited,
        host_visits::Request,
        host_visits::Invitation,
        host_visits::Side,
        host_visits::Phase,
        host_visits::Visit,
        host_visits::EndReason,
        host_visits::Traffic,
        host_visits::Saving,
        host_visits::Event,
        host_visits::Entry,
        space::Role,
        space::Member,
        space::Command,
        space::Sanction,
        space::Outcome,
        space::Event,
        space::RemovedReason,
        space::LegClosedReason,
        space::SpaceEndReason,
        space::Snapshot,
        space::YourGroups,
        space::YourVisit,
        person::PersonCommand,
        person::PersonEvent,
        frames::ClientFrame,
        frames::ServerFrame,
        frames::Resume,
        frames::GoodbyeReason,
        http::SignIn,
        http::GuestEntry,
        http::Setup,
        http::Session,
        http::ServerOffers,
        http::NewAccount,
        http::ChangeMe,
        http::Account,
        http::ChangeAccount,
        http::Room,
        http::LiveRooms,
        http::FoundRooms,
        http::MyGroups,
        http::VisitLedger,
        http::People,
        http::NewDialog,
        http::Dialogs,
        http::FoundMessages,
        http::FoundMessage,
        http::Watch,
        http::StreamKey,
        http::NewStreamKey,
        http::StreamKeys,
        http::Follows,
        http::Videos,
        http::ChangeVideo,
        http::Watched,
        http::DialogVideos,
        http::DialogVideo,
        http::Storage,
        http::Uploads,
        http::Upload,
        http::SentImage,
        http::PersonPage,
        http::Relation,
        http::MediaMessages,
        http::AuditPage,
        http::Reports,
        http::MessagePage,
        http::GuestLink,
        http::NewGuestLink,
        http::Blocks,
        http::Devices,
        http::Accounts,
    );
    BTreeMap::from([("types.ts", types), ("limits.ts", limit_constants())])
}

fn limit_constants() -> String {
    let source = include_str!("../src/limits.rs");
    let mut text = String::from("// Generated from crates/protocol/src/limits.rs. Do not edit.\n\n");
    for line in source.lines() {
        if let Some(rest) = line.strip_prefix("pub const ") {
            let (name, rest) = rest.split_once(':').expect("a constant has a type");
            let (_, value) = rest.split_once('=').expect("a constant has a value");
            writeln!(text, "export const {name} = {}", value.trim().trim_end_matches(';')).unwrap();
        }
    }
    writeln!(text, "export const PROTOCOL_VERSION = {}", frames::PROTOCOL_VERSION).unwrap();
    text
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/src/protocol/generated")
}

#[test]
fn the_committed_typescript_is_what_the_types_say() {
    for (name, text) in generated() {
        let path = folder().join(name);
        if std::env::var_os("HEARTH_REGENERATE").is_some() {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == text,
            "{name} is not what the types say: run HEARTH_REGENERATE=1 cargo test -p hearth-protocol and commit"
        );
    }
}

#[test]
fn no_number_of_the_wire_becomes_a_bigint() {
    for (name, text) in generated() {
        assert!(!text.contains("bigint"), "{name}: browsers read JSON numbers, give the field ts(type = \"number\")");
    }
}
