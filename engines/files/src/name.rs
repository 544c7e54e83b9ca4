//! Names of files: parts with slashes between them, the same on every kind of storage.

use object_store::path::Path;
use thiserror::Error;

/// Longest name, in bytes of UTF-8. S3 takes 1,024 together with the prefix of its settings.
pub const NAME_BYTES_MAX: usize = 700;
/// Longest part of a name, in bytes: what file systems take, less what is added while a file is written.
pub const PART_BYTES_MAX: usize = 200;
/// Parts of a name.
pub const PARTS_MAX: usize = 16;

/// Why a name is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadName {
    #[error("a file's name may have {NAME_BYTES_MAX} bytes, {PARTS_MAX} parts, and {PART_BYTES_MAX} bytes in each")]
    TooLong,
    #[error("a part of a file's name is empty")]
    Empty,
    #[error("a part of a file's name stands for a folder: . or ..")]
    Dots,
    #[error("a file's name has a sign in it that is not taken: a control character, \\ or #")]
    Sign,
}

/// Control characters; what separates parts on other systems; and `#`, by which files that are being written are told
/// from those that are there.
fn is_taken(sign: char) -> bool {
    !sign.is_control() && sign != '\\' && sign != '#'
}

/// A name as the storage takes it.
pub(crate) fn checked(name: &str) -> Result<Path, BadName> {
    if name.len() > NAME_BYTES_MAX {
        return Err(BadName::TooLong);
    }
    let mut parts = 0;
    for part in name.split('/') {
        parts += 1;
        if part.is_empty() {
            return Err(BadName::Empty);
        }
        if part == "." || part == ".." {
            return Err(BadName::Dots);
        }
        if part.len() > PART_BYTES_MAX || parts > PARTS_MAX {
            return Err(BadName::TooLong);
        }
        if !part.chars().all(is_taken) {
            return Err(BadName::Sign);
        }
    }
    // What is refused here was refused above.
    Path::parse(name).map_err(|_| BadName::Sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_is_taken_as_it_is_and_stays_below_its_place(name in "(\\.|\\.\\.|[a-zé漢 ./#%~\\\\\u{0}\u{7f}]){0,40}") {
            let Ok(path) = checked(&name) else { return Ok(()) };
            prop_assert_eq!(path.as_ref(), name.as_str());
            let local = std::path::Path::new("/place").join(&name);
            prop_assert!(local.components().skip(2).all(|part| matches!(part, std::path::Component::Normal(_))));
            prop_assert!(local.starts_with("/place") && local.components().count() == 2 + name.split('/').count());
        }

        #[test]
        fn plain_names_are_taken(parts in prop::collection::vec("[a-zA-Z0-9_é漢%~ -][a-zA-Z0-9._é漢 -]{0,40}", 1..=5)) {
            prop_assert!(checked(&parts.join("/")).is_ok());
        }
    }

    #[test]
    fn every_refusal_has_its_reason() {
        for (name, why) in [
            ("", BadName::Empty),
            ("/etc/passwd", BadName::Empty),
            ("a//b", BadName::Empty),
            ("a/", BadName::Empty),
            ("..", BadName::Dots),
            ("a/../b", BadName::Dots),
            ("a/.", BadName::Dots),
            ("a\\b", BadName::Sign),
            ("a#1", BadName::Sign),
            ("a\n", BadName::Sign),
            ("a\u{0}b", BadName::Sign),
            ("a\u{85}b", BadName::Sign),
        ] {
            assert_eq!(checked(name), Err(why), "{name:?}");
        }
    }

    #[test]
    fn lengths_are_held_to_the_byte() {
        let part = |bytes: usize| "x".repeat(bytes);
        assert!(checked(&part(PART_BYTES_MAX)).is_ok());
        assert_eq!(checked(&part(PART_BYTES_MAX + 1)), Err(BadName::TooLong));
        let parts = |count: usize| vec!["x"; count].join("/");
        assert!(checked(&parts(PARTS_MAX)).is_ok());
        assert_eq!(checked(&parts(PARTS_MAX + 1)), Err(BadName::TooLong));
        let long = [part(200), part(200), part(200), part(97)].join("/");
        assert_eq!(long.len(), NAME_BYTES_MAX);
        assert!(checked(&long).is_ok());
        assert_eq!(checked(&(long + "x")), Err(BadName::TooLong));
    }
}
