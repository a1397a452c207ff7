//! Passwords tried: charged before one is hashed, so that a flood of them burns no processor.
//!
//! Two counts. Each pair of network address and account: every attempt counts, so nobody tries many passwords of one person.
//! Each network address: only what was wrong stays counted, so a whole office behind one address signs in on a Monday morning,
//! yet nobody tries one password on many people. Who has a session from that address already is not held up by what others there
//! got wrong. No count is the account's alone: a stranger elsewhere cannot lock anybody out.
//!
//! **Invariant:** nothing that was typed is in a key: accounts are counted under a digest.

use super::{
    answer::{Exceeded, Standing},
    limiter::Limiter,
    quota::Budget,
    window::Spend,
};
use data_encoding::HEXLOWER;
use domain::Timestamp;
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// One attempt that is being judged.
pub struct Attempt<'a> {
    limiter: &'a Limiter,
    network: String,
    at: Timestamp,
    /// Where the address has used up what others may try there.
    exceeded: Option<Exceeded>,
}

impl Limiter {
    /// Counts an attempt to sign in; refuses where this address has tried this account too often.
    pub async fn attempt(&self, address: Option<IpAddr>, email: &str, at: Timestamp) -> Result<Attempt<'_>, Exceeded> {
        let network = address.map_or_else(|| "unknown".to_owned(), network);
        self.spend_attempt(&format!("{network}:{}", digest(email)), at).await?;
        let exceeded = self.spend_attempt(&network, at).await.err();
        Ok(Attempt {
            limiter: self,
            network,
            at,
            exceeded,
        })
    }

    async fn spend_attempt(&self, whose: &str, at: Timestamp) -> Result<(), Exceeded> {
        match self.spend(Budget::Auth, whose, Spend::One, at).await {
            Some((quota, verdict)) if !verdict.is_allowed => Err(Exceeded(Standing {
                budget: Budget::Auth,
                quota,
                verdict,
            })),
            _ => Ok(()),
        }
    }
}

impl Attempt<'_> {
    /// Where this address has used up its attempts: only who is known there may go on.
    pub const fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded
    }

    /// The password was right: it does not count against the address.
    pub async fn succeeded(self) {
        if self.exceeded.is_none() {
            self.limiter.spend(Budget::Auth, &self.network, Spend::GiveBack, self.at).await;
        }
    }
}

/// Whoever has one IPv6 address has 2⁶⁴ of them.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn digest(email: &str) -> String {
    let digest = Sha256::digest(email.trim().to_lowercase().as_bytes());
    HEXLOWER.encode(&digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::RateLimits;

    fn limiter() -> Limiter {
        Limiter::new(RateLimits::default(), None).unwrap()
    }

    async fn is_let_through(limiter: &Limiter, address: &str, email: &str, is_right: bool, is_known: bool) -> bool {
        let address = Some(address.parse().unwrap());
        let Ok(attempt) = limiter.attempt(address, email, Timestamp::from_micros(1)).await else {
            return false;
        };
        if attempt.exceeded().is_some() && !is_known {
            return false;
        }
        if is_right {
            attempt.succeeded().await;
        }
        true
    }

    #[tokio::test]
    async fn one_account_is_tried_five_times_and_only_from_there_refused() {
        let limiter = limiter();
        for _ in 0..5 {
            assert!(is_let_through(&limiter, "10.0.0.1", "maria@example.com", false, false).await);
        }
        assert!(!is_let_through(&limiter, "10.0.0.1", " Maria@Example.com", true, true).await);
        assert!(
            is_let_through(&limiter, "10.0.0.2", "maria@example.com", true, false).await,
            "she is not locked out elsewhere"
        );
    }

    #[tokio::test]
    async fn many_accounts_are_not_tried_from_one_address() {
        let limiter = limiter();
        for number in 0..5 {
            assert!(is_let_through(&limiter, "2001:db8:1:2::5", &format!("{number}@example.com"), false, false).await);
        }
        assert!(!is_let_through(&limiter, "2001:db8:1:2:ffff::7", "other@example.com", false, false).await);
        assert!(
            is_let_through(&limiter, "2001:db8:1:2::5", "known@example.com", true, true).await,
            "others’ mistakes do not hold up who is known there"
        );
        assert!(is_let_through(&limiter, "2001:db8:1:3::5", "other@example.com", false, false).await);
    }

    #[tokio::test]
    async fn a_whole_office_signs_in_at_once() {
        let limiter = limiter();
        for number in 0..60 {
            assert!(is_let_through(&limiter, "192.0.2.1", &format!("{number}@example.com"), true, false).await);
        }
    }
}
