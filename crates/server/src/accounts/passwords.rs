//! Passwords: kept as Argon2id hashes (RFC 9106), with the parameters in the hash.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use hearth_protocol::limits::{PASSWORD_MAX_BYTES, PASSWORD_MIN_CHARS};

/// Bytes that are read where a password is expected: enough to see that it is too long.
pub const INPUT_MAX_BYTES: u64 = PASSWORD_MAX_BYTES as u64 + 16;

/// The hash that is kept of a password. It takes tens of milliseconds of CPU: not for a runtime's thread.
///
/// Errors: what is wrong with it, to stand behind "the password".
pub fn hash(password: &str) -> Result<String, &'static str> {
    if password.chars().count() < PASSWORD_MIN_CHARS {
        return Err("is too short: it takes at least 8 characters");
    }
    if password.len() > PASSWORD_MAX_BYTES {
        return Err("is too long");
    }
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|_| "can't be hashed")?;
    Ok(hash.to_string())
}

/// Whether a password is the one a hash was made of.
pub fn matches(password: &str, hash: &str) -> bool {
    password.len() <= PASSWORD_MAX_BYTES
        && PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_hash_and_no_other() {
        let kept = hash("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(matches("correct horse", &kept));
        assert!(!matches("wrong horse", &kept));
        assert_ne!(kept, hash("correct horse").unwrap(), "each has its own salt");
    }

    #[test]
    fn passwords_are_neither_too_short_nor_too_long() {
        assert!(hash("seven77").is_err());
        assert!(hash("eight888").is_ok());
        assert!(hash(&"x".repeat(PASSWORD_MAX_BYTES + 1)).is_err());
        assert!(!matches(&"x".repeat(PASSWORD_MAX_BYTES + 1), "$argon2id$"));
    }
}
