-- What Electric needs, should it ever be asked for. That old rows go whole into the replication stream is set where the tables are made.
-- Whoever migrates may not be allowed to do the rest, and hosts refuse it in many ways; then it is left to the operator, with the SQL in
-- docs/electric-upstream.md. Nothing but Electric needs it, so nothing of it may stop a migration.

-- The publication of the synced tables, by the name that Electric looks for.
DO $$
DECLARE
  publication constant text := 'electric_publication_default';
  synced text;
BEGIN
  -- That `wal_level` is not logical is news only to whoever wants Electric, and stands in the page.
  PERFORM set_config('client_min_messages', 'error', true);
  IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = publication) THEN
    EXECUTE format('CREATE PUBLICATION %I', publication);
  END IF;
  IF (SELECT puballtables FROM pg_publication WHERE pubname = publication) THEN
    RETURN;
  END IF;
  FOREACH synced IN ARRAY ARRAY['turn_stages', 'property_types', 'vendors', 'properties', 'turns', 'scope_items', 'approvals', 'documents', 'notifications'] LOOP
    IF NOT EXISTS (
      SELECT FROM pg_publication_rel JOIN pg_publication ON pg_publication.oid = prpubid
      WHERE pubname = publication AND prrelid = synced::regclass
    ) THEN
      EXECUTE format('ALTER PUBLICATION %I ADD TABLE %I', publication, synced);
    END IF;
  END LOOP;
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE 'no publication for Electric: %', SQLERRM;
END
$$;

-- The role that Electric is to be: it replicates, and reads the synced tables. It cannot sign in before the operator gives it a password.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'turns_electric') THEN
    CREATE ROLE turns_electric NOLOGIN REPLICATION;
  END IF;
EXCEPTION WHEN OTHERS THEN
  -- Roles are of the whole cluster: another database of it may have been quicker.
  RAISE NOTICE 'no role for Electric: %', SQLERRM;
END
$$;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'turns_electric') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO turns_electric', current_schema());
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE 'the schema is another’s: %', SQLERRM;
END
$$;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'turns_electric') THEN
    GRANT SELECT ON turn_stages, property_types, vendors, properties, turns, scope_items, approvals, documents, notifications TO turns_electric;
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE 'Electric may not read the tables: %', SQLERRM;
END
$$;
