//! Accounts as administrators read and write them.
//!
//! **Invariant:** nothing here holds a password hash.

use super::keeping::{Changes, NewPerson};
use crate::{
    auth::{Email, accounts},
    db::entity::user,
    problem::{Failure, Result},
    web::{fields::WrongFields, instant::Instant},
};
use domain::{Role, RowId, UserId};
use protocol::ProblemCode;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use utoipa::ToSchema;

const MAX_NAME_CHARS: usize = 200;
const MAX_PHONE_CHARS: usize = 40;

/// An account, as administrators see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// As rows name it: `property_manager_id`, `updated_by`.
    id: UserId,
    /// In lower case.
    email: String,
    /// As it stands on the screen.
    name: String,
    /// How to reach them.
    phone: Option<String>,
    /// What they may do.
    role: Role,
    /// The company of a vendor's account.
    vendor_id: Option<RowId>,
    /// Whether they may sign in.
    is_active: bool,
    /// Whether the password is a one-time password that has not been changed yet.
    must_change_password: bool,
    /// When it was made.
    created_at: Instant,
    /// When it was last changed.
    updated_at: Instant,
    /// When the person last signed in; none before the first time.
    last_sign_in_at: Option<Instant>,
}

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUser {
    /// In any case; one person has one account.
    #[schema(max_length = 254)]
    email: String,
    /// As it is to stand on the screen.
    #[schema(max_length = 200)]
    name: String,
    /// How to reach them.
    #[schema(max_length = 40)]
    phone: Option<String>,
    /// What they may do. Only a super administrator makes an administrator.
    #[schema(value_type = Role)]
    role: String,
    /// Needed for the role `VENDOR`, and for no other.
    #[schema(value_type = Option<RowId>)]
    vendor_id: Option<String>,
}

/// What is to be different; what is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserChanges {
    /// Another name.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// Another number; `null` for none.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<String>, max_length = 40)]
    phone: Option<Option<String>>,
    /// Another role, from the next request on.
    #[schema(value_type = Option<Role>)]
    role: Option<String>,
    /// Another company; needed for the role `VENDOR`, and for no other.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<RowId>)]
    vendor_id: Option<Option<String>>,
    /// `false` ends the person's sessions.
    is_active: Option<bool>,
}

impl Account {
    /// As administrators see it.
    pub fn read(account: user::Model) -> Result<Self> {
        Ok(Self {
            id: UserId(account.id.0),
            role: accounts::role(&account)?,
            email: account.email,
            name: account.name,
            phone: account.phone,
            vendor_id: account.vendor_id.and_then(|id| id.parse().ok()),
            is_active: account.is_active,
            must_change_password: account.must_change_password,
            created_at: Instant::from_micros(account.created_at),
            updated_at: Instant::from_micros(account.updated_at),
            last_sign_in_at: account.last_sign_in_at.map(Instant::from_micros),
        })
    }
}

impl NewUser {
    /// The person, or everything that is wrong.
    pub fn check(self) -> Result<NewPerson> {
        let mut wrong = WrongFields::default();
        let email = wrong.take("email", Email::read(&self.email));
        let name = wrong.take("name", name(&self.name));
        let phone = wrong.take("phone", phone(self.phone));
        let role = wrong.take("role", role(&self.role));
        let vendor_id = wrong.take("vendorId", vendor_id(self.vendor_id));
        let (Some(email), Some(name), Some(phone), Some(role), Some(vendor_id)) = (email, name, phone, role, vendor_id) else {
            return Err(wrong.into());
        };
        Ok(NewPerson {
            email,
            name,
            phone,
            role,
            vendor_id,
        })
    }
}

impl UserChanges {
    /// The changes, or everything that is wrong.
    pub fn check(self) -> Result<Changes> {
        let mut wrong = WrongFields::default();
        let changes = Changes {
            name: self.name.and_then(|text| wrong.take("name", name(&text))),
            phone: self.phone.and_then(|text| wrong.take("phone", phone(text))),
            role: self.role.and_then(|text| wrong.take("role", role(&text))),
            vendor_id: self.vendor_id.and_then(|text| wrong.take("vendorId", vendor_id(text))),
            is_active: self.is_active,
        };
        wrong.refuse_any()?;
        Ok(changes)
    }
}

/// A body of the administrators' API.
pub fn read<T: DeserializeOwned>(body: Json) -> Result<T> {
    serde_json::from_value(body).map_err(|error| Failure::refused(ProblemCode::Validation, format!("the body is not right: {error}")))
}

/// A person's name, without blanks around it.
pub fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_right = !text.is_empty() && text.chars().count() <= MAX_NAME_CHARS && !text.chars().any(char::is_control);
    is_right
        .then(|| text.to_owned())
        .ok_or_else(|| format!("must be a name of at most {MAX_NAME_CHARS} characters"))
}

/// A role by its name.
pub fn role(text: &str) -> Result<Role, String> {
    Role::from_name(text).ok_or_else(|| format!("must be one of {}", Role::ALL.map(Role::name).join(", ")))
}

/// A vendor's id.
pub fn vendor_id(text: Option<String>) -> Result<Option<RowId>, &'static str> {
    text.map(|text| text.parse().map_err(|_| "must be a vendor’s id")).transpose()
}

fn phone(text: Option<String>) -> Result<Option<String>, String> {
    let Some(text) = text else { return Ok(None) };
    let text = text.trim();
    if text.chars().count() > MAX_PHONE_CHARS || text.chars().any(char::is_control) {
        return Err(format!("must be a number of at most {MAX_PHONE_CHARS} characters"));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Tells `null` (none from now on) from what is not named (as it is).
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
