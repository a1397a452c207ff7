//! The schema's history, applied at every start.
//!
//! **Invariant:** a migration that has been released is never edited; the next one expands, a later one contracts.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

/// All migrations.
pub struct Migrator;

/// One step of the schema, for each kind of database.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// Oldest first.
const STEPS: [Step; 9] = [
    Step {
        name: "m0001_first",
        sqlite: include_str!("m0001_first/sqlite.sql"),
        postgres: include_str!("m0001_first/postgres.sql"),
    },
    Step {
        name: "m0002_whole_api",
        sqlite: include_str!("m0002_whole_api/sqlite.sql"),
        postgres: include_str!("m0002_whole_api/postgres.sql"),
    },
    Step {
        name: "m0003_reports",
        sqlite: include_str!("m0003_reports/sqlite.sql"),
        postgres: include_str!("m0003_reports/postgres.sql"),
    },
    Step {
        name: "m0004_audit",
        sqlite: include_str!("m0004_audit/sqlite.sql"),
        postgres: include_str!("m0004_audit/postgres.sql"),
    },
    Step {
        name: "m0005_log",
        sqlite: include_str!("m0005_log/sqlite.sql"),
        postgres: include_str!("m0005_log/postgres.sql"),
    },
    Step {
        name: "m0006_scope_costs",
        sqlite: include_str!("m0006_scope_costs/sqlite.sql"),
        postgres: include_str!("m0006_scope_costs/postgres.sql"),
    },
    Step {
        name: "m0007_electric",
        sqlite: include_str!("m0007_electric/sqlite.sql"),
        postgres: include_str!("m0007_electric/postgres.sql"),
    },
    Step {
        name: "m0008_quarantine",
        sqlite: include_str!("m0008_quarantine/sqlite.sql"),
        postgres: include_str!("m0008_quarantine/postgres.sql"),
    },
    Step {
        name: "m0009_seen",
        sqlite: include_str!("m0009_seen/sqlite.sql"),
        postgres: include_str!("m0009_seen/postgres.sql"),
    },
];

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        STEPS.iter().map(|step| Box::new(*step) as Box<dyn MigrationTrait>).collect()
    }
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let sql = match db.get_database_backend() {
            DbBackend::Postgres => self.postgres,
            _ => self.sqlite,
        };
        db.execute_unprepared(sql).await.map(drop)
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
