//! The key that a device seals a person's unsent writes with when they sign out.
//!
//! It is made from the database's own secret and the account's id, and from nothing else: so it is the same on every server,
//! after every restart and under every later password, and nobody learns it but by signing in.
//!
//! **Invariant:** a key leaves this machine in the answer to a right password and nowhere else; it is neither stored nor logged.

use crate::{db::entity::meta, problem::Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::UserId;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use sha2::Sha256;

/// Where `meta` has the secret.
const SECRET: &str = "seal_secret";

/// An account's key: 32 bytes, in Base64.
pub async fn key(db: &impl ConnectionTrait, user: UserId) -> Result<String> {
    let secret = meta::Entity::find_by_id(SECRET).one(db).await?;
    let secret = secret.ok_or_else(|| DbErr::RecordNotFound("the database has no secret to seal with".to_owned()))?;
    derive(secret.value.as_bytes(), user)
}

fn derive(secret: &[u8], user: UserId) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|error| DbErr::Custom(format!("hmac: {error}")))?;
    mac.update(user.0.as_bytes());
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    /// As Python has it: `base64.b64encode(hmac.digest(b"secret", (7).to_bytes(16, "big"), "sha256"))`.
    #[test]
    fn a_key_is_the_hmac_of_the_accounts_id() {
        let key = derive(b"secret", UserId(Uuid::from_u128(7))).unwrap();
        assert_eq!(key, "LHXZu6jZXt+muUR5fEsDxa9AcxLwbKfQaIR6fU3y1BE=");
    }
}
