//! What Electric is asked for: the session's rows, and of these what the client wants.

use crate::support::{Dice, Line, Stub, TestApp, electric_at, is_postgres, new_id, shape_answer};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

type Query = BTreeMap<String, String>;

async fn behind_stub() -> (TestApp, Stub) {
    let stub = Stub::start(|_, line: Line| line.say(shape_answer("0_0", "[]"))).await;
    let app = TestApp::start_with(|settings| settings.electric = Some(electric_at(&stub.url))).await;
    (app, stub)
}

/// What Electric is asked where a client asks this.
async fn asked(app: &TestApp, stub: &Stub, person: &str, table: &str, parameters: &[(&str, &str)]) -> Query {
    let person = app.sign_in(person).await;
    let request = person.http.get(format!("{}/api/sync/{table}", app.url())).query(parameters);
    assert_eq!(request.send().await.unwrap().status(), 200);
    stub.asked().pop().unwrap().query
}

#[tokio::test]
async fn a_subset_is_asked_for_in_words_of_ours() {
    let (app, stub) = behind_stub().await;
    let parameters = [
        ("offset", "5_0"),
        ("handle", "9-8"),
        ("live", "true"),
        ("subset__where", "priority = $1 or version > 3"),
        ("subset__params", r#"{"1": "x' OR true --"}"#),
        ("subset__order_by", "DUE_DATE desc, id"),
        ("subset__limit", "2"),
        ("subset__offset", "1"),
        ("subset__order_by_expr", "{}"),
    ];
    let query = asked(&app, &stub, "manager", "turns", &parameters).await;
    let subset: Query = query.into_iter().filter(|(name, _)| name.starts_with("subset") || name == "live").collect();
    let expected = [
        ("subset__where", r#"("priority" = $1) OR ("version" > $2)"#),
        ("subset__params", r#"{"1":"x' OR true --","2":"3"}"#),
        ("subset__order_by", r#""due_date" DESC NULLS FIRST, "id" ASC NULLS LAST"#),
        ("subset__limit", "2"),
        ("subset__offset", "1"),
    ];
    assert_eq!(subset, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    // All rows are a subset too, and hidden columns are none to choose rows by.
    let vendor = app.sign_in("vendor").await;
    let address = format!("{}/api/sync/scope-items?offset=-1", app.url());
    assert_eq!(vendor.http.post(&address).json(&json!({})).send().await.unwrap().status(), 200);
    assert_eq!(stub.asked().pop().unwrap().query["subset__where"], r#""id" IS NOT NULL"#);
    let hidden = json!({"where": "unit_cost > 5"});
    assert_eq!(vendor.http.post(&address).json(&hidden).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_server_says_what_is_seen_and_the_client_where_it_stands() {
    let (app, stub) = behind_stub().await;
    let manager = app.sign_in("manager").await;
    let parameters = [
        ("offset", "5_0"),
        ("handle", "9-8"),
        ("live", "true"),
        ("cursor", "12"),
        ("replica", "full"),
        ("columns", "id,notes"),
        ("where", "priority = $1 OR version > 3"),
        ("params[1]", "x' OR true --"),
        ("params[2]", "unused"),
        ("table", "users"),
        ("secret", "guess"),
        ("unheard_of", "x"),
    ];
    let query = asked(&app, &stub, "manager", "turns", &parameters).await;
    let expected = [
        ("table", "turns"),
        ("columns", "id,notes"),
        (
            "where",
            r#"(("property_manager_id" = $1) AND ("is_active" = true)) AND (("priority" = $2) OR ("version" > $3))"#,
        ),
        ("params[1]", &manager.id),
        ("params[2]", "x' OR true --"),
        ("params[3]", "3"),
        ("replica", "full"),
        ("offset", "5_0"),
        ("handle", "9-8"),
        ("live", "true"),
        ("cursor", "12"),
        ("secret", crate::support::SECRET),
    ];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[tokio::test]
async fn each_role_is_told_its_own_columns_and_rows() {
    let (app, stub) = behind_stub().await;
    let beginning = [("offset", "-1")];
    let all = asked(&app, &stub, "admin", "properties", &beginning).await;
    assert!(!all.contains_key("where") && all["columns"].contains("lock_box_code"), "{all:?}");
    let vendor = asked(&app, &stub, "vendor", "scope-items", &beginning).await;
    let columns: Vec<&str> = vendor["columns"].split(',').collect();
    assert!(!columns.contains(&"unit_cost") && columns.contains(&"room"), "{columns:?}");
    // Whatever is joined to it with an AND narrows both alternatives.
    let both = r#""id" IS NOT NULL AND ((("vendor_id" = $1) AND ("is_active" = true)) OR (("flooring_vendor_id" = $2) AND ("is_active" = true)))"#;
    assert_eq!(vendor["where"], both);
    let either = [("offset", "-1"), ("where", "version = 1 OR is_active")];
    let either = asked(&app, &stub, "admin", "properties", &either).await;
    assert_eq!(either["where"], r#""id" IS NOT NULL AND (("version" = $1) OR ("is_active" = true))"#);
    let approvals = asked(&app, &stub, "vendor", "approvals", &beginning).await;
    assert_eq!(approvals["where"], r#""id" IS NULL"#, "a vendor sees none of them");
}

#[tokio::test]
async fn what_electric_and_the_database_see_otherwise_is_refused() {
    let (app, stub) = behind_stub().await;
    let manager = app.sign_in("manager").await;
    for clause in [
        "priority < 'm'",
        "notes LIKE '100\\%'",
        "estimated_amount::text = '1.00'",
        "is_active < appliances_needed",
        "nosuch = 1",
    ] {
        let request = manager.http.get(format!("{}/api/sync/turns?offset=-1", app.url())).query(&[("where", clause)]);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 400, "{clause}");
        let body: Json = answer.json().await.unwrap();
        assert!(body["errors"]["where"][0].is_string(), "{body}");
    }
    assert!(stub.asked().is_empty(), "Electric heard nothing of it");
}

/// A condition of every kind that can be asked.
fn any_clause(dice: &mut Dice, depth: usize) -> String {
    if depth > 0 && dice.below(3) > 0 {
        let (one, other) = (any_clause(dice, depth - 1), any_clause(dice, depth - 1));
        return match dice.below(3) {
            0 => format!("({one} AND {other})"),
            1 => format!("({one} OR {other})"),
            _ => format!("NOT ({one})"),
        };
    }
    const CONDITIONS: [&str; 28] = [
        "priority = 'high'",
        "priority <> 'it''s'",
        "priority IN ('low', 'urgent', NULL)",
        "priority NOT IN ('low', 'urgent')",
        "priority LIKE '%g%'",
        "priority NOT LIKE '_i%'",
        "priority ILIKE 'H%'",
        "notes LIKE '%\"$1\"%'",
        "notes IS NULL",
        "notes = 'x'",
        "notes ILIKE 'a \"$1\"%'",
        "due_date < '2026-12-01'",
        "due_date IN ('2026-11-30', '2026-12-02')",
        "vendor_id IS NOT NULL",
        "version BETWEEN 1 AND 2",
        "2 > version",
        "version::text LIKE '1%'",
        "stage_id::text LIKE '%1'",
        "due_date::text LIKE '2026-1%'",
        "move_out_date >= due_date",
        "vendor_id = flooring_vendor_id",
        "estimated_amount > 900.5",
        "estimated_amount IN (100, 4321.00)",
        "is_active IS NOT TRUE",
        "trash_out_needed OR appliances_needed",
        "trash_out_needed::text LIKE 't%'",
        "trash_out_needed <> appliances_needed",
        "created_at < '2026-01-01 00:00:00+00'::timestamptz",
    ];
    CONDITIONS[dice.below(CONDITIONS.len())].to_owned()
}

/// The condition with its constants in it, each of no type, as Electric takes them.
fn with_constants(query: &Query) -> String {
    let mut sql = query["where"].clone();
    let parameters = query
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("params[")?.strip_suffix(']')?.parse::<usize>().unwrap(), value)));
    let mut parameters: Vec<_> = parameters.collect();
    parameters.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    for (number, value) in parameters {
        sql = sql.replace(&format!("${number}"), &format!("'{}'", value.replace('\'', "''").replace('$', "\u{1}")));
    }
    sql.replace('\u{1}', "$")
}

/// PostgreSQL chooses by what Electric is asked, the built-in engine by the clause itself.
#[tokio::test]
async fn the_database_chooses_by_the_question_what_the_clause_admits() {
    if !is_postgres() {
        return;
    }
    let direct = TestApp::start_with_properties(60).await;
    let (app, stub) = behind_stub().await;
    let admin = direct.sign_in("admin").await;
    for (number, id) in admin.rows("turns").await.0.keys().take(12).enumerate() {
        let data = match number % 3 {
            0 => json!({"notes": "x"}),
            1 => json!({"notes": "a \"$1\" 'quoted'", "trash_out_needed": true}),
            _ => json!({"appliances_needed": true}),
        };
        let write = json!({"operation": "update", "writeId": new_id(), "rowId": id, "version": 1, "data": data});
        assert_eq!(admin.write("turns", write).await.status, 200);
    }
    let asker = app.sign_in("admin").await;
    let db = direct.database().await;
    let mut dice = Dice(7);
    let mut sizes = BTreeSet::new();
    for _ in 0..200 {
        let clause = any_clause(&mut dice, 3);
        let request = asker.http.get(format!("{}/api/sync/turns?offset=-1", app.url())).query(&[("where", &clause)]);
        assert_eq!(request.send().await.unwrap().status(), 200, "{clause}");
        let question = with_constants(&stub.asked().pop().unwrap().query);
        let sql = format!("SELECT id::text FROM turns WHERE {question}");
        let found = db
            .query_all_raw(Statement::from_string(db.get_database_backend(), &sql))
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        let chosen: BTreeSet<String> = found.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        let narrowed = reqwest::Url::parse_with_params("http://x/", &[("where", &clause)]).unwrap();
        let admitted: BTreeSet<String> = admin.rows(&format!("turns?{}", narrowed.query().unwrap())).await.0.into_keys().collect();
        assert_eq!(chosen, admitted, "{clause}\n{sql}");
        sizes.insert(chosen.len());
    }
    assert!(sizes.len() > 8, "the clauses tell rows apart: {sizes:?}");
}
