-- The rest of the synced tables. Forms as in the first migration; text[] is PostgreSQL's array literal (`{plumbing,paint}`).

CREATE TABLE property_types (
  id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, created_by TEXT, updated_by TEXT,
  name TEXT NOT NULL UNIQUE, is_active INTEGER NOT NULL
) STRICT;

CREATE TABLE vendors (
  id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, created_by TEXT, updated_by TEXT,
  company_name TEXT NOT NULL, contact_name TEXT, email TEXT, phone TEXT, trades TEXT,
  license_number TEXT, tax_id TEXT, insurance_expires_on TEXT,
  is_approved INTEGER NOT NULL, is_active INTEGER NOT NULL, rating INTEGER, notes TEXT
) STRICT;

CREATE TABLE approvals (
  id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, created_by TEXT, updated_by TEXT,
  turn_id TEXT NOT NULL REFERENCES turns (id), level TEXT NOT NULL, amount INTEGER NOT NULL, scope_digest TEXT NOT NULL,
  status TEXT NOT NULL, requested_by TEXT NOT NULL, decided_by TEXT, decided_at INTEGER, reason TEXT,
  is_active INTEGER NOT NULL, property_manager_id TEXT, sr_property_manager_id TEXT
) STRICT;
CREATE INDEX approvals_by_turn ON approvals (turn_id);
CREATE INDEX approvals_by_status ON approvals (status, level);

CREATE TABLE documents (
  id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, created_by TEXT, updated_by TEXT,
  entity_type TEXT NOT NULL, entity_id TEXT NOT NULL, kind TEXT NOT NULL, file_name TEXT NOT NULL, content_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, content_hash TEXT NOT NULL, caption TEXT, taken_at INTEGER,
  is_active INTEGER NOT NULL, property_manager_id TEXT, sr_property_manager_id TEXT,
  vendor_id TEXT, flooring_vendor_id TEXT, superintendent_id TEXT, approval_status TEXT
) STRICT;
CREATE INDEX documents_by_entity ON documents (entity_type, entity_id);
CREATE INDEX documents_by_hash ON documents (content_hash);
CREATE INDEX documents_by_manager ON documents (property_manager_id, is_active, id);
CREATE INDEX documents_by_senior ON documents (sr_property_manager_id, is_active, id);

CREATE TABLE notifications (
  id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, created_by TEXT, updated_by TEXT,
  user_id TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, body TEXT, turn_id TEXT, read_at INTEGER
) STRICT;
CREATE INDEX notifications_by_user ON notifications (user_id, id);

-- Who sees a property or a scope item beside its managers: those of the turn that is under way.
ALTER TABLE properties ADD COLUMN vendor_id TEXT;
ALTER TABLE properties ADD COLUMN flooring_vendor_id TEXT;
ALTER TABLE properties ADD COLUMN superintendent_id TEXT;
ALTER TABLE properties ADD COLUMN approval_status TEXT;
ALTER TABLE scope_items ADD COLUMN vendor_id TEXT;
ALTER TABLE scope_items ADD COLUMN flooring_vendor_id TEXT;
ALTER TABLE scope_items ADD COLUMN superintendent_id TEXT;
ALTER TABLE scope_items ADD COLUMN approval_status TEXT;
CREATE INDEX turns_by_vendor ON turns (vendor_id);
CREATE INDEX turns_by_flooring_vendor ON turns (flooring_vendor_id);
CREATE INDEX turns_by_approval ON turns (approval_status, is_active);

-- What only the server knows.

ALTER TABLE users ADD COLUMN vendor_id TEXT;
ALTER TABLE users ADD COLUMN must_change_password INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN last_sign_in_at INTEGER;

-- Sessions of before have no id to be named by: their people sign in again.
DELETE FROM sessions;
ALTER TABLE sessions ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN last_seen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN address TEXT;
ALTER TABLE sessions ADD COLUMN user_agent TEXT;
CREATE UNIQUE INDEX sessions_by_id ON sessions (id);
CREATE INDEX sessions_by_user ON sessions (user_id);

-- From which amount a level must approve; in cents.
CREATE TABLE approval_thresholds (level TEXT PRIMARY KEY NOT NULL, from_amount INTEGER NOT NULL, needs_level_first TEXT) STRICT;
INSERT INTO approval_thresholds (level, from_amount, needs_level_first) VALUES ('DFO', 300000, NULL), ('HO', 1000000, 'DFO');

CREATE INDEX audit_logs_by_write ON audit_logs (write_id);

-- Whose bytes have come. A document's row alone opens no file: its hash could be another's.
CREATE TABLE document_files (
  document_id TEXT PRIMARY KEY NOT NULL, content_hash TEXT NOT NULL, content_type TEXT NOT NULL, size_bytes INTEGER NOT NULL,
  stored_by TEXT NOT NULL, stored_at INTEGER NOT NULL
) STRICT;
CREATE INDEX document_files_by_hash ON document_files (content_hash);
