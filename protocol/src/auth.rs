//! Signing in: `POST /api/auth/login`, `POST /api/auth/logout`, `GET /api/auth/session`, `POST /api/auth/password`.

use domain::{Role, RowId, UserId, Viewer};
use serde::{Deserialize, Serialize};

/// What a person signs in with.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// The account's address, in any case.
    pub email: String,
    /// As typed.
    pub password: String,
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The account.
    pub id: UserId,
    /// In lower case.
    pub email: String,
    /// As it stands on the screen.
    pub name: String,
    /// What the account may do.
    pub role: Role,
    /// The company that a vendor's account belongs to.
    #[serde(default, rename = "vendorId", skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<RowId>,
    /// Whether somebody else gave the password: until it is changed, the session opens nothing else.
    #[serde(default, rename = "mustChangePassword", skip_serializing_if = "is_false")]
    pub must_change_password: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl User {
    /// As the rules of sight and permission take a person.
    pub fn viewer(&self) -> Viewer {
        Viewer {
            user: self.id,
            role: self.role,
            vendor: self.vendor_id,
        }
    }
}

/// The answer to a right password. The session is also set as a cookie.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginAnswer {
    /// Who is signed in now.
    pub user: User,
    /// For API clients: `Authorization: Bearer`.
    pub token: String,
    /// URL names of the shapes to subscribe to.
    pub shapes: Vec<String>,
    /// 32 bytes in Base64, this account's for as long as it exists: what a device leaves behind at sign-out is encrypted with
    /// them, so that nobody but the next sign-in of the same person opens it, whatever their password is by then.
    #[serde(default, rename = "sealKey", skip_serializing_if = "Option::is_none")]
    pub seal_key: Option<String>,
}

/// A change of one's own password.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordChange {
    /// The password as it is.
    pub current: String,
    /// The password as it is to be: ten characters or more, and not soon guessed.
    pub new: String,
}

/// Who this session belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionAnswer {
    /// Who is signed in.
    pub user: User,
    /// URL names of the shapes to subscribe to.
    pub shapes: Vec<String>,
}
