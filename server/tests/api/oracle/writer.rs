//! Whoever writes: creates, updates, moves from one to another, deletes, decisions; one by one and in batches.
//!
//! **Invariant:** what is written depends on the dice and the rows alone; a write may be refused, but never be a fault.

use super::people::People;
use crate::support::{Answer, Dice, Person, is_postgres};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// How many turns and items there are at most.
const MOST_TURNS: usize = 14;
const MOST_ITEMS: usize = 50;

/// Whoever writes beside the administrator: a senior and a manager; and who decides.
const MANAGER: usize = 2;
const APPROVER: usize = 4;
/// In both databases.
const TRUE: &str = "(1 = 1)";

/// What one person sends at once.
pub struct Batch {
    by: usize,
    writes: Vec<(&'static str, Json)>,
    form: Form,
}

enum Form {
    Single,
    Batch { is_atomic: bool },
}

/// Draws writes.
pub struct Writer<'a> {
    pub db: &'a DatabaseConnection,
    pub people: &'a People,
    pub dice: &'a mut Dice,
}

struct Found {
    id: String,
    version: i64,
}

impl Writer<'_> {
    pub async fn batch(&mut self) -> Batch {
        match self.dice.below(10) {
            0 => return self.decisions().await,
            1 => return self.reading().await,
            _ => {}
        }
        let mut writes = vec![];
        for _ in 0..self.one_of([1, 1, 1, 2, 3, 6]) {
            let write = self.write().await;
            writes.push(write);
        }
        let form = match self.dice.below(4) {
            0 => Form::Batch { is_atomic: true },
            1 => Form::Batch { is_atomic: false },
            _ => Form::Single,
        };
        // Mostly the administrator, who may almost everything.
        let by = if self.dice.below(8) == 0 { self.dice.below(MANAGER + 1) } else { 0 };
        Batch { by, writes, form }
    }

    /// An approver decides.
    async fn decisions(&mut self) -> Batch {
        let asked = self
            .text("SELECT CAST(turn_id AS text) FROM approvals WHERE status = 'pending' ORDER BY id LIMIT 1")
            .await;
        let turn = match asked {
            Some(id) => id,
            None => self.row("turns").await.id,
        };
        let digest = self.text(&format!("SELECT scope_digest FROM turns WHERE id = '{turn}'")).await;
        let operation = self.one_of(["approve", "approve", "reject"]);
        let decision = |level| {
            let metadata = json!({"approvalLevel": level, "rejectReason": "Too much."});
            (
                "turns",
                json!({"operation": operation, "rowId": turn, "data": {"scope_digest": digest}, "metadata": metadata}),
            )
        };
        Batch {
            by: APPROVER,
            writes: vec![decision("DFO")],
            form: Form::Single,
        }
    }

    /// Somebody reads their notifications, or throws them away.
    async fn reading(&mut self) -> Batch {
        let by = self.dice.below(APPROVER + 1);
        let table = format!("notifications WHERE user_id = '{}'", self.people.id(by));
        let mut writes = vec![];
        if self.count(&table).await > 0 {
            let note = self.row(&table).await;
            let write = match self.dice.below(2) {
                0 => note.update(json!({"read_at": "2026-03-01T10:00:00Z"})),
                _ => json!({"operation": "delete", "rowId": note.id, "version": note.version}),
            };
            writes.push(("notifications", write));
        }
        Batch {
            by,
            writes,
            form: Form::Single,
        }
    }

    async fn write(&mut self) -> (&'static str, Json) {
        match self.dice.below(20) {
            0..=6 => ("turns", self.of_turn().await),
            7..=10 => ("properties", self.of_property().await),
            11..=15 => ("scope-items", self.of_item().await),
            16 => ("vendors", self.of_vendor().await),
            17 | 18 => ("approvals", self.of_approval().await),
            _ => ("turn-stages", self.of_stage().await),
        }
    }

    async fn of_turn(&mut self) -> Json {
        let turn = self.row("turns").await;
        let vendor = self.row_or_none(&format!("vendors WHERE is_approved = {TRUE} AND is_active = {TRUE}")).await;
        let data = match self.dice.below(9) {
            0 => json!({"notes": self.one_of(["x".to_owned(), format!("after {}", turn.version)])}),
            1 => json!({"priority": self.one_of(["low", "medium", "high", "urgent"])}),
            2 => json!({"vendor_id": vendor}),
            3 => json!({"flooring_vendor_id": vendor}),
            4 => json!({"superintendent_id": self.somebody("INSPECTOR").await}),
            5 => json!({"due_date": self.one_of([Some("2026-11-30"), Some("2026-12-24"), None]), "trash_out_needed": self.flag()}),
            6 => {
                let stage = self.row("turn_stages").await.id;
                return json!({"operation": "stage-change", "rowId": turn.id, "version": turn.version, "data": {"stage_id": stage}});
            }
            7 if self.count("turns").await < MOST_TURNS => {
                let home = self.row("properties").await.id;
                return json!({"operation": "create", "rowId": self.new_id(), "data": {"property_id": home}});
            }
            _ => json!({"power_status": self.one_of(["yes", "no"]), "estimated_amount": self.dice.below(9_000)}),
        };
        turn.update(data)
    }

    async fn of_property(&mut self) -> Json {
        let home = self.row("properties").await;
        home.update(match self.dice.below(6) {
            0..=2 => json!({"property_manager_id": self.somebody("PROPERTY_MANAGER").await}),
            3 => json!({"sr_property_manager_id": self.somebody("SR_PROPERTY_MANAGER").await}),
            4 => json!({"notes": format!("seen {}", home.version), "is_core": self.flag()}),
            _ => json!({"lock_box_code": format!("{:04}", self.dice.below(10_000)), "zip_code": Json::Null}),
        })
    }

    async fn of_item(&mut self) -> Json {
        let (item, count) = (self.row_or_none("scope_items").await, self.count("scope_items").await);
        let choice = self.dice.below(6);
        if choice < 2 && count < MOST_ITEMS || item.is_none() {
            let turn = self.row("turns").await.id;
            let room = self.one_of(["Den", "Kitchen", "Bath"]);
            let cost = self.one_of(["1.50", "3200.00", "12000.00"]);
            return json!({"operation": "create", "rowId": self.new_id(), "data": {"turn_id": turn, "room": room, "category": "Paint", "description": "Trim", "unit_cost": cost}});
        }
        let item = self.row("scope_items").await;
        match choice {
            0..=3 => json!({"operation": "delete", "rowId": item.id, "version": item.version}),
            4 => item.update(json!({"is_done": self.flag(), "position": self.dice.below(6)})),
            _ => item.update(json!({"room": self.one_of(["Den", "Bath"]), "quantity": self.one_of(["1", "2.5"])})),
        }
    }

    async fn of_vendor(&mut self) -> Json {
        let vendor = self.row("vendors").await;
        vendor.update(match self.dice.below(4) {
            0 => json!({"is_approved": self.flag()}),
            1 => json!({"tax_id": format!("{}", self.dice.below(1_000))}),
            2 => json!({"is_active": self.dice.below(4) > 0}),
            _ => json!({"notes": format!("called {}", vendor.version), "trades": ["Paint", "a \"b\", c"]}),
        })
    }

    async fn of_approval(&mut self) -> Json {
        let dear = format!(
            "turns WHERE id IN (SELECT turn_id FROM scope_items GROUP BY turn_id HAVING sum(unit_cost * quantity) > {})",
            if is_postgres() { 3_000 } else { 30_000_000 }
        );
        let turn = self.row_or_none(&dear).await;
        json!({"operation": "create", "rowId": self.new_id(), "data": {"turn_id": turn}})
    }

    async fn of_stage(&mut self) -> Json {
        let stage = self.row("turn_stages").await;
        stage.update(json!({"color": format!("#{:06x}", self.dice.below(1 << 24))}))
    }

    /// The id of somebody with a role, or nobody's.
    async fn somebody(&mut self, role: &str) -> Option<String> {
        self.row_or_none(&format!("users WHERE role = '{role}' AND is_active = {TRUE}")).await
    }

    fn one_of<T, const N: usize>(&mut self, choices: [T; N]) -> T {
        let place = self.dice.below(N);
        choices.into_iter().nth(place).unwrap()
    }

    fn flag(&mut self) -> bool {
        self.dice.below(2) == 0
    }

    /// The same in every run with the same dice.
    fn new_id(&mut self) -> String {
        let mut digits = || self.dice.below(1 << 30) as u128;
        let random = digits() << 32 | digits();
        Uuid::from_u128(0x01ab_0000_0000_7000_8000_0000_0000_0000 | random & 0x3fff_ffff_ffff_ffff).to_string()
    }

    async fn row(&mut self, table: &str) -> Found {
        let place = self.dice.below(self.count(table).await.max(1));
        let version = if table.starts_with("users") { "0" } else { "version" };
        let sql = format!("SELECT CAST(id AS text), CAST({version} AS bigint) FROM {table} ORDER BY id LIMIT 1 OFFSET {place}");
        let row = self
            .db
            .query_one_raw(Statement::from_string(self.db.get_database_backend(), sql))
            .await
            .unwrap()
            .unwrap();
        Found {
            id: row.try_get_by_index(0).unwrap(),
            version: row.try_get_by_index(1).unwrap(),
        }
    }

    async fn row_or_none(&mut self, table: &str) -> Option<String> {
        let is_none = self.count(table).await == 0 || self.dice.below(4) == 0;
        if is_none { None } else { Some(self.row(table).await.id) }
    }

    async fn count(&self, table: &str) -> usize {
        crate::support::number(self.db, &format!("SELECT count(*) FROM {table}")).await as usize
    }

    async fn text(&self, sql: &str) -> Option<String> {
        let row = self
            .db
            .query_one_raw(Statement::from_string(self.db.get_database_backend(), sql.to_owned()))
            .await
            .unwrap();
        row?.try_get_by_index(0).unwrap()
    }
}

impl Found {
    fn update(&self, data: Json) -> Json {
        json!({"operation": "update", "rowId": self.id, "version": self.version, "data": data})
    }
}

impl Batch {
    /// Sends it; gives how many of its writes were applied, and how many there were.
    pub async fn send(self, people: &People, url: &str) -> (usize, usize) {
        let by = people.at(self.by, url);
        let all = self.writes.len();
        let applied = match self.form {
            Form::Single => {
                let mut applied = 0;
                for (table, write) in self.writes {
                    applied += usize::from(checked(by.write(table, write).await).status == 200);
                }
                applied
            }
            Form::Batch { is_atomic } => {
                let operation = |(table, mut write): (&'static str, Json)| {
                    write["table"] = table.into();
                    write
                };
                let answer = checked(send_batch(&by, is_atomic, self.writes.into_iter().map(operation).collect()).await);
                let results = answer.json["results"].as_array().cloned().unwrap_or_default();
                results.iter().filter(|result| result["success"] == true).count()
            }
        };
        (applied, all)
    }
}

async fn send_batch(by: &Person, is_atomic: bool, operations: Vec<Json>) -> Answer {
    by.batch(is_atomic, operations).await
}

fn checked(answer: Answer) -> Answer {
    assert!(answer.status.as_u16() < 500, "{} {}", answer.status, answer.text);
    answer
}
