//! Where the data are: one SQLite file, or PostgreSQL with its pooler and its replica.
//!
//! **Invariant:** an address is never shown with its password, neither in an error nor in a log.

use super::WrongSetting;
use sea_orm::sqlx::postgres::PgConnectOptions;
use std::{fmt, time::Duration};

/// The addresses of one database.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// The database itself. On PostgreSQL the direct connection, which migrations use.
    pub url: DatabaseUrl,
    /// PostgreSQL behind a pooler, for everything else; none where there is no pooler.
    pub pooled_url: Option<DatabaseUrl>,
    /// A standby of PostgreSQL, for reports.
    pub replica_url: Option<DatabaseUrl>,
    /// How far the standby may be behind and still answer.
    pub replica_max_lag: Duration,
}

/// The address of one database, in a form that can be connected to.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    kind: DatabaseKind,
    text: String,
    shown: String,
}

/// What answers at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

impl DatabaseSettings {
    /// One database without pooler and replica.
    pub fn only(url: DatabaseUrl) -> Self {
        Self {
            url,
            pooled_url: None,
            replica_url: None,
            replica_max_lag: Duration::from_secs(10),
        }
    }

    /// Reads the settings; where Neon's name for one is set and ours is not, Neon's counts.
    pub(super) fn read(get: &impl Fn(&str) -> Option<String>) -> Result<Self, WrongSetting> {
        let url = |names: [&'static str; 2]| {
            let found = names.into_iter().find_map(|name| get(name).map(|value| (name, value)));
            found.map(|(name, value)| DatabaseUrl::read(name, value).map(|url| (name, url))).transpose()
        };
        let mut settings = Self::only(url(["DATABASE_URL", "NEON_DATABASE_URL"])?.map(|(_, url)| url).unwrap_or_default());
        let only_with_postgres = |found: Option<(&'static str, DatabaseUrl)>| match found {
            Some((name, beside)) if settings.url.kind != DatabaseKind::Postgres || beside.kind != DatabaseKind::Postgres => {
                let problem = "must be empty, or a postgres:// address beside one in DATABASE_URL";
                Err(super::wrong(name, problem, &beside.shown))
            }
            found => Ok(found.map(|(_, url)| url)),
        };
        let pooled_url = only_with_postgres(url(["DATABASE_POOLED_URL", "NEON_DATABASE_POOLED_URL"])?)?;
        let replica_url = only_with_postgres(url(["READ_REPLICA_URL", "NEON_READ_REPLICA_URL"])?)?;
        settings = Self {
            pooled_url,
            replica_url,
            ..settings
        };
        if let Some(value) = get("REPLICA_MAX_LAG_SECONDS") {
            let seconds: u32 = super::parse("REPLICA_MAX_LAG_SECONDS", "must be a whole number of seconds", value)?;
            settings.replica_max_lag = Duration::from_secs(seconds.into());
        }
        Ok(settings)
    }
}

impl Default for DatabaseUrl {
    /// A file below the folder that the server runs in.
    fn default() -> Self {
        Self::sqlite("sqlite://data/turns.db?mode=rwc".to_owned())
    }
}

impl DatabaseUrl {
    /// Reads an address that stands in the setting `name`.
    pub fn read(name: &'static str, text: String) -> Result<Self, WrongSetting> {
        let problem = "must be a SQLite file such as sqlite://data/turns.db?mode=rwc, or postgres://user@host/database";
        let wrong = |text: &str| Err(super::wrong(name, problem, &without_password(text)));
        if text.starts_with("sqlite:") {
            // Every connection opens the address anew, so a database in memory would be a different one each time.
            let in_memory = text.contains(":memory:") || text.contains("mode=memory");
            return if in_memory { wrong(&text) } else { Ok(Self::sqlite(text)) };
        }
        let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        let text = if is_postgres { with_known_parameters(name, text)? } else { text };
        match text.parse::<PgConnectOptions>() {
            Ok(options) if is_postgres => Ok(Self {
                kind: DatabaseKind::Postgres,
                shown: shown(&options),
                text,
            }),
            _ => wrong(&text),
        }
    }

    fn sqlite(text: String) -> Self {
        Self {
            kind: DatabaseKind::Sqlite,
            shown: text.clone(),
            text,
        }
    }

    /// What answers there.
    pub const fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// The address with its password: for connecting, never for showing.
    pub fn with_password(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for DatabaseUrl {
    /// Without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Server and database; nothing of who connects.
fn shown(options: &PgConnectOptions) -> String {
    let place = options
        .get_socket()
        .map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
    format!("postgres://{place}:{}/{}", options.get_port(), options.get_database().unwrap_or_default())
}

/// The driver would pass over a parameter that it does not know, with its value in the log; `sslmod=require` must not go unnoticed.
fn with_known_parameters(name: &'static str, text: String) -> Result<String, WrongSetting> {
    const KNOWN: [&str; 12] = [
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
        "options",
    ];
    let Some((address, parameters)) = text.split_once('?') else { return Ok(text) };
    let mut kept = vec![];
    for parameter in parameters.split('&') {
        match parameter.split_once('=').map_or(parameter, |(key, _)| key) {
            // Neon's own addresses have it. The driver proves the password without binding it to the channel.
            "channel_binding" => {}
            key if KNOWN.contains(&key) => kept.push(parameter),
            key => {
                let problem = "takes only sslmode, sslrootcert, sslcert, sslkey, application_name, options and parts of the address behind its “?”";
                return Err(super::wrong(name, problem, key));
            }
        }
    }
    Ok(format!("{address}?{}", kept.join("&")))
}

/// As much of an address that cannot be read as certainly holds no password.
pub(super) fn without_password(text: &str) -> String {
    let text = text.split_once('?').map_or(text, |(text, _)| text);
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn read(environment: &[(&str, &str)]) -> Result<DatabaseSettings, String> {
        let get = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Settings::read(get).map(|settings| settings.database).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn neons_names_count_where_ours_are_not_set() {
        let settings = read(&[
            ("NEON_DATABASE_URL", "postgresql://u:p@direct/turns?sslmode=require&channel_binding=require"),
            ("NEON_DATABASE_POOLED_URL", "postgresql://u:p@other/turns"),
            ("DATABASE_POOLED_URL", "postgres://u:p@pooler:6432/turns"),
            ("NEON_READ_REPLICA_URL", "postgres://u:p@replica/turns"),
            ("REPLICA_MAX_LAG_SECONDS", "3"),
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.url.to_string(), "postgres://direct:5432/turns");
        assert!(settings.url.with_password().ends_with("?sslmode=require"));
        assert_eq!(settings.pooled_url.unwrap().to_string(), "postgres://pooler:6432/turns");
        assert_eq!(settings.replica_url.unwrap().to_string(), "postgres://replica:5432/turns");
        assert_eq!(settings.replica_max_lag, Duration::from_secs(3));
    }

    #[test]
    fn a_wrong_address_is_named_and_its_password_is_not_shown() {
        for environment in [
            &[("DATABASE_URL", "mysql://u:secret@db/turns")][..],
            &[("DATABASE_URL", "postgres://u:secret@db:port/turns?password=secret")],
            &[("DATABASE_URL", "sqlite::memory:")],
            &[("NEON_DATABASE_URL", "x?secret")],
            &[("DATABASE_URL", "postgres://u@db/turns?sslmod=require&passwd=secret")],
            &[("DATABASE_POOLED_URL", "postgres://u:secret@db/turns")],
            &[("READ_REPLICA_URL", "postgres://u:secret@db/turns?password=secret")],
            &[("READ_REPLICA_URL", "sqlite://x.db"), ("DATABASE_URL", "postgres://db/turns")],
            &[("REPLICA_MAX_LAG_SECONDS", "-1")],
        ] {
            let message = read(environment).unwrap_err();
            assert!(message.starts_with(environment[0].0) && !message.contains('\n'), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn settings_are_written_down_without_passwords() {
        let settings = read(&[("DATABASE_URL", "postgres://u:secret@db/turns?password=secret")]).unwrap();
        assert!(!format!("{settings:?}").contains("secret"), "{settings:?}");
        assert!(settings.url.with_password().contains("secret"));
    }
}
