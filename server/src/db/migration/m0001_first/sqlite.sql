-- The synced tables: columns as `domain::Table::columns()` has them, in that order (a test compares).
-- uuid, text and date are TEXT; bool is 0/1; numeric is a whole number of its smallest unit; timestamptz is microseconds.

CREATE TABLE turn_stages (
  id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, created_by TEXT, updated_by TEXT,
  key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, sequence INTEGER NOT NULL, color TEXT,
  requires_vendor INTEGER NOT NULL, requires_amount INTEGER NOT NULL, requires_lock_box INTEGER NOT NULL, requires_approval INTEGER NOT NULL,
  is_default INTEGER NOT NULL, is_final INTEGER NOT NULL, is_active INTEGER NOT NULL
) STRICT;

CREATE TABLE properties (
  id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, created_by TEXT, updated_by TEXT,
  property_number TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  street_address TEXT NOT NULL, city TEXT NOT NULL, state TEXT, zip_code TEXT, county TEXT, market TEXT,
  property_type_id TEXT, year_built INTEGER, area_sqft INTEGER, bedrooms INTEGER, bathrooms INTEGER, monthly_rent INTEGER,
  is_active INTEGER NOT NULL, is_core INTEGER NOT NULL, is_section_8 INTEGER NOT NULL,
  in_disposition INTEGER NOT NULL, has_insurance INTEGER NOT NULL, has_squatters INTEGER NOT NULL,
  property_manager_id TEXT, sr_property_manager_id TEXT,
  move_in_date TEXT, move_out_date TEXT,
  lock_box_code TEXT, lock_box_location TEXT, lock_box_installed_on TEXT, notes TEXT
) STRICT;
CREATE INDEX properties_by_manager ON properties (property_manager_id, id);
CREATE INDEX properties_by_senior ON properties (sr_property_manager_id, id);

CREATE TABLE turns (
  id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, created_by TEXT, updated_by TEXT,
  turn_number TEXT UNIQUE, property_id TEXT NOT NULL REFERENCES properties (id), stage_id TEXT NOT NULL REFERENCES turn_stages (id),
  stage_entered_at INTEGER, priority TEXT NOT NULL, work_order_number TEXT,
  move_out_date TEXT, due_date TEXT, assigned_on TEXT, scope_approved_on TEXT, final_walk_on TEXT,
  scan_360_on TEXT, sent_to_leasing_on TEXT, completed_on TEXT,
  vendor_id TEXT, flooring_vendor_id TEXT, superintendent_id TEXT,
  estimated_amount INTEGER, approved_amount INTEGER, change_order_amount INTEGER, actual_amount INTEGER,
  approval_status TEXT, scope_digest TEXT, power_status TEXT, water_status TEXT, gas_status TEXT,
  trash_out_needed INTEGER NOT NULL, appliances_needed INTEGER NOT NULL, appliances_ordered INTEGER NOT NULL,
  is_active INTEGER NOT NULL, notes TEXT,
  property_manager_id TEXT, sr_property_manager_id TEXT
) STRICT;
CREATE INDEX turns_by_property ON turns (property_id);
CREATE INDEX turns_by_stage ON turns (stage_id);
CREATE INDEX turns_by_manager ON turns (property_manager_id, is_active, id);
CREATE INDEX turns_by_senior ON turns (sr_property_manager_id, is_active, id);

CREATE TABLE scope_items (
  id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, created_by TEXT, updated_by TEXT,
  turn_id TEXT NOT NULL REFERENCES turns (id), room TEXT NOT NULL, category TEXT NOT NULL, description TEXT NOT NULL,
  quantity INTEGER NOT NULL, unit TEXT, unit_cost INTEGER NOT NULL,
  is_done INTEGER NOT NULL, is_change_order INTEGER NOT NULL, position INTEGER NOT NULL,
  is_active INTEGER NOT NULL, property_manager_id TEXT, sr_property_manager_id TEXT
) STRICT;
CREATE INDEX scope_items_by_turn ON scope_items (turn_id);
CREATE INDEX scope_items_by_manager ON scope_items (property_manager_id, is_active, id);
CREATE INDEX scope_items_by_senior ON scope_items (sr_property_manager_id, is_active, id);

-- What only the server knows.

CREATE TABLE users (
  id TEXT PRIMARY KEY NOT NULL, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, phone TEXT,
  role TEXT NOT NULL, is_active INTEGER NOT NULL, password_hash TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;

-- The token itself is never stored.
CREATE TABLE sessions (
  token_digest TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- One per applied write: same id, same answer, for ever.
CREATE TABLE receipts (
  write_id TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL, content_digest TEXT NOT NULL,
  table_name TEXT NOT NULL, row_id TEXT NOT NULL, version INTEGER, answer TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;

-- The shape log. A transaction has one position; positions follow commit order and are never used twice.
CREATE TABLE changes (
  position INTEGER NOT NULL, op INTEGER NOT NULL, table_name TEXT NOT NULL, row_id TEXT NOT NULL,
  old_row TEXT, new_row TEXT, at INTEGER NOT NULL,
  PRIMARY KEY (position, op)
) STRICT, WITHOUT ROWID;
CREATE INDEX changes_by_table ON changes (table_name, position, op);

CREATE TABLE audit_logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, user_id TEXT NOT NULL, role TEXT NOT NULL,
  address TEXT, user_agent TEXT, table_name TEXT NOT NULL, row_id TEXT NOT NULL, operation TEXT NOT NULL, write_id TEXT,
  old_row TEXT, new_row TEXT, changed_columns TEXT NOT NULL
) STRICT;
CREATE INDEX audit_logs_by_row ON audit_logs (table_name, row_id);
CREATE INDEX audit_logs_by_user ON audit_logs (user_id);
CREATE TRIGGER audit_logs_are_never_changed BEFORE UPDATE ON audit_logs BEGIN SELECT RAISE(ABORT, 'audit_logs is append-only'); END;
CREATE TRIGGER audit_logs_are_never_deleted BEFORE DELETE ON audit_logs BEGIN SELECT RAISE(ABORT, 'audit_logs is append-only'); END;

CREATE TABLE turn_stage_history (
  id INTEGER PRIMARY KEY AUTOINCREMENT, turn_id TEXT NOT NULL REFERENCES turns (id), from_stage_id TEXT, to_stage_id TEXT NOT NULL,
  changed_by TEXT NOT NULL, changed_at INTEGER NOT NULL, seconds_in_stage INTEGER, reason TEXT
) STRICT;
CREATE INDEX turn_stage_history_by_turn ON turn_stage_history (turn_id);

-- `change_position`: the log's end; `changes_trimmed_to`: its beginning; `turn_number_<year>`: the last number given.
CREATE TABLE counters (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT;
INSERT INTO counters (name, value) VALUES ('change_position', 0), ('changes_trimmed_to', 0);

-- `epoch` tells one database from another, so that a shape's handle never outlives its log.
CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;
INSERT INTO meta (key, value) VALUES ('epoch', lower(hex(randomblob(16))));
