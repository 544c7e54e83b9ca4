//! Bytes as inputs of a space: few people, few connections, and every kind of thing they and the engines may say.

use hearth_protocol::conversation::{Float, FloatPlace, Message};
use hearth_protocol::ids::{LegId, StreamKeyId, TrackId, UserId, VideoId};
use hearth_protocol::live_rooms::{About, Entry};
use hearth_protocol::media::{Conversion, Health, LayerPreference, Source as Carries, SourceOfMid, Track};
use hearth_protocol::people::Profile;
use hearth_protocol::space::LegClosedReason;
use hearth_protocol::{Command, Resume};

use super::watch::Watch;
use crate::effect::{Timer, WriteId};
use crate::input::{Caller, Fresh, Ingest, Input, Lookup, MediaReport, PeerWants, RequestId, StoreFailure, Time};
use crate::scenario::people;

const CALLERS: [&str; 14] = [
    "ana",
    "ana@phone",
    "ana",
    "ana@tablet",
    "bo",
    "bo@phone",
    "cy",
    "guest:gil",
    "invited:ivy",
    "mo",
    "admin:root",
    "program:ana",
    "program:bo",
    "dee",
];

const FAILURES: [StoreFailure; 5] = [
    StoreFailure::Unavailable,
    StoreFailure::MemberElsewhere,
    StoreFailure::PrimaryElsewhere,
    StoreFailure::GroupOver,
    StoreFailure::GroupFull,
];

/// Where the inputs come from.
pub struct Source<'a> {
    bytes: &'a [u8],
    pub(super) requests: u64,
    /// Whether hosts visit each other meanwhile.
    in_visits: bool,
}

fn user(word: &str) -> UserId {
    UserId::parse(&format!("user_{word}")).expect("well formed")
}

fn leg(number: u8) -> LegId {
    Fresh(0, u64::from(number)).leg()
}

fn track(number: u8) -> TrackId {
    TrackId::parse(&format!("track_{}", number % 4)).expect("well formed")
}

impl<'a> Source<'a> {
    /// From these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, requests: 0, in_visits: false }
    }

    /// From these bytes, of which every second one is about host visits.
    pub fn in_visits(bytes: &'a [u8]) -> Self {
        Self { in_visits: true, ..Self::new(bytes) }
    }

    /// The host comes in and goes live: what a visit begins with.
    pub fn goes_live(&mut self) -> Vec<Input> {
        let from = people::caller("ana").expect("a caller's word");
        let sources = vec![SourceOfMid { mid: "0".to_owned(), source: Carries::Camera }];
        let publish = Command::Publish { offer: "v=0".to_owned(), sources, take_over: false };
        let commands = [Command::Join { resume: None, as_guest: false }, publish].map(|command| {
            let (request, fresh) = self.numbered();
            Input::Command { from: from.clone(), request, command, fresh, lookup: Lookup::default() }
        });
        let leg = Fresh(1, self.requests).leg();
        let track = Track { id: track(0), source: Carries::Camera, codec: "VP8".to_owned(), layers: Vec::new() };
        let reports = [MediaReport::Answer { sdp: "v=0".to_owned() }, MediaReport::Tracks { tracks: vec![track] }];
        let reports = reports.map(|report| Input::Media { leg: leg.clone(), report });
        commands.into_iter().chain(reports).collect()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    pub(super) fn choice<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let byte = usize::from(self.byte());
        if of.is_empty() { None } else { of.get(byte % of.len()).cloned() }
    }

    /// The next input, and its moment; `None` at the end of the bytes.
    pub fn next(&mut self, now: Time, watch: &Watch) -> Option<(Time, Input)> {
        if self.bytes.is_empty() {
            return None;
        }
        let kind = self.byte();
        let wait = self.byte();
        let at = now.plus_ms(if wait < 200 { u64::from(wait) } else { u64::from(wait - 199) * 500 });
        let input = match kind % 26 {
            _ if self.in_visits && kind.is_multiple_of(4) => self.visit_command(watch),
            _ if self.in_visits && kind % 4 == 1 => self.of_visits(at, watch),
            0..=10 => self.command(kind % 26, watch),
            11 => {
                let connection = self.caller().connection.unwrap_or_else(|| self.bo().connection.expect("a browser"));
                Input::ConnectionLost { connection }
            }
            12 => self.stored(watch),
            13..=15 => self.report(watch),
            16 => {
                let timers: Vec<(Timer, Time)> = watch.timers.iter().map(|(timer, at)| (timer.clone(), *at)).collect();
                let (timer, due) = self.choice(&timers).unwrap_or((Timer::Idle, at));
                return Some((at.max(due), Input::Timer { timer }));
            }
            17 => Input::Timer { timer: self.any_timer(watch) },
            18 => Input::ActiveSpeaker { leg: self.any_leg(watch) },
            19 | 20 => self.stage_command(watch),
            21 => self.by_others(),
            22 => self.of_peer(watch),
            23 => self.group_command(watch),
            24 => self.of_groups(watch),
            _ => match self.byte() % 3 {
                0 => Input::SignedOut { user: self.caller().profile.id },
                1 => Input::Renamed { profile: self.somebody() },
                _ => self.report(watch),
            },
        };
        Some((at, input))
    }

    pub(super) fn caller(&mut self) -> Caller {
        let word = self.choice(&CALLERS).unwrap_or("ana");
        people::caller(word).expect("a caller's word")
    }

    fn bo(&self) -> Caller {
        people::caller("bo").expect("a caller's word")
    }

    pub(super) fn somebody(&mut self) -> Profile {
        let mut profile = self.caller().profile;
        if self.byte().is_multiple_of(2) {
            profile.display_name = "Somebody".to_owned();
        }
        profile
    }

    /// Mostly somebody who is here, the host above all.
    pub(super) fn present(&mut self, watch: &Watch) -> Caller {
        let here: Vec<Caller> = CALLERS
            .iter()
            .filter_map(|word| people::caller(word))
            .filter(|caller| caller.connection.as_ref().is_some_and(|connection| watch.is_attached(connection)))
            .collect();
        let absent = self.byte().is_multiple_of(4);
        let present = if absent { None } else { self.choice(&here) };
        present.unwrap_or_else(|| self.caller())
    }

    /// A connection of somebody by which they are here.
    pub(super) fn somebody_here_as(&self, watch: &Watch, user: &UserId) -> Option<Caller> {
        let callers = CALLERS.iter().filter_map(|word| people::caller(word));
        callers
            .filter(|caller| caller.profile.id == *user)
            .find(|caller| caller.connection.as_ref().is_some_and(|connection| watch.is_attached(connection)))
    }

    fn command(&mut self, kind: u8, watch: &Watch) -> Input {
        let from = if kind <= 2 { self.caller() } else { self.present(watch) };
        self.requests += 1;
        let repeat = self.byte();
        // Now and then bits that were used before: an identifier must not be given twice.
        let fresh = if repeat.is_multiple_of(16) { Fresh(0, u64::from(repeat)) } else { Fresh(1, self.requests) };
        let mut lookup = Lookup::default();
        let command = match kind {
            0..=2 => {
                // Now and then the store has somebody for a member of whom nobody told.
                lookup.groups.member_since_ms = repeat.is_multiple_of(8).then_some(u64::from(repeat) * 1_000);
                Command::Join {
                    resume: self.resume(),
                    as_guest: !watch.visits.told.is_empty() && repeat.is_multiple_of(2),
                }
            }
            3 => Command::Leave,
            4 | 5 => self.send(&mut lookup),
            6 => self.moderation(&mut lookup),
            7 => match self.byte() % 8 {
                4 => Command::SetRecording { wanted: self.byte().is_multiple_of(2) },
                5 => {
                    let about = self.somebody();
                    let position = self.byte().is_multiple_of(2).then_some(u64::from(self.byte() % 16));
                    lookup.open_reports = u32::from(self.byte() % 32);
                    Command::Report { user: about.id, position, reason: "~ana".to_owned() }
                }
                0 => Command::ListMembers { after: Some(self.caller().profile.id) },
                1 => Command::MarkRead { position: u64::from(self.byte()) },
                2 => Command::SetAbout { about: self.about() },
                3 => Command::EndBroadcast,
                _ => Command::RaiseHand { raised: true },
            },
            8 => Command::Publish {
                offer: "v=0".to_owned(),
                sources: vec![SourceOfMid { mid: "0".repeat(usize::from(self.byte() % 20)), source: Carries::Camera }],
                take_over: self.byte().is_multiple_of(2),
            },
            9 => Command::Watch { keep: self.byte().is_multiple_of(3).then(|| leg(repeat)) },
            _ => match self.byte() % 3 {
                0 => Command::Unwatch,
                1 => Command::Answer { leg: leg(repeat), generation: u32::from(self.byte()), sdp: "v=0".to_owned() },
                _ => Command::Prefer { track: track(repeat), layer: LayerPreference::Fixed { layer: "m".to_owned() } },
            },
        };
        Input::Command { from, request: RequestId(self.requests), command, fresh, lookup }
    }

    /// What moves people to the stage and off it: by people who are here, about people who are here.
    fn stage_command(&mut self, watch: &Watch) -> Input {
        let whom = self.present(watch).profile.id;
        let own = self.byte().is_multiple_of(2).then(|| whom.clone());
        let source = self.choice(&[Carries::Camera, Carries::Microphone]).unwrap_or(Carries::Screen);
        let (from, command) = match self.byte() % 12 {
            0..=3 => {
                let host = self.choice(&["ana", "ana@phone", "mo", "admin:root"]).unwrap_or("ana");
                (people::caller(host).expect("a caller's word"), Command::AskOnStage { user: whom })
            }
            4 => (self.present(watch), Command::AnswerStage { accept: self.byte().is_multiple_of(4) }),
            5 => (self.present(watch), Command::RaiseHand { raised: !self.byte().is_multiple_of(4) }),
            6 => (self.present(watch), Command::LowerHand { user: whom }),
            7 => (self.present(watch), Command::LeaveStage { user: own }),
            8 if own.is_some() && watch.publishing_guest().is_some() => {
                let host = self.choice(&["ana", "ana@phone", "mo"]).unwrap_or("ana");
                let command = Command::SetMuted { user: watch.publishing_guest().cloned(), source, muted: true };
                (people::caller(host).expect("a caller's word"), command)
            }
            8 => {
                let muted = self.byte().is_multiple_of(2);
                (self.present(watch), Command::SetMuted { user: own, source, muted })
            }
            _ => {
                // Whoever was asked last accepts, and publishes, so that the stage fills.
                let theirs = |caller: &Caller| Some(&caller.profile.id) == watch.asked.as_ref();
                let connected = |caller: &Caller| {
                    caller.connection.as_ref().is_some_and(|connection| watch.is_attached(connection))
                };
                let callers = CALLERS.iter().filter_map(|word| people::caller(word));
                let from = callers.filter(theirs).find(connected).unwrap_or_else(|| self.bo());
                let publishes = watch.accepted.contains(&from.profile.id) && self.byte().is_multiple_of(2);
                let command = if publishes {
                    let sources = vec![SourceOfMid { mid: "0".to_owned(), source }];
                    Command::Publish { offer: "v=0".to_owned(), sources, take_over: true }
                } else {
                    Command::AnswerStage { accept: true }
                };
                (from, command)
            }
        };
        self.requests += 1;
        let (request, fresh) = (RequestId(self.requests), Fresh(1, self.requests));
        Input::Command { from, request, command, fresh, lookup: Lookup::default() }
    }

    /// What comes from encoders, players and the server itself.
    fn by_others(&mut self) -> Input {
        self.requests += 1;
        let (request, fresh) = (RequestId(self.requests), Fresh(1, self.requests));
        match self.byte() % 8 {
            0 | 1 => {
                let key = self.choice(&["key_obs", "key_phone"]).unwrap_or("key_obs");
                let key = StreamKeyId::parse(key).expect("well formed");
                let ingest = if self.byte().is_multiple_of(2) {
                    Ingest::Whip { offer: "v=0".to_owned() }
                } else {
                    Ingest::Rtmp { sources: vec![Carries::Camera; usize::from(self.byte() % 11)] }
                };
                Input::Encoder { request, key, ingest, fresh }
            }
            2..=4 => {
                // Every second one says who they are.
                let user = self.requests.is_multiple_of(2).then(|| UserId::parse("user_bo").expect("well formed"));
                Input::Play { request, offer: "v=0".to_owned(), fresh, user }
            }
            5 => Input::Converts { conversions: vec![Conversion::AacToOpus, Conversion::BFrames] },
            6 => Input::Crowd { hls: u32::from(self.byte()) },
            _ => {
                let video = self.byte().is_multiple_of(2).then(|| VideoId::parse("video_1").expect("well formed"));
                Input::Recording { video, failed: self.byte().is_multiple_of(2) }
            }
        }
    }

    fn of_peer(&mut self, watch: &Watch) -> Input {
        self.requests += 1;
        let leg = self.any_leg(watch).unwrap_or_else(|| leg(0));
        let wants = match self.byte() % 8 {
            0 => PeerWants::Close,
            1..=4 => PeerWants::Restart { ufrag: "u".to_owned(), pwd: "p".to_owned() },
            _ => PeerWants::Trickle { candidates: vec!["candidate".to_owned(); usize::from(self.byte() % 40)] },
        };
        Input::Peer { request: RequestId(self.requests), leg, wants }
    }

    fn resume(&mut self) -> Option<Resume> {
        let epoch = self.choice(&["e1", "e1", "e0"]).unwrap_or_default().to_owned();
        self.byte().is_multiple_of(2).then(|| Resume { epoch, after: u64::from(self.byte()) })
    }

    fn send(&mut self, lookup: &mut Lookup) -> Command {
        let text = self.choice(&["hello", " ", "a\u{0}b", "~ana", "\u{202e}x"]).unwrap_or_default().to_owned();
        let position = u64::from(self.byte());
        if self.byte().is_multiple_of(2) {
            lookup.message = Some(Box::new(Message {
                broadcast: None,
                media_ms: None,
                float: None,
                position,
                author: self.somebody(),
                at_ms: 1,
                text: "earlier".to_owned(),
                reply_to: None,
                mentions: Vec::new(),
                nonce: None,
                carries: None,
                moment: None,
                edited_ms: None,
                deleted: false,
            }));
        }
        lookup.people = vec![self.somebody()];
        let color = self.choice(&["#00ff7f", "red", "#00FF7F"]).unwrap_or_default().to_owned();
        Command::Send {
            float: self.byte().is_multiple_of(2).then_some(Float { color, place: FloatPlace::Scroll }),
            media_ms: self.byte().is_multiple_of(2).then_some(position * 1_000),
            carries: None,
            moment: None,
            text,
            reply_to: position.is_multiple_of(4).then_some(position),
            nonce: format!("n{}", self.byte() % 8),
            mentions: vec![user("bo"), self.caller().profile.id],
        }
    }

    fn moderation(&mut self, lookup: &mut Lookup) -> Command {
        let whom = self.somebody();
        let user = whom.id.clone();
        lookup.people = vec![whom];
        if self.byte().is_multiple_of(4) {
            lookup.administrators = vec![user.clone()];
        }
        match self.byte() % 11 {
            10 => Command::Remove { user },
            0 | 8 | 9 => Command::Mute { user, duration_s: self.byte().is_multiple_of(2).then_some(3) },
            1 => Command::Unmute { user },
            2 => Command::Ban { user },
            3 => Command::Unban { user },
            4 => Command::ListSanctions,
            5 => Command::SetModerator { user, moderator: self.byte().is_multiple_of(2) },
            6 => Command::SetSlowMode { interval_s: u32::from(self.byte()) },
            _ => Command::DeleteMessage { position: u64::from(self.byte() % 16) },
        }
    }

    fn about(&mut self) -> About {
        let entry = self.choice(&[Entry::Open, Entry::Link, Entry::Accounts]).unwrap_or_default();
        let language = self.choice(&["", "en", "nonsense!"]).unwrap_or_default().to_owned();
        About { title: "T".to_owned(), language, entry, ..About::default() }
    }

    fn stored(&mut self, watch: &Watch) -> Input {
        let write = self.choice(&watch.writes).unwrap_or(WriteId(u64::from(self.byte())));
        let result = match self.byte() % 4 {
            0 => Err(self.choice(&FAILURES).unwrap_or(StoreFailure::Unavailable)),
            1 => Ok(u64::from(self.byte())),
            _ => Ok(watch.place_of(write)),
        };
        Input::Stored { write, result }
    }

    fn any_leg(&mut self, watch: &Watch) -> Option<LegId> {
        let which = self.byte();
        if which.is_multiple_of(8) {
            return Some(leg(self.byte()));
        }
        let publishers = which % 8 < 5;
        let legs: Vec<LegId> =
            watch.legs.iter().filter(|(_, one)| one.publishes || !publishers).map(|(leg, _)| leg.clone()).collect();
        self.choice(&legs)
    }

    fn any_timer(&mut self, watch: &Watch) -> Timer {
        match self.byte() % 11 {
            10 => self.any_visit_timer(watch),
            9 => self.any_group_timer(),
            6 => Timer::GuestLost(self.caller().profile.id),
            7 => Timer::StageAskExpires(self.caller().profile.id),
            8 => Timer::StageRequestsDue,
            0 => Timer::MemberGone(self.caller().profile.id),
            1 => Timer::MuteEnds(self.caller().profile.id),
            2 => Timer::AudienceDue,
            3 => Timer::PublisherLost,
            4 => Timer::MediaUnanswered(leg(self.byte())),
            _ => Timer::Idle,
        }
    }

    fn report(&mut self, watch: &Watch) -> Input {
        // Now and then all goes well.
        if self.byte().is_multiple_of(2) {
            let waiting = watch.legs.iter().find(|(_, one)| one.publishes && !one.answered);
            let flowing = watch.legs.iter().filter(|(_, one)| one.publishes).map(|(leg, _)| leg.clone());
            let flowing: Vec<LegId> = flowing.collect();
            if let Some((leg, _)) = waiting {
                return Input::Media { leg: leg.clone(), report: MediaReport::Answer { sdp: "v=0".to_owned() } };
            }
            if let Some(leg) = self.choice(&flowing) {
                return Input::Media { leg, report: MediaReport::Tracks { tracks: self.tracks() } };
            }
        }
        let about = self.any_leg(watch).unwrap_or_else(|| leg(0));
        let report = match self.byte() % 13 {
            12 => MediaReport::Restarted { ufrag: "s".to_owned(), pwd: "s".to_owned(), candidates: Vec::new() },
            0 | 1 => MediaReport::Answer { sdp: "v=0".to_owned() },
            2 => MediaReport::Refused { reason: "no".to_owned() },
            3 => MediaReport::Offer { generation: u32::from(self.byte()), sdp: "v=0".to_owned(), tracks: Vec::new() },
            4 => MediaReport::Mapped { tracks: Vec::new() },
            5 | 6 => MediaReport::Tracks { tracks: self.tracks() },
            7 => MediaReport::Silent,
            8 => MediaReport::Heard,
            9 => MediaReport::Closed { reason: LegClosedReason::Lost },
            10 => MediaReport::Layer { track: track(self.byte()), layer: None },
            _ => MediaReport::Health {
                health: Health {
                    via: Default::default(),
                    watching: Default::default(),
                    conversions: Vec::new(),
                    bitrate_bps: 1,
                    frame_rate: 1.0,
                    key_frame_distance_ms: 1,
                    loss: 0.0,
                },
            },
        };
        Input::Media { leg: about, report }
    }

    fn tracks(&mut self) -> Vec<Track> {
        let codec = self.choice(&["VP8", ""]).unwrap_or_default().to_owned();
        let count = self.byte() % 3;
        (0..count)
            .map(|number| Track {
                id: track(number),
                source: Carries::Camera,
                codec: codec.clone(),
                layers: vec!["m".to_owned()],
            })
            .collect()
    }
}
