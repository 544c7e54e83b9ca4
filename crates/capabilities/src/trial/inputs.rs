//! Bytes as inputs of a space: few people, few connections, and every kind of thing they and the engines may say.

use hearth_protocol::conversation::Message;
use hearth_protocol::ids::{LegId, TrackId, UserId};
use hearth_protocol::live_rooms::{About, Entry};
use hearth_protocol::media::{Health, LayerPreference, Source as Carries, SourceOfMid, Track};
use hearth_protocol::people::Profile;
use hearth_protocol::space::LegClosedReason;
use hearth_protocol::{Command, Resume};

use super::watch::Watch;
use crate::effect::{Timer, WriteId};
use crate::input::{Caller, Fresh, Input, Lookup, MediaReport, RequestId, StoreFailure, Time};
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

/// Where the inputs come from.
pub struct Source<'a> {
    bytes: &'a [u8],
    requests: u64,
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
        Self { bytes, requests: 0 }
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    fn choice<T: Clone>(&mut self, of: &[T]) -> Option<T> {
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
        let input = match kind % 20 {
            0..=10 => self.command(kind % 20, watch),
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
            17 => Input::Timer { timer: self.any_timer() },
            18 => Input::ActiveSpeaker { leg: self.any_leg(watch) },
            _ => match self.byte() % 3 {
                0 => Input::SignedOut { user: self.caller().profile.id },
                1 => Input::Renamed { profile: self.somebody() },
                _ => self.report(watch),
            },
        };
        Some((at, input))
    }

    fn caller(&mut self) -> Caller {
        let word = self.choice(&CALLERS).unwrap_or("ana");
        people::caller(word).expect("a caller's word")
    }

    fn bo(&self) -> Caller {
        people::caller("bo").expect("a caller's word")
    }

    fn somebody(&mut self) -> Profile {
        let mut profile = self.caller().profile;
        if self.byte().is_multiple_of(2) {
            profile.display_name = "Somebody".to_owned();
        }
        profile
    }

    /// Mostly somebody who is here, the host above all.
    fn present(&mut self, watch: &Watch) -> Caller {
        let here: Vec<Caller> = CALLERS
            .iter()
            .filter_map(|word| people::caller(word))
            .filter(|caller| caller.connection.as_ref().is_some_and(|connection| watch.is_attached(connection)))
            .collect();
        let absent = self.byte().is_multiple_of(4);
        let present = if absent { None } else { self.choice(&here) };
        present.unwrap_or_else(|| self.caller())
    }

    fn command(&mut self, kind: u8, watch: &Watch) -> Input {
        let from = if kind <= 2 { self.caller() } else { self.present(watch) };
        self.requests += 1;
        let repeat = self.byte();
        // Now and then bits that were used before: an identifier must not be given twice.
        let fresh = if repeat.is_multiple_of(16) { Fresh(0, u64::from(repeat)) } else { Fresh(1, self.requests) };
        let mut lookup = Lookup::default();
        let command = match kind {
            0..=2 => Command::Join { resume: self.resume() },
            3 => Command::Leave,
            4 | 5 => self.send(&mut lookup),
            6 => self.moderation(&mut lookup),
            7 => match self.byte() % 4 {
                0 => Command::ListMembers { after: Some(self.caller().profile.id) },
                1 => Command::MarkRead { position: u64::from(self.byte()) },
                2 => Command::SetAbout { about: self.about() },
                _ => Command::EndBroadcast,
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

    fn resume(&mut self) -> Option<Resume> {
        let epoch = self.choice(&["e1", "e1", "e0"]).unwrap_or_default().to_owned();
        self.byte().is_multiple_of(2).then(|| Resume { epoch, after: u64::from(self.byte()) })
    }

    fn send(&mut self, lookup: &mut Lookup) -> Command {
        let text = self.choice(&["hello", " ", "a\u{0}b", "~ana", "\u{202e}x"]).unwrap_or_default().to_owned();
        let position = u64::from(self.byte());
        if self.byte().is_multiple_of(2) {
            lookup.message = Some(Message {
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
                deleted: false,
            });
        }
        lookup.people = vec![self.somebody()];
        Command::Send {
            float: None,
            media_ms: None,
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
        match self.byte() % 10 {
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
            0 => Err(StoreFailure::Unavailable),
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

    fn any_timer(&mut self) -> Timer {
        match self.byte() % 6 {
            0 => Timer::MemberGone(self.caller().profile.id),
            1 => Timer::MuteEnds(self.caller().profile.id),
            2 => Timer::AudienceDue,
            3 => Timer::PublisherLost,
            4 => Timer::MediaUnanswered(leg(self.byte())),
            _ => Timer::Idle,
        }
    }

    fn report(&mut self, watch: &Watch) -> Input {
        let about = self.any_leg(watch).unwrap_or_else(|| leg(0));
        let report = match self.byte() % 12 {
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
