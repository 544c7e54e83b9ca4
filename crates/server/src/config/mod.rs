//! What an operator may set.
//!
//! Every setting has a default, and can be given (each later way wins) by a TOML file, by the environment
//! (`HEARTH_` and the setting's path in capitals: `[limits] sockets_per_address` is `HEARTH_LIMITS_SOCKETS_PER_ADDRESS`;
//! with `_FILE` behind it the value is read from that file, for secrets), and by flags.
//! `config.example.toml` shows them all; a test keeps it complete.

mod access;
mod films;
mod media;

pub use access::{Database, Limits, LogFormat, Oidc, Tls};
pub use films::{CONVERSIONS_MAX, HEIGHT_MAX, HEIGHT_MIN, Storage, Videos};
pub use media::{Broadcast, Ice, IceServer, LADDERS_MAX, Media, Rtmp};

use hearth_protocol::limits::UPLOAD_MAX_BYTES;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// All settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where HTTP and WebSocket listen.
    pub listen: SocketAddr,
    /// The folder with everything Hearth keeps.
    pub data: PathBuf,
    /// The address people use, such as `https://live.example.org`; empty: as the browser says.
    pub public_url: String,
    /// Addresses of reverse proxies whose `X-Forwarded-For` is believed; they are not limited by address.
    pub trusted_proxies: Vec<IpAddr>,
    /// The server's name, in titles.
    pub name: String,
    /// Whether anybody may make an account.
    pub registration: bool,
    /// Log lines: `text` or `json`.
    pub log_format: LogFormat,
    /// Which log lines, in the syntax of `RUST_LOG`.
    pub log: String,
    /// The database.
    pub database: Database,
    /// HTTPS.
    pub tls: Tls,
    /// Signing in with an OpenID Connect provider.
    pub oidc: Oidc,
    /// Media over WebRTC.
    pub media: Media,
    /// Encoders over RTMP.
    pub rtmp: Rtmp,
    /// What becomes of a broadcast beside its live picture.
    pub broadcast: Broadcast,
    /// Films that people upload.
    pub videos: Videos,
    /// Where the files of films and images are kept.
    pub storage: Storage,
    /// Servers that help encoders and players through firewalls.
    pub ice: Ice,
    /// What a stranger can make grow.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            data: PathBuf::from("data"),
            public_url: String::new(),
            trusted_proxies: Vec::new(),
            name: "Hearth".to_owned(),
            registration: false,
            log_format: LogFormat::Text,
            log: "info".to_owned(),
            database: Database::default(),
            tls: Tls::default(),
            oidc: Oidc::default(),
            media: Media::default(),
            rtmp: Rtmp::default(),
            broadcast: Broadcast::default(),
            videos: Videos::default(),
            storage: Storage::default(),
            ice: Ice::default(),
            limits: Limits::default(),
        }
    }
}

/// A setting that can't be taken. The text is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("the configuration file {0} can't be read: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// It is no TOML, or holds what isn't known.
    #[error("the configuration {0} is wrong: {1}")]
    Wrong(String, String),
}

impl Config {
    /// Defaults, then the file, then the environment.
    ///
    /// Variables that name no setting are passed over, and given back: they may be a typing error, or somebody else's
    /// (orchestrators make `HEARTH_PORT` and the like for a service of that name).
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<String>), Error> {
        let mut passed_over = Vec::new();
        let mut table = match file {
            None => Table::new(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| Error::Unreadable(path.to_owned(), error))?
                .parse::<Table>()
                .map_err(|error| Error::Wrong(format!("file {}", path.display()), error.to_string()))?,
        };
        let defaults = Table::try_from(Config::default()).expect("the defaults are TOML");
        for (name, text) in environment {
            let Some(setting) = name.strip_prefix("HEARTH_") else { continue };
            let known = apply_environment(&mut table, &defaults, setting, &text)
                .map_err(|reason| Error::Wrong(format!("variable {name}"), reason))?;
            if !known {
                passed_over.push(name);
            }
        }
        let config: Config =
            table.try_into().map_err(|error: toml::de::Error| Error::Wrong("given".to_owned(), error.to_string()))?;
        Ok((config.consistent()?, passed_over))
    }

    /// Whether the settings fit together.
    pub fn consistent(self) -> Result<Self, Error> {
        let wrong = |what: &str| Err(Error::Wrong("given".to_owned(), what.to_owned()));
        if self.tls.certificate.as_os_str().is_empty() != self.tls.key.as_os_str().is_empty() {
            return wrong("tls.certificate and tls.key go together");
        }
        if self.tls.self_signed && !self.tls.certificate.as_os_str().is_empty() {
            return wrong("tls.self_signed and tls.certificate exclude each other");
        }
        if !self.database.url.is_empty() && !self.database.url.starts_with("postgres") {
            return wrong("database.url starts with postgres://, or is empty for SQLite");
        }
        if !self.public_url.is_empty() && !self.public_url.starts_with("http") {
            return wrong("public_url starts with https:// or http://");
        }
        if self.broadcast.ladders_max > LADDERS_MAX {
            return wrong("broadcast.ladders_max is 64 at most");
        }
        if self.videos.upload_max_bytes > UPLOAD_MAX_BYTES {
            return wrong("videos.upload_max_bytes is 64 GiB at most");
        }
        if !(1..=CONVERSIONS_MAX).contains(&self.videos.conversions_max) {
            return wrong("videos.conversions_max is 1 to 64");
        }
        if !(HEIGHT_MIN..=HEIGHT_MAX).contains(&self.videos.height_max) {
            return wrong("videos.height_max is 144 to 4320");
        }
        if let Some(bucket) = self.storage.bucket()
            && let Err(error) = hearth_files::Files::open(&hearth_files::Settings::S3(bucket))
        {
            return wrong(&format!("storage: {error}"));
        }
        if let Some(problem) = self.oidc.problem().or_else(|| self.ice.problem()) {
            return wrong(problem);
        }
        Ok(self)
    }

    /// The settings, fit to be shown: a password in the database's address is masked, and so are the provider's secret
    /// and the credentials of TURN servers.
    pub fn without_secrets(mut self) -> Self {
        for server in self.ice.servers.iter_mut().filter(|server| !server.credential.is_empty()) {
            server.credential = "…".to_owned();
        }
        if !self.storage.secret.is_empty() {
            self.storage.secret = "…".to_owned();
        }
        if !self.oidc.client_secret.is_empty() {
            self.oidc.client_secret = "…".to_owned();
        }
        if let Some((before, host)) = self.database.url.rsplit_once('@')
            && let Some((scheme, credentials)) = before.split_once("://")
            && let Some((user, _)) = credentials.split_once(':')
        {
            self.database.url = format!("{scheme}://{user}:…@{host}");
        }
        self
    }

    /// Where the store is.
    pub fn store_address(&self) -> Result<hearth_store::Address, hearth_store::Error> {
        if self.database.url.is_empty() {
            format!("sqlite:{}", self.data.join("hearth.db").display()).parse()
        } else {
            self.database.url.parse()
        }
    }

    /// What the media engine is started with.
    pub fn media_engine(&self) -> hearth_sfu::Config {
        let port = match (self.media.port, self.listen.port()) {
            // With HTTP on a free port, media is on a free port too.
            (0, 0) => 0,
            (0, http) => http.wrapping_add(1),
            (media, _) => media,
        };
        let listen = SocketAddr::new(self.listen.ip(), port);
        let public_addrs = self.media.public_addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        hearth_sfu::Config {
            public_addrs,
            bandwidth_estimation: self.media.bandwidth_estimation,
            threads: self.media.threads,
            ..hearth_sfu::Config::new(listen)
        }
    }

    /// Whether pages are served over HTTPS by Hearth itself.
    pub fn serves_tls(&self) -> bool {
        self.tls.self_signed || !self.tls.certificate.as_os_str().is_empty()
    }
}

/// Sets the one setting that an environment variable names; says whether it names one.
fn apply_environment(table: &mut Table, defaults: &Table, setting: &str, text: &str) -> Result<bool, String> {
    for (key, default) in defaults {
        let upper = key.to_uppercase();
        if let Value::Table(section) = default {
            if let Some(inner) = setting.strip_prefix(&format!("{upper}_")) {
                let entry = table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
                let Value::Table(entry) = entry else { return Err(format!("{key} is a section")) };
                return apply_environment(entry, section, inner, text);
            }
        } else if setting == upper {
            table.insert(key.clone(), value_like(default, text)?);
            return Ok(true);
        } else if setting.strip_suffix("_FILE") == Some(&upper) {
            let secret = std::fs::read_to_string(text).map_err(|error| error.to_string())?;
            table.insert(key.clone(), value_like(default, secret.trim_end())?);
            return Ok(true);
        }
    }
    Ok(false)
}

fn value_like(default: &Value, text: &str) -> Result<Value, String> {
    Ok(match default {
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| format!("{text:?} is no whole number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| format!("{text:?} is neither true nor false"))?),
        Value::Array(_) => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Value::String(part.to_owned()))
                .collect(),
        ),
        _ => Value::String(text.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_environment(pairs: &[(&str, &str)]) -> Result<Config, Error> {
        load(pairs).map(|(config, _)| config)
    }

    fn load(pairs: &[(&str, &str)]) -> Result<(Config, Vec<String>), Error> {
        Config::load(None, pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn nothing_given_is_the_default() {
        assert_eq!(from_environment(&[("PATH", "/bin")]).unwrap(), Config::default());
    }

    #[test]
    fn every_setting_can_come_from_the_environment() {
        fn walk(section: &Table, prefix: &str) {
            for (key, value) in section {
                let name = format!("{prefix}_{}", key.to_uppercase());
                match value {
                    Value::Table(inner) => walk(inner, &name),
                    Value::String(text) => assert!(from_environment(&[(&name, text)]).is_ok(), "{name}"),
                    Value::Array(_) if key == "servers" => {
                        assert!(from_environment(&[(&name, "stun:a.example, turn:b.example")]).is_ok(), "{name}");
                    }
                    Value::Array(_) => assert!(from_environment(&[(&name, "127.0.0.1, ::1")]).is_ok(), "{name}"),
                    other => assert!(from_environment(&[(&name, &other.to_string())]).is_ok(), "{name}"),
                }
            }
        }
        walk(&Table::try_from(Config::default()).unwrap(), "HEARTH");
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let folder = std::env::temp_dir().join(format!("hearth-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("hearth.toml");
        std::fs::write(&file, "name = \"File\"\n[limits]\nsockets = 7\n").unwrap();
        let config = Config::load(Some(&file), [("HEARTH_NAME".to_owned(), "Variable".to_owned())]).unwrap().0;
        assert_eq!((config.name.as_str(), config.limits.sockets), ("Variable", 7));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_variable_that_names_no_setting_is_passed_over_and_told() {
        let (config, passed_over) =
            load(&[("HEARTH_LIMITS_SOKETS", "1"), ("HEARTH_PORT", "tcp://10.0.0.1:80")]).unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(passed_over, ["HEARTH_LIMITS_SOKETS", "HEARTH_PORT"]);
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_name() {
        let error = from_environment(&[("HEARTH_LIMITS_SOCKETS", "many")]).unwrap_err();
        assert!(error.to_string().contains("HEARTH_LIMITS_SOCKETS"), "{error}");
        assert!(from_environment(&[("HEARTH_LISTEN", "nonsense")]).is_err());
        assert!(from_environment(&[("HEARTH_TLS_KEY", "key.pem")]).is_err());
    }

    #[test]
    fn a_provider_is_asked_over_a_safe_way_only_and_its_secret_is_not_shown() {
        let with = |issuer: &str, client: &str| {
            from_environment(&[("HEARTH_OIDC_ISSUER", issuer), ("HEARTH_OIDC_CLIENT_ID", client)])
        };
        for good in
            ["https://id.example/realms/home", "http://localhost:9000", "http://127.0.0.1", "http://[::1]:9000/"]
        {
            assert!(with(good, "hearth").is_ok(), "{good}");
        }
        for wrong in ["http://id.example", "id.example", "ftp://localhost", "https://", "http://localhost.evil.example"]
        {
            assert!(with(wrong, "hearth").is_err(), "{wrong}");
        }
        assert!(with("https://id.example", "").unwrap_err().to_string().contains("oidc.client_id"));
        let mut config = with("https://id.example/realms/home", "hearth").unwrap();
        assert_eq!(config.oidc.shown_name(), "id.example");
        config.oidc.client_secret = "confidential".to_owned();
        assert!(!format!("{config:?}").contains("confidential"));
        assert!(!toml::to_string(&config.without_secrets()).unwrap().contains("confidential"));
    }

    #[test]
    fn ladders_have_a_limit_and_go_with_what_they_need() {
        let with =
            |broadcast| Config { broadcast, ..Config::default() }.consistent().map(|one| one.broadcast.ladders());
        let most = Broadcast { ladders_max: LADDERS_MAX, ..Broadcast::default() };
        assert_eq!(with(most.clone()).unwrap(), 64);
        let refused = with(Broadcast { ladders_max: LADDERS_MAX + 1, ..Broadcast::default() }).unwrap_err();
        assert!(refused.to_string().contains("broadcast.ladders_max"), "{refused}");
        for off in [
            Broadcast { ladder: false, ..most.clone() },
            Broadcast { convert: false, ..most.clone() },
            Broadcast { hls: false, ..most },
        ] {
            assert_eq!(with(off).unwrap(), 0);
        }
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(with(Broadcast::default()).unwrap(), (cores / 2).min(64));
    }

    #[test]
    fn ice_servers_have_addresses_and_keep_their_credentials_to_themselves() {
        let with = |text: &str| {
            let config = Config { ice: toml::from_str(text).unwrap(), ..Config::default() };
            config.consistent()
        };
        let turn =
            r#"servers = [{ urls = ["turn:t.example?transport=udp"], username = "u", credential = "confidential" }]"#;
        let config = with(turn).unwrap();
        assert!(!format!("{config:?}").contains("confidential"));
        assert!(!toml::to_string(&config.without_secrets()).unwrap().contains("confidential"));
        assert!(with(r#"servers = ["stun:s.example"]"#).is_ok());
        for wrong in [r#"servers = ["http://s.example"]"#, r#"servers = [{ urls = [] }]"#, "servers = [\"turn:a>b\"]"] {
            assert!(with(wrong).unwrap_err().to_string().contains("ice.servers"), "{wrong}");
        }
        assert!(toml::from_str::<Ice>(r#"servers = [{ url = "turn:t" }]"#).is_err());
    }

    #[test]
    fn the_example_file_shows_every_setting_with_its_default() {
        let example = include_str!("../../../../config.example.toml");
        // Its settings are commented out one by one; uncommented, they are the defaults, and all of them.
        let uncommented: String = example
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .map(|line| format!("{line}\n"))
            .collect();
        let shown: Table = uncommented.parse().unwrap();
        assert_eq!(shown, Table::try_from(Config::default()).unwrap());
    }
}
