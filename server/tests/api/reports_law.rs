//! The law of the dashboard: its figures are those that one counts by hand, one row after another.

use crate::support::{Dice, TestApp, new_id};
use domain::{Date, Row, RowFilter, Table, Timestamp, Value, stage};
use sea_orm::DatabaseConnection;
use serde_json::{Value as Json, json};
use server::db::rows;
use std::collections::{BTreeMap, BTreeSet};

const HOMES: usize = 40;
const TURNS: usize = 300;
const SCOPE_ITEMS: usize = 500;
const APPROVALS: usize = 60;
const MARKETS: [&str; 3] = ["Tulsa", "Oak Park’s “north”", "Łódź"];

/// Everything that a dashboard is about.
struct World {
    homes: Vec<Row>,
    turns: Vec<Row>,
    scope_items: Vec<Row>,
    approvals: Vec<Row>,
    vendors: Vec<Row>,
    stages: Vec<Row>,
}

/// Which turns and homes are counted.
#[derive(Clone, Default)]
struct Asked {
    /// In the address.
    query: String,
    /// A column and whom it must name.
    scope: Option<(&'static str, Value)>,
    manager: Option<Value>,
    stage: Option<Value>,
    vendor: Option<Value>,
    market: Option<&'static str>,
}

impl World {
    async fn read(db: &DatabaseConnection) -> Self {
        let all = |table| async move { rows::page(db, table, &RowFilter::everything(), None, 10_000).await.unwrap() };
        let mut stages = all(Table::TurnStages).await;
        stages.sort_by_key(|stage| stage.int("sequence"));
        Self {
            homes: all(Table::Properties).await,
            turns: all(Table::Turns).await,
            scope_items: all(Table::ScopeItems).await,
            approvals: all(Table::Approvals).await,
            vendors: all(Table::Vendors).await,
            stages,
        }
    }

    /// As the board says it.
    fn amount(&self, turn: &Row) -> i64 {
        let items = self.scope_items.iter().filter(|item| item.row_id("turn_id") == Some(turn.id()));
        stage::amount(turn, stage::scope_total(items)).0
    }

    fn home(&self, turn: &Row) -> &Row {
        self.homes.iter().find(|home| turn.row_id("property_id") == Some(home.id())).unwrap()
    }

    fn counts(&self, asked: &Asked, turn: &Row) -> bool {
        asked.admits(turn)
            && asked.stage.as_ref().is_none_or(|stage| turn.get("stage_id") == stage)
            && asked
                .vendor
                .as_ref()
                .is_none_or(|vendor| either(turn, ["vendor_id", "flooring_vendor_id"], vendor))
            && asked.market.is_none_or(|market| self.home(turn).text("market") == Some(market))
    }

    fn counts_home(&self, asked: &Asked, home: &Row) -> bool {
        let needs_turn = asked.stage.is_some() || asked.vendor.is_some();
        let is_its_turn = |turn: &&Row| turn.row_id("property_id") == Some(home.id());
        let has_turn = || {
            self.turns
                .iter()
                .filter(is_its_turn)
                .any(|turn| turn.flag("is_active") && self.counts(asked, turn))
        };
        asked.admits(home) && asked.market.is_none_or(|market| home.text("market") == Some(market)) && (!needs_turn || has_turn())
    }

    fn dashboard(&self, asked: &Asked, from: Date, to: Date, today: Date) -> Json {
        let turns: Vec<&Row> = self.turns.iter().filter(|turn| self.counts(asked, turn)).collect();
        let active: Vec<&Row> = turns.iter().copied().filter(|turn| turn.flag("is_active")).collect();
        let finished: Vec<&Row> = turns
            .iter()
            .copied()
            .filter(|turn| turn.date("completed_on").is_some_and(|day| (from..=to).contains(&day)))
            .collect();
        json!({
            "totalProperties": self.homes.iter().filter(|home| home.flag("is_active") && self.counts_home(asked, home)).count(),
            "activeTurns": active.len(),
            "averageTurnDays": average(finished.iter().map(|turn| took(turn, begun(turn)))),
            "turnsByStage": self.stages.iter().map(|stage| self.by_stage(stage, &active, today)).collect::<Vec<_>>(),
            "costPerTurnByMonth": by_month(&finished, from, to),
            "vacancy": self.vacancy(&active, today),
            "approvalsWaiting": {"dfo": self.waiting("DFO", &turns), "ho": self.waiting("HO", &turns)},
            "vendors": self.by_vendor(&finished),
        })
    }

    fn by_stage(&self, stage: &Row, active: &[&Row], today: Date) -> Json {
        let turns: Vec<&&Row> = active.iter().filter(|turn| turn.row_id("stage_id") == Some(stage.id())).collect();
        let days = || {
            turns
                .iter()
                .filter_map(|turn| Some(i64::from(today.days_since(turn.timestamp("stage_entered_at")?.date_utc()))))
        };
        json!({
            "stageId": stage.id().to_string(),
            "key": stage.text("key"),
            "name": stage.text("name"),
            "turns": turns.len(),
            "amount": money(turns.iter().map(|turn| self.amount(turn)).sum()),
            "averageDaysInStage": average(days()),
            "oldestDays": days().max(),
        })
    }

    fn vacancy(&self, active: &[&Row], today: Date) -> Json {
        let mut since: BTreeMap<&str, (Date, i64)> = BTreeMap::new();
        for turn in active.iter().filter(|turn| turn.date("completed_on").is_none() && begun(turn) <= today) {
            let home = self.home(turn);
            let rent = home.cents("monthly_rent").map_or(0, |rent| rent.0);
            let earliest = since.entry(home.text("property_number").unwrap()).or_insert((begun(turn), rent));
            earliest.0 = earliest.0.min(begun(turn));
        }
        let days = |since: Date| i64::from(today.days_since(since));
        let lost: i64 = since.values().map(|(day, rent)| days(*day) * rent).sum();
        json!({
            "vacantHomes": since.len(),
            "vacancyDays": since.values().map(|(day, _)| days(*day)).sum::<i64>(),
            "lostRent": money((lost as f64 / 30.0).round() as i64),
        })
    }

    fn waiting(&self, level: &str, turns: &[&Row]) -> Json {
        let is_waiting = |approval: &&Row| approval.text("status") == Some("pending") && approval.flag("is_active") && approval.text("level") == Some(level);
        let is_of = |approval: &&Row| turns.iter().any(|turn| approval.row_id("turn_id") == Some(turn.id()));
        let amounts: Vec<i64> = self
            .approvals
            .iter()
            .filter(is_waiting)
            .filter(is_of)
            .map(|approval| approval.cents("amount").unwrap().0)
            .collect();
        json!({"count": amounts.len(), "amount": money(amounts.iter().sum())})
    }

    fn by_vendor(&self, finished: &[&Row]) -> Json {
        let ids: BTreeSet<_> = finished.iter().filter_map(|turn| turn.row_id("vendor_id")).collect();
        let mut vendors: Vec<(usize, String, Json)> = vec![];
        for id in ids {
            let turns: Vec<&&Row> = finished.iter().filter(|turn| turn.row_id("vendor_id") == Some(id)).collect();
            let name = self
                .vendors
                .iter()
                .find(|vendor| vendor.id() == id)
                .and_then(|vendor| vendor.text("company_name"))
                .unwrap();
            let due: Vec<bool> = turns
                .iter()
                .filter_map(|turn| Some(turn.date("completed_on")? <= turn.date("due_date")?))
                .collect();
            let on_time = due.iter().filter(|on_time| **on_time).count() as f64 / due.len() as f64;
            let figures = json!({
                "vendorId": id.to_string(),
                "name": name,
                "turnsCompleted": turns.len(),
                "onTimeRate": (!due.is_empty()).then(|| (on_time * 1_000.0).round() / 1_000.0),
                "averageDays": average(turns.iter().map(|turn| took(turn, turn.date("assigned_on").unwrap_or_else(|| begun(turn))))),
            });
            vendors.push((turns.len(), name.to_owned(), figures));
        }
        vendors.sort_by(|(more, a, _), (less, b, _)| (less, a).cmp(&(more, b)));
        vendors.into_iter().map(|(_, _, figures)| figures).collect()
    }
}

impl Asked {
    fn admits(&self, row: &Row) -> bool {
        let managers = ["property_manager_id", "sr_property_manager_id"];
        self.scope.as_ref().is_none_or(|(column, who)| row.get(column) == who) && self.manager.as_ref().is_none_or(|who| either(row, managers, who))
    }
}

fn either(row: &Row, columns: [&str; 2], value: &Value) -> bool {
    columns.iter().any(|column| row.get(column) == value)
}

fn begun(turn: &Row) -> Date {
    turn.date("move_out_date").unwrap_or_else(|| turn.timestamp("created_at").unwrap().date_utc())
}

fn took(turn: &Row, from: Date) -> i64 {
    i64::from(turn.date("completed_on").unwrap().days_since(from)).max(0)
}

fn cost(turn: &Row) -> i64 {
    let known = ["actual_amount", "approved_amount", "estimated_amount"]
        .iter()
        .find_map(|column| turn.cents(column));
    known.map_or(0, |cents| cents.0)
}

fn average(values: impl Iterator<Item = i64>) -> Option<f64> {
    let values: Vec<i64> = values.collect();
    (!values.is_empty()).then(|| (values.iter().sum::<i64>() as f64 / values.len() as f64 * 10.0).round() / 10.0)
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn by_month(finished: &[&Row], from: Date, to: Date) -> Json {
    let mut day = from;
    let mut months = BTreeSet::new();
    while day <= to {
        months.insert(day.to_string()[..7].to_owned());
        day = day.plus_days(1);
    }
    let figures = months.iter().map(|month| {
        let costs: Vec<i64> = finished
            .iter()
            .filter(|turn| turn.date("completed_on").unwrap().to_string().starts_with(month))
            .map(|turn| cost(turn))
            .collect();
        let (sum, turns) = (costs.iter().sum::<i64>(), costs.len() as i64);
        let average = (turns > 0).then(|| money((sum as f64 / turns as f64).round() as i64));
        json!({"month": month, "turns": turns, "averageCost": average, "totalCost": money(sum)})
    });
    figures.collect()
}

/// Rows of every kind that there can be: late, unfinished, without dates, without amounts.
async fn fill(db: &DatabaseConnection, dice: &mut Dice, today: Date) {
    let some = World::read(db).await;
    let people: Vec<Value> = some.homes.iter().map(|home| home.get("property_manager_id").clone()).collect();
    let seniors: Vec<Value> = some.homes.iter().map(|home| home.get("sr_property_manager_id").clone()).collect();
    let mut homes = vec![];
    for _ in 0..HOMES {
        let mut home = some.homes[dice.below(some.homes.len())].clone();
        renew(&mut home);
        home.set("property_number", Value::text(new_id()));
        home.set("market", Value::text(MARKETS[dice.below(MARKETS.len())]));
        home.set("monthly_rent", perhaps(dice, 90, |dice| Value::Numeric(dice.below(300_000) as i64)));
        home.set("property_manager_id", people[dice.below(people.len())].clone());
        home.set("sr_property_manager_id", seniors[dice.below(seniors.len())].clone());
        home.set("is_active", Value::Bool(dice.below(10) > 0));
        homes.push(home);
    }
    rows::insert(db, &homes).await.unwrap();
    let turns: Vec<Row> = (0..TURNS).map(|_| turn(&some, &homes, dice, today)).collect();
    rows::insert(db, &turns).await.unwrap();
    let scope_items: Vec<Row> = (0..SCOPE_ITEMS).map(|_| scope_item(&some, &turns, dice)).collect();
    rows::insert(db, &scope_items).await.unwrap();
    let approvals: Vec<Row> = (0..APPROVALS).map(|_| approval(&turns, dice, today)).collect();
    rows::insert(db, &approvals).await.unwrap();
}

fn turn(some: &World, homes: &[Row], dice: &mut Dice, today: Date) -> Row {
    let mut turn = some.turns[0].clone();
    renew(&mut turn);
    let home = &homes[dice.below(homes.len())];
    turn.set("property_id", Value::Uuid(home.id().0));
    for column in ["property_manager_id", "sr_property_manager_id"] {
        turn.set(column, home.get(column).clone());
    }
    turn.set("turn_number", Value::Null);
    turn.set("stage_id", Value::Uuid(some.stages[dice.below(some.stages.len())].id().0));
    let begun = today.plus_days(5 - dice.below(600) as i32);
    let day = |dice: &mut Dice, days: usize| Value::Date(begun.plus_days(dice.below(days) as i32));
    turn.set("move_out_date", perhaps(dice, 85, |_| Value::Date(begun)));
    for column in ["created_at", "stage_entered_at"] {
        turn.set(column, instant(today, dice));
    }
    turn.set("stage_entered_at", perhaps(dice, 90, |dice| instant(today, dice)));
    // A few are said to be finished before they began.
    turn.set(
        "completed_on",
        perhaps(dice, 60, |dice| Value::Date(begun.plus_days(dice.below(90) as i32 - 3))),
    );
    turn.set("due_date", perhaps(dice, 70, |dice| day(dice, 90)));
    turn.set("assigned_on", perhaps(dice, 60, |dice| day(dice, 30)));
    turn.set("is_active", Value::Bool(dice.below(10) > 2));
    for column in ["vendor_id", "flooring_vendor_id"] {
        let vendor = Value::Uuid(some.vendors[dice.below(some.vendors.len())].id().0);
        turn.set(column, perhaps(dice, 70, |_| vendor));
    }
    for column in ["actual_amount", "approved_amount", "estimated_amount"] {
        turn.set(column, perhaps(dice, 50, |dice| Value::Numeric(dice.below(2_000_000) as i64)));
    }
    turn
}

fn scope_item(some: &World, turns: &[Row], dice: &mut Dice) -> Row {
    let mut item = some.scope_items[0].clone();
    renew(&mut item);
    let turn = &turns[dice.below(turns.len())];
    item.set("turn_id", Value::Uuid(turn.id().0));
    item.set("is_active", turn.get("is_active").clone());
    item.set("unit_cost", Value::Numeric(dice.below(50_000) as i64));
    item.set("quantity", Value::Numeric(dice.below(1_000) as i64));
    item
}

fn approval(turns: &[Row], dice: &mut Dice, today: Date) -> Row {
    let mut approval = Row::blank(Table::Approvals);
    renew(&mut approval);
    let someone = Value::Uuid(new_id().parse().unwrap());
    for (column, value) in [
        ("version", Value::Int(1)),
        ("created_at", instant(today, dice)),
        ("updated_at", instant(today, dice)),
        ("turn_id", Value::Uuid(turns[dice.below(turns.len())].id().0)),
        ("level", Value::text(["DFO", "HO"][dice.below(2)])),
        ("amount", Value::Numeric(dice.below(2_000_000) as i64)),
        ("scope_digest", Value::text("digest")),
        ("status", Value::text(["pending", "pending", "approved", "void"][dice.below(4)])),
        ("requested_by", someone),
        ("is_active", Value::Bool(dice.below(5) > 0)),
    ] {
        assert!(approval.set(column, value), "{column}");
    }
    approval
}

fn renew(row: &mut Row) {
    row.set("id", Value::Uuid(new_id().parse().unwrap()));
}

fn perhaps(dice: &mut Dice, percent: usize, value: impl FnOnce(&mut Dice) -> Value) -> Value {
    if dice.below(100) < percent { value(dice) } else { Value::Null }
}

fn instant(today: Date, dice: &mut Dice) -> Value {
    let midnight: Timestamp = format!("{} 00:00:00+00", today.plus_days(-(dice.below(400) as i32))).parse().unwrap();
    Value::Timestamp(Timestamp::from_micros(midnight.micros() + dice.below(86_400) as i64 * 1_000_000))
}

#[tokio::test]
async fn the_figures_are_those_that_one_counts_by_hand() {
    let app = TestApp::start_with_properties(30).await;
    let (admin, senior) = (app.sign_in("admin").await, app.sign_in("senior").await);
    let (manager, approver) = (app.sign_in("manager").await, app.sign_in("dfo").await);
    let today: Date = admin.get("/api/reports/dashboard").await.json["period"]["to"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let db = app.database().await;
    let mut dice = Dice(2_026);
    fill(&db, &mut dice, today).await;
    let world = World::read(&db).await;
    let me = |id: &str| Value::Uuid(id.parse().unwrap());
    let scopes = [
        (&admin, None),
        (&approver, None),
        (&manager, Some(("property_manager_id", me(&manager.id)))),
        (&senior, Some(("sr_property_manager_id", me(&senior.id)))),
    ];
    for round in 0..40 {
        let (person, scope) = scopes[round % scopes.len()].clone();
        let asked = asked(&world, scope, &manager.id, &mut dice);
        let answer = person.get(&format!("/api/reports/dashboard?{}", asked.query)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let mut said = answer.json;
        let day = |name: &str| said["period"][name].as_str().unwrap().parse::<Date>().unwrap();
        let expected = world.dashboard(&asked, day("from"), day("to"), today);
        for other in ["asOf", "source", "period"] {
            said.as_object_mut().unwrap().remove(other);
        }
        for (figure, value) in expected.as_object().unwrap() {
            assert_eq!(&said[figure], value, "{figure} of {:?} in {}", asked.scope, asked.query);
        }
        assert_eq!(said, expected);
    }
}

fn asked(world: &World, scope: Option<(&'static str, Value)>, manager: &str, dice: &mut Dice) -> Asked {
    let mut asked = Asked { scope, ..Asked::default() };
    let mut ask = |name: &str, value: String| asked.query += &format!("&{name}={}", value.replace('’', "%E2%80%99").replace(' ', "%20"));
    if dice.below(4) == 0 {
        ask("manager", manager.to_owned());
        asked.manager = Some(Value::Uuid(manager.parse().unwrap()));
    }
    if dice.below(4) == 0 {
        let stage = &world.stages[dice.below(world.stages.len())];
        ask("stage", stage.text("key").unwrap().to_owned());
        asked.stage = Some(Value::Uuid(stage.id().0));
    }
    if dice.below(4) == 0 {
        let vendor = &world.vendors[dice.below(world.vendors.len())];
        ask("vendor", vendor.id().to_string());
        asked.vendor = Some(Value::Uuid(vendor.id().0));
    }
    if dice.below(4) == 0 {
        let market = MARKETS[dice.below(MARKETS.len())];
        ask("market", market.to_owned());
        asked.market = Some(market);
    }
    if dice.below(3) == 0 {
        ask("from", "2025-03-17".to_owned());
        ask("to", "2026-05-05".to_owned());
    }
    asked
}
