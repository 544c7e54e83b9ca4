//! Bits of headers, the first ones first.

use super::Malformed;

pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Bits<'a> {
        Bits { bytes, at: 0 }
    }

    fn bit(&mut self) -> Result<u32, Malformed> {
        let byte = *self.bytes.get(self.at / 8).ok_or(Malformed)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(u32::from(bit))
    }

    pub(super) fn flag(&mut self) -> Result<bool, Malformed> {
        Ok(self.bit()? == 1)
    }

    /// f(n); `count` is at most 32.
    pub(super) fn take(&mut self, count: u32) -> Result<u32, Malformed> {
        (0..count).try_fold(0, |value, _| Ok(value << 1 | self.bit()?))
    }

    /// ue(v) (ITU-T H.264 9.1).
    pub(super) fn unsigned(&mut self) -> Result<u32, Malformed> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return Err(Malformed);
            }
        }
        Ok((1 << zeros) - 1 + self.take(zeros)?)
    }

    /// se(v) (ITU-T H.264 9.1.1).
    pub(super) fn signed(&mut self) -> Result<i32, Malformed> {
        let code = i64::from(self.unsigned()?);
        let value = if code % 2 == 0 { -(code / 2) } else { (code + 1) / 2 };
        i32::try_from(value).map_err(|_| Malformed)
    }

    /// ns(n): one of `values` values, of which the first take a bit less (AV1
    /// 4.10.7); `values` is at least 1.
    pub(super) fn non_symmetric(&mut self, values: u32) -> Result<u32, Malformed> {
        let bits = 32 - values.leading_zeros();
        let short = (1 << bits) - values;
        let value = self.take(bits - 1)?;
        if value < short { Ok(value) } else { Ok((value << 1) - short + self.take(1)?) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_form() {
        let mut bits = Bits::new(&[0b1010_0110, 0b0010_0001]);
        assert_eq!(bits.take(3), Ok(0b101));
        assert_eq!(bits.unsigned(), Ok(5), "00110");
        assert_eq!(bits.signed(), Ok(2), "00100");
        assert_eq!(bits.take(3), Ok(1));
        assert_eq!(bits.take(1), Err(Malformed));
    }

    #[test]
    fn one_of_five_values_takes_two_or_three_bits() {
        // 0, 1, 2 take two bits; 3 and 4 take three.
        let mut bits = Bits::new(&[0x1b, 0x70]);
        let values: Vec<u32> = (0..5).map(|_| bits.non_symmetric(5).unwrap()).collect();
        assert_eq!(values, [0, 1, 2, 3, 4]);
        assert_eq!(Bits::new(&[]).non_symmetric(1), Ok(0), "one value takes none");
    }
}
