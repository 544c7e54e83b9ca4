//! Which part of a file is wanted (RFC 9110, section 14).
//!
//! What can't be read as one range of bytes is no reason to refuse: the whole answers it. Only a range that lies beyond the
//! end can't be satisfied.

use axum::http::{HeaderMap, HeaderValue, Method, Request, header};
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

/// What of a file is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// All of it.
    Whole,
    /// These bytes, of which all are there.
    Part(RangeInclusive<u64>),
    /// Only what is not there.
    Nothing,
}

/// The file as it is now.
pub struct File<'a> {
    /// Its length, in bytes.
    pub length: u64,
    /// When it was changed last.
    pub modified: Option<SystemTime>,
    /// The headers that it is answered with: `ETag` and `Last-Modified` are its validators.
    pub headers: &'a HeaderMap,
}

/// Puts what is wanted of a file into the words that are understood without exceptions: one range within it, or none.
pub fn settle<B>(request: &mut Request<B>, file: &File<'_>) {
    let if_range = request.headers_mut().remove(header::IF_RANGE);
    let ranges: Vec<HeaderValue> = request.headers().get_all(header::RANGE).iter().cloned().collect();
    request.headers_mut().remove(header::RANGE);
    let [range] = ranges.as_slice() else { return };
    // Section 14.2: of other methods than GET a range means nothing; section 13.1.5: it is of a file that is known.
    let known = if_range.is_none_or(|known| is_known(&known, file));
    if request.method() != Method::GET || !known {
        return;
    }
    let wanted = match range.to_str().map(|range| wanted(range, file.length)) {
        Ok(Wanted::Part(part)) => format!("bytes={}-{}", part.start(), part.end()),
        Ok(Wanted::Nothing) => format!("bytes={}-", file.length),
        Ok(Wanted::Whole) | Err(_) => return,
    };
    if let Ok(wanted) = HeaderValue::from_str(&wanted) {
        request.headers_mut().insert(header::RANGE, wanted);
    }
}

/// Whether `If-Range` names the file as it is: by a strong entity tag, or by a date that can only mean this content (sections
/// 8.8.2.2 and 8.8.3.2).
fn is_known(condition: &HeaderValue, file: &File<'_>) -> bool {
    if condition.as_bytes().starts_with(b"\"") {
        return file.headers.get(header::ETAG) == Some(condition);
    }
    let settled = |at: SystemTime| at.elapsed().is_ok_and(|ago| ago >= Duration::from_secs(1));
    file.headers.get(header::LAST_MODIFIED) == Some(condition) && file.modified.is_some_and(settled)
}

fn wanted(range: &str, length: u64) -> Wanted {
    let Some((unit, set)) = range.split_once('=') else { return Wanted::Whole };
    let Some((first, last)) = set.trim_matches([' ', '\t']).split_once('-') else { return Wanted::Whole };
    let numbers = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // More ranges than one have a comma here, which is no digit.
    if !unit.trim().eq_ignore_ascii_case("bytes") || !numbers(first) || !numbers(last) {
        return Wanted::Whole;
    }
    // A number that is too large to be held is beyond any end.
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    let (first, last) = match (first, last) {
        ("", "") => return Wanted::Whole,
        ("", suffix) => match number(suffix).min(length) {
            0 => return Wanted::Nothing,
            suffix => (length - suffix, length - 1),
        },
        (first, "") => (number(first), u64::MAX),
        (first, last) if number(first) > number(last) => return Wanted::Whole,
        (first, last) => (number(first), number(last)),
    };
    if first >= length { Wanted::Nothing } else { Wanted::Part(first..=last.min(length - 1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_bytes_is_taken_and_cut_at_the_end() {
        for (range, part) in [
            ("bytes=0-0", 0..=0),
            ("bytes=0-", 0..=99),
            ("bytes=10-19", 10..=19),
            ("Bytes= 10-19 ", 10..=19),
            ("bytes=99-99", 99..=99),
            ("bytes=90-1000", 90..=99),
            ("bytes=90-99999999999999999999999", 90..=99),
            ("bytes=-1", 99..=99),
            ("bytes=-100", 0..=99),
            ("bytes=-101", 0..=99),
            ("bytes=-99999999999999999999999", 0..=99),
        ] {
            assert_eq!(wanted(range, 100), Wanted::Part(part), "{range}");
        }
    }

    #[test]
    fn what_lies_beyond_the_end_cannot_be_satisfied() {
        for range in ["bytes=100-", "bytes=100-200", "bytes=99999999999999999999999-", "bytes=-0"] {
            assert_eq!(wanted(range, 100), Wanted::Nothing, "{range}");
        }
        for range in ["bytes=0-", "bytes=-5"] {
            assert_eq!(wanted(range, 0), Wanted::Nothing, "of an empty file: {range}");
        }
    }

    #[test]
    fn what_is_not_one_range_of_bytes_wants_the_whole() {
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5",
            "bytes=a-b",
            "bytes=5-4",
            "bytes=1-2,4-5",
            "bytes=0-,-1",
            "bytes=--5",
            "bytes=+1-5",
            "bytes=1-5-7",
            "bytes=0x1-5",
            "seconds=1-2",
            "bytes:1-2",
            "bytes=1 - 2",
        ] {
            assert_eq!(wanted(range, 100), Wanted::Whole, "{range}");
        }
    }
}
