//! RTP header extensions that are spoken, and the dependency descriptor, which
//! the stack doesn't know: it is carried through as it came, but for its frame
//! number, which goes on over switches as sequence numbers do. A receiver drops
//! key frames whose number is below that of an earlier one.

use str0m::rtp::{Extension, ExtensionMap, ExtensionSerializer, ExtensionValues};

const DEPENDENCY_DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
/// Longer descriptors are not carried; real ones, with the template structure
/// of three spatial and three temporal layers, stay below.
const DEPENDENCY_DESCRIPTOR_BYTES: usize = 96;
/// Longest value in a one-byte header (RFC 8285 4.2).
const ONE_BYTE_FORM_BYTES: usize = 16;

/// Where the frame number stands, in every descriptor (AV1 RTP A.8.2).
const FRAME_NUMBER: std::ops::Range<usize> = 1..3;

/// A dependency descriptor as it stood in the packet.
#[derive(Debug)]
struct DependencyDescriptor(Box<[u8]>);

/// The frame number of the packet's dependency descriptor, if it has one.
pub(crate) fn frame_number(values: &ExtensionValues) -> Option<u16> {
    let descriptor = values.user_values.get::<DependencyDescriptor>()?;
    Some(u16::from_be_bytes(descriptor.0.get(FRAME_NUMBER)?.try_into().ok()?))
}

/// Has the descriptor sent with its frame number raised by this much.
pub(crate) fn raise_frame_number(values: &mut ExtensionValues, by: u16) {
    // Frame marking is not spoken, so its place is free; a changed descriptor
    // would be an allocation for every viewer.
    values.frame_mark = Some(u32::from(by));
}

#[derive(Debug)]
struct Passthrough;

impl ExtensionSerializer for Passthrough {
    fn write_to(&self, buf: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(descriptor) = values.user_values.get::<DependencyDescriptor>() else { return 0 };
        let Some(space) = buf.get_mut(..descriptor.0.len()) else { return 0 };
        space.copy_from_slice(&descriptor.0);
        if let (Some(by), Some(number)) = (values.frame_mark, frame_number(values)) {
            space[FRAME_NUMBER].copy_from_slice(&number.wrapping_add(by as u16).to_be_bytes());
        }
        descriptor.0.len()
    }

    fn parse_value(&self, buf: &[u8], values: &mut ExtensionValues) -> bool {
        let fits = (FRAME_NUMBER.end..=DEPENDENCY_DESCRIPTOR_BYTES).contains(&buf.len());
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

/// Takes out what belongs to one hop only; the stack writes its own.
pub(crate) fn leave_hop(values: &mut ExtensionValues) {
    values.abs_send_time = None;
    values.transport_cc = None;
    values.mid = None;
    values.rid = None;
    values.rid_repair = None;
    values.frame_mark = None;
}

/// A descriptor with nothing but the mandatory fields, for tests.
#[cfg(test)]
pub(crate) fn describe_frame(values: &mut ExtensionValues, number: u16) {
    let [high, low] = number.to_be_bytes();
    values.user_values.set(DependencyDescriptor(Box::new([0xc0, high, low])));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_goes_through_and_its_number_can_be_raised() {
        let mut values = ExtensionValues::default();
        let descriptor = [0x80, 0xff, 0xfe, 7, 8];
        assert!(Passthrough.parse_value(&descriptor, &mut values));
        assert_eq!(frame_number(&values), Some(0xfffe));
        let mut out = [0; 32];
        assert_eq!(Passthrough.write_to(&mut out, &values), 5);
        assert_eq!(out[..5], descriptor);
        raise_frame_number(&mut values, 3);
        assert_eq!(Passthrough.write_to(&mut out, &values), 5);
        assert_eq!(out[..5], [0x80, 0, 1, 7, 8]);
        assert_eq!(Passthrough.write_to(&mut [0; 4], &values), 0, "no room");
    }

    #[test]
    fn sizes_at_the_limits_and_one_past() {
        let taken = |bytes: usize| Passthrough.parse_value(&vec![1; bytes], &mut ExtensionValues::default());
        assert!(taken(3) && taken(DEPENDENCY_DESCRIPTOR_BYTES));
        assert!(!taken(2) && !taken(DEPENDENCY_DESCRIPTOR_BYTES + 1));
        let two_bytes = |bytes: usize| {
            let mut values = ExtensionValues::default();
            Passthrough.parse_value(&vec![1; bytes], &mut values);
            Passthrough.requires_two_byte_form(&values)
        };
        assert!(!two_bytes(ONE_BYTE_FORM_BYTES) && two_bytes(ONE_BYTE_FORM_BYTES + 1));
    }
}
