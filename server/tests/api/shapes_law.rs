//! The law of the read path: whoever follows a shape, from wherever and however slowly, narrowed or not, ends with the shape.

use crate::support::{Dice, Person, ShapePage, TestApp, new_id};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

const TABLES: [&str; 3] = ["properties", "turns", "scope-items"];

/// A shape, and which of its table's rows it holds.
type Shape = (&'static str, fn(&Map<String, Json>) -> bool);

const SHAPES: [Shape; 8] = [
    ("properties", |_| true),
    ("turns", |_| true),
    ("scope-items", |_| true),
    ("turns?replica=full", |_| true),
    ("turns?where=version%20%3E%202", |row| version(row) > 2),
    ("turns?columns=id,notes&where=notes%20LIKE%20'after%25'", |row| {
        row["notes"].as_str().is_some_and(|notes| notes.starts_with("after"))
    }),
    ("scope-items?where=is_done%20OR%20room%20%3D%20'Den'", |row| {
        row["is_done"] == "true" || row["room"] == "Den"
    }),
    ("properties?where=NOT%20(version%20IN%20(1,%202))", |row| version(row) > 2),
];

fn version(row: &Map<String, Json>) -> i64 {
    row["version"].as_str().unwrap().parse().unwrap()
}

/// Somebody in the middle of following one table. Pages are applied strictly: nothing may come twice or be missing.
struct Follower {
    person: Person,
    shape: Shape,
    rows: BTreeMap<String, Map<String, Json>>,
    page: ShapePage,
}

impl Follower {
    async fn begin(person: &Person, shape: Shape) -> Self {
        let page = person.shape(shape.0, "offset=-1").await;
        let mut rows = BTreeMap::new();
        page.apply_to(&mut rows);
        Self {
            person: person.clone(),
            shape,
            rows,
            page,
        }
    }

    async fn step(&mut self) {
        self.page = self.person.follow(self.shape.0, &self.page).await;
        assert_eq!(self.page.status, 200);
        self.page.apply_to(&mut self.rows);
    }

    /// What the whole table's shape says of it.
    async fn expected(&self) -> BTreeMap<String, Map<String, Json>> {
        let (shape, holds) = self.shape;
        let (table, wish) = shape.split_once('?').unwrap_or((shape, ""));
        let mut rows = self.person.rows(table).await.0;
        rows.retain(|_, row| holds(row));
        if let Some(columns) = wish.strip_prefix("columns=").and_then(|wish| wish.split('&').next()) {
            rows.values_mut()
                .for_each(|row| row.retain(|column, _| columns.split(',').any(|name| name == column)));
        }
        rows
    }

    async fn catch_up(&mut self) {
        self.step().await;
        while !self.page.is_up_to_date {
            self.step().await;
        }
    }
}

/// Anything that an administrator can do to a row that is there.
async fn write_something(admin: &Person, managers: &[&Person; 2], dice: &mut Dice) {
    let table = TABLES[dice.below(TABLES.len())];
    let rows: Vec<_> = admin.rows(table).await.0.into_values().collect();
    let row = &rows[dice.below(rows.len())];
    let version = version(row);
    let update = |data: Json| json!({"operation": "update", "rowId": row["id"], "version": version, "data": data});
    let write = match (table, dice.below(3)) {
        ("properties", 0 | 1) => update(json!({"property_manager_id": managers[dice.below(2)].id})),
        ("scope-items", 0) => json!({"operation": "delete", "rowId": row["id"], "version": version}),
        ("scope-items", 1) => {
            json!({"operation": "create", "rowId": new_id(), "data": {"turn_id": row["turn_id"], "room": "Den", "category": "Paint", "description": "Trim"}})
        }
        ("scope-items", _) => update(json!({"is_done": row["is_done"] == "false"})),
        _ => update(json!({"notes": format!("after {version}")})),
    };
    let answer = admin.write(table, write).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn every_follower_ends_with_the_shape() {
    for seed in 1..=3 {
        let tiny_pages = |settings: &mut server::config::Settings| {
            settings.limits.page_rows = 4;
            settings.limits.page_bytes = 2_500;
        };
        let app = TestApp::start_with(tiny_pages).await;
        let (admin, one, two) = (app.sign_in("admin").await, app.sign_in("manager").await, app.sign_in("manager2").await);
        everybody_ends_with_the_shape(&admin, [&admin, &one, &two], Dice(seed)).await;
    }
}

/// `writer` is an administrator, and so is the first reader; the others are managers.
pub async fn everybody_ends_with_the_shape(writer: &Person, readers: [&Person; 3], mut dice: Dice) {
    let seed = dice.0;
    let mut followers = vec![];
    for _ in 0..60 {
        write_something(writer, &[readers[1], readers[2]], &mut dice).await;
        if followers.len() < 20 {
            let person = readers[dice.below(3)];
            followers.push(Follower::begin(person, SHAPES[dice.below(SHAPES.len())]).await);
        }
        let slow = dice.below(followers.len());
        followers[slow].step().await;
    }
    for follower in &mut followers {
        follower.catch_up().await;
        assert_eq!(follower.rows, follower.expected().await, "seed {seed}, {}", follower.shape.0);
    }
}
