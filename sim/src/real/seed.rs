//! A database as every run begins, made once and copied.
//!
//! **Invariant:** its people and rows are the office's.

use super::must;
use crate::office::{self, EPOCH_MS, TABLES};
use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
use domain::{Row, Timestamp, UserId};
use sea_orm::{EntityTrait, IntoActiveModel, value::TextUuid};
use server::{
    config::{DatabaseSettings, DatabaseUrl, Limits, PasswordCost, RateLimits, Settings, UploadSettings},
    db::{Db, counters, entity::user, rows},
};
use std::{fs, num::NonZeroU32, path::Path, sync::OnceLock};

/// Everybody's.
pub const PASSWORD: &str = "a-day-in-the-life";
/// The lightest there is: what it costs to guess is not played here.
const COST: PasswordCost = PasswordCost {
    memory_kib: 8,
    iterations: NonZeroU32::MIN,
};
const FILE: &str = "turns.db";

/// What somebody signs in with.
pub fn email(user: UserId) -> String {
    let person = office::people().into_iter().find(|person| person.id == user);
    person.map(|person| person.email).unwrap_or_default()
}

/// Settings for a server on a new copy of the database in this folder.
pub async fn settings_of_a_copy(folder: &Path) -> Settings {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    let settings = settings(folder);
    if let Some(made) = MADE.get() {
        must(fs::write(folder.join(FILE), made), "a copy");
        return settings;
    }
    make(&settings.database).await;
    // Where another thread was quicker, this one's is as good.
    let _ = MADE.set(must(fs::read(folder.join(FILE)), "a database"));
    settings
}

fn settings(folder: &Path) -> Settings {
    let url = format!("sqlite://{}?mode=rwc", folder.join(FILE).display());
    Settings {
        database: DatabaseSettings::only(must(DatabaseUrl::read("DATABASE_URL", url), "an address")),
        uploads: UploadSettings::in_folder(folder.join("uploads")),
        rate_limits: RateLimits::lifted(),
        password_cost: COST,
        // Small, so that pages are many.
        limits: Limits {
            page_bytes: 4_000,
            page_rows: 6,
            ..Limits::default()
        },
        ..Settings::default()
    }
}

async fn make(settings: &DatabaseSettings) {
    let db = must(Db::open(settings).await, "a database");
    let tx = must(db.write().await, "a transaction");
    let hash = password_hash();
    for person in office::people() {
        let model = account(person, &hash).into_active_model();
        must(user::Entity::insert(model).exec_without_returning(&*tx).await, "an account");
    }
    let all = office::rows();
    for table in TABLES {
        let rows: Vec<&Row> = all.values().filter(|row| row.table() == table).collect();
        must(rows::insert(&*tx, &rows).await, "rows");
    }
    let year = Timestamp::from_millis(EPOCH_MS).date_utc().year();
    let turns = all.values().filter(|row| row.table() == domain::Table::Turns).count();
    must(counters::set(&*tx, &format!("turn_number_{year}"), turns as i64).await, "a counter");
    must(tx.commit().await, "a commit");
    db.close().await;
}

fn account(person: protocol::User, hash: &str) -> user::Model {
    let at = EPOCH_MS * 1_000;
    user::Model {
        id: TextUuid(person.id.0),
        email: person.email,
        name: person.name,
        phone: None,
        role: person.role.name().to_owned(),
        vendor_id: person.vendor_id.map(|id| id.to_string()),
        is_active: true,
        password_hash: hash.to_owned(),
        must_change_password: false,
        created_at: at,
        updated_at: at,
        last_sign_in_at: None,
    }
}

fn password_hash() -> String {
    let params = must(Params::new(COST.memory_kib, COST.iterations.get(), 1, None), "parameters");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    must(argon2.hash_password(PASSWORD.as_bytes()), "a hash").to_string()
}
