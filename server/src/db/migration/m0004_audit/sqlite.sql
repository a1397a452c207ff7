-- Looking for a day, and for what happened to a turn's scope items, deleted ones included (audit/history.rs uses the same words).
CREATE INDEX audit_logs_by_instant ON audit_logs (at);
CREATE INDEX audit_logs_by_turn ON audit_logs (json_extract(coalesce(new_row, old_row), '$.turn_id')) WHERE table_name = 'scope_items';
