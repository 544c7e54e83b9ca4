//! The thread that reads all members and sends for those who talk.

use super::mark::{Marks, text};
use super::member::Member;
use super::tally::{Tally, Totals};
use crate::clock;
use crate::failure::Result;
use crate::figures::process::{Process, Usage};
use crate::net::poller::Poller;
use hearth_protocol::ids::SpaceId;
use hearth_protocol::{ClientFrame, Command, ServerFrame};
use std::time::Duration;

/// Bytes read from a socket at a time.
const SCRATCH_BYTES: usize = 256 << 10;
/// The longest sleep.
const IDLE: Duration = Duration::from_millis(50);
/// How long the last deliveries may take.
const DRAIN: Duration = Duration::from_secs(10);
/// Ids of commands start above those used for joining.
const FIRST_ID: u64 = 1_000;

/// How messages are sent.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// So many a second, by all who talk in turn.
    Rate { per_second: f64, seconds: u64 },
    /// So many, as fast as the sockets take them.
    Burst { messages: usize },
}

/// People in rooms.
pub struct Crowd {
    /// The rooms.
    pub rooms: Vec<SpaceId>,
    /// The members with their rooms' indices; those of one room need not stand together.
    pub members: Vec<(Member, usize)>,
    /// How many of them talk: the first ones.
    pub talkers: usize,
    /// Characters of a message.
    pub text_chars: usize,
}

/// What a run gave.
pub struct Ran {
    /// The sums.
    pub totals: Totals,
    /// From the first message to the last delivery, in seconds.
    pub seconds: f64,
    /// From the first message to the last answer, in seconds.
    pub answered_seconds: f64,
    /// The server's CPU time meanwhile, in microseconds.
    pub cpu_us: Option<f64>,
    /// Connections that the server ended, and the reasons it gave.
    pub dropped: Vec<String>,
    /// The first few refusals.
    pub refusals: Vec<String>,
}

/// The most reasons and refusals that are kept.
const REASONS_KEPT: usize = 5;

struct Running {
    crowd: Crowd,
    tally: Tally,
    next_talker: usize,
    dropped: Vec<String>,
    refusals: Vec<String>,
}

impl Crowd {
    /// Runs to the end: sends at this pace, then waits for what is on its way.
    pub fn run(self, pace: Pace, process: Option<Process>) -> Result<Ran> {
        let mut members_of_room = vec![0; self.rooms.len()];
        self.members.iter().for_each(|(_, room)| members_of_room[*room] += 1);
        let tally = Tally::new(members_of_room);
        let mut running = Running { crowd: self, tally, next_talker: 0, dropped: Vec::new(), refusals: Vec::new() };
        running.run(pace, process)
    }
}

impl Running {
    fn run(&mut self, pace: Pace, process: Option<Process>) -> Result<Ran> {
        let mut poller = Poller::new()?;
        for (index, (member, _)) in self.crowd.members.iter().enumerate() {
            poller.add(member, index as u64)?;
        }
        let (mut scratch, mut keys, marks) = (vec![0; SCRATCH_BYTES], Vec::new(), Marks::default());
        let before = Usage::of(process)?;
        let start_ns = clock::now_ns();
        let mut sending_ended_ns = None;
        loop {
            let wait = match sending_ended_ns {
                None => self.send_due(pace, start_ns),
                Some(_) => Some(IDLE),
            };
            let now_ns = clock::now_ns();
            match (wait, sending_ended_ns) {
                (None, None) => sending_ended_ns = Some(now_ns),
                (_, Some(ended)) if self.tally.complete() || now_ns > ended + DRAIN.as_nanos() as u64 => break,
                _ => {}
            }
            poller.wait(wait.unwrap_or(Duration::ZERO), &mut keys)?;
            let now_ns = clock::now_ns();
            for key in &keys {
                self.receive(*key as usize, &mut scratch, &marks, now_ns, &poller)?;
            }
            self.crowd.members.iter_mut().filter(|(member, _)| member.blocked()).for_each(|(member, _)| member.flush());
        }
        let end_ns = clock::now_ns();
        let seconds_until = |ns: u64| ns.saturating_sub(start_ns) as f64 / 1e9;
        let answered_seconds = seconds_until(self.tally.last_answer_ns());
        let tally = std::mem::replace(&mut self.tally, Tally::new(Vec::new()));
        Ok(Ran {
            totals: tally.totals(),
            seconds: seconds_until(end_ns),
            answered_seconds,
            cpu_us: Usage::of(process)?.cpu_us_since(&before),
            dropped: std::mem::take(&mut self.dropped),
            refusals: std::mem::take(&mut self.refusals),
        })
    }

    /// Sends what is due; how long until the next, or `None` when nothing is left to send.
    fn send_due(&mut self, pace: Pace, start_ns: u64) -> Option<Duration> {
        let elapsed = Duration::from_nanos(clock::now_ns() - start_ns);
        match pace {
            Pace::Rate { per_second, seconds } => {
                let until = elapsed.as_secs_f64().min(seconds as f64);
                while (self.tally.sent() as f64) < until * per_second {
                    self.send_next()?;
                }
                let next_at = Duration::from_secs_f64((self.tally.sent() as f64 + 0.001) / per_second);
                (elapsed < Duration::from_secs(seconds)).then(|| next_at.saturating_sub(elapsed).min(IDLE))
            }
            Pace::Burst { messages } => {
                while self.tally.sent() < messages {
                    self.send_next()?;
                    // Reading goes on meanwhile, or the server would have to drop members as slow.
                    if self.tally.sent().is_multiple_of(16) {
                        return Some(Duration::ZERO);
                    }
                }
                None
            }
        }
    }

    fn send_next(&mut self) -> Option<()> {
        let talker = self.next_talker;
        self.next_talker = (talker + 1) % self.crowd.talkers;
        self.send(talker)
    }

    fn send(&mut self, talker: usize) -> Option<()> {
        let (member, room) = &mut self.crowd.members[talker];
        let number = self.tally.send(*room, clock::now_ns())?;
        let command = Command::Send {
            float: None,
            media_ms: None,
            carries: None,
            moment: None,
            text: text(number, self.crowd.text_chars),
            reply_to: None,
            nonce: format!("load-{number:x}"),
            mentions: Vec::new(),
        };
        let frame =
            ClientFrame::Command { id: (number + FIRST_ID) as u32, space: self.crowd.rooms[*room].clone(), command };
        member.send(&serde_json::to_vec(&frame).expect("the types of the protocol are JSON"));
        Some(())
    }

    fn receive(&mut self, index: usize, scratch: &mut [u8], marks: &Marks, now_ns: u64, poller: &Poller) -> Result<()> {
        let Self { crowd, tally, dropped, refusals, .. } = self;
        let (member, _) = &mut crowd.members[index];
        if member.closed() {
            return Ok(());
        }
        member.receive(scratch, |frame| {
            if let Some(number) = marks.number(frame) {
                tally.delivered(index, number, now_ns);
            } else if frame.starts_with(b"{\"type\":\"reply\"") {
                take_reply(frame, tally, refusals, now_ns);
            } else if frame.starts_with(b"{\"type\":\"goodbye\"") || frame.starts_with(b"{\"type\":\"refused\"") {
                keep(dropped, String::from_utf8_lossy(frame).into_owned());
            }
        })?;
        if member.closed() {
            keep(dropped, "closed".to_owned());
            // A closed socket would be readable forever.
            poller.remove(&crowd.members[index].0);
        }
        Ok(())
    }
}

fn take_reply(frame: &[u8], tally: &mut Tally, refusals: &mut Vec<String>, now_ns: u64) {
    let Ok(ServerFrame::Reply { id, rejection, .. }) = serde_json::from_slice(frame) else { return };
    let Some(number) = u64::from(id).checked_sub(FIRST_ID) else { return };
    tally.answered(number, rejection.is_none(), now_ns);
    if let Some(rejection) = rejection
        && refusals.len() < REASONS_KEPT
    {
        refusals.push(format!("{rejection:?}"));
    }
}

fn keep(reasons: &mut Vec<String>, reason: String) {
    reasons.push(if reasons.len() < REASONS_KEPT { reason } else { String::new() });
}
