//! Whether somebody is who they say.
//!
//! **Invariant:** whatever is wrong (the address, the password, an account that is no longer active) costs one
//! verification and sounds the same, so that nobody learns from outside who has an account.

use super::{Passwords, accounts};
use crate::{db::entity::user, problem::Result};
use domain::UserId;
use sea_orm::{ConnectionTrait, DbErr};

/// What came of an address and a password.
#[derive(Debug)]
pub enum Recognised {
    /// An active account, and its password.
    Account(Box<user::Model>),
    /// Nobody. Which account was meant is for the audit log alone.
    Nobody {
        /// The account with that address, where there is one.
        meant: Option<UserId>,
    },
}

/// Compares an address and a password with the accounts.
pub async fn recognise(db: &impl ConnectionTrait, passwords: &Passwords, email: &str, password: String) -> Result<Recognised> {
    let account = accounts::by_email(db, email).await?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let is_right = verify(passwords, password, stored).await?;
    let meant = account.as_ref().map(|account| UserId(account.id.0));
    let found = account.filter(|account| is_right && account.is_active);
    Ok(found.map_or(Recognised::Nobody { meant }, |account| Recognised::Account(Box::new(account))))
}

/// Whether a password is the one of a stored hash.
pub async fn verify(passwords: &Passwords, password: String, stored: Option<String>) -> Result<bool> {
    let is_right = passwords.verify(password, stored).await;
    is_right.map_err(|error| DbErr::Custom(error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::accounts::NewAccount,
        config::{DatabaseSettings, DatabaseUrl, PasswordCost},
        db::Db,
    };
    use domain::{Role, Timestamp};
    use std::num::NonZeroU32;
    use uuid::Uuid;

    #[tokio::test]
    async fn everybody_who_is_refused_costs_one_verification_of_the_same_cost() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("t.db").display());
        let settings = DatabaseSettings::only(DatabaseUrl::read("DATABASE_URL", url).unwrap());
        let db = Db::open(&settings).await.unwrap();
        let cost = PasswordCost {
            memory_kib: 8,
            iterations: NonZeroU32::MIN,
        };
        let passwords = Passwords::new(cost).unwrap();
        let tx = db.write().await.unwrap();
        for (n, email) in [(1, "active@example.com"), (2, "gone@example.com")] {
            let account = NewAccount {
                id: UserId(Uuid::from_u128(n)),
                email: email.to_owned(),
                name: "A".to_owned(),
                role: Role::Inspector,
                vendor_id: None,
                phone: None,
                password_hash: passwords.hash("right".to_owned()).await.unwrap(),
                must_change_password: false,
            };
            let mut made = accounts::create(&*tx, account, Timestamp::from_micros(0)).await.unwrap();
            made.is_active = n == 1;
            accounts::update(&*tx, made).await.unwrap();
        }
        tx.commit().await.unwrap();
        for (email, password, is_known) in [
            ("Active@example.com", "right", true),
            ("active@example.com", "wrong", false),
            ("gone@example.com", "right", false),
            ("gone@example.com", "wrong", false),
            ("nobody@example.com", "nobody", false),
        ] {
            let before = passwords.verified();
            let found = recognise(db.readers(), &passwords, email, password.to_owned()).await.unwrap();
            assert_eq!(matches!(found, Recognised::Account(_)), is_known, "{email} {password}");
            assert_eq!(passwords.verified() - before, 1, "{email} {password}");
        }
        assert!(
            passwords.nobody_costs_the_same().await,
            "an unknown address is compared with a hash of the same cost"
        );
    }
}
