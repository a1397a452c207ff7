//! Settings, read once at the start from the environment.
//!
//! **Invariant:** a wrong value stops the start with one line that names the setting; nothing is guessed.

mod database;
mod electric;
mod uploads;

pub use crate::{
    limits::{Budget, Quota, RateLimits},
    web::address::TrustedProxies,
};
pub use database::{DatabaseKind, DatabaseSettings, DatabaseUrl};
pub use electric::{ElectricSettings, ElectricUrl, Secret};
pub use uploads::{StorageUrl, UploadSettings};

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

/// What the server runs with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the data are.
    pub database: DatabaseSettings,
    /// Address to listen on.
    pub host: IpAddr,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// The address that people type, where a proxy stands in front: decides `Secure` cookies and the right `Origin`.
    pub public_url: Option<PublicUrl>,
    /// What the log shows, in `tracing`'s filter syntax.
    pub log: String,
    /// How its lines look.
    pub log_format: LogFormat,
    /// How often somebody may ask for something.
    pub rate_limits: RateLimits,
    /// Where servers share the counts of their limits; each counts for itself where there is none.
    pub redis_url: Option<String>,
    /// The proxies whose word on a caller's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// What opens `/metrics` from elsewhere than this machine.
    pub metrics_token: Option<String>,
    /// What opens whole tables to programs, at `/v1/shape`.
    pub upstream_secret: Option<String>,
    /// Who answers for shapes instead of the built-in engine; none where that does.
    pub electric: Option<ElectricSettings>,
    /// How much the server puts into one answer and how long it waits.
    pub limits: Limits,
    /// Where files are kept, and how large they may be.
    pub uploads: UploadSettings,
    /// What a password hash costs.
    pub password_cost: PasswordCost,
}

/// How the log's lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// The address that people type, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// `https://turns.example.com`, as browsers send it in `Origin`.
    pub origin: String,
    /// Whether it is an `https` address.
    pub is_https: bool,
}

/// Sizes and times of the read path. Tests make them small.
#[derive(Clone, Debug)]
pub struct Limits {
    /// A page of a shape ends once its body has passed this many bytes.
    pub page_bytes: usize,
    /// The most rows read for one page of a snapshot.
    pub page_rows: u64,
    /// How long a live request waits for news.
    pub long_poll: Duration,
    /// How long a live stream stays open.
    pub stream: Duration,
    /// How often what waits looks its session up, beside what it hears: other programs end sessions too.
    pub look_again: Duration,
    /// How long the change log is kept.
    pub keep_changes: Duration,
    /// The most entries that the change log keeps, whatever their age.
    pub keep_entries: u64,
}

/// Argon2id's parameters. Tests make them light.
#[derive(Clone, Copy, Debug)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: NonZeroU32,
}

/// A setting has a value that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{name} {problem}, not “{value}”")]
pub struct WrongSetting {
    name: &'static str,
    problem: &'static str,
    value: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database: DatabaseSettings::only(DatabaseUrl::default()),
            host: IpAddr::from([127, 0, 0, 1]),
            port: 8080,
            public_url: None,
            log: "info,sqlx=warn,sea_orm_migration=warn".to_owned(),
            log_format: LogFormat::default(),
            rate_limits: RateLimits::default(),
            redis_url: None,
            trusted_proxies: TrustedProxies::default(),
            metrics_token: None,
            upstream_secret: None,
            electric: None,
            limits: Limits::default(),
            uploads: UploadSettings::default(),
            password_cost: PasswordCost::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            page_bytes: 10 * 1024 * 1024,
            page_rows: 10_000,
            long_poll: Duration::from_secs(20),
            stream: Duration::from_secs(60),
            look_again: Duration::from_secs(15),
            keep_changes: Duration::from_secs(30 * 24 * 60 * 60),
            keep_entries: 5_000_000,
        }
    }
}

impl Default for PasswordCost {
    /// OWASP's recommendation for Argon2id.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            iterations: const { NonZeroU32::new(2).expect("not zero") },
        }
    }
}

impl Settings {
    /// Reads the settings with `get`, which gives a variable's value by name; an empty value counts as none.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, WrongSetting> {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let database = DatabaseSettings::read(&get)?;
        let mut settings = Self {
            electric: ElectricSettings::read(&get, &database)?,
            database,
            uploads: UploadSettings::read(&get)?,
            ..Self::default()
        };
        if let Some(value) = get("HOST") {
            settings.host = if value == "localhost" {
                settings.host
            } else {
                parse("HOST", "must be an IP address such as 0.0.0.0", value)?
            };
        }
        if let Some(value) = get("PORT") {
            settings.port = parse("PORT", "must be a port from 0 to 65535", value)?;
        }
        if let Some(value) = get("PUBLIC_URL") {
            settings.public_url = Some(PublicUrl::read(value)?);
        }
        if let Some(value) = get("LONG_POLL_MS") {
            let milliseconds = parse("LONG_POLL_MS", "must be a number of milliseconds", value)?;
            settings.limits.long_poll = Duration::from_millis(milliseconds);
        }
        if let Some(value) = get("LOG").or_else(|| get("RUST_LOG")) {
            tracing_subscriber::EnvFilter::try_new(&value).map_err(|_| wrong("LOG", "must be a log filter such as info or server=debug", &value))?;
            settings.log = value;
        }
        settings.read_operations(get)?;
        Ok(settings)
    }

    /// What an operator sets: the logs, limits, and the machines around this one.
    fn read_operations(&mut self, get: impl Fn(&str) -> Option<String>) -> Result<(), WrongSetting> {
        match get("LOG_FORMAT").as_deref() {
            None | Some("text") => {}
            Some("json") => self.log_format = LogFormat::Json,
            Some(other) => return Err(wrong("LOG_FORMAT", "must be text or json", other)),
        }
        for budget in Budget::ALL {
            if let Some(value) = get(budget.setting()) {
                let quota = if value == "off" {
                    None
                } else {
                    Some(parse(budget.setting(), "must be a limit such as 100/1m, or off", value)?)
                };
                self.rate_limits = self.rate_limits.with(budget, quota);
            }
        }
        if let Some(value) = get("REDIS_URL") {
            redis::Client::open(value.as_str()).map_err(|_| {
                wrong(
                    "REDIS_URL",
                    "must be an address such as redis://localhost:6379",
                    &database::without_password(&value),
                )
            })?;
            self.redis_url = Some(value);
        }
        if let Some(value) = get("CHANGE_LOG_DAYS") {
            let days: u32 = parse("CHANGE_LOG_DAYS", "must be a whole number of days", value)?;
            self.limits.keep_changes = Duration::from_secs(24 * 60 * 60) * days;
        }
        if let Some(value) = get("CHANGE_LOG_ENTRIES") {
            let entries: u32 = parse("CHANGE_LOG_ENTRIES", "must be a number of entries", value)?;
            self.limits.keep_entries = entries.into();
        }
        if let Some(value) = get("TRUSTED_PROXIES") {
            self.trusted_proxies = parse(
                "TRUSTED_PROXIES",
                "must be addresses or networks such as 10.0.0.0/8, separated by commas",
                value,
            )?;
        }
        self.metrics_token = get("METRICS_TOKEN");
        self.upstream_secret = get("UPSTREAM_SECRET");
        Ok(())
    }
}

impl PublicUrl {
    fn read(value: String) -> Result<Self, WrongSetting> {
        let problem = "must be an address such as https://turns.example.com, without a path";
        let origin = value.trim_end_matches('/').to_ascii_lowercase();
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        match host {
            Some(host) if !host.is_empty() && !host.contains(['/', ' ', '?', '#', '@']) => Ok(Self {
                is_https: origin.starts_with("https://"),
                origin,
            }),
            _ => Err(wrong("PUBLIC_URL", problem, &value)),
        }
    }
}

fn parse<T: std::str::FromStr>(name: &'static str, problem: &'static str, value: String) -> Result<T, WrongSetting> {
    value.trim().parse().map_err(|_| wrong(name, problem, &value))
}

fn wrong(name: &'static str, problem: &'static str, value: &str) -> WrongSetting {
    WrongSetting {
        name,
        problem,
        value: value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Settings, String> {
        Settings::read(|asked| (asked == name).then(|| value.to_owned())).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn settings_have_defaults_and_take_values() {
        assert_eq!(read("PORT", "").unwrap().port, 8080);
        assert_eq!(read("PORT", "0").unwrap().port, 0);
        assert_eq!(read("HOST", "0.0.0.0").unwrap().host.to_string(), "0.0.0.0");
        assert_eq!(read("CHANGE_LOG_DAYS", "7").unwrap().limits.keep_changes.as_secs(), 604_800);
        assert_eq!(read("CHANGE_LOG_ENTRIES", "0").unwrap().limits.keep_entries, 0);
        let limits = read("RATE_LIMIT_SHAPES", "off").unwrap().rate_limits;
        assert_eq!(
            (limits.quota(Budget::Shapes), limits.quota(Budget::Writes).map(|quota| quota.requests)),
            (None, Some(100))
        );
        assert_eq!(read("RATE_LIMIT_AUTH", "7/2m").unwrap().rate_limits.quota(Budget::Auth), "7/120s".parse().ok());
        let public = read("PUBLIC_URL", "https://Turns.Example.com/").unwrap().public_url.unwrap();
        assert_eq!((public.origin.as_str(), public.is_https), ("https://turns.example.com", true));
    }

    #[test]
    fn a_wrong_value_is_one_line_that_names_the_setting() {
        for (name, value) in [
            ("PORT", "70000"),
            ("HOST", "here"),
            ("LONG_POLL_MS", "20s"),
            ("STORAGE_URL", "ftp://photos.example"),
            ("STORAGE_URL", "s3://key:secret@/"),
            ("UPLOAD_MAX_BYTES", "25MB"),
            ("PUBLIC_URL", "turns.example.com"),
            ("PUBLIC_URL", "https://a.example/x"),
            ("LOG", "a=b=c"),
            ("LOG_FORMAT", "xml"),
            ("RATE_LIMIT_WRITES", "100"),
            ("RATE_LIMIT_AUTH", "0/1m"),
            ("REDIS_URL", "http://redis"),
            ("CHANGE_LOG_DAYS", "a month"),
            ("CHANGE_LOG_ENTRIES", "5M"),
            ("TRUSTED_PROXIES", "proxy"),
        ] {
            let message = read(name, value).unwrap_err();
            assert!(message.starts_with(name) && !message.contains('\n'), "{message}");
        }
        assert!(!read("REDIS_URL", "http://u:secret@redis").unwrap_err().contains("secret"));
    }
}
