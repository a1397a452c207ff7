//! The demo's accounts: one of each role, and two managers who share the portfolio.
//!
//! **Invariant:** all of them share one password, and exist in demos only.

use super::{PASSWORD, companies, draw::Draw};
use crate::{
    auth::accounts::{self, Credentials},
    problem::Result,
};
use domain::{Role, Timestamp, UserId, approval::Level};
use sea_orm::ConnectionTrait;

const ACCOUNTS: [(&str, &str, Role); 8] = [
    ("admin@example.com", "Dana Whitfield", Role::Admin),
    ("senior@example.com", "Marcus Ellery", Role::SrPropertyManager),
    ("manager@example.com", "Priya Raman", Role::PropertyManager),
    ("manager2@example.com", "Tom Okafor", Role::PropertyManager),
    ("inspector@example.com", "Lena Vogel", Role::Inspector),
    ("vendor@example.com", "Rosa Delgado", Role::Vendor),
    ("dfo@example.com", "Grant Hollis", Role::DfoApprover),
    ("ho@example.com", "Ingrid Sato", Role::HoApprover),
];

const SENIOR: usize = 1;
const MANAGERS: [usize; 2] = [2, 3];
const INSPECTOR: usize = 4;
const DFO: usize = 6;
const HO: usize = 7;

/// The accounts' ids.
pub struct People {
    ids: Vec<UserId>,
}

/// Who looks after a property.
#[derive(Clone, Copy)]
pub struct Managers {
    /// The manager.
    pub manager: UserId,
    /// The senior over them, if there is one.
    pub senior: Option<UserId>,
}

impl People {
    /// Gives everyone an id.
    pub fn draw(draw: &mut Draw) -> Self {
        Self {
            ids: ACCOUNTS.iter().map(|_| UserId(draw.id())).collect(),
        }
    }

    /// The managers take the properties in turn; the senior is over the first.
    pub fn manager_of(&self, property: usize) -> Managers {
        let which = property % MANAGERS.len();
        Managers {
            manager: self.ids[MANAGERS[which]],
            senior: (which == 0).then(|| self.ids[SENIOR]),
        }
    }

    /// Who walks the homes.
    pub fn inspector(&self) -> UserId {
        self.ids[INSPECTOR]
    }

    /// Who decides at a level.
    pub fn approver(&self, level: Level) -> UserId {
        match level {
            Level::Dfo => self.ids[DFO],
            Level::Ho => self.ids[HO],
        }
    }

    /// Makes the accounts.
    pub async fn create(&self, db: &impl ConnectionTrait, password_hash: &str, at: Timestamp) -> Result<()> {
        for ((email, name, role), id) in ACCOUNTS.iter().zip(&self.ids) {
            let account = accounts::NewAccount {
                id: *id,
                email: (*email).to_owned(),
                name: (*name).to_owned(),
                role: *role,
                vendor_id: (*role == Role::Vendor).then(|| companies::vendor_id(1)),
                phone: None,
                password_hash: password_hash.to_owned(),
                must_change_password: false,
            };
            accounts::create(db, account, at).await?;
        }
        Ok(())
    }

    /// As they are told of on the terminal.
    pub fn accounts(&self) -> Vec<Credentials> {
        ACCOUNTS
            .iter()
            .map(|(email, _, role)| Credentials {
                email: (*email).to_owned(),
                password: PASSWORD.to_owned(),
                role: *role,
            })
            .collect()
    }
}
