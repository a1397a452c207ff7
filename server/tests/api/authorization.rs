//! Every role, every table, every operation, on own rows and on others': the server's answers against the page that
//! `turns-server permissions` prints.
//!
//! Each write is sent in an atomic batch with one behind it that cannot be read. Allowed, it is that one's problem that
//! comes back; refused, its own. Either way nothing is kept, so that no case meets what another left.

use crate::support::{Person, TestApp, new_id, photo};
use domain::{
    Operation, Role, Table,
    permission::{self, Reach, WITH_FILES, Wish},
};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

type Rows = BTreeMap<String, Map<String, Json>>;

const ROLES: [(&str, Role); 8] = [
    ("super", Role::SuperAdmin),
    ("admin", Role::Admin),
    ("senior", Role::SrPropertyManager),
    ("manager2", Role::PropertyManager),
    ("inspector", Role::Inspector),
    ("vendor", Role::Vendor),
    ("dfo", Role::DfoApprover),
    ("ho", Role::HoApprover),
];

/// What somebody sees, and everything that there is.
struct Seen {
    person: Person,
    own: BTreeMap<Table, Rows>,
}

struct World {
    all: BTreeMap<Table, Rows>,
    people: Vec<(Role, Seen)>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_answers_as_the_page_says() {
    let app = TestApp::start_with_properties(60).await;
    let world = World::look(&app).await;
    let mut wrong = vec![];
    for (role, seen) in &world.people {
        for wish in Wish::all() {
            let reach = role.reach(wish);
            for (whose, is_expected) in [("own", reach != Reach::Nothing), ("other’s", reach == Reach::Everything)] {
                let Some(is_allowed) = world.tries(seen, wish, whose == "own").await else {
                    continue;
                };
                if is_allowed != is_expected {
                    wrong.push(format!("{} {} {whose}: allowed {is_allowed}", role.name(), wish.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_in_the_documents_is_the_one_that_holds() {
    let page = include_str!("../../../docs/permissions.md");
    assert!(
        page.ends_with(&permission::page()),
        "write it anew: turns-server permissions > docs/permissions.md"
    );
}

impl World {
    async fn look(app: &TestApp) -> Self {
        app.add_super_administrator().await;
        let admin = app.sign_in("admin").await;
        furnish(&admin).await;
        for name in ["inspector", "vendor"] {
            let person = app.sign_in(name).await;
            let turn = person.first("turns").await;
            assert_eq!(person.write("documents", document("turn", &turn["id"])).await.status, 200);
        }
        let mut people = vec![];
        for (name, role) in ROLES {
            let person = app.sign_in(name).await;
            let mut own = BTreeMap::new();
            for table in Table::ALL {
                own.insert(table, person.rows(table.url_name()).await.0);
            }
            people.push((role, Seen { person, own }));
        }
        let mut all: BTreeMap<Table, Rows> = BTreeMap::new();
        for (table, rows) in people.iter().flat_map(|(_, seen)| &seen.own) {
            for (id, row) in rows {
                // Who sees fewer columns must not hide them from the others here.
                let known = all.entry(*table).or_default().entry(id.clone()).or_default();
                known.extend(row.clone());
            }
        }
        Self { all, people }
    }

    /// Whether the wish is granted; none where the case does not exist.
    async fn tries(&self, seen: &Seen, wish: Wish, is_own: bool) -> Option<bool> {
        match wish {
            Wish::Follow(table) => {
                // What is withdrawn from everybody is nobody else's.
                let is_others = |row: &Map<String, Json>| row.get("is_approved") != Some(&json!("false"));
                let there_are = if is_own {
                    !seen.own[&table].is_empty()
                } else {
                    self.pick(seen, table, false, is_others).is_some()
                };
                there_are.then_some(is_own)
            }
            Wish::Write(table, operation) => {
                let write = self.write(seen, table, operation, is_own)?;
                Some(is_granted(&seen.person, write).await)
            }
            Wish::Upload(table) => {
                let row = self.pick(seen, table, is_own, |_| true)?;
                let may_describe = is_granted(&seen.person, in_batch("documents", document(entity(table), &row["id"]))).await;
                assert_eq!(may_describe, may_send_file(&seen.person, entity(table), &row["id"]).await, "{table:?} {row:?}");
                Some(may_describe)
            }
            // Whose rows others' held writes are about: quarantine.rs.
            Wish::Supervise if is_own => Some(is_answered(&seen.person, "/api/quarantine").await),
            Wish::Supervise => None,
            Wish::Report => Some(self.is_reported_to(&seen.person, is_own).await),
            Wish::Audit => Some(is_answered(&seen.person, "/api/audit").await),
            Wish::Administer => Some(is_answered(&seen.person, "/api/admin/users").await),
        }
    }

    /// Whether there are figures; of others' homes too, where all homes are in them.
    async fn is_reported_to(&self, person: &Person, is_own: bool) -> bool {
        let answer = person.get("/api/reports/dashboard").await;
        let homes = answer.json["totalProperties"].as_u64();
        match answer.status.as_u16() {
            200 if is_own => true,
            200 => homes == Some(self.all[&Table::Properties].len() as u64),
            _ => {
                assert_eq!(answer.problem(), "PERMISSION", "{}", answer.text);
                false
            }
        }
    }

    fn pick(&self, seen: &Seen, table: Table, is_own: bool, fits: impl Fn(&Map<String, Json>) -> bool) -> Option<&Map<String, Json>> {
        let rows = self.all.get(&table)?.iter();
        rows.filter(|(id, _)| seen.own[&table].contains_key(*id) == is_own)
            .map(|(_, row)| row)
            .find(|row| fits(row))
    }

    /// A write that would be carried out, were it allowed.
    fn write(&self, seen: &Seen, table: Table, operation: Operation, is_own: bool) -> Option<Json> {
        let write = match operation {
            Operation::Create => self.create(seen, table, is_own)?,
            Operation::StageChange => {
                let stages = &self.all[&Table::TurnStages];
                let draft = stages.values().find(|stage| stage["key"] == "draft")?;
                let row = self.pick(seen, table, is_own, |_| true)?;
                json!({"operation": "stage-change", "rowId": row["id"], "version": version(row), "data": {"stage_id": draft["id"]}})
            }
            Operation::Approve | Operation::Reject => {
                let row = self.pick(seen, table, is_own, |row| is_waiting(row) == is_own)?;
                let level = if row.get("approval_status") == Some(&json!("ho_needed")) {
                    "HO"
                } else {
                    "DFO"
                };
                json!({"operation": operation.name(), "rowId": row["id"], "data": {"scope_digest": row.get("scope_digest")},
                       "metadata": {"approvalLevel": level, "rejectReason": "two quotes, please"}})
            }
            Operation::Update | Operation::Delete => {
                let creates = table == Table::Documents && !matches!(seen.own[&table].len(), 0);
                let mine = |row: &Map<String, Json>| !creates || !is_own || row["created_by"] == seen.person.id.as_str();
                let row = self.pick(seen, table, is_own, |row| {
                    mine(row) && (operation == Operation::Update || self.stands_alone(table, row))
                })?;
                json!({"operation": operation.name(), "rowId": row["id"], "version": version(row), "data": {}})
            }
        };
        Some(in_batch(table.url_name(), write))
    }

    fn create(&self, seen: &Seen, table: Table, is_own: bool) -> Option<Json> {
        let parent = |parent: Table, fits: fn(&Map<String, Json>) -> bool| Some(self.pick(seen, parent, is_own, fits)?["id"].clone());
        let data = match table {
            Table::Properties => {
                let mut home = json!({"property_number": new_id(), "name": "12 Elm Street", "street_address": "12 Elm Street", "city": "Tulsa"});
                if !is_own {
                    // A home without a senior manager becomes its author's, where the author is one.
                    let other = self.pick(seen, table, false, |home| !home["sr_property_manager_id"].is_null())?;
                    for column in ["property_manager_id", "sr_property_manager_id"] {
                        home[column] = other[column].clone();
                    }
                }
                home
            }
            Table::Turns => json!({"property_id": self.home(seen, is_own)?}),
            Table::ScopeItems => json!({"turn_id": parent(Table::Turns, |_| true)?, "room": "Kitchen", "category": "Paint", "description": "Walls"}),
            Table::Approvals => json!({"turn_id": parent(Table::Turns, |turn| turn.get("estimated_amount") == Some(&json!("4321.00")))?}),
            Table::Documents => return Some(document("turn", &parent(Table::Turns, |_| true)?)),
            Table::Vendors => json!({"company_name": "New Vendor"}),
            Table::TurnStages => json!({"key": new_id(), "name": "New stage", "sequence": 20}),
            Table::PropertyTypes => json!({"name": new_id()}),
            Table::Notifications => json!({"title": "Hello"}),
        };
        // What belongs to nothing is nobody else's.
        let is_alone = matches!(table, Table::Vendors | Table::TurnStages | Table::PropertyTypes | Table::Notifications);
        (is_own || !is_alone).then(|| json!({"operation": "create", "rowId": new_id(), "data": data}))
    }

    /// A home, if possible one in which no turn is under way: a second one would be refused for another reason.
    fn home(&self, seen: &Seen, is_own: bool) -> Option<&Json> {
        let turns = &self.all[&Table::Turns];
        let is_free = |home: &Map<String, Json>| turns.values().all(|turn| turn["property_id"] != home["id"]);
        let home = self.pick(seen, Table::Properties, is_own, is_free);
        Some(&home.or_else(|| self.pick(seen, Table::Properties, is_own, |_| true))?["id"])
    }

    fn stands_alone(&self, table: Table, row: &Map<String, Json>) -> bool {
        let has = |child: Table, column: &str| self.all[&child].values().any(|child| child.get(column) == Some(&row["id"]));
        match table {
            Table::Properties => !has(Table::Turns, "property_id"),
            // The others may have worked on turns that are at rest.
            Table::Vendors => row["is_approved"] == "false",
            _ => true,
        }
    }
}

/// A waiting approval at each level, papers and news for everybody, and a turn of each manager that may be asked for.
async fn furnish(admin: &Person) {
    for turn in admin.rows("turns").await.0.into_values() {
        assert_eq!(admin.write("documents", document("turn", &turn["id"])).await.status, 200);
        let mut data = json!({"priority": "high"});
        if !is_waiting(&turn) && turn["approval_status"] == "none" {
            data["estimated_amount"] = json!("4321.00");
        }
        let changed = admin
            .write(
                "turns",
                json!({"operation": "update", "rowId": turn["id"], "version": version(&turn), "data": data}),
            )
            .await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        let back = json!({"operation": "stage-change", "rowId": turn["id"], "version": changed.json["version"], "data": {"stage_id": turn["stage_id"]}});
        let moved = admin.write("turns", back).await;
        assert!(moved.status == 200 || moved.problem() == "VALIDATION", "{}", moved.text);
    }
    for home in admin.rows("properties").await.0.into_values() {
        assert_eq!(admin.write("documents", document("property", &home["id"])).await.status, 200);
    }
}

async fn is_answered(person: &Person, path: &str) -> bool {
    let answer = person.get(path).await;
    assert!(answer.status == 200 || answer.problem() == "PERMISSION", "{path}: {}", answer.text);
    answer.status == 200
}

/// Whether the file itself is taken.
async fn may_send_file(person: &Person, entity_type: &str, entity: &Json) -> bool {
    let fields = [("entityType", entity_type), ("entityId", entity.as_str().unwrap())];
    let answer = person.upload(&fields, &photo(8, 8)).await;
    assert!([200, 403, 404].contains(&answer.status.as_u16()), "{}", answer.text);
    answer.status == 200
}

fn is_waiting(turn: &Map<String, Json>) -> bool {
    matches!(turn.get("approval_status").and_then(Json::as_str), Some("dfo_needed" | "ho_needed"))
}

fn version(row: &Map<String, Json>) -> i64 {
    row["version"].as_str().unwrap().parse().unwrap()
}

fn entity(table: Table) -> &'static str {
    match table {
        Table::Properties => "property",
        Table::Turns => "turn",
        Table::ScopeItems => "scope_item",
        _ => "vendor",
    }
}

fn document(entity_type: &str, entity: &Json) -> Json {
    json!({"operation": "create", "rowId": new_id(), "data": {"entity_type": entity_type, "entity_id": entity, "file_name": "a.jpg",
           "content_type": "image/jpeg", "size_bytes": 1000, "content_hash": "ab".repeat(32)}})
}

fn in_batch(table: &str, mut write: Json) -> Json {
    write["table"] = json!(table);
    json!({"atomic": true, "operations": [write, {"table": "nowhere", "operation": "update", "rowId": new_id()}]})
}

async fn is_granted(person: &Person, batch: Json) -> bool {
    let answer = person.post("/api/write/batch", &batch).await;
    let message = answer.json["error"]["message"].as_str().unwrap_or_default();
    assert_ne!(answer.status, 200, "the second write cannot be read");
    message.contains("nowhere")
}

#[test]
fn what_files_are_added_to_is_what_a_document_may_belong_to() {
    let named: Vec<&str> = WITH_FILES.iter().map(|table| entity(*table)).collect();
    let choices = Table::Documents.column("entity_type").unwrap().choices;
    assert_eq!(named, choices);
}
