-- The synced tables: columns and types as `domain::Table::columns()` has them, in that order (a test compares).
-- Their old rows go whole into the replication stream, for those who follow it.

CREATE TABLE turn_stages (
  id uuid PRIMARY KEY, version int8 NOT NULL,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, created_by uuid, updated_by uuid,
  key text NOT NULL UNIQUE, name text NOT NULL, sequence int4 NOT NULL, color text,
  requires_vendor boolean NOT NULL, requires_amount boolean NOT NULL, requires_lock_box boolean NOT NULL, requires_approval boolean NOT NULL,
  is_default boolean NOT NULL, is_final boolean NOT NULL, is_active boolean NOT NULL
);

CREATE TABLE properties (
  id uuid PRIMARY KEY, version int8 NOT NULL,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, created_by uuid, updated_by uuid,
  property_number text NOT NULL UNIQUE, name text NOT NULL,
  street_address text NOT NULL, city text NOT NULL, state text, zip_code text, county text, market text,
  property_type_id uuid, year_built int4, area_sqft int4, bedrooms numeric(3,1), bathrooms numeric(3,1), monthly_rent numeric(12,2),
  is_active boolean NOT NULL, is_core boolean NOT NULL, is_section_8 boolean NOT NULL,
  in_disposition boolean NOT NULL, has_insurance boolean NOT NULL, has_squatters boolean NOT NULL,
  property_manager_id uuid, sr_property_manager_id uuid,
  move_in_date date, move_out_date date,
  lock_box_code text, lock_box_location text, lock_box_installed_on date, notes text
);
CREATE INDEX properties_by_manager ON properties (property_manager_id, id);
CREATE INDEX properties_by_senior ON properties (sr_property_manager_id, id);

CREATE TABLE turns (
  id uuid PRIMARY KEY, version int8 NOT NULL,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, created_by uuid, updated_by uuid,
  turn_number text UNIQUE, property_id uuid NOT NULL REFERENCES properties (id), stage_id uuid NOT NULL REFERENCES turn_stages (id),
  stage_entered_at timestamptz, priority text NOT NULL, work_order_number text,
  move_out_date date, due_date date, assigned_on date, scope_approved_on date, final_walk_on date,
  scan_360_on date, sent_to_leasing_on date, completed_on date,
  vendor_id uuid, flooring_vendor_id uuid, superintendent_id uuid,
  estimated_amount numeric(12,2), approved_amount numeric(12,2), change_order_amount numeric(12,2), actual_amount numeric(12,2),
  approval_status text, scope_digest text, power_status text, water_status text, gas_status text,
  trash_out_needed boolean NOT NULL, appliances_needed boolean NOT NULL, appliances_ordered boolean NOT NULL,
  is_active boolean NOT NULL, notes text,
  property_manager_id uuid, sr_property_manager_id uuid
);
CREATE INDEX turns_by_property ON turns (property_id);
CREATE INDEX turns_by_stage ON turns (stage_id);
CREATE INDEX turns_by_manager ON turns (property_manager_id, is_active, id);
CREATE INDEX turns_by_senior ON turns (sr_property_manager_id, is_active, id);

CREATE TABLE scope_items (
  id uuid PRIMARY KEY, version int8 NOT NULL,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, created_by uuid, updated_by uuid,
  turn_id uuid NOT NULL REFERENCES turns (id), room text NOT NULL, category text NOT NULL, description text NOT NULL,
  quantity numeric(10,2) NOT NULL, unit text, unit_cost numeric(12,2) NOT NULL,
  is_done boolean NOT NULL, is_change_order boolean NOT NULL, position int4 NOT NULL,
  is_active boolean NOT NULL, property_manager_id uuid, sr_property_manager_id uuid
);
CREATE INDEX scope_items_by_turn ON scope_items (turn_id);
CREATE INDEX scope_items_by_manager ON scope_items (property_manager_id, is_active, id);
CREATE INDEX scope_items_by_senior ON scope_items (sr_property_manager_id, is_active, id);

ALTER TABLE turn_stages REPLICA IDENTITY FULL;
ALTER TABLE properties REPLICA IDENTITY FULL;
ALTER TABLE turns REPLICA IDENTITY FULL;
ALTER TABLE scope_items REPLICA IDENTITY FULL;

-- What only the server knows. Ids are text, instants are microseconds and JSON is text, as on SQLite: one entity reads both.

CREATE TABLE users (
  id text PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL, phone text,
  role text NOT NULL, is_active boolean NOT NULL, password_hash text NOT NULL, created_at bigint NOT NULL
);

-- The token itself is never stored.
CREATE TABLE sessions (
  token_digest text PRIMARY KEY, user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at bigint NOT NULL, expires_at bigint NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- One per applied write: same id, same answer, for ever.
CREATE TABLE receipts (
  write_id text PRIMARY KEY, user_id text NOT NULL, content_digest text NOT NULL,
  table_name text NOT NULL, row_id text NOT NULL, version bigint, answer text NOT NULL, at bigint NOT NULL
);

-- The shape log. A transaction has one position; positions follow commit order and are never used twice.
CREATE TABLE changes (
  position bigint NOT NULL, op bigint NOT NULL, table_name text NOT NULL, row_id text NOT NULL,
  old_row text, new_row text, at bigint NOT NULL,
  PRIMARY KEY (position, op)
);
CREATE INDEX changes_by_table ON changes (table_name, position, op);

CREATE TABLE audit_logs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL, user_id text NOT NULL, role text NOT NULL,
  address text, user_agent text, table_name text NOT NULL, row_id text NOT NULL, operation text NOT NULL, write_id text,
  old_row text, new_row text, changed_columns text NOT NULL
);
CREATE INDEX audit_logs_by_row ON audit_logs (table_name, row_id);
CREATE INDEX audit_logs_by_user ON audit_logs (user_id);
CREATE FUNCTION refuse_change_of_audit_logs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_logs is append-only';
END
$$;
CREATE TRIGGER audit_logs_are_never_changed BEFORE UPDATE OR DELETE ON audit_logs FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit_logs();
CREATE TRIGGER audit_logs_are_never_emptied BEFORE TRUNCATE ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_logs();

CREATE TABLE turn_stage_history (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, turn_id text NOT NULL, from_stage_id text, to_stage_id text NOT NULL,
  changed_by text NOT NULL, changed_at bigint NOT NULL, seconds_in_stage bigint, reason text
);
CREATE INDEX turn_stage_history_by_turn ON turn_stage_history (turn_id);

-- `change_position`: the log's end; `changes_trimmed_to`: its beginning; `turn_number_<year>`: the last number given.
CREATE TABLE counters (name text PRIMARY KEY, value bigint NOT NULL);
INSERT INTO counters (name, value) VALUES ('change_position', 0), ('changes_trimmed_to', 0);

-- `epoch` tells one database from another, so that a shape's handle never outlives its log.
CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL);
INSERT INTO meta (key, value) VALUES ('epoch', replace(gen_random_uuid()::text, '-', ''));
