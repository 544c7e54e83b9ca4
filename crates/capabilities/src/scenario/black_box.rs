//! The last inputs of a space, kept to tell how a crash came about.

use std::collections::VecDeque;

use super::text::{write_input, write_record};
use crate::input::{Ingest, Input, MediaReport, PeerWants, Time};
use crate::space::Record;

/// Inputs that are kept.
pub const BLACK_BOX_INPUTS_MAX: usize = 1_000;
/// Bytes of inputs that are kept, as they are written.
pub const BLACK_BOX_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The last inputs of a space.
#[derive(Debug)]
pub struct BlackBox {
    record: Record,
    opened: Time,
    inputs: VecDeque<(Time, Input)>,
    bytes: VecDeque<usize>,
    bytes_in_all: usize,
    forgotten: u64,
}

/// About how many bytes an input takes, dominated by the texts that a client sends.
fn weight_bytes(input: &Input) -> usize {
    use hearth_protocol::Command;
    const BASE: usize = 512;
    BASE + match input {
        Input::Command { command, lookup, .. } => {
            let text = match command {
                Command::Send { text, .. } => text.len(),
                Command::Publish { offer, .. } => offer.len(),
                Command::Answer { sdp, .. } => sdp.len(),
                Command::SetAbout { about } => about.rules.len() + about.title.len(),
                Command::Report { reason, .. } => reason.len(),
                _ => 0,
            };
            text + lookup.message.as_ref().map_or(0, |message| message.text.len()) + 128 * lookup.people.len()
        }
        Input::Encoder { ingest: Ingest::Whip { offer }, .. } | Input::Play { offer, .. } => offer.len(),
        Input::Peer { wants: PeerWants::Trickle { candidates }, .. } => candidates.iter().map(String::len).sum(),
        Input::Media { report: MediaReport::Answer { sdp } | MediaReport::Offer { sdp, .. }, .. } => sdp.len(),
        _ => 0,
    }
}

impl BlackBox {
    /// Nothing has come in yet.
    pub fn new(now: Time, record: &Record) -> Self {
        Self {
            record: record.clone(),
            opened: now,
            inputs: VecDeque::new(),
            bytes: VecDeque::new(),
            bytes_in_all: 0,
            forgotten: 0,
        }
    }

    /// Notes an input, forgetting the oldest where there are too many.
    pub fn note(&mut self, now: Time, input: &Input) {
        let bytes = weight_bytes(input);
        self.inputs.push_back((now, input.clone()));
        self.bytes.push_back(bytes);
        self.bytes_in_all += bytes;
        while self.inputs.len() > BLACK_BOX_INPUTS_MAX || self.bytes_in_all > BLACK_BOX_BYTES_MAX {
            self.inputs.pop_front();
            self.bytes_in_all -= self.bytes.pop_front().unwrap_or_default();
            self.forgotten += 1;
        }
    }

    /// The scenario that replays what happened.
    pub fn scenario(&self) -> String {
        let mut text = "# A fault ended this space.\n".to_owned();
        if self.forgotten > 0 {
            text.push_str(&format!(
                "# The first {} inputs are forgotten: it may not come to the same end.\n",
                self.forgotten
            ));
        }
        text.push_str(&write_record(&self.record));
        text.push_str(&format!(" opened={}\n", self.opened.0));
        for (at, input) in &self.inputs {
            text.push_str(&write_input(*at, input));
            text.push('\n');
        }
        text
    }
}
