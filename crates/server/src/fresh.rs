//! Bits nobody can guess, and the identifiers made of them.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hearth_capabilities::Fresh;
use hearth_protocol::ids::{SpaceId, UserId};

/// `N` bytes from the operating system's generator.
///
/// # Panics
/// If the operating system has no randomness: nothing safe could be done without it.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Bits for a machine to make identifiers from.
pub fn fresh() -> Fresh {
    let bytes = bytes::<16>();
    let (high, low) = bytes.split_at(8);
    let half = |half: &[u8]| u64::from_le_bytes(half.try_into().expect("eight bytes"));
    Fresh(half(high), half(low))
}

/// The part of an identifier behind its prefix: 128 bits in 22 characters.
pub fn suffix() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<16>())
}

/// A secret for a link or a token: 256 bits in 43 characters.
pub fn secret() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// A new user.
pub fn user() -> UserId {
    UserId::parse(&format!("user_{}", suffix())).expect("well formed")
}

/// A new dialog.
pub fn dialog() -> SpaceId {
    SpaceId::parse(&format!("dialog_{}", suffix())).expect("well formed")
}

/// A new room.
pub fn space() -> SpaceId {
    SpaceId::parse(&format!("room_{}", suffix())).expect("well formed")
}
