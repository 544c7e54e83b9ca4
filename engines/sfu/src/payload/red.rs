//! RED (RFC 2198): sound again, for when the packet before was lost.

use super::Malformed;

/// Blocks of one packet; senders use two or three.
const BLOCKS: usize = 8;

/// One encoding in a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// How much earlier than the packet's timestamp it is, in ticks.
    pub(crate) earlier: u32,
    pub(crate) payload: &'a [u8],
}

/// The blocks, earliest first; the last one is the primary.
///
/// # Errors
///
/// Lengths that exceed the packet, or more than [`BLOCKS`].
pub(crate) fn blocks(payload: &[u8]) -> Result<Vec<Block<'_>>, Malformed> {
    let mut heads: Vec<(u32, usize)> = Vec::new();
    let mut rest = payload;
    loop {
        match *rest {
            [first, ..] if first & 0x80 == 0 => {
                rest = &rest[1..];
                break;
            }
            [_, b1, b2, b3, ..] if heads.len() + 1 < BLOCKS => {
                let earlier = u32::from(b1) << 6 | u32::from(b2 >> 2);
                let length = usize::from(b2 & 0x03) << 8 | usize::from(b3);
                heads.push((earlier, length));
                rest = &rest[4..];
            }
            _ => return Err(Malformed),
        }
    }
    let mut blocks = Vec::with_capacity(heads.len() + 1);
    for (earlier, length) in heads {
        let payload = rest.get(..length).ok_or(Malformed)?;
        rest = &rest[length..];
        if !payload.is_empty() {
            blocks.push(Block { earlier, payload });
        }
    }
    if rest.is_empty() {
        return Err(Malformed);
    }
    blocks.push(Block { earlier: 0, payload: rest });
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_and_what_is_new() {
        // 960 ticks earlier, 2 bytes.
        let packet = [0x80 | 111, 0x0f, 0x00, 0x02, 111, 1, 2, 3, 4, 5];
        let blocks = blocks(&packet).unwrap();
        assert_eq!(blocks, [Block { earlier: 960, payload: &[1, 2] }, Block { earlier: 0, payload: &[3, 4, 5] }]);
        assert_eq!(super::blocks(&[111, 9]).unwrap(), [Block { earlier: 0, payload: &[9] }]);
    }

    #[test]
    fn lengths_that_lie_and_too_many_blocks() {
        let packet = [0x80 | 111, 0x0f, 0x00, 0x02, 111, 1, 2, 3];
        for cut in 0..packet.len() {
            assert_eq!(blocks(&packet[..cut]), Err(Malformed), "{cut}");
        }
        let many = |count: usize| [[0xef, 0, 4, 0].repeat(count).as_slice(), &[111, 1]].concat();
        assert_eq!(blocks(&many(BLOCKS - 1)).unwrap().len(), 1, "empty ones are left out");
        assert_eq!(blocks(&many(BLOCKS)), Err(Malformed));
    }
}
