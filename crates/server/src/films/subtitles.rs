//! Subtitles that people add to a film: SubRip or WebVTT, read with care and written as WebVTT (W3C, WebVTT 1).
//!
//! Only cues are taken over: no styles, no regions, no notes. What a cue says is text to a browser, with the few tags that WebVTT
//! knows; it is never markup of a page.

use std::fmt::Write as _;

/// Cues of one file.
pub const CUES_MAX: usize = 20_000;
/// Characters of a cue.
pub const CUE_MAX_CHARS: usize = 1_000;

/// Why a file holds no subtitles that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is neither UTF-8 nor UTF-16 with a mark.
    #[error("it is no text in UTF-8 or UTF-16")]
    Encoding,
    /// There is no cue in it.
    #[error("there is no cue in it: neither SubRip nor WebVTT")]
    NoCue,
    /// There are more than [`CUES_MAX`], or one has more than [`CUE_MAX_CHARS`].
    #[error("there is too much in it")]
    TooMuch,
}

/// WebVTT out of a file of subtitles. Cues that can't be read are passed over.
///
/// Errors: nothing of it can be used.
pub fn web_vtt(file: &[u8]) -> Result<String, Unreadable> {
    let text = text_of(file)?.replace("\r\n", "\n").replace('\r', "\n");
    let mut vtt = String::from("WEBVTT\n");
    let mut cues = 0;
    for block in text.split("\n\n") {
        let Some((start_ms, end_ms, words)) = cue(block) else { continue };
        cues += 1;
        if cues > CUES_MAX || words.chars().count() > CUE_MAX_CHARS {
            return Err(Unreadable::TooMuch);
        }
        let _ = write!(vtt, "\n{} --> {}\n{words}\n", time(start_ms), time(end_ms));
    }
    if cues == 0 { Err(Unreadable::NoCue) } else { Ok(vtt) }
}

fn text_of(file: &[u8]) -> Result<String, Unreadable> {
    let wide = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| Unreadable::Encoding)
    };
    match file {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => {
            let text = std::str::from_utf8(file).map_err(|_| Unreadable::Encoding)?;
            Ok(text.trim_start_matches('\u{FEFF}').to_owned())
        }
    }
}

/// A cue: when it begins and ends, in milliseconds, and what it says.
fn cue(block: &str) -> Option<(u64, u64, String)> {
    let mut lines = block.lines().skip_while(|line| !line.contains("-->"));
    let (start, end) = lines.next()?.split_once("-->")?;
    // Behind the end WebVTT has settings of the cue; where it stands is the viewer's.
    let (start_ms, end_ms) = (millis(start.trim())?, millis(end.split_whitespace().next()?)?);
    let shows = |c: char| c == '\n' || !c.is_control();
    let words: Vec<&str> = lines.map(str::trim).filter(|line| !line.is_empty()).collect();
    // An arrow would begin another cue.
    let words: String = words.join("\n").replace("-->", "→").chars().filter(|c| shows(*c)).collect();
    (end_ms > start_ms && !words.is_empty()).then_some((start_ms, end_ms, words))
}

/// `HH:MM:SS,mmm` as SubRip writes it, or `MM:SS.mmm` as WebVTT may.
fn millis(time: &str) -> Option<u64> {
    let (whole, fraction) = time.split_once([',', '.'])?;
    let digits = |text: &str, most: usize| {
        let good = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        good.then(|| text.parse::<u64>().ok()).flatten()
    };
    let fraction_ms = digits(fraction, 3)? * 10_u64.pow(3 - fraction.len() as u32);
    let parts: Vec<&str> = whole.split(':').collect();
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes, seconds] => (digits(hours, 3)?, digits(minutes, 2)?, digits(seconds, 2)?),
        [minutes, seconds] => (0, digits(minutes, 2)?, digits(seconds, 2)?),
        _ => return None,
    };
    (minutes < 60 && seconds < 60).then_some(((hours * 60 + minutes) * 60 + seconds) * 1_000 + fraction_ms)
}

fn time(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subrip_becomes_web_vtt() {
        let srt = "\u{FEFF}1\r\n00:00:01,500 --> 00:00:02,000\r\n<i>Hi</i>\r\nthere\r\n\r\n2\r\n01:02:03,040 --> 01:02:04,000\r\n你好\r\n";
        let vtt = "WEBVTT\n\n00:00:01.500 --> 00:00:02.000\n<i>Hi</i>\nthere\n\n01:02:03.040 --> 01:02:04.000\n你好\n";
        assert_eq!(web_vtt(srt.as_bytes()).as_deref(), Ok(vtt));
    }

    #[test]
    fn web_vtt_keeps_its_cues_and_nothing_else() {
        let given = "WEBVTT - title\n\nSTYLE\n::cue { background: url(http://x) }\n\nNOTE --> no\n\nname\n00:01.000 --> 00:02.5 line:0 align:start\nHello --> you\n\n00:03.000 --> 00:02.000\nbackwards\n";
        let vtt = "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello → you\n";
        assert_eq!(web_vtt(given.as_bytes()).as_deref(), Ok(vtt));
    }

    #[test]
    fn text_of_windows_is_read() {
        let text = "1\r\n00:00:01,000 --> 00:00:02,000\r\nHé\r\n";
        let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert!(web_vtt(&wide).unwrap().contains("Hé"));
        assert_eq!(web_vtt(b"\xE9\xE8"), Err(Unreadable::Encoding));
    }

    #[test]
    fn what_holds_no_cues_or_too_many_is_refused() {
        for nothing in ["", "WEBVTT\n", "<svg/>", "00:00:99,000 --> 00:01:00,000\nx", "1\n-->\nx"] {
            assert_eq!(web_vtt(nothing.as_bytes()), Err(Unreadable::NoCue), "{nothing}");
        }
        let cues = |count: usize| "00:01.000 --> 00:02.000\nx\n\n".repeat(count);
        assert!(web_vtt(cues(CUES_MAX).as_bytes()).is_ok());
        assert_eq!(web_vtt(cues(CUES_MAX + 1).as_bytes()), Err(Unreadable::TooMuch));
        let cue = |chars: usize| format!("00:01.000 --> 00:02.000\n{}", "x".repeat(chars));
        assert!(web_vtt(cue(CUE_MAX_CHARS).as_bytes()).is_ok());
        assert_eq!(web_vtt(cue(CUE_MAX_CHARS + 1).as_bytes()), Err(Unreadable::TooMuch));
    }
}
