//! What a migrated PostgreSQL has for Electric, whoever has migrated it. On SQLite there is nothing to test.

use crate::support::{TestDatabase, is_postgres, new_id};
use domain::Table;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use server::{
    config::{DatabaseSettings, DatabaseUrl},
    db::Db,
};

const PUBLISHED: &str = "SELECT tablename::text FROM pg_publication_tables WHERE pubname = 'electric_publication_default' ORDER BY 1";

async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

fn synced() -> Vec<String> {
    let mut names = Table::ALL.map(|table| table.sql_name().to_owned()).to_vec();
    names.sort();
    names
}

/// The same database, as somebody else; the tests' server asks for no password.
fn url_as(database: &TestDatabase, role: &str) -> String {
    let (_, place) = database.url().split_once('@').unwrap();
    format!("postgres://{role}@{place}")
}

/// A role that may do what `grants` say of this database.
async fn role(database: &TestDatabase, grants: &[&str]) -> String {
    let role = format!("migrator_{}", new_id().replace('-', ""));
    let db = database.connection().await;
    let name = texts(db, "SELECT current_database()::text").await.remove(0);
    db.execute_unprepared(&format!("CREATE ROLE {role} LOGIN")).await.unwrap();
    for grant in grants {
        let sql = grant.replace("{role}", &role).replace("{database}", &name);
        db.execute_unprepared(&sql).await.unwrap();
    }
    role
}

async fn migrate_as(database: &TestDatabase, role: &str) {
    let url = DatabaseUrl::read("DATABASE_URL", url_as(database, role)).unwrap();
    Db::open(&DatabaseSettings::only(url)).await.unwrap().close().await;
}

/// Roles are the whole cluster's.
async fn forget(database: &TestDatabase, role: &str) {
    let sql = format!("REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}");
    database.connection().await.execute_unprepared(&sql).await.unwrap();
}

#[tokio::test]
async fn electric_finds_its_publication_and_may_read_what_is_synced_and_nothing_else() {
    if !is_postgres() {
        return;
    }
    let database = TestDatabase::new().await;
    let db = database.connection().await;
    assert_eq!(texts(db, PUBLISHED).await, synced());
    let whole = "SELECT relname::text FROM pg_class WHERE relreplident = 'f' AND relkind = 'r' ORDER BY 1";
    assert_eq!(texts(db, whole).await, synced());
    let readable = "SELECT relname::text FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                    WHERE nspname = 'public' AND relkind = 'r' AND has_table_privilege('turns_electric', pg_class.oid, 'SELECT') ORDER BY 1";
    assert_eq!(texts(db, readable).await, synced());
    let can = "SELECT concat_ws(' ', rolreplication, rolcanlogin, rolsuper, rolcreatedb, has_schema_privilege(rolname, 'public', 'USAGE'),
               has_table_privilege(rolname, 'turns', 'INSERT, UPDATE, DELETE')) FROM pg_roles WHERE rolname = 'turns_electric'";
    assert_eq!(texts(db, can).await, ["t f f f t f"]);
}

#[tokio::test]
async fn whoever_owns_the_database_migrates_it_and_publishes() {
    if !is_postgres() {
        return;
    }
    let database = TestDatabase::empty().await;
    let owner = role(&database, &["ALTER DATABASE {database} OWNER TO {role}", "ALTER SCHEMA public OWNER TO {role}"]).await;
    migrate_as(&database, &owner).await;
    assert_eq!(texts(database.connection().await, PUBLISHED).await, synced());
    forget(&database, &owner).await;
}

#[tokio::test]
async fn whoever_may_make_tables_only_migrates_all_the_same() {
    if !is_postgres() {
        return;
    }
    let database = TestDatabase::empty().await;
    let owner = role(&database, &["GRANT USAGE, CREATE ON SCHEMA public TO {role}"]).await;
    migrate_as(&database, &owner).await;
    assert_eq!(texts(database.connection().await, PUBLISHED).await, [] as [&str; 0]);
    let connection = Database::connect(url_as(&database, &owner)).await.unwrap();
    assert_eq!(texts(&connection, "SELECT key FROM meta WHERE key = 'epoch'").await, ["epoch"]);
    connection.close().await.unwrap();
    forget(&database, &owner).await;
}

#[tokio::test]
async fn a_publication_that_is_there_already_gets_what_it_lacks_or_is_left_alone() {
    if !is_postgres() {
        return;
    }
    let database = TestDatabase::empty().await;
    let publication = "CREATE PUBLICATION electric_publication_default";
    database.connection().await.execute_unprepared(publication).await.unwrap();
    Db::open(&database.settings()).await.unwrap().close().await;
    assert_eq!(texts(database.connection().await, PUBLISHED).await, synced());

    let database = TestDatabase::empty().await;
    let all = format!("{publication} FOR ALL TABLES");
    database.connection().await.execute_unprepared(&all).await.unwrap();
    Db::open(&database.settings()).await.unwrap().close().await;
    let published = texts(database.connection().await, PUBLISHED).await;
    assert!(synced().iter().all(|table| published.contains(table)), "{published:?}");
}
