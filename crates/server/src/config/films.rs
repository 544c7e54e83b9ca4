//! Films and images, and where their files are kept.

use serde::{Deserialize, Serialize};

/// More films than this are not converted at the same time, whatever the machine.
pub const CONVERSIONS_MAX: u32 = 64;
/// The least and the most that [`Videos::height_max`] may be, in pixels.
pub const HEIGHT_MIN: u32 = 144;
/// See [`HEIGHT_MIN`].
pub const HEIGHT_MAX: u32 = 4_320;

/// Films that people upload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Videos {
    /// The largest file that is taken, in bytes; 64 GiB at most.
    pub upload_max_bytes: u64,
    /// What the films of one person may take, in bytes, with their originals.
    pub storage_max_bytes: u64,
    /// Films that are converted at the same time; each takes about two cores.
    pub conversions_max: u32,
    /// The largest size that is made, by the short side in pixels; none is larger than the film itself.
    pub height_max: u32,
}

impl Videos {
    /// How a film is converted.
    pub fn conversion(&self) -> hearth_conversion::Settings {
        hearth_conversion::Settings { short_max_px: self.height_max, ..hearth_conversion::Settings::default() }
    }
}

impl Default for Videos {
    fn default() -> Self {
        Self {
            upload_max_bytes: 17_179_869_184,
            storage_max_bytes: 53_687_091_200,
            conversions_max: 1,
            height_max: 2_160,
        }
    }
}

/// Where the files of films and images are kept: in the data folder, or in a bucket of an S3-compatible server.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// The server, such as `https://s3.example.org`; empty: the data folder.
    pub endpoint: String,
    /// Its region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The access key's id.
    pub key_id: String,
    /// The access key's secret.
    pub secret: String,
    /// What the names of all files begin with; may be empty.
    pub prefix: String,
    /// Whether the bucket stands in the path of an address, and not in the name of its host.
    pub path_style: bool,
    /// Whether the server may be reached without TLS.
    pub allow_http: bool,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { endpoint, bucket, prefix, .. } = self;
        out.debug_struct("Storage")
            .field("endpoint", endpoint)
            .field("bucket", bucket)
            .field("prefix", prefix)
            .finish_non_exhaustive()
    }
}

impl Storage {
    /// The bucket, where there is one.
    pub fn bucket(&self) -> Option<hearth_files::S3> {
        (!self.endpoint.is_empty()).then(|| hearth_files::S3 {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            bucket: self.bucket.clone(),
            key_id: self.key_id.clone(),
            secret: self.secret.clone(),
            prefix: self.prefix.clone(),
            path_style: self.path_style,
            allow_http: self.allow_http,
            wait: hearth_files::S3::WAIT,
        })
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            bucket: String::new(),
            key_id: String::new(),
            secret: String::new(),
            prefix: String::new(),
            path_style: true,
            allow_http: false,
        }
    }
}
