-- What devices leave behind at sign-out is encrypted with keys made from this secret (auth/seal.rs). It never changes.
INSERT INTO meta (key, value) VALUES ('seal_secret', lower(hex(randomblob(32))));

-- Writes of people who have lost sight of the row since they saw it: a supervisor adopts or refuses each. `senior_id` is the senior
-- manager who was told of it; `wire` the write as it came.
CREATE TABLE quarantine (
  write_id TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL, content_digest TEXT NOT NULL,
  table_name TEXT NOT NULL, row_id TEXT NOT NULL, wire TEXT NOT NULL, reason TEXT NOT NULL, senior_id TEXT, at INTEGER NOT NULL,
  state TEXT NOT NULL, decided_by TEXT, decided_at INTEGER, decision TEXT
) STRICT;
CREATE INDEX quarantine_waiting ON quarantine (state, at);
CREATE INDEX quarantine_by_user ON quarantine (user_id, state);

-- Whose write it was that somebody else carried out.
ALTER TABLE audit_logs ADD COLUMN on_behalf_of TEXT;
