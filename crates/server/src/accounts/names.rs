//! What an account may be called.

use hearth_protocol::limits::ACCOUNT_NAME_MAX_BYTES;

/// An account name as it is kept: it stands in addresses, so it is plain ASCII, and starts with a letter or digit.
///
/// Errors: what is wrong with it, to stand behind "the name".
pub fn account(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if name.is_empty() {
        return Err("is empty");
    }
    if name.len() > ACCOUNT_NAME_MAX_BYTES {
        return Err("is too long");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if !name.bytes().all(plain) {
        return Err("may hold letters a to z, digits, '.', '_' and '-'");
    }
    if !name.as_bytes()[0].is_ascii_alphanumeric() {
        return Err("starts with a letter or a digit");
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_short() {
        assert_eq!(account(" Ana.B-1_2 "), Ok("Ana.B-1_2".to_owned()));
        for wrong in ["", " ", ".ana", "a b", "../x", "аna", "a\u{202E}", "<b>"] {
            assert!(account(wrong).is_err(), "{wrong:?}");
        }
        assert!(account(&"a".repeat(ACCOUNT_NAME_MAX_BYTES)).is_ok());
        assert!(account(&"a".repeat(ACCOUNT_NAME_MAX_BYTES + 1)).is_err());
    }
}
