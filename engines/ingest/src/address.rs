//! `rtmp://host/APP/KEY`, which encoders cut into application and stream name in different places.

use crate::Error;
use crate::limits::ADDRESS_BYTES;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) app: String,
    pub(crate) key: String,
}

/// The first segment is the application, the rest the key; what follows a `?` is left out.
pub(crate) fn address(app: &str, name: &str) -> Result<Address, Error> {
    if app.len() + name.len() > ADDRESS_BYTES {
        return Err(Error::Address);
    }
    let plain = |text: &str| text.split('?').next().unwrap_or_default().trim_matches('/').to_owned();
    let whole = format!("{}/{}", plain(app), plain(name));
    let (app, key) = whole.trim_matches('/').split_once('/').unwrap_or((whole.trim_matches('/'), ""));
    Ok(Address { app: app.to_owned(), key: key.trim_matches('/').to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wherever_an_encoder_cuts() {
        for (app, name, expected_app, expected_key) in [
            ("live", "KEY", "live", "KEY"),
            ("live/", "/KEY", "live", "KEY"),
            ("live", "KEY?token=1&x=/2", "live", "KEY"),
            ("live?user=a", "KEY", "live", "KEY"),
            ("live/KEY", "", "live", "KEY"),
            ("live/KEY", "?backup=1", "live", "KEY"),
            ("/live/a", "KEY", "live", "a/KEY"),
            ("live", "", "live", ""),
            ("", "KEY", "KEY", ""),
            ("", "", "", ""),
        ] {
            let expected = Address { app: expected_app.to_owned(), key: expected_key.to_owned() };
            assert_eq!(address(app, name), Ok(expected), "{app:?} {name:?}");
        }
    }

    #[test]
    fn a_long_address_is_no_address() {
        assert!(address("live", &"k".repeat(ADDRESS_BYTES - 4)).is_ok());
        assert_eq!(address("live", &"k".repeat(ADDRESS_BYTES - 3)), Err(Error::Address));
    }
}
