//! The columns, table by table, in the words of the trade. Outside clients rely on these names: add, never rename.

use super::{Column, ColumnType, Default, MergePolicy, SetBy};
use ColumnType::{Bool, Date, Int4, Int8, Text, TextArray, Timestamp, Uuid};

const MONEY: ColumnType = ColumnType::Numeric { scale: 2, digits: 12 };
const QUANTITY: ColumnType = ColumnType::Numeric { scale: 2, digits: 10 };
const ROOMS: ColumnType = ColumnType::Numeric { scale: 1, digits: 3 };
const RATING: ColumnType = ColumnType::Numeric { scale: 2, digits: 3 };

const UTILITY_STATUS: &[&str] = &["yes", "no", "pending"];
const PRIORITY: &[&str] = &["low", "medium", "high", "urgent"];
const LOCK_BOX_LOCATION: &[&str] = &["front", "back", "left", "right", "other"];
const APPROVAL_LEVEL: &[&str] = &["DFO", "HO"];
const DECISION: &[&str] = &["pending", "approved", "rejected", "void"];
const DOCUMENT_ENTITY: &[&str] = &["property", "turn", "scope_item", "vendor"];
const DOCUMENT_KIND: &[&str] = &["scope_photo", "before", "after", "change_order", "lock_box", "scan_360", "other"];
const APPROVAL_STATUS: &[&str] = &["none", "dfo_needed", "dfo_approved", "ho_needed", "approved", "rejected"];

const fn column(name: &'static str, kind: ColumnType) -> Column {
    Column {
        name,
        kind,
        required: false,
        set_by: SetBy::Author,
        policy: MergePolicy::FieldMerge,
        choices: &[],
        max_chars: 200,
        default: Default::Null,
    }
}

impl Column {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }
    const fn set_by(mut self, set_by: SetBy) -> Self {
        self.set_by = set_by;
        self
    }
    const fn policy(mut self, policy: MergePolicy) -> Self {
        self.policy = policy;
        self
    }
    const fn one_of(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }
    const fn max_chars(mut self, max_chars: usize) -> Self {
        self.max_chars = max_chars;
        self
    }
    const fn default(mut self, default: Default) -> Self {
        self.default = default;
        self
    }
}

const fn flag(name: &'static str, default: bool) -> Column {
    column(name, Bool).default(Default::Bool(default)).required()
}
const fn by_server(name: &'static str, kind: ColumnType) -> Column {
    column(name, kind).set_by(SetBy::Server)
}
const fn notes(name: &'static str) -> Column {
    column(name, Text).max_chars(4_000)
}

const ID: Column = by_server("id", Uuid).required();
const VERSION: Column = by_server("version", Int8).required();
const CREATED_AT: Column = by_server("created_at", Timestamp).required();
const UPDATED_AT: Column = by_server("updated_at", Timestamp).required();
const CREATED_BY: Column = by_server("created_by", Uuid);
const UPDATED_BY: Column = by_server("updated_by", Uuid);

use MergePolicy::{AskUser, LastWriteWins};

pub(super) const PROPERTIES: &[Column] = &[
    ID,
    VERSION,
    CREATED_AT,
    UPDATED_AT,
    CREATED_BY,
    UPDATED_BY,
    column("property_number", Text).required().max_chars(40),
    column("name", Text).required(),
    column("street_address", Text).required(),
    column("city", Text).required(),
    column("state", Text).max_chars(40),
    column("zip_code", Text).max_chars(20),
    column("county", Text),
    column("market", Text),
    column("property_type_id", Uuid),
    column("year_built", Int4),
    column("area_sqft", Int4),
    column("bedrooms", ROOMS),
    column("bathrooms", ROOMS),
    column("monthly_rent", MONEY).policy(AskUser),
    flag("is_active", true),
    flag("is_core", true),
    flag("is_section_8", false),
    flag("in_disposition", false),
    flag("has_insurance", true),
    flag("has_squatters", false),
    column("property_manager_id", Uuid),
    column("sr_property_manager_id", Uuid),
    column("move_in_date", Date),
    column("move_out_date", Date),
    column("lock_box_code", Text).max_chars(20).policy(AskUser),
    column("lock_box_location", Text).one_of(LOCK_BOX_LOCATION).policy(AskUser),
    column("lock_box_installed_on", Date).policy(AskUser),
    notes("notes"),
    // Who sees the home beside its managers: those of the turn that is under way.
    by_server("vendor_id", Uuid),
    by_server("flooring_vendor_id", Uuid),
    by_server("superintendent_id", Uuid),
    by_server("approval_status", Text),
];

pub(super) const TURNS: &[Column] = &[
    ID,
    VERSION,
    CREATED_AT,
    UPDATED_AT,
    CREATED_BY,
    UPDATED_BY,
    by_server("turn_number", Text),
    column("property_id", Uuid).required().set_by(SetBy::Creator),
    column("stage_id", Uuid).required().set_by(SetBy::StageChange).policy(AskUser),
    by_server("stage_entered_at", Timestamp),
    column("priority", Text).required().one_of(PRIORITY).default(Default::Text("medium")),
    column("work_order_number", Text).max_chars(60),
    column("move_out_date", Date),
    column("due_date", Date),
    column("assigned_on", Date),
    column("scope_approved_on", Date),
    column("final_walk_on", Date),
    column("scan_360_on", Date),
    column("sent_to_leasing_on", Date),
    by_server("completed_on", Date),
    column("vendor_id", Uuid).policy(AskUser),
    column("flooring_vendor_id", Uuid).policy(AskUser),
    column("superintendent_id", Uuid),
    column("estimated_amount", MONEY).policy(AskUser),
    by_server("approved_amount", MONEY).policy(AskUser),
    column("change_order_amount", MONEY).policy(AskUser),
    column("actual_amount", MONEY).policy(AskUser),
    by_server("approval_status", Text)
        .one_of(APPROVAL_STATUS)
        .default(Default::Text("none"))
        .policy(AskUser),
    column("scope_digest", Text).set_by(SetBy::Decision).policy(AskUser),
    column("power_status", Text).one_of(UTILITY_STATUS),
    column("water_status", Text).one_of(UTILITY_STATUS),
    column("gas_status", Text).one_of(UTILITY_STATUS),
    flag("trash_out_needed", false),
    flag("appliances_needed", false),
    flag("appliances_ordered", false),
    by_server("is_active", Bool).default(Default::Bool(true)).required(),
    notes("notes"),
    by_server("property_manager_id", Uuid),
    by_server("sr_property_manager_id", Uuid),
];

pub(super) const SCOPE_ITEMS: &[Column] = &[
    ID,
    VERSION,
    CREATED_AT,
    UPDATED_AT,
    CREATED_BY,
    UPDATED_BY,
    column("turn_id", Uuid).required().set_by(SetBy::Creator),
    column("room", Text).required(),
    column("category", Text).required(),
    column("description", Text).required().max_chars(1_000),
    column("quantity", QUANTITY).required().default(Default::Int(100)).policy(AskUser),
    column("unit", Text).max_chars(20).default(Default::Text("each")).policy(AskUser),
    column("unit_cost", MONEY).required().default(Default::Int(0)).policy(AskUser),
    flag("is_done", false).policy(LastWriteWins),
    flag("is_change_order", false),
    column("position", Int4).required().default(Default::Int(0)).policy(LastWriteWins),
    by_server("is_active", Bool).default(Default::Bool(true)).required(),
    by_server("property_manager_id", Uuid),
    by_server("sr_property_manager_id", Uuid),
    by_server("vendor_id", Uuid),
    by_server("flooring_vendor_id", Uuid),
    by_server("superintendent_id", Uuid),
    by_server("approval_status", Text),
];

pub(super) const TURN_STAGES: &[Column] = &[
    ID,
    VERSION,
    CREATED_AT,
    UPDATED_AT,
    CREATED_BY,
    UPDATED_BY,
    column("key", Text).required().max_chars(60),
    column("name", Text).required(),
    column("sequence", Int4).required(),
    column("color", Text).max_chars(20),
    flag("requires_vendor", false),
    flag("requires_amount", false),
    flag("requires_lock_box", false),
    flag("requires_approval", false),
    flag("is_default", false),
    flag("is_final", false),
    flag("is_active", true),
];

pub(super) const PROPERTY_TYPES: &[Column] = &[
    ID,
    VERSION,
    CREATED_AT,
    UPDATED_AT,
    CREATED_BY,
    UPDATED_BY,
    column("name", Text).required(),
    flag("is_active", true),
];

pub(super) const VENDORS: &[Column] = &[
    ID,
    VERSION,
    CREATED_AT,
    UPDATED_AT,
    CREATED_BY,
    UPDATED_BY,
    column("company_name", Text).required(),
    column("contact_name", Text),
    column("email", Text).max_chars(254),
    column("phone", Text).max_chars(40),
    column("trades", TextArray),
    column("license_number", Text).max_chars(60),
    column("tax_id", Text).max_chars(40).policy(AskUser),
    column("insurance_expires_on", Date),
    flag("is_approved", false).policy(AskUser),
    flag("is_active", true),
    column("rating", RATING),
    notes("notes"),
];

pub(super) const APPROVALS: &[Column] = &[
    ID,
    VERSION,
    CREATED_AT,
    UPDATED_AT,
    CREATED_BY,
    UPDATED_BY,
    column("turn_id", Uuid).required().set_by(SetBy::Creator),
    by_server("level", Text).one_of(APPROVAL_LEVEL).required(),
    by_server("amount", MONEY).required(),
    by_server("scope_digest", Text).required(),
    by_server("status", Text).one_of(DECISION).required().default(Default::Text("pending")),
    by_server("requested_by", Uuid).required(),
    by_server("decided_by", Uuid),
    by_server("decided_at", Timestamp),
    by_server("reason", Text).max_chars(4_000),
    by_server("is_active", Bool).default(Default::Bool(true)).required(),
    by_server("property_manager_id", Uuid),
    by_server("sr_property_manager_id", Uuid),
];

pub(super) const DOCUMENTS: &[Column] = &[
    ID,
    VERSION,
    CREATED_AT,
    UPDATED_AT,
    CREATED_BY,
    UPDATED_BY,
    column("entity_type", Text).required().one_of(DOCUMENT_ENTITY).set_by(SetBy::Creator),
    column("entity_id", Uuid).required().set_by(SetBy::Creator),
    column("kind", Text).required().one_of(DOCUMENT_KIND).default(Default::Text("other")),
    column("file_name", Text).required().set_by(SetBy::Creator),
    column("content_type", Text).required().max_chars(100).set_by(SetBy::Creator),
    column("size_bytes", Int8).required().set_by(SetBy::Creator),
    // SHA-256 of the file, in hex: what names it in the storage.
    column("content_hash", Text).required().max_chars(64).set_by(SetBy::Creator),
    column("caption", Text).max_chars(1_000),
    column("taken_at", Timestamp),
    by_server("is_active", Bool).default(Default::Bool(true)).required(),
    by_server("property_manager_id", Uuid),
    by_server("sr_property_manager_id", Uuid),
    by_server("vendor_id", Uuid),
    by_server("flooring_vendor_id", Uuid),
    by_server("superintendent_id", Uuid),
    by_server("approval_status", Text),
];

pub(super) const NOTIFICATIONS: &[Column] = &[
    ID,
    VERSION,
    CREATED_AT,
    UPDATED_AT,
    CREATED_BY,
    UPDATED_BY,
    by_server("user_id", Uuid).required(),
    by_server("kind", Text).required().max_chars(60),
    by_server("title", Text).required(),
    by_server("body", Text).max_chars(1_000),
    by_server("turn_id", Uuid),
    column("read_at", Timestamp).policy(LastWriteWins),
];
