//! The dependency descriptor (RTP Payload Format For AV1, appendix A): which
//! frame a packet is of, its layers, and which decode targets need it. It is
//! the same for every codec.

use super::Malformed;
use super::bits::Bits;

/// Decode targets that a structure may tell of (`dt_cnt_minus_one` has 5 bits).
pub(crate) const DECODE_TARGETS: usize = 32;
/// Templates that a structure may have (their ids have 6 bits).
const TEMPLATES: usize = 64;
/// Bytes of a descriptor that tells nothing but its frame.
pub(crate) const MANDATORY_BYTES: usize = 3;

/// What a frame is to each decode target, a bit for each (A.8.3.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Indications {
    /// Of targets for which it is a switch or required.
    high: u32,
    /// Of targets for which it is discardable or required.
    low: u32,
}

impl Indications {
    fn set(&mut self, target: usize, indication: u32) {
        self.high |= (indication >> 1) << target;
        self.low |= (indication & 1) << target;
    }

    /// Targets that the frame is part of.
    pub(crate) fn present(self) -> u32 {
        self.high | self.low
    }

    /// Targets of which all later frames can be decoded if this one can.
    pub(crate) fn switch(self) -> u32 {
        self.high & !self.low
    }

    /// Targets of which later frames need this one.
    pub(crate) fn needed(self) -> u32 {
        self.high
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Template {
    spatial: u8,
    temporal: u8,
    indications: Indications,
}

/// What descriptors refer to; comes with key frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Structure {
    first_template: u8,
    templates: Vec<Template>,
    /// The highest spatial and temporal layer of each decode target.
    pub(crate) targets: Vec<(u8, u8)>,
    /// Of each spatial layer, in pixels; empty if it isn't told.
    pub(crate) heights_px: Vec<u32>,
}

/// What a descriptor tells of its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) begins_frame: bool,
    pub(crate) ends_frame: bool,
    pub(crate) spatial: u8,
    pub(crate) indications: Indications,
}

/// Reads a descriptor: what it tells of its packet, unless it refers to a
/// structure that isn't known, and the structure that it brings, if it does.
///
/// # Errors
///
/// The descriptor is cut, or refers to a template that there isn't.
pub(crate) fn read(
    descriptor: &[u8],
    known: Option<&Structure>,
) -> Result<(Option<Described>, Option<Structure>), Malformed> {
    let mut bits = Bits::new(descriptor);
    let (begins_frame, ends_frame) = (bits.flag()?, bits.flag()?);
    let template = bits.take(6)? as u8;
    let _frame_number = bits.take(16)?;
    let (mut custom, mut brought) = (false, None);
    if descriptor.len() > MANDATORY_BYTES {
        let (brings, actives) = (bits.flag()?, bits.flag()?);
        custom = bits.flag()?;
        let _other_than_the_templates = bits.take(2)?;
        if brings {
            brought = Some(structure(&mut bits)?);
        }
        if let Some(structure) = brought.as_ref().or(known).filter(|_| actives) {
            let _active = bits.take(structure.targets.len() as u32)?;
        }
    }
    let Some(structure) = brought.as_ref().or(known) else { return Ok((None, None)) };
    let at = usize::from(template.wrapping_sub(structure.first_template) & 0x3f);
    let template = structure.templates.get(at).ok_or(Malformed)?;
    let mut indications = template.indications;
    if custom {
        indications = self::indications(&mut bits, structure.targets.len())?;
    }
    let spatial = template.spatial;
    Ok((Some(Described { begins_frame, ends_frame, spatial, indications }), brought))
}

/// Where the number of the frame stands in every descriptor (A.8.2).
pub(crate) const FRAME_NUMBER: std::ops::Range<usize> = 1..MANDATORY_BYTES;

pub(crate) fn frame_number(descriptor: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(descriptor.get(FRAME_NUMBER)?.try_into().ok()?))
}

/// Whether a structure comes with it.
pub(crate) fn brings_structure(descriptor: &[u8]) -> bool {
    descriptor.get(MANDATORY_BYTES).is_some_and(|flags| flags & 0x80 != 0)
}

fn indications(bits: &mut Bits<'_>, targets: usize) -> Result<Indications, Malformed> {
    let mut indications = Indications::default();
    for target in 0..targets {
        indications.set(target, bits.take(2)?);
    }
    Ok(indications)
}

/// `template_dependency_structure` (A.8.2).
fn structure(bits: &mut Bits<'_>) -> Result<Structure, Malformed> {
    let first_template = bits.take(6)? as u8;
    let targets = bits.take(5)? as usize + 1;
    let layers = template_layers(bits)?;
    let mut templates = Vec::with_capacity(layers.len());
    for (spatial, temporal) in layers {
        templates.push(Template { spatial, temporal, indications: indications(bits, targets)? });
    }
    for _ in &templates {
        while bits.flag()? {
            let _frame_difference = bits.take(4)?;
        }
    }
    let chains = bits.non_symmetric(targets as u32 + 1)?;
    if chains > 0 {
        for _ in 0..targets {
            let _protected_by = bits.non_symmetric(chains)?;
        }
        for _ in 0..templates.len() as u32 * chains {
            let _frame_difference = bits.take(4)?;
        }
    }
    let mut heights_px = Vec::new();
    if bits.flag()? {
        let spatial_layers = templates.last().map_or(0, |template| template.spatial) + 1;
        for _ in 0..spatial_layers {
            let _width = bits.take(16)?;
            heights_px.push(bits.take(16)? + 1);
        }
    }
    let layers = |target: usize| {
        let of_target = || templates.iter().filter(|it| it.indications.present() >> target & 1 == 1);
        let spatial = of_target().map(|template| template.spatial).max().unwrap_or(0);
        (spatial, of_target().map(|template| template.temporal).max().unwrap_or(0))
    };
    let targets = (0..targets).map(layers).collect();
    Ok(Structure { first_template, templates, targets, heights_px })
}

/// Spatial and temporal layer of each template, in their order.
fn template_layers(bits: &mut Bits<'_>) -> Result<Vec<(u8, u8)>, Malformed> {
    const SAME_LAYER: u32 = 0;
    const NEXT_TEMPORAL_LAYER: u32 = 1;
    const NEXT_SPATIAL_LAYER: u32 = 2;
    let (mut spatial, mut temporal) = (0, 0);
    let mut layers = Vec::new();
    while layers.len() < TEMPLATES {
        layers.push((spatial, temporal));
        match bits.take(2)? {
            SAME_LAYER => {}
            NEXT_TEMPORAL_LAYER => temporal += 1,
            NEXT_SPATIAL_LAYER => (spatial, temporal) = (spatial + 1, 0),
            _ => return Ok(layers),
        }
    }
    Err(Malformed)
}

/// Descriptors for tests, written as encoders do.
#[cfg(test)]
pub(crate) mod writing {
    /// Bits, first ones first.
    #[derive(Default)]
    pub(crate) struct Written(Vec<bool>);

    impl Written {
        pub(crate) fn put(&mut self, value: u32, bits: u32) -> &mut Written {
            self.0.extend((0..bits).rev().map(|bit| value >> bit & 1 == 1));
            self
        }

        pub(crate) fn bytes(&self) -> Vec<u8> {
            let byte = |bits: &[bool]| (0..8).fold(0, |byte, at| byte << 1 | u8::from(bits.get(at) == Some(&true)));
            self.0.chunks(8).map(byte).collect()
        }
    }

    /// The mandatory fields.
    pub(crate) fn frame(begins: bool, ends: bool, template: u32, number: u16) -> Written {
        let mut written = Written::default();
        written.put(begins.into(), 1).put(ends.into(), 1).put(template, 6).put(number.into(), 16);
        written
    }

    /// A structure of so many spatial layers without temporal ones: templates
    /// 0, 2, 4 are those of key frames, 1, 3, 5 of all others. `key_only`: a
    /// layer needs the one below in key frames alone.
    pub(crate) fn structure(written: &mut Written, heights_px: &[u32], key_only: bool) {
        let layers = heights_px.len() as u32;
        written.put(0, 6).put(layers - 1, 5);
        for spatial in 0..layers {
            // Two templates of each layer.
            written.put(0, 2).put(if spatial + 1 == layers { 3 } else { 2 }, 2);
        }
        for spatial in 0..layers {
            for target in 0..layers {
                written.put(if target >= spatial { 2 } else { 0 }, 2);
            }
            for target in 0..layers {
                let above = target > spatial && !key_only;
                written.put(if target == spatial { 2 } else { 3 * u32::from(above) }, 2);
            }
        }
        for spatial in 0..layers {
            // A key frame's upper layers refer to the one below, others to their own last.
            if spatial > 0 {
                written.put(1, 1).put(0, 4);
            }
            written.put(0, 1);
            written.put(1, 1).put(layers - 1, 4).put(0, 1);
        }
        // No chains: the first of as many values as there are targets, and one.
        written.put(0, 31 - (layers + 1).leading_zeros());
        written.put(1, 1);
        for height in heights_px {
            written.put(height * 16 / 9 - 1, 16).put(height - 1, 16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::writing::{Written, frame, structure};
    use super::*;

    fn three_layers() -> Vec<u8> {
        let mut written = frame(true, true, 0, 9);
        // With a structure, and nothing else.
        written.put(0b10000, 5);
        structure(&mut written, &[180, 360, 720], true);
        written.bytes()
    }

    #[test]
    fn frames_refer_to_the_structure_that_came_with_a_key_frame() {
        assert_eq!(read(&[0x80, 0, 9], None), Ok((None, None)), "no structure came yet");
        let (first, structure) = read(&three_layers(), None).unwrap();
        let (first, structure) = (first.unwrap(), structure.unwrap());
        assert_eq!((first.begins_frame, first.ends_frame, first.spatial), (true, true, 0));
        assert_eq!((first.indications.present(), first.indications.switch()), (0b111, 0b111));
        assert_eq!(structure.targets, [(0, 0), (1, 0), (2, 0)]);
        assert_eq!(structure.heights_px, [180, 360, 720]);
        let described = |written: Written| read(&written.bytes(), Some(&structure)).unwrap().0.unwrap();
        let upper = described(frame(true, false, 3, 10));
        assert_eq!((upper.spatial, upper.indications.present(), upper.indications.switch()), (1, 0b010, 0b010));
        assert_eq!((upper.indications.needed(), upper.ends_frame), (0b010, false));
        let key = described(frame(true, true, 2, 11));
        assert_eq!((key.spatial, key.indications.switch()), (1, 0b110));
    }

    #[test]
    fn what_a_frame_says_of_itself_goes_before_its_template() {
        let structure = read(&three_layers(), None).unwrap().1.unwrap();
        let described = |written: &Written| read(&written.bytes(), Some(&structure)).unwrap().0.unwrap();
        let mut written = frame(true, true, 1, 12);
        // Custom indications: of the lowest discardable, of the others none.
        written.put(0b00100, 5).put(0b01_00_00, 6);
        let it = described(&written);
        assert_eq!((it.indications.present(), it.indications.needed()), (0b001, 0));
        // The targets that are active stand before them.
        let mut written = frame(true, true, 1, 13);
        written.put(0b01100, 5).put(0b001, 3).put(0b11_00_00, 6);
        let it = described(&written);
        assert_eq!((it.indications.present(), it.indications.needed()), (0b001, 0b001));
    }

    #[test]
    fn every_cut_and_unknown_templates_are_told() {
        let whole = three_layers();
        for cut in 0..MANDATORY_BYTES {
            assert_eq!(read(&whole[..cut], None), Err(Malformed), "{cut}");
        }
        for cut in MANDATORY_BYTES + 1..whole.len() {
            assert_eq!(read(&whole[..cut], None), Err(Malformed), "{cut}");
        }
        let structure = read(&whole, None).unwrap().1;
        let refers = |template| read(&frame(true, true, template, 1).bytes(), structure.as_ref());
        assert!(refers(5).is_ok());
        assert_eq!(refers(6), Err(Malformed), "one past the last template");
    }

    #[test]
    fn templates_at_the_limit_and_one_past() {
        let structure = |templates: usize| {
            let mut written = frame(true, true, 0, 0);
            written.put(0b10000, 5).put(0, 6).put(0, 5);
            for _ in 1..templates {
                written.put(0, 2);
            }
            written.put(3, 2);
            for _ in 0..templates {
                written.put(2, 2);
            }
            for _ in 0..templates + 8 {
                written.put(0, 1);
            }
            read(&written.bytes(), None)
        };
        assert!(structure(TEMPLATES).is_ok());
        assert_eq!(structure(TEMPLATES + 1), Err(Malformed));
    }
}
