//! Reading bits of what strangers sent: never past the end, never forever.

/// The bytes ended before the field did, or a field has a value that no encoder writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Longest run of zeros in an Exp-Golomb code (ITU-T H.264 9.1).
const GOLOMB_ZEROS_MAX: u32 = 31;

/// Bits from the most significant of the first byte on.
pub struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    pub fn bit(&mut self) -> Result<bool, Malformed> {
        let byte = self.data.get(self.at / 8).ok_or(Malformed("it ends too early"))?;
        let bit = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Ok(bit)
    }

    /// Up to 32 bits.
    pub fn bits(&mut self, count: u32) -> Result<u32, Malformed> {
        debug_assert!(count <= 32);
        let mut value = 0u32;
        for _ in 0..count {
            value = value << 1 | u32::from(self.bit()?);
        }
        Ok(value)
    }

    pub fn skip(&mut self, count: u32) -> Result<(), Malformed> {
        self.at += count as usize;
        if self.at > self.data.len() * 8 { Err(Malformed("it ends too early")) } else { Ok(()) }
    }

    /// `ue(v)` of H.264, `uvlc()` of AV1.
    pub fn golomb(&mut self) -> Result<u32, Malformed> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > GOLOMB_ZEROS_MAX {
                return Err(Malformed("a number is too long"));
            }
        }
        Ok((1u32 << zeros) - 1 + self.bits(zeros)?)
    }

    /// `se(v)` of H.264.
    pub fn signed_golomb(&mut self) -> Result<i32, Malformed> {
        let code = i64::from(self.golomb()?);
        let value = if code % 2 == 1 { (code + 1) / 2 } else { -(code / 2) };
        i32::try_from(value).map_err(|_| Malformed("a number is too large"))
    }
}
