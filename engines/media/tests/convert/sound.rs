//! AAC into Opus.

use crate::material::{adts, ffmpeg, through};
use hearth_media::Frame;
use hearth_media::convert::{AacError, AacToOpus, OPUS_PACKET_US, RESYNC_US, SILENCE_MAX_US, UNDECODABLE_MAX};

const START_US: u64 = 5_000_000;

/// Sweeps of tones that are alike nowhere, left and right apart.
fn material(rate_hz: u32, channels: u8, seconds: u32) -> Vec<u8> {
    let left = "0.4*sin(2*PI*(200+150*t)*t)";
    let sound = if channels == 1 { left.to_owned() } else { format!("{left}|0.4*sin(2*PI*(300+90*t)*t)") };
    ffmpeg(&format!("-f lavfi -i aevalsrc={sound}:s={rate_hz}:d={seconds} -c:a aac -b:a 192k -f adts"))
}

fn frame_us(rate_hz: u32, index: usize) -> u64 {
    index as u64 * 1_024_000_000 / u64::from(rate_hz)
}

/// The time stamp of a frame as RTMP has it: in milliseconds.
fn rounded_us(us: u64) -> u64 {
    us / 1_000 * 1_000
}

fn is_gap_free(packets: &[Frame]) -> bool {
    packets.windows(2).all(|pair| pair[1].pts_us.abs_diff(pair[0].pts_us + OPUS_PACKET_US) <= 1)
}

fn decoded(packets: &[Frame], channels: u8) -> Vec<f32> {
    let kind = if channels == 1 { opus::Channels::Mono } else { opus::Channels::Stereo };
    let mut decoder = opus::Decoder::new(48_000, kind).expect("a decoder");
    let mut sound = Vec::new();
    for packet in packets {
        let mut piece = vec![0.0; 960 * usize::from(channels)];
        let frames = decoder.decode_float(&packet.data, &mut piece, false).expect("an Opus packet");
        assert_eq!(frames, 960);
        sound.extend(piece);
    }
    sound
}

/// How alike two sounds are, from −1 to 1.
fn likeness(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn the_same_sound_at_the_same_time() {
    for (rate_hz, channels) in [(44_100, 2), (48_000, 2), (48_000, 1), (22_050, 1)] {
        let file = material(rate_hz, channels, 3);
        let (config, frames) = adts(&file);
        let mut converter = AacToOpus::new(&config).expect("AAC-LC");
        assert_eq!(converter.channels(), channels);
        let mut packets = Vec::new();
        for (index, frame) in frames.iter().enumerate() {
            packets.extend(converter.push(rounded_us(START_US + frame_us(rate_hz, index)), frame).expect("sound"));
        }
        assert!(is_gap_free(&packets), "{rate_hz}");
        assert!(packets.iter().all(|packet| !packet.discontinuity));
        let long_us = packets.len() as u64 * OPUS_PACKET_US;
        assert!(long_us + 2 * OPUS_PACKET_US > frame_us(rate_hz, frames.len()), "{rate_hz}: only {long_us}");

        let opus = decoded(&packets, channels);
        let reference = through("ffmpeg", &format!("-f aac -i pipe:0 -ar 48000 -ac {channels} -f f32le pipe:1"), &file);
        let reference: Vec<f32> =
            reference.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("4 bytes"))).collect();
        // The first packet begins before the first frame: by the delay of the Opus encoder.
        let early = ((START_US - packets[0].pts_us) * 48_000 / 1_000_000) as usize;
        let channels = usize::from(channels);
        let likeness_at = |shift: i64| {
            let (from, length) = (48_000 * channels, 48_000 * channels);
            let at = (from as i64 + shift * channels as i64) as usize + early * channels;
            likeness(&reference[from..from + length], &opus[at..at + length])
        };
        let best = (-96..=96).max_by(|a, b| likeness_at(*a).total_cmp(&likeness_at(*b))).expect("a best");
        assert!(best.abs() <= 2, "{rate_hz} Hz, {channels} channels: {best} samples off");
        assert!(likeness_at(best) > 0.97, "{rate_hz} Hz: {}", likeness_at(best));
    }
}

/// Pushes frames at these times; gives packets.
fn converted(times_us: impl IntoIterator<Item = u64>) -> Vec<Frame> {
    let (config, frames) = adts(&material(48_000, 1, 1));
    let mut converter = AacToOpus::new(&config).expect("AAC-LC");
    let mut frames = frames.iter().cycle();
    let mut packets = Vec::new();
    for time_us in times_us {
        packets.extend(converter.push(time_us, frames.next().expect("endless")).expect("sound"));
    }
    packets
}

#[test]
fn a_short_gap_becomes_silence() {
    let times =
        (0..100).map(|index| START_US + frame_us(48_000, index) + if index >= 50 { SILENCE_MAX_US / 2 } else { 0 });
    let packets = converted(times);
    assert!(is_gap_free(&packets) && packets.iter().all(|packet| !packet.discontinuity));
    let end_us = packets.last().expect("packets").pts_us + OPUS_PACKET_US;
    assert!(end_us.abs_diff(START_US + frame_us(48_000, 100) + SILENCE_MAX_US / 2) < 2 * OPUS_PACKET_US);
}

#[test]
fn a_jump_is_a_new_beginning() {
    for jump_us in [SILENCE_MAX_US as i64 + 1_000, 3_600_000_000, -(SILENCE_MAX_US as i64 + 1_000)] {
        let at = |index: usize| {
            let us = START_US + frame_us(48_000, index);
            if index >= 50 { us.saturating_add_signed(jump_us) } else { us }
        };
        let packets = converted((0..100).map(at));
        let marked: Vec<_> = (0..packets.len()).filter(|&index| packets[index].discontinuity).collect();
        let [marked] = marked[..] else { panic!("{jump_us}: {marked:?}") };
        assert!(is_gap_free(&packets[..marked]) && is_gap_free(&packets[marked..]), "{jump_us}");
        assert!(packets[marked].pts_us.abs_diff(at(50)) < OPUS_PACKET_US, "{jump_us}");
    }
}

#[test]
fn what_was_heard_is_not_heard_again() {
    let back_us = RESYNC_US + 50_000;
    let times = (0..100).map(|index| START_US + frame_us(48_000, index) - if index >= 50 { back_us } else { 0 });
    let packets = converted(times);
    assert!(is_gap_free(&packets) && packets.iter().all(|packet| !packet.discontinuity));
    let end_us = packets.last().expect("packets").pts_us + OPUS_PACKET_US;
    assert!(end_us.abs_diff(START_US + frame_us(48_000, 100) - back_us) < RESYNC_US, "{end_us}");
}

#[test]
fn a_clock_that_is_a_little_off_is_followed_without_a_gap() {
    for per_mille in [999, 1_001] {
        let at = |index: usize| rounded_us(START_US + frame_us(48_000, index) * per_mille / 1_000);
        let packets = converted((0..6_000).map(at));
        assert!(is_gap_free(&packets) && packets.iter().all(|packet| !packet.discontinuity), "{per_mille}");
        let end_us = packets.last().expect("packets").pts_us + OPUS_PACKET_US;
        assert!(end_us.abs_diff(at(6_000)) < 60_000, "{per_mille}: {end_us} and {}", at(6_000));
    }
}

/// Begins with a pair of channels, where one was promised.
const STEREO: &[u8] = &[0x21, 0x10, 0x04, 0x60];

#[test]
fn what_cannot_be_decoded_is_silence_and_too_much_of_it_the_end() {
    let (config, frames) = adts(&material(48_000, 1, 1));
    let mut converter = AacToOpus::new(&config).expect("AAC-LC");
    let mut packets = Vec::new();
    let mut at = 0;
    let mut push = |data: &[u8], packets: &mut Vec<Frame>| {
        let pushed = converter.push(START_US + frame_us(48_000, at), data)?;
        at += 1;
        packets.extend(pushed);
        Ok(())
    };
    for garbage in [&[][..], &[0xff; 40], &[0xe0], &[0x21, 0x10]] {
        assert_eq!(push(garbage, &mut packets), Ok(()));
    }
    assert_eq!(push(&frames[10], &mut packets), Ok(()));
    for _ in 0..UNDECODABLE_MAX {
        assert_eq!(push(STEREO, &mut packets), Ok(()));
    }
    assert!(is_gap_free(&packets));
    assert_eq!(push(STEREO, &mut packets), Err(AacError::Undecodable));
}

#[test]
fn what_is_not_converted_here_says_so() {
    for (config, error) in [
        (&[0x2b, 0x92, 0x08, 0][..], AacError::Profile),
        (&[0x11, 0xb0], AacError::Channels(6)),
        (&[0x0a, 0x10], AacError::Profile),
    ] {
        assert_eq!(AacToOpus::new(config).err(), Some(error), "{config:?}");
    }
    assert!(matches!(AacToOpus::new(&[0x11]), Err(AacError::Config(_))));
}
