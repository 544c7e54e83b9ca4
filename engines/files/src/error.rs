//! What can be in the way, said so that whoever runs the server knows what to do.

use crate::name::BadName;
use object_store::client::{HttpError, HttpErrorKind};
use std::error::Error as _;
use std::io;
use thiserror::Error;

/// Of what a server says, so much is told, in characters.
const SAID_MAX: usize = 300;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    #[error("{0}")]
    Name(#[from] BadName),
    /// The part begins behind the end, or is empty.
    #[error("the file has {bytes} bytes, and no such part")]
    NoSuchPart { bytes: u64 },
    #[error("the folder to be kept has more than {0} files")]
    TooMany(usize),
    #[error("{0} is not a plain file")]
    NotAFile(String),
    #[error("the settings of the storage: {0}")]
    Settings(String),
    #[error("the S3 server does not know the access key")]
    UnknownKey,
    #[error("the S3 server does not accept the secret of the access key")]
    WrongSecret,
    #[error("the S3 server permits this access key not what is asked: read, write, list and delete are needed")]
    Denied,
    #[error("the clock of this machine is too far from that of the S3 server")]
    Clock,
    #[error("the S3 server has no such bucket, or not in this region")]
    NoBucket,
    #[error("the S3 server can't be reached: {0}")]
    Unreachable(String),
    #[error("the S3 server did not answer in time")]
    TooSlow,
    #[error("there is no room left")]
    Full,
    #[error("the storage failed: {0}")]
    Failed(String),
}

impl Error {
    /// Whether the same may succeed at another time without anybody doing something.
    pub fn may_be_retried(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TooSlow | Self::Full | Self::Failed(_) => true,
            Self::Name(_)
            | Self::NoSuchPart { .. }
            | Self::TooMany(_)
            | Self::NotAFile(_)
            | Self::Settings(_)
            | Self::UnknownKey
            | Self::WrongSecret
            | Self::Denied
            | Self::Clock
            | Self::NoBucket => false,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// All that an error says, its causes included.
fn causes(error: &object_store::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |&error| error.source())
}

/// The `Code` of an S3 error (Amazon S3 API, "Error responses"), which is in the body of an answer.
fn code(error: &object_store::Error) -> Option<String> {
    let said = causes(error).map(ToString::to_string).find(|said| said.contains("<Code>"))?;
    let code = said.split_once("<Code>")?.1.split_once("</Code>")?.0;
    Some(code.to_owned())
}

/// What S3's code means here; `None` where the kind of the error says as much.
fn meaning(code: &str) -> Option<Error> {
    Some(match code {
        "InvalidAccessKeyId" | "NotSignedUp" => Error::UnknownKey,
        "SignatureDoesNotMatch" => Error::WrongSecret,
        "AccessDenied" | "AllAccessDisabled" => Error::Denied,
        "RequestTimeTooSkewed" => Error::Clock,
        "NoSuchBucket" | "PermanentRedirect" | "AuthorizationHeaderMalformed" => Error::NoBucket,
        "QuotaExceeded" | "XMinioStorageFull" => Error::Full,
        _ => return None,
    })
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        if let Some(meant) = code(&error).as_deref().and_then(meaning) {
            return meant;
        }
        for cause in causes(&error) {
            if let Some(io) = cause.downcast_ref::<io::Error>()
                && matches!(io.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            {
                return Self::Full;
            }
            if let Some(http) = cause.downcast_ref::<HttpError>() {
                return match http.kind() {
                    HttpErrorKind::Timeout => Self::TooSlow,
                    _ => Self::Unreachable(deepest(http)),
                };
            }
        }
        match &error {
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => Self::Denied,
            _ => Self::Failed(error.to_string().chars().take(SAID_MAX).collect()),
        }
    }
}

/// The last cause is the plainest: `Connection refused`.
fn deepest(error: &HttpError) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        said = deeper.to_string();
        cause = deeper.source();
    }
    said.chars().take(SAID_MAX).collect()
}

/// A file that is not there, but in a bucket that is. A folder is no file, and below a file there are none.
pub(crate) fn is_missing(error: &object_store::Error) -> bool {
    let no_file = |cause: &(dyn std::error::Error + 'static)| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(kind, Some(io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory))
    };
    match error {
        object_store::Error::NotFound { .. } => code(error).as_deref() != Some("NoSuchBucket"),
        _ => causes(error).any(no_file),
    }
}
