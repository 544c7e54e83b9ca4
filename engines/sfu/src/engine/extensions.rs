//! RTP header extensions that are spoken, and the dependency descriptor, which
//! the stack doesn't know: it is carried through as it came, but for its frame
//! number, which goes on over switches as sequence numbers do. A receiver drops
//! key frames whose number is below that of an earlier one.

use str0m::rtp::{Extension, ExtensionMap, ExtensionSerializer, ExtensionValues};

use crate::payload::dependency;
use crate::sending::{Carried, ExtensionIds};

const DEPENDENCY_DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
/// Longer descriptors are not carried; that of libwebrtc with three spatial and
/// three temporal layers has 97 where it tells which of them are active.
const DEPENDENCY_DESCRIPTOR_BYTES: usize = 160;
/// Longest value in a one-byte header (RFC 8285 4.2).
const ONE_BYTE_FORM_BYTES: usize = 16;

/// A dependency descriptor as it stood in the packet.
#[derive(Debug)]
struct DependencyDescriptor(Box<[u8]>);

/// The packet's dependency descriptor, if it has one.
pub(crate) fn descriptor(values: &ExtensionValues) -> Option<&[u8]> {
    values.user_values.get::<DependencyDescriptor>().map(|descriptor| &descriptor.0[..])
}

/// The frame number of the packet's dependency descriptor, if it has one.
pub(crate) fn frame_number(values: &ExtensionValues) -> Option<u16> {
    dependency::frame_number(descriptor(values)?)
}

#[derive(Debug)]
struct Passthrough;

impl ExtensionSerializer for Passthrough {
    fn write_to(&self, buf: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(descriptor) = values.user_values.get::<DependencyDescriptor>() else { return 0 };
        let Some(space) = buf.get_mut(..descriptor.0.len()) else { return 0 };
        space.copy_from_slice(&descriptor.0);
        descriptor.0.len()
    }

    fn parse_value(&self, buf: &[u8], values: &mut ExtensionValues) -> bool {
        let fits = (dependency::MANDATORY_BYTES..=DEPENDENCY_DESCRIPTOR_BYTES).contains(&buf.len());
        if fits {
            values.user_values.set(DependencyDescriptor(buf.into()));
        }
        fits
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        values
            .user_values
            .get::<DependencyDescriptor>()
            .is_some_and(|descriptor| descriptor.0.len() > ONE_BYTE_FORM_BYTES)
    }
}

/// Audio level, send time, transport-wide sequence, mid, rids, orientation, and
/// the dependency descriptor.
pub(crate) fn spoken() -> ExtensionMap {
    let mut extensions = ExtensionMap::standard();
    extensions.set(8, Extension::with_serializer(DEPENDENCY_DESCRIPTOR, Passthrough));
    extensions
}

/// What of a publisher's packet goes through to its viewers.
pub(crate) fn carried(values: &ExtensionValues) -> Carried {
    let level = values.audio_level.zip(values.voice_activity);
    Carried {
        audio_level: level.map(|(level, voice)| u8::from(voice) << 7 | (level.unsigned_abs() & 0x7f)),
        orientation: values.video_orientation.map(|orientation| orientation as u8),
        descriptor: descriptor(values).map(Box::from),
    }
}

/// What an m-line's client takes, and by which ids.
pub(crate) fn ids(negotiated: &ExtensionMap) -> ExtensionIds {
    const ONE_BYTE_FORM_IDS: u8 = 14;
    let id = |uri: &str| {
        let known = negotiated.iter().find(|(_, extension)| extension.as_uri() == uri).map(|(id, _)| id);
        known.filter(|id| *id <= ONE_BYTE_FORM_IDS).unwrap_or(0)
    };
    let of = |extension: Extension| id(extension.as_uri());
    let transport = of(Extension::TransportSequenceNumber);
    ExtensionIds {
        audio_level: of(Extension::AudioLevel),
        // Only for one who would estimate the bandwidth itself.
        send_time: if transport == 0 { of(Extension::AbsoluteSendTime) } else { 0 },
        transport,
        mid: of(Extension::RtpMid),
        orientation: of(Extension::VideoOrientation),
        descriptor: id(DEPENDENCY_DESCRIPTOR),
    }
}

/// Any descriptor, for tests.
#[cfg(test)]
pub(crate) fn describe(values: &mut ExtensionValues, descriptor: Vec<u8>) {
    values.user_values.set(DependencyDescriptor(descriptor.into()));
}

/// A descriptor with nothing but the mandatory fields, for tests.
#[cfg(test)]
pub(crate) fn describe_frame(values: &mut ExtensionValues, number: u16) {
    let [high, low] = number.to_be_bytes();
    describe(values, vec![0xc0, high, low]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_goes_through() {
        let mut values = ExtensionValues::default();
        let descriptor = [0x80, 0xff, 0xfe, 7, 8];
        assert!(Passthrough.parse_value(&descriptor, &mut values));
        assert_eq!(frame_number(&values), Some(0xfffe));
        let mut out = [0; 32];
        assert_eq!(Passthrough.write_to(&mut out, &values), 5);
        assert_eq!(out[..5], descriptor);
        assert_eq!(carried(&values).descriptor.as_deref(), Some(&descriptor[..]));
        assert_eq!(Passthrough.write_to(&mut [0; 4], &values), 0, "no room");
    }

    #[test]
    fn levels_and_ids_are_those_of_the_wire() {
        let values = ExtensionValues { audio_level: Some(-37), voice_activity: Some(true), ..Default::default() };
        assert_eq!(carried(&values).audio_level, Some(0x80 | 37));
        let mut map = ExtensionMap::empty();
        map.set(2, Extension::AbsoluteSendTime);
        map.set(15, Extension::RtpMid);
        assert_eq!(
            ids(&map),
            ExtensionIds { send_time: 2, ..ExtensionIds::default() },
            "15 is no id of the short form"
        );
        let all = ids(&spoken());
        assert_eq!((all.transport, all.send_time, all.mid, all.descriptor), (3, 0, 4, 8));
    }

    #[test]
    fn sizes_at_the_limits_and_one_past() {
        let taken = |bytes: usize| Passthrough.parse_value(&vec![1; bytes], &mut ExtensionValues::default());
        assert!(taken(3) && taken(DEPENDENCY_DESCRIPTOR_BYTES));
        assert!(taken(97), "three spatial and three temporal layers, and which of them are active");
        assert!(!taken(2) && !taken(DEPENDENCY_DESCRIPTOR_BYTES + 1));
        let two_bytes = |bytes: usize| {
            let mut values = ExtensionValues::default();
            Passthrough.parse_value(&vec![1; bytes], &mut values);
            Passthrough.requires_two_byte_form(&values)
        };
        assert!(!two_bytes(ONE_BYTE_FORM_BYTES) && two_bytes(ONE_BYTE_FORM_BYTES + 1));
    }
}
