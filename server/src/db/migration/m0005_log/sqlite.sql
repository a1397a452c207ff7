-- The log's rows are long. In a table of rows two of them fit on a page; as keys of an index each spilt over onto a page of its own.
ALTER TABLE changes RENAME TO changes_before;
DROP INDEX changes_by_table;
CREATE TABLE changes (
  position INTEGER NOT NULL, op INTEGER NOT NULL, table_name TEXT NOT NULL, row_id TEXT NOT NULL,
  old_row TEXT, new_row TEXT, at INTEGER NOT NULL
) STRICT;
INSERT INTO changes SELECT position, op, table_name, row_id, old_row, new_row, at FROM changes_before ORDER BY position, op;
DROP TABLE changes_before;
CREATE UNIQUE INDEX changes_in_order ON changes (position, op);
CREATE INDEX changes_by_table ON changes (table_name, position, op);
