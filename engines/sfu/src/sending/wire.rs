//! For the tests of what viewers get: a way out and the client at its end.

use std::time::Instant;

use str0m::crypto::dtls::SrtpProfile;

use super::keys::{Keys, Overheard};
use super::srtp::Srtp;
use super::{Clock, Description, ExtensionIds, Outlet};
use crate::engine::{Addressed, Egress, Peer, Transport};

pub(super) const SSRC: u32 = 1;

/// What was sent.
#[derive(Default)]
pub(super) struct Wire {
    room: Vec<u8>,
    pub(super) datagrams: Vec<Vec<u8>>,
}

impl Egress for Wire {
    fn room(&mut self) -> &mut Vec<u8> {
        &mut self.room
    }

    fn launch(&mut self, _: Peer, start: usize, segment: usize) {
        self.datagrams.extend(self.room[start..].chunks(segment).map(<[u8]>::to_vec));
        self.room.truncate(start);
    }

    fn post(&mut self, _: &mut Vec<Addressed>) {}
}

/// A stream of video.
pub(super) fn video(repairs: Option<u32>, extensions: ExtensionIds) -> Description {
    Description {
        ssrc: SSRC,
        repairs,
        mid: "0".to_owned(),
        cname: "c".to_owned(),
        extensions,
        clock_hz: 90_000,
        video: true,
    }
}

/// A way out whose keys are known and whose client is found, and the client's end.
pub(super) fn connected(profile: SrtpProfile, estimates: bool, now: Instant) -> (Outlet, Srtp) {
    let material: Vec<u8> = (0..profile.keying_material_len() as u8).collect();
    let keys = |active| Keys { material: material.clone(), profile, active };
    let mut outlet = Outlet::new(Overheard::known(keys(false)), estimates, Clock::new(now), now);
    outlet.set_route(Peer { transport: Transport::Udp, address: "10.0.0.1:1".parse().unwrap() });
    (outlet, Srtp::new(&keys(true)).unwrap())
}
