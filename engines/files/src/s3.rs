//! A bucket of an S3-compatible server.

use crate::error::Error;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use std::fmt;
use std::time::Duration;

/// A request is made so often, at most.
pub const TRIES_MAX: usize = 4;
/// Pauses between tries: they double, with a bit of chance in them.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Nothing is tried again after so many times the wait.
const WAITS: u32 = 3;
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How a bucket is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct S3 {
    /// `https://host` or `https://host:port`, without the bucket.
    pub endpoint: String,
    /// `us-east-1` where the server knows no regions.
    pub region: String,
    pub bucket: String,
    pub key_id: String,
    pub secret: String,
    /// What all names in the bucket begin with, itself a name; empty for none.
    pub prefix: String,
    /// `https://host/bucket/…` instead of `https://bucket.host/…`.
    pub path_style: bool,
    /// Whether `http:` is taken as an endpoint: keys are not sent, but all bytes are.
    pub allow_http: bool,
    /// The longest silence of the server, while it takes or gives bytes as well.
    pub wait: Duration,
}

impl S3 {
    /// Silence that is usual with a server that is busy.
    pub const WAIT: Duration = Duration::from_secs(20);
}

impl fmt::Debug for S3 {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, region, bucket, key_id, prefix, .. } = self;
        write!(to, "S3 {{ {endpoint}, {region}, {bucket}, {prefix:?}, key {key_id} }}")
    }
}

pub(crate) fn open(settings: &S3) -> Result<AmazonS3, Error> {
    let S3 { endpoint, region, bucket, key_id, secret, path_style, allow_http, wait, .. } = settings;
    for (name, value) in [("endpoint", endpoint), ("region", region), ("bucket", bucket), ("key", key_id)] {
        if value.is_empty() {
            return Err(Error::Settings(format!("no {name} is set")));
        }
    }
    if endpoint.starts_with("http:") && !allow_http {
        return Err(Error::Settings("the endpoint begins with http:, which has to be allowed".into()));
    }
    // There is no limit to a whole answer: a film may be watched as slowly as it is.
    let client = ClientOptions::new()
        .with_timeout_disabled()
        .with_read_timeout(*wait)
        .with_connect_timeout(CONNECT_MAX.min(*wait))
        .with_allow_http(*allow_http);
    let retry = RetryConfig {
        backoff: BackoffConfig { init_backoff: FIRST_PAUSE, max_backoff: PAUSE_MAX, base: 2.0 },
        max_retries: TRIES_MAX - 1,
        retry_timeout: *wait * WAITS,
    };
    AmazonS3Builder::new()
        .with_endpoint(host(endpoint, bucket, *path_style))
        .with_region(region)
        .with_bucket_name(bucket)
        .with_access_key_id(key_id)
        .with_secret_access_key(secret)
        .with_virtual_hosted_style_request(!path_style)
        .with_client_options(client)
        .with_retry(retry)
        .build()
        .map_err(|error| Error::Settings(error.to_string()))
}

/// Where the host names the bucket, the store wants it to be told with it.
fn host(endpoint: &str, bucket: &str, path_style: bool) -> String {
    let endpoint = endpoint.trim_end_matches('/');
    match endpoint.split_once("://") {
        Some((scheme, host)) if !path_style => format!("{scheme}://{bucket}.{host}"),
        _ => endpoint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> S3 {
        S3 {
            endpoint: "https://s3.example".into(),
            region: "us-east-1".into(),
            bucket: "films".into(),
            key_id: "AK".into(),
            secret: "not to be told".into(),
            prefix: String::new(),
            path_style: true,
            allow_http: false,
            wait: S3::WAIT,
        }
    }

    #[test]
    fn secrets_are_not_told() {
        assert!(!format!("{:?}", settings()).contains("not to be told"));
        assert!(!format!("{:?}", open(&settings()).expect("a store")).contains("not to be told"));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (settings, missing) in [
            (S3 { endpoint: String::new(), ..settings() }, "endpoint"),
            (S3 { bucket: String::new(), ..settings() }, "bucket"),
            (S3 { endpoint: "http://s3.example".into(), ..settings() }, "http:"),
        ] {
            let Err(Error::Settings(said)) = open(&settings) else { panic!("{settings:?} must be refused") };
            assert!(said.contains(missing), "{said}");
        }
    }

    #[test]
    fn the_bucket_is_in_the_host_or_in_the_path() {
        assert_eq!(host("https://s3.example/", "films", false), "https://films.s3.example");
        assert_eq!(host("https://s3.example:9000", "films", true), "https://s3.example:9000");
    }
}
