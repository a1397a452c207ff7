-- What devices leave behind at sign-out is encrypted with keys made from this secret (auth/seal.rs). It never changes.
INSERT INTO meta (key, value)
  VALUES ('seal_secret', replace(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));

-- Writes of people who have lost sight of the row since they saw it: a supervisor adopts or refuses each. `senior_id` is the senior
-- manager who was told of it; `wire` the write as it came.
CREATE TABLE quarantine (
  write_id text PRIMARY KEY, user_id text NOT NULL, content_digest text NOT NULL,
  table_name text NOT NULL, row_id text NOT NULL, wire text NOT NULL, reason text NOT NULL, senior_id text, at bigint NOT NULL,
  state text NOT NULL, decided_by text, decided_at bigint, decision text
);
CREATE INDEX quarantine_waiting ON quarantine (state, at);
CREATE INDEX quarantine_by_user ON quarantine (user_id, state);

-- Whose write it was that somebody else carried out.
ALTER TABLE audit_logs ADD COLUMN on_behalf_of text;
