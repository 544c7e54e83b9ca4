//! Everything an encoder, or somebody who pretends to be one, could make grow.

use std::time::Duration;

/// Largest chunk that a peer may announce. RTMP 1.0 section 5.4.1 permits 16 MiB, which nobody uses.
pub const CHUNK_BYTES: usize = 1024 * 1024;
/// Chunk streams of one connection. Encoders use three to six.
pub const CHUNK_STREAMS: usize = 16;
/// One message: a key frame at 50 Mbit/s is well below it.
pub const MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// One message of somebody who has not been let in.
pub const EARLY_MESSAGE_BYTES: usize = 64 * 1024;
/// All unfinished messages of a connection together.
pub const BUFFERED_BYTES: usize = 8 * 1024 * 1024;
/// What may arrive while the host program decides who this is.
pub const WAITING_BYTES: usize = 1024 * 1024;
/// A command or data message.
pub const COMMAND_BYTES: usize = 64 * 1024;
/// Commands before one of them publishes.
pub const EARLY_COMMANDS: usize = 64;
/// Message streams that one connection may create.
pub const MESSAGE_STREAMS: u32 = 8;
/// Nesting of AMF0 objects and arrays.
pub const AMF_DEPTH: usize = 8;
/// Values in one AMF0 message, nested ones included.
pub const AMF_VALUES: usize = 1024;
/// One AMF0 string or name of a property.
pub const AMF_STRING_BYTES: usize = 4096;
/// Application and stream key together.
pub const ADDRESS_BYTES: usize = 512;
/// Characters kept of the name that an encoder gives itself.
pub const ENCODER_NAME_CHARS: usize = 64;
/// One AAC frame: four times what 48 channels' worth of standard allows a stereo pair.
pub const AUDIO_FRAME_BYTES: usize = 16 * 1024;
/// Parameter sets of one H.264 configuration.
pub const PARAMETER_SETS: usize = 32;
/// NAL units of one access unit.
pub const NAL_UNITS: usize = 1024;
/// Frames that could not be read before the broadcast is refused.
pub const MALFORMED_FRAMES: u32 = 50;

pub const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// From the first byte on, a connection has this long to publish.
pub const PUBLISH_WITHIN: Duration = Duration::from_secs(10);
/// Time for the host program to say yes or no.
pub const DECIDE_WITHIN: Duration = Duration::from_secs(10);
/// A broadcast from which no frame came for this long is over.
pub const SILENCE: Duration = Duration::from_secs(30);
/// A peer that does not read has this long before it is given up.
pub const WRITE_WITHIN: Duration = Duration::from_secs(5);
/// After a refusal the connection stays this long, so that its words arrive before the end does.
pub const LINGER: Duration = Duration::from_millis(500);

/// The bit rate is taken over this long: key frames and stalls make bursts.
pub const BIT_RATE_OVER: Duration = Duration::from_secs(5);
/// Media time may run this far ahead of the clock.
pub const AHEAD_OF_CLOCK: Duration = Duration::from_secs(60);
/// A time stamp this far from the newest one is a jump, not a gap.
pub const JUMP: Duration = Duration::from_secs(10);
/// Jumps of the encoder's clock within [`JUMPS_OVER`].
pub const JUMPS: usize = 10;
pub const JUMPS_OVER: Duration = Duration::from_secs(60);
/// Frames of one kind in a row whose time stamps do not rise.
pub const STUCK_FRAMES: u32 = 250;
/// Presentation after decoding.
pub const COMPOSITION_MS: std::ops::RangeInclusive<i32> = -1_000..=10_000;

/// What an operator may want to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of one connection, everything included.
    pub bit_rate_bps: u64,
    pub connections: usize,
    /// Of one IPv4 address or one IPv6 network of 64 bits.
    pub connections_per_address: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bit_rate_bps: 50_000_000, connections: 1024, connections_per_address: 16 }
    }
}
