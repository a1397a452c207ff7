// The local database of an app that writes “through the database”: what the app sees, and the tables below it.
//
//   turns_synced   rows as the server has them; only the sync plugin writes here
//   changes        what the user did and the shapes have not brought yet, in order
//   turns_local    the values of these changes, row by row: the optimistic state
//   turns          a view, synced ⊕ local: what the app reads and writes
//   refusals       changes that the server did not want, with its reason, until somebody has read them
//
// Three triggers do the rest. A write to the view becomes a change. A change that is added or taken away has its row's
// local values made anew from what remains, so a rollback is nothing but a change that goes. And where the plugin stores
// how far the server's log has come, every change whose transaction lies within is settled: in the very transaction that
// brings its row, so nothing flickers.
//
// Invariant: a local row is the sum of its changes, and a change goes only when it is seen synced, or refused and told.

import { definitions } from '../support/table.mjs'

/** The key under which the plugin keeps its place in the server's log. */
export const SUBSCRIPTION = 'turns'

/** What all tables share. The plugin's own tables must be there. */
export const CHANGE_LOG = `
  CREATE TABLE changes (
    id bigserial PRIMARY KEY,
    write_id uuid NOT NULL DEFAULT gen_random_uuid(),  -- the server applies it once, however often it is sent
    table_name text NOT NULL,
    row_id uuid NOT NULL,
    operation text NOT NULL,
    data jsonb NOT NULL,
    version bigint,                                    -- of the row that the user saw
    after uuid[] NOT NULL,                             -- own changes that it builds on
    txid bigint                                        -- the server's transaction, once there is a receipt
  );
  CREATE TABLE refusals (LIKE changes, problem jsonb NOT NULL);

  CREATE FUNCTION log_change(of_table text, of_row uuid, operation text, data jsonb, version bigint) RETURNS void
  LANGUAGE sql AS $$
    INSERT INTO changes (table_name, row_id, operation, data, version, after)
    SELECT of_table, of_row, operation, data, version, ARRAY(
      -- The row's own, and those of rows that it names: an item of a turn that the server has not heard of yet.
      SELECT write_id FROM changes earlier
      WHERE earlier.row_id = of_row OR earlier.row_id::text IN (SELECT value FROM jsonb_each_text(data))
    )
  $$;

  CREATE FUNCTION write_through() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    is_before jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
    is_after jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) END - 'id' - 'is_pending';
    of_row uuid := COALESCE(NEW.id, OLD.id);
    changed jsonb;
  BEGIN
    SELECT COALESCE(jsonb_object_agg(key, value), '{}') INTO changed FROM jsonb_each(is_after)
    WHERE value IS DISTINCT FROM COALESCE(is_before -> key, 'null');
    IF TG_OP = 'INSERT' THEN
      PERFORM log_change(TG_TABLE_NAME, of_row, 'create', changed, NULL);
    ELSIF TG_OP = 'DELETE' THEN
      PERFORM log_change(TG_TABLE_NAME, of_row, 'delete', '{}', OLD.version);
    ELSE
      -- The server has a word of its own for a turn that goes to another stage.
      IF changed ? 'stage_id' THEN
        PERFORM log_change(TG_TABLE_NAME, of_row, 'stage-change', jsonb_build_object('stage_id', changed -> 'stage_id'), OLD.version);
        changed := changed - 'stage_id';
      END IF;
      IF changed <> '{}' THEN
        PERFORM log_change(TG_TABLE_NAME, of_row, 'update', changed, OLD.version);
      END IF;
    END IF;
    RETURN COALESCE(NEW, OLD);
  END $$;

  CREATE FUNCTION lay_over() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    change changes := COALESCE(NEW, OLD);
    local_table text := change.table_name || '_local';
    sum jsonb;
  BEGIN
    EXECUTE format('DELETE FROM %I WHERE id = $1', local_table) USING change.row_id;
    SELECT jsonb_build_object(
      'id', change.row_id,
      'is_new', bool_or(operation = 'create'),
      'is_deleted', bool_or(operation = 'delete'),
      'local_columns', ARRAY(SELECT DISTINCT jsonb_object_keys(data) FROM changes WHERE row_id = change.row_id)
    ) INTO sum FROM changes WHERE row_id = change.row_id HAVING count(*) > 0;
    IF sum IS NOT NULL THEN
      -- Of two changes of a column the later one counts.
      SELECT sum || COALESCE(jsonb_object_agg(key, value ORDER BY changes.id), '{}') INTO sum
      FROM changes, jsonb_each(data) WHERE row_id = change.row_id;
      EXECUTE format('INSERT INTO %1$I SELECT * FROM jsonb_populate_record(NULL::%1$I, $1)', local_table) USING sum;
    END IF;
    PERFORM pg_notify('changes', '');
    RETURN NULL;
  END $$;
  CREATE TRIGGER lay_over AFTER INSERT OR DELETE ON changes FOR EACH ROW EXECUTE FUNCTION lay_over();

  CREATE FUNCTION settle() RETURNS void LANGUAGE sql AS $$
    DELETE FROM changes WHERE txid <=
      (SELECT last_lsn::bigint FROM electric.subscriptions_metadata WHERE key = '${SUBSCRIPTION}')
  $$;
  CREATE FUNCTION settle_what_is_seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM settle(); RETURN NULL; END $$;
  CREATE TRIGGER settle AFTER INSERT OR UPDATE ON electric.subscriptions_metadata
    FOR EACH ROW EXECUTE FUNCTION settle_what_is_seen();
`

/** A table's synced and local rows, and the view over both. */
export function tables(name, columns) {
  const others = columns.filter((column) => column.name !== 'id')
  // Not COALESCE: a column that the user has emptied is empty.
  const merged = others.map(({ name }) => `CASE WHEN '${name}' = ANY (l.local_columns) THEN l."${name}" ELSE s."${name}" END AS "${name}"`)
  return `
    CREATE TABLE ${name}_synced (${definitions(columns)});
    CREATE TABLE ${name}_local (${definitions(columns)}, local_columns text[], is_new boolean, is_deleted boolean);
    CREATE VIEW ${name} AS
      SELECT id, ${merged.join(', ')}, l.id IS NOT NULL AS is_pending
      FROM ${name}_synced s FULL JOIN ${name}_local l USING (id)
      -- A row that is gone on the server, or out of sight, does not come back for the sake of a change of it.
      WHERE l.is_deleted IS NOT TRUE AND (s.id IS NOT NULL OR l.is_new);
    CREATE TRIGGER write_through INSTEAD OF INSERT OR UPDATE OR DELETE ON ${name}
      FOR EACH ROW EXECUTE FUNCTION write_through();
  `
}
