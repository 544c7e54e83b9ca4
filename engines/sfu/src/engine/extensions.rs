//! RTP header extensions that are spoken, and the dependency descriptor, which
//! the stack doesn't know: it is carried through as it came.

use str0m::rtp::{Extension, ExtensionMap, ExtensionSerializer, ExtensionValues};

const DEPENDENCY_DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
/// Longer descriptors are not carried; real ones, with the template structure
/// of three spatial and three temporal layers, stay below.
const DEPENDENCY_DESCRIPTOR_BYTES: usize = 96;
/// Longest value in a one-byte header (RFC 8285 4.2).
const ONE_BYTE_FORM_BYTES: usize = 16;

/// A dependency descriptor as it stood in the packet.
#[derive(Debug)]
struct DependencyDescriptor(Box<[u8]>);

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
        let fits = (1..=DEPENDENCY_DESCRIPTOR_BYTES).contains(&buf.len());
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
        values.user_values.get::<DependencyDescriptor>().is_some_and(|descriptor| descriptor.0.len() > ONE_BYTE_FORM_BYTES)
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
}
