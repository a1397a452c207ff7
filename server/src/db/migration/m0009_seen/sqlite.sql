-- What a write's author had seen of its row: what builds on the write has seen no less, or meets what it was merged with.
ALTER TABLE receipts ADD COLUMN base_version INTEGER;
