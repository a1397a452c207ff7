-- The rest of the synced tables.

CREATE TABLE property_types (
  id uuid PRIMARY KEY, version int8 NOT NULL,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, created_by uuid, updated_by uuid,
  name text NOT NULL UNIQUE, is_active boolean NOT NULL
);

CREATE TABLE vendors (
  id uuid PRIMARY KEY, version int8 NOT NULL,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, created_by uuid, updated_by uuid,
  company_name text NOT NULL, contact_name text, email text, phone text, trades text[],
  license_number text, tax_id text, insurance_expires_on date,
  is_approved boolean NOT NULL, is_active boolean NOT NULL, rating numeric(3,2), notes text
);

CREATE TABLE approvals (
  id uuid PRIMARY KEY, version int8 NOT NULL,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, created_by uuid, updated_by uuid,
  turn_id uuid NOT NULL REFERENCES turns (id), level text NOT NULL, amount numeric(12,2) NOT NULL, scope_digest text NOT NULL,
  status text NOT NULL, requested_by uuid NOT NULL, decided_by uuid, decided_at timestamptz, reason text,
  is_active boolean NOT NULL, property_manager_id uuid, sr_property_manager_id uuid
);
CREATE INDEX approvals_by_turn ON approvals (turn_id);
CREATE INDEX approvals_by_status ON approvals (status, level);

CREATE TABLE documents (
  id uuid PRIMARY KEY, version int8 NOT NULL,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, created_by uuid, updated_by uuid,
  entity_type text NOT NULL, entity_id uuid NOT NULL, kind text NOT NULL, file_name text NOT NULL, content_type text NOT NULL,
  size_bytes int8 NOT NULL, content_hash text NOT NULL, caption text, taken_at timestamptz,
  is_active boolean NOT NULL, property_manager_id uuid, sr_property_manager_id uuid,
  vendor_id uuid, flooring_vendor_id uuid, superintendent_id uuid, approval_status text
);
CREATE INDEX documents_by_entity ON documents (entity_type, entity_id);
CREATE INDEX documents_by_hash ON documents (content_hash);
CREATE INDEX documents_by_manager ON documents (property_manager_id, is_active, id);
CREATE INDEX documents_by_senior ON documents (sr_property_manager_id, is_active, id);

CREATE TABLE notifications (
  id uuid PRIMARY KEY, version int8 NOT NULL,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, created_by uuid, updated_by uuid,
  user_id uuid NOT NULL, kind text NOT NULL, title text NOT NULL, body text, turn_id uuid, read_at timestamptz
);
CREATE INDEX notifications_by_user ON notifications (user_id, id);

ALTER TABLE property_types REPLICA IDENTITY FULL;
ALTER TABLE vendors REPLICA IDENTITY FULL;
ALTER TABLE approvals REPLICA IDENTITY FULL;
ALTER TABLE documents REPLICA IDENTITY FULL;
ALTER TABLE notifications REPLICA IDENTITY FULL;

-- Who sees a property or a scope item beside its managers: those of the turn that is under way.
ALTER TABLE properties
  ADD COLUMN vendor_id uuid, ADD COLUMN flooring_vendor_id uuid, ADD COLUMN superintendent_id uuid, ADD COLUMN approval_status text;
ALTER TABLE scope_items
  ADD COLUMN vendor_id uuid, ADD COLUMN flooring_vendor_id uuid, ADD COLUMN superintendent_id uuid, ADD COLUMN approval_status text;
CREATE INDEX turns_by_vendor ON turns (vendor_id);
CREATE INDEX turns_by_flooring_vendor ON turns (flooring_vendor_id);
CREATE INDEX turns_by_approval ON turns (approval_status, is_active);

-- What only the server knows.

ALTER TABLE users
  ADD COLUMN vendor_id text, ADD COLUMN must_change_password boolean NOT NULL DEFAULT false,
  ADD COLUMN updated_at bigint NOT NULL DEFAULT 0, ADD COLUMN last_sign_in_at bigint;

-- Sessions of before have no id to be named by: their people sign in again.
DELETE FROM sessions;
ALTER TABLE sessions
  ADD COLUMN id text NOT NULL DEFAULT '', ADD COLUMN last_seen_at bigint NOT NULL DEFAULT 0, ADD COLUMN address text, ADD COLUMN user_agent text;
CREATE UNIQUE INDEX sessions_by_id ON sessions (id);
CREATE INDEX sessions_by_user ON sessions (user_id);

-- From which amount a level must approve; in cents.
CREATE TABLE approval_thresholds (level text PRIMARY KEY, from_amount bigint NOT NULL, needs_level_first text);
INSERT INTO approval_thresholds (level, from_amount, needs_level_first) VALUES ('DFO', 300000, NULL), ('HO', 1000000, 'DFO');

CREATE INDEX audit_logs_by_write ON audit_logs (write_id);

-- Whose bytes have come. A document's row alone opens no file: its hash could be another's.
CREATE TABLE document_files (
  document_id text PRIMARY KEY, content_hash text NOT NULL, content_type text NOT NULL, size_bytes bigint NOT NULL,
  stored_by text NOT NULL, stored_at bigint NOT NULL
);
CREATE INDEX document_files_by_hash ON document_files (content_hash);
