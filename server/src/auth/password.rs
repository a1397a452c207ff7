//! Argon2id, off the threads that answer requests and a few at a time.
//!
//! **Invariant:** an address that nobody has costs the same time as a wrong password.

use crate::config::PasswordCost;
use anyhow::anyhow;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::Semaphore;

/// Each hash takes some 19 MiB and a core; more at once would only make all of them slower.
const AT_ONCE: usize = 4;

/// Hashes and verifies passwords. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    argon2: Arc<Argon2<'static>>,
    /// What a password is compared with when there is no such account.
    nobody: Arc<str>,
    turns: Arc<Semaphore>,
    verified: Arc<AtomicU64>,
}

impl Passwords {
    /// With the given cost for new hashes; a stored hash says its own.
    pub fn new(cost: PasswordCost) -> anyhow::Result<Self> {
        let params = Params::new(cost.memory_kib, cost.iterations.get(), 1, None).map_err(|error| anyhow!("argon2: {error}"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash(&argon2, "nobody")?;
        Ok(Self {
            argon2: Arc::new(argon2),
            nobody: nobody.into(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            verified: Arc::default(),
        })
    }

    /// A new hash, in PHC form.
    pub async fn hash(&self, password: String) -> anyhow::Result<String> {
        let _turn = self.turns.acquire().await?;
        let argon2 = Arc::clone(&self.argon2);
        tokio::task::spawn_blocking(move || hash(&argon2, &password)).await?
    }

    /// Whether the password is right. Without a stored hash it is not, after the same time.
    pub async fn verify(&self, password: String, stored: Option<String>) -> anyhow::Result<bool> {
        let _turn = self.turns.acquire().await?;
        let argon2 = Arc::clone(&self.argon2);
        let verified = Arc::clone(&self.verified);
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.to_string());
        tokio::task::spawn_blocking(move || {
            let stored = PasswordHash::new(&stored).map_err(|error| anyhow!("argon2: {error}"))?;
            verified.fetch_add(1, Ordering::Relaxed);
            Ok(argon2.verify_password(password.as_bytes(), &stored).is_ok() && exists)
        })
        .await?
    }

    /// How many verifications there were.
    #[cfg(test)]
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Whether the hash that stands in for a missing account costs what a new hash does.
    #[cfg(test)]
    pub async fn nobody_costs_the_same(&self) -> bool {
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        cost(&self.nobody) == cost(&self.hash("any".to_owned()).await.unwrap())
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> anyhow::Result<String> {
    Ok(argon2
        .hash_password(password.as_bytes())
        .map_err(|error| anyhow!("argon2: {error}"))?
        .to_string())
}
