//! What viewers get, from the rewritten packet to the datagram: the stack has
//! no part in it but ICE and DTLS.
//!
//! ```text
//!   rewrite ─► queue ─► pacer ─► header, payload, seal ─► one buffer a burst ─► Egress
//!                 ▲                │
//!   reports ──────┤ repairs        └─► sent (transport-wide numbers), history
//!   (SRTCP)       └─► estimator ─► probes
//! ```
//!
//! Everything but [`Outlet`] is pure: bytes and times in, bytes and decisions out.

mod allowance;
mod estimate;
mod header;
mod history;
mod keys;
mod outlet;
mod pacer;
mod rtcp;
mod sent;
mod srtp;
mod stream;
#[cfg(test)]
mod tests;
mod trial;
#[cfg(test)]
mod wire;
mod writing;

use std::sync::{Arc, OnceLock};

use str0m::rtp::RedDecoder;

use crate::forward::scaling::Scale;
use crate::payload::vp8;

pub(crate) use header::{Carried, ExtensionIds};
pub(crate) use keys::{Overheard, listening};
pub(crate) use outlet::{Clock, Outlet};
pub(crate) use stream::Description;
pub(crate) use trial::take_reports;

/// Seals RTCP as the end does whose handshake was listened to.
#[cfg(test)]
pub(crate) fn sealing(overheard: &Overheard) -> impl FnMut(Vec<u8>) -> Vec<u8> + use<> {
    let mut srtp = overheard.keys().and_then(srtp::Srtp::new).unwrap();
    move |mut compound| {
        srtp.seal_rtcp(&mut compound, 0).unwrap();
        compound
    }
}

/// What all viewers get of a packet; one copy for all of them.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) payload: Arc<[u8]>,
    pub(crate) marker: bool,
    pub(crate) carried: Carried,
    /// Where VP8 numbers its pictures.
    pub(crate) vp8: Option<vp8::Numbers>,
    /// Of an encoding with several layers in it.
    pub(crate) scale: Option<Scale>,
    primary: OnceLock<Option<Arc<[u8]>>>,
}

impl Body {
    pub(crate) fn new(payload: Arc<[u8]>, marker: bool, carried: Carried, is_vp8: bool) -> Body {
        let vp8 = is_vp8.then(|| vp8::descriptor(&payload).ok()).flatten().map(|descriptor| descriptor.numbers);
        Body { payload, marker, carried, vp8, scale: None, primary: OnceLock::new() }
    }

    pub(crate) fn scaled(self, scale: Option<Scale>) -> Body {
        Body { scale, ..self }
    }

    /// A copy that shares nothing: where two threads count their references to one
    /// body, each waits for the other's cache, packet by packet and viewer by viewer.
    pub(crate) fn apart(&self) -> Body {
        Body {
            payload: Arc::from(&*self.payload),
            marker: self.marker,
            carried: self.carried.clone(),
            vp8: self.vp8,
            scale: self.scale,
            primary: OnceLock::new(),
        }
    }

    /// The primary encoding out of RED (RFC 2198), for one who doesn't take RED.
    pub(crate) fn primary(&self) -> Option<&Arc<[u8]>> {
        let unpack = || {
            let blocks = RedDecoder::decode(&self.payload).ok()?;
            blocks.iter().find(|block| block.is_primary).map(|block| Arc::from(block.payload))
        };
        self.primary.get_or_init(unpack).as_ref()
    }
}

/// What one viewer gets differently from others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rewritten {
    /// With all rollovers.
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    pub(crate) payload_type: u8,
    /// Payload type of repairs (RFC 4588); `None`: it is sent again as it was.
    pub(crate) repair_type: Option<u8>,
    /// Only the primary encoding out of RED.
    pub(crate) primary: bool,
    /// Other picture id and TL0PICIDX than the publisher's.
    pub(crate) vp8: Option<(u16, u8)>,
    /// How much the frame number of the dependency descriptor is raised by.
    pub(crate) raise: u16,
    /// What is left out of the picture came behind it: it has the marker.
    pub(crate) ends_picture: bool,
}

impl Rewritten {
    fn payload<'a>(&self, body: &'a Body) -> &'a [u8] {
        let primary = if self.primary { body.primary() } else { None };
        primary.unwrap_or(&body.payload)
    }
}
