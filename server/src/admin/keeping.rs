//! Making and changing accounts: for the API and for the command line alike.
//!
//! **Invariant:** an account, the sessions that its change ends and the audit entry are written in one transaction; the
//! rule is decided on what stands in that transaction.

use super::rules::{Keeper, Others, Standing};
use crate::{
    audit::{self, Note},
    auth::{
        Email,
        accounts::{self, NewAccount},
        sessions,
    },
    db::{Transaction, entity::user, rows},
    ids,
    problem::{Failure, Result},
    web::{client::Client, fields::WrongFields},
};
use domain::{Role, RowFilter, RowId, Table, Timestamp, UserId, Value, Viewer};
use protocol::ProblemCode;
use serde_json::{Value as Json, json};

/// Who does it, and from where.
#[derive(Clone, Debug)]
pub struct By {
    /// None for a program at work on the machine itself.
    pub viewer: Option<Viewer>,
    /// For the audit log.
    pub client: Client,
}

/// Somebody who is to have an account.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// What they sign in with.
    pub email: Email,
    /// As it stands on the screen.
    pub name: String,
    /// How to reach them.
    pub phone: Option<String>,
    /// What they may do.
    pub role: Role,
    /// The company of a vendor's account.
    pub vendor_id: Option<RowId>,
}

/// The password of an account, as it is stored.
#[derive(Clone)]
pub struct StoredPassword {
    /// Argon2id, in PHC form.
    pub hash: String,
    /// Whether its owner must change it at the next sign-in.
    pub is_one_time: bool,
}

/// What is to be different.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Another name.
    pub name: Option<String>,
    /// Another number, or none.
    pub phone: Option<Option<String>>,
    /// Another role.
    pub role: Option<Role>,
    /// Another company, or none.
    pub vendor_id: Option<Option<RowId>>,
    /// Whether the account may sign in.
    pub is_active: Option<bool>,
}

/// What came of a change.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The account as it is now.
    pub account: user::Model,
    /// How many sessions it has ended.
    pub sessions_ended: u64,
    /// How many active properties name the person as their manager or senior manager: they stay so until handed over.
    pub properties_managed: u64,
}

impl By {
    /// A program of ours at work on the machine itself: nobody's account, from no network.
    pub fn program(name: &str) -> Self {
        Self {
            viewer: None,
            client: Client {
                address: None,
                agent: Some(name.to_owned()),
            },
        }
    }

    /// As the rules take them.
    pub fn keeper(&self) -> Keeper {
        self.viewer.map_or(Keeper::CommandLine, |viewer| Keeper::Person(viewer.user, viewer.role))
    }
}

/// Makes an account.
pub async fn add(tx: &Transaction, by: &By, person: NewPerson, password: StoredPassword, at: Timestamp) -> Result<user::Model> {
    by.keeper().may_keep(person.role)?;
    if accounts::by_email(&**tx, person.email.as_str()).await?.is_some() {
        return Err(WrongFields::only("email", "belongs to another account already"));
    }
    check_vendor(tx, person.role, person.vendor_id).await?;
    let account = NewAccount {
        id: UserId(ids::new_id()),
        email: person.email.to_string(),
        name: person.name,
        role: person.role,
        vendor_id: person.vendor_id,
        phone: person.phone,
        password_hash: password.hash,
        must_change_password: password.is_one_time,
    };
    let made = accounts::create(&**tx, account, at).await?;
    note(tx, by, "create", None, &made, at).await?;
    Ok(made)
}

/// Changes an account.
pub async fn change(tx: &Transaction, by: &By, id: UserId, changes: Changes, at: Timestamp) -> Result<Changed> {
    let before = find(tx, id).await?;
    let role = changes.role.map_or_else(|| accounts::role(&before), Ok)?;
    let touches_vendor = changes.role.is_some() || changes.vendor_id.is_some();
    let mut after = apply(before.clone(), changes, role);
    by.keeper().may_change(standing(&before)?, standing(&after)?, others(tx, id).await?)?;
    if touches_vendor {
        check_vendor(tx, role, after.vendor_id.as_ref().and_then(|id| id.parse().ok())).await?;
    }
    let mut sessions_ended = 0;
    if after != before {
        after.updated_at = at.micros();
        accounts::update(&**tx, after.clone()).await?;
        tx.person_changed(id);
        if !after.is_active {
            sessions_ended = sessions::end_all(tx, id, None).await?;
        }
        note(tx, by, "update", Some(&before), &after, at).await?;
    }
    Ok(Changed {
        account: after,
        sessions_ended,
        properties_managed: properties_managed(tx, id).await?,
    })
}

/// Gives an account a password that its owner must change, and ends its sessions; says how many.
pub async fn reset_password(tx: &Transaction, by: &By, id: UserId, hash: String, at: Timestamp) -> Result<(user::Model, u64)> {
    let before = find(tx, id).await?;
    by.keeper().may_reset_password(standing(&before)?)?;
    let after = user::Model {
        password_hash: hash,
        must_change_password: true,
        updated_at: at.micros(),
        ..before.clone()
    };
    accounts::update(&**tx, after.clone()).await?;
    let ended = sessions::end_all(tx, id, None).await?;
    note(tx, by, "reset-password", Some(&before), &after, at).await?;
    Ok((after, ended))
}

/// An account that somebody names; refused where there is none.
pub async fn find(tx: &Transaction, id: UserId) -> Result<user::Model> {
    accounts::by_id(&**tx, id).await?.ok_or_else(no_such_account)
}

/// The answer to an id that no account has.
pub fn no_such_account() -> Failure {
    Failure::refused(ProblemCode::NotFound, "there is no such account")
}

/// An account, as the rules take it.
pub fn standing(account: &user::Model) -> Result<Standing> {
    Ok(Standing {
        user: UserId(account.id.0),
        role: accounts::role(account)?,
        is_active: account.is_active,
    })
}

fn apply(mut account: user::Model, changes: Changes, role: Role) -> user::Model {
    role.name().clone_into(&mut account.role);
    if let Some(vendor_id) = changes.vendor_id {
        account.vendor_id = vendor_id.map(|id| id.to_string());
    } else if role != Role::Vendor {
        // Whoever is no vendor any more belongs to no company either.
        account.vendor_id = None;
    }
    account.name = changes.name.unwrap_or(account.name);
    account.phone = changes.phone.unwrap_or(account.phone);
    account.is_active = changes.is_active.unwrap_or(account.is_active);
    account
}

async fn others(tx: &Transaction, but: UserId) -> Result<Others> {
    Ok(Others {
        super_admins: accounts::count_others(&**tx, but, &[Role::SuperAdmin]).await?,
        admins: accounts::count_others(&**tx, but, &[Role::SuperAdmin, Role::Admin]).await?,
    })
}

/// A vendor's account belongs to a vendor, and no other account does.
async fn check_vendor(tx: &Transaction, role: Role, vendor_id: Option<RowId>) -> Result<()> {
    let problem = match (role, vendor_id) {
        (Role::Vendor, None) => "is needed: a vendor’s account belongs to a vendor",
        (Role::Vendor, Some(id)) if rows::find(&**tx, Table::Vendors, id).await?.is_none() => "names no vendor",
        (Role::Vendor, Some(_)) | (_, None) => return Ok(()),
        (_, Some(_)) => "is for vendors’ accounts alone",
    };
    Err(WrongFields::only("vendorId", problem))
}

async fn properties_managed(tx: &Transaction, id: UserId) -> Result<u64> {
    let managed = ["property_manager_id", "sr_property_manager_id"].map(|column| vec![(column, Value::Uuid(id.0))]);
    let active = RowFilter::any_of(managed).and(("is_active", Value::Bool(true)));
    Ok(rows::count(&**tx, Table::Properties, &active).await?)
}

async fn note(tx: &Transaction, by: &By, operation: &'static str, old: Option<&user::Model>, new: &user::Model, at: Timestamp) -> Result<()> {
    let entry = Note {
        by: by.viewer,
        client: &by.client,
        table: "users",
        row_id: new.id.0,
        on_behalf_of: None,
        operation,
        old: old.map(audited),
        new: Some(audited(new)),
    };
    audit::note(&**tx, entry, at).await
}

/// Everything but what recognises a password.
fn audited(account: &user::Model) -> Json {
    json!({
        "email": account.email, "name": account.name, "phone": account.phone, "role": account.role, "vendor_id": account.vendor_id,
        "is_active": account.is_active, "must_change_password": account.must_change_password,
    })
}
