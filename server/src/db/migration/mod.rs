//! The schema's history, applied at every start.
//!
//! **Invariant:** a migration that has been released is never edited; the next one expands, a later one contracts.

use sea_orm_migration::prelude::*;

/// All migrations, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Step {
                name: "m0001_first",
                sqlite: include_str!("m0001_first/sqlite.sql"),
            }),
            Box::new(Step {
                name: "m0002_whole_api",
                sqlite: include_str!("m0002_whole_api/sqlite.sql"),
            }),
        ]
    }
}

/// One step of the schema.
struct Step {
    name: &'static str,
    sqlite: &'static str,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.sqlite).await.map(drop)
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use crate::db::Db;
    use domain::Table;
    use sea_orm::{ConnectionTrait, Statement};

    #[tokio::test]
    async fn the_migrated_columns_are_those_of_the_domain() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite://{}?mode=rwc", folder.path().join("t.db").display())).await.unwrap();
        for table in Table::ALL {
            let sql = format!("SELECT name FROM pragma_table_info('{}') ORDER BY cid", table.sql_name());
            let rows = db
                .readers()
                .query_all_raw(Statement::from_string(sea_orm::DbBackend::Sqlite, sql))
                .await
                .unwrap();
            let migrated: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
            let described: Vec<_> = table.columns().iter().map(|column| column.name).collect();
            assert_eq!(migrated, described, "{table:?}");
        }
    }
}
