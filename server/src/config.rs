//! Settings, read once at the start from the environment.
//!
//! **Invariant:** a wrong value stops the start with one line that names the setting; nothing is guessed.

mod database;
mod uploads;

pub use database::{DatabaseKind, DatabaseSettings, DatabaseUrl};
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
    /// How much the server puts into one answer and how long it waits.
    pub limits: Limits,
    /// Where files are kept, and how large they may be.
    pub uploads: UploadSettings,
    /// What a password hash costs.
    pub password_cost: PasswordCost,
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
        let mut settings = Self {
            database: DatabaseSettings::read(&get)?,
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
        Ok(settings)
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
        ] {
            let message = read(name, value).unwrap_err();
            assert!(message.starts_with(name) && !message.contains('\n'), "{message}");
        }
    }
}
