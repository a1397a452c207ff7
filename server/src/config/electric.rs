//! Real Electric, where it stands in for the built-in shapes: its address and its secret.
//!
//! **Invariant:** the secret is shown nowhere: not in an error, not in a log, not by `Debug`.

use super::{DatabaseKind, DatabaseSettings, WrongSetting, database::without_password, wrong};
use reqwest::Url;
use std::{fmt, time::Duration};

/// Where Electric is, and how patient we are with it. Tests make the times short.
#[derive(Clone, Debug)]
pub struct ElectricSettings {
    /// Where it answers.
    pub url: ElectricUrl,
    /// What it asks of its callers; none where it runs without (`ELECTRIC_INSECURE`).
    pub secret: Option<Secret>,
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long it may be silent before the head of an answer. It answers a live request after 20 seconds, and gives up on a slow
    /// snapshot after 30.
    pub head: Duration,
    /// How long it may be silent inside a body. Event streams have a sign of life every 21 seconds.
    pub body: Duration,
    /// The most questions that are open at once. A machine has some 28,000 ports for one address.
    pub at_once: usize,
    /// How often it is asked whether it is back, while it is away.
    pub look_again: Duration,
}

/// The address of an Electric: `http://electric:3000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElectricUrl(Url);

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl ElectricSettings {
    /// One Electric.
    pub fn new(url: ElectricUrl, secret: Option<Secret>) -> Self {
        Self {
            url,
            secret,
            connect: Duration::from_secs(2),
            head: Duration::from_secs(40),
            body: Duration::from_secs(60),
            at_once: 20_000,
            look_again: Duration::from_secs(5),
        }
    }

    /// Reads the settings. Electric follows PostgreSQL only: beside a SQLite file it would be the Electric of other data.
    pub(super) fn read(get: &impl Fn(&str) -> Option<String>, database: &DatabaseSettings) -> Result<Option<Self>, WrongSetting> {
        let secret = get("ELECTRIC_SECRET").map(Secret);
        let Some(url) = get("ELECTRIC_URL") else {
            return match secret {
                Some(_) => Err(wrong("ELECTRIC_SECRET", "must be empty where ELECTRIC_URL is", "…")),
                None => Ok(None),
            };
        };
        let url = ElectricUrl::read(&url)?;
        if database.url.kind() != DatabaseKind::Postgres {
            let problem = "must be empty, or stand beside a postgres:// address in DATABASE_URL, the one that Electric follows";
            return Err(wrong("ELECTRIC_URL", problem, url.0.host_str().unwrap_or_default()));
        }
        Ok(Some(Self::new(url, secret)))
    }
}

impl ElectricUrl {
    /// Reads an address. What stands behind a “?” is sent with every question: a hosted Electric asks for the name of the source there.
    pub fn read(text: &str) -> Result<Self, WrongSetting> {
        let refused = || {
            let problem = "must be an address such as http://electric:3000, without a password; the secret belongs in ELECTRIC_SECRET";
            wrong("ELECTRIC_URL", problem, &without_password(text))
        };
        let mut url: Url = text.trim().parse().map_err(|_| refused())?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && url.has_host();
        let has_secret = url.query_pairs().any(|(name, _)| name == "secret" || name == "api_secret");
        if !matches!(url.scheme(), "http" | "https") || !is_plain || has_secret {
            return Err(refused());
        }
        let path = format!("{}/v1/shape", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Whether it is asked over TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Where shapes are asked for.
    pub fn shapes(&self) -> Url {
        self.0.clone()
    }
}

impl fmt::Display for ElectricUrl {
    /// Without what stands behind a “?”.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        url.set_query(None);
        url.fmt(f)
    }
}

impl Secret {
    /// A secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The text itself: for sending, never for showing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    const POSTGRES: (&str, &str) = ("DATABASE_URL", "postgres://u@db/turns");

    fn read(environment: &[(&str, &str)]) -> Result<Settings, String> {
        let get = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Settings::read(get).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn an_address_leads_to_the_shapes_and_the_secret_is_not_shown() {
        let settings = read(&[POSTGRES, ("ELECTRIC_URL", "http://electric:3000/"), ("ELECTRIC_SECRET", "s3cret")]).unwrap();
        assert!(!format!("{settings:?}").contains("s3cret"), "{settings:?}");
        let electric = settings.electric.unwrap();
        assert_eq!(electric.url.shapes().as_str(), "http://electric:3000/v1/shape");
        assert_eq!(electric.secret.unwrap().reveal(), "s3cret");
        let hosted = ElectricUrl::read("https://api.example.com/electric?source_id=8ea4").unwrap();
        assert_eq!(hosted.shapes().as_str(), "https://api.example.com/electric/v1/shape?source_id=8ea4");
        assert!(read(&[]).unwrap().electric.is_none());
    }

    #[test]
    fn a_wrong_setting_is_named_and_holds_no_secret() {
        for environment in [
            &[POSTGRES, ("ELECTRIC_URL", "electric:3000")][..],
            &[POSTGRES, ("ELECTRIC_URL", "ftp://electric")],
            &[POSTGRES, ("ELECTRIC_URL", "http://u:s3cret@electric")],
            &[POSTGRES, ("ELECTRIC_URL", "http://electric?secret=s3cret")],
            &[("ELECTRIC_URL", "http://electric"), ("ELECTRIC_SECRET", "s3cret")],
            &[POSTGRES, ("ELECTRIC_SECRET", "s3cret")],
        ] {
            let message = read(environment).unwrap_err();
            assert!(message.starts_with("ELECTRIC_") && !message.contains('\n'), "{message}");
            assert!(!message.contains("s3cret"), "{message}");
        }
    }
}
