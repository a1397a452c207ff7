//! A believable portfolio for trying the app out: `--demo N`, into an empty database only.
//!
//! **Invariant:** the same seed gives the same homes, people, scopes and ids; dates are counted from the day of the
//! start, so that a demo never looks abandoned.

mod approvals;
mod companies;
mod draw;
mod history;
mod people;
mod portfolio;
mod scope;
mod turns;
mod words;

use crate::{
    auth::{Passwords, accounts::Credentials},
    db::{Db, Transaction, counters, rows},
    stages,
    write::{counter_name, turn_number},
};
use anyhow::Context;
use domain::{
    Row, Table, Timestamp, Value,
    mutation::{inherit_visibility, lend_sight},
};
use draw::Draw;
use history::History;

/// The password of every demo account.
pub const PASSWORD: &str = "turns-demo";

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// How many properties.
    pub properties: u32,
    /// What they are drawn from.
    pub seed: u64,
    /// How many turns of years gone by.
    pub past_turns: u32,
}

/// Every second or third home is being turned: two in five.
fn is_vacant(index: usize) -> bool {
    matches!(index % 5, 0 | 3)
}

/// Makes accounts and portfolio in one transaction; gives the accounts.
pub async fn make(db: &Db, passwords: &Passwords, demo: Demo, now: Timestamp) -> anyhow::Result<Vec<Credentials>> {
    let mut draw = Draw::from_seed(demo.seed);
    let people = people::People::draw(&mut draw);
    let password_hash = passwords.hash(PASSWORD.to_owned()).await?;
    let tx = db.write().await?;
    people.create(&*tx, &password_hash, now).await.context("cannot make the demo accounts")?;
    let portfolio = Portfolio::draw(&mut draw, &people, demo.properties, &stages::all(&*tx).await?, now);
    for rows in portfolio.tables() {
        rows::insert(&*tx, rows).await.context("cannot make the demo portfolio")?;
    }
    counters::set(&*tx, &counter_name(now.date_utc().year()), portfolio.turns.len() as i64).await?;
    remember(&tx, &mut draw, &portfolio, demo.past_turns, now)
        .await
        .context("cannot make past turns")?;
    tx.commit().await?;
    Ok(people.accounts())
}

/// Makes past turns, a part at a time.
async fn remember(tx: &Transaction, draw: &mut Draw, portfolio: &Portfolio, count: u32, now: Timestamp) -> anyhow::Result<()> {
    const AT_ONCE: usize = 5_000;
    let stages = stages::all(&**tx).await?;
    let Some(last_stage) = stages.iter().max_by_key(|stage| stage.int("sequence")) else {
        return Ok(());
    };
    let mut history = History {
        homes: &portfolio.properties,
        last_stage,
        numbers: [(now.date_utc().year(), portfolio.turns.len() as i64)].into(),
        now,
    };
    let mut left = count as usize;
    while left > 0 {
        let part = left.min(AT_ONCE);
        rows::insert(&**tx, &history.draw(draw, part)).await?;
        left -= part;
    }
    for (year, number) in history.numbers {
        counters::set(&**tx, &counter_name(year), number).await?;
    }
    Ok(())
}

/// All rows of a demo.
struct Portfolio {
    properties: Vec<Row>,
    turns: Vec<Row>,
    scope_items: Vec<Row>,
    approvals: Vec<Row>,
    vendors: Vec<Row>,
    property_types: Vec<Row>,
}

impl Portfolio {
    fn draw(draw: &mut Draw, people: &people::People, count: u32, stages: &[Row], now: Timestamp) -> Self {
        let mut portfolio = Self {
            properties: portfolio::draw(draw, people, count as usize, now),
            turns: vec![],
            scope_items: vec![],
            approvals: vec![],
            vendors: companies::vendors(now),
            property_types: companies::property_types(now),
        };
        for (index, property) in portfolio.properties.iter_mut().enumerate().filter(|(index, _)| is_vacant(*index)) {
            let number = portfolio.turns.len();
            // In turn through all stages, so that even a small demo fills the board.
            let Some(stage) = stages.get(number % stages.len().max(1)) else { break };
            let manager = people.manager_of(index);
            let mut turn = turns::draw(draw, property, stage, manager, now);
            turn.set("turn_number", Value::text(turn_number(now.date_utc().year(), number as i64 + 1)));
            if number.is_multiple_of(3) {
                turn.set("superintendent_id", Value::Uuid(people.inspector().0));
            }
            let mut items = scope::draw(draw, &turn, stage, manager, now);
            turns::settle_amounts(&mut turn, stage, &items);
            portfolio.approvals.extend(approvals::draw(draw, people, &mut turn, &items, now));
            items.iter_mut().for_each(|item| inherit_visibility(item, &turn));
            lend_sight(property, Some(&turn));
            portfolio.turns.push(turn);
            portfolio.scope_items.extend(items);
        }
        portfolio
    }

    /// Parents before their children.
    fn tables(&self) -> [&[Row]; 6] {
        [
            &self.property_types,
            &self.vendors,
            &self.properties,
            &self.turns,
            &self.scope_items,
            &self.approvals,
        ]
    }
}

/// A row with the table's defaults and the columns that every row has.
fn fresh(table: Table, draw: &mut Draw, by: domain::UserId, at: Timestamp) -> Row {
    let mut row = Row::blank(table);
    for (index, column) in table.columns().iter().enumerate() {
        row.set_at(index, column.default.value(column.kind));
    }
    row.set("id", Value::Uuid(draw.id()));
    row.set("version", Value::Int(1));
    for (column, value) in [("created_at", Value::Timestamp(at)), ("updated_at", Value::Timestamp(at))] {
        row.set(column, value);
    }
    for column in ["created_by", "updated_by"] {
        row.set(column, Value::Uuid(by.0));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Cents, stage};
    use std::collections::HashSet;

    const NOW: Timestamp = Timestamp::from_millis(1_795_402_000_000);

    fn stage_rows() -> Vec<Row> {
        let stage = |(index, seed): (usize, &stage::StageSeed)| {
            let mut row = Row::blank(Table::TurnStages);
            row.set("id", Value::Uuid(uuid::Uuid::from_u128(index as u128 + 1)));
            row.set("key", Value::text(seed.key));
            row.set("sequence", Value::Int(index as i64 + 1));
            row.set("is_active", Value::Bool(true));
            for flag in seed.flags {
                row.set(flag, Value::Bool(true));
            }
            row
        };
        stage::DEFAULT_STAGES.iter().enumerate().map(stage).collect()
    }

    fn drawn(seed: u64, count: u32) -> Portfolio {
        let mut draw = Draw::from_seed(seed);
        let people = people::People::draw(&mut draw);
        Portfolio::draw(&mut draw, &people, count, &stage_rows(), NOW)
    }

    #[test]
    fn the_same_seed_draws_the_same_portfolio() {
        let (one, same, other) = (drawn(7, 40), drawn(7, 40), drawn(8, 40));
        assert_eq!(
            (&one.properties, &one.turns, &one.scope_items),
            (&same.properties, &same.turns, &same.scope_items)
        );
        assert_ne!(one.properties, other.properties);
    }

    #[test]
    fn names_and_ids_are_unique_and_two_in_five_are_turned() {
        let portfolio = drawn(1, 2_000);
        let names: HashSet<_> = portfolio.properties.iter().map(|row| row.text("name")).collect();
        assert_eq!(names.len(), 2_000);
        assert_eq!(portfolio.turns.len(), 800);
        let rows = portfolio.properties.iter().chain(&portfolio.turns).chain(&portfolio.scope_items);
        let ids: HashSet<_> = rows.clone().map(Row::id).collect();
        assert_eq!(ids.len(), rows.count());
    }

    #[test]
    fn every_turn_has_what_its_stage_and_those_before_demand() {
        let portfolio = drawn(3, 200);
        let stages = stage_rows();
        let mut seen = HashSet::new();
        for turn in &portfolio.turns {
            let property = portfolio
                .properties
                .iter()
                .find(|property| property.id() == turn.row_id("property_id").unwrap())
                .unwrap();
            let items: Vec<_> = portfolio.scope_items.iter().filter(|item| item.row_id("turn_id") == Some(turn.id())).collect();
            let total = stage::scope_total(items.iter().copied());
            assert!(
                (3..=10).contains(&items.len()) && (Cents(20_000)..=Cents(1_500_000)).contains(&total),
                "{} items, {total}",
                items.len()
            );
            let at = stages.iter().position(|stage| Some(stage.id()) == turn.row_id("stage_id")).unwrap();
            for stage in &stages[..=at] {
                let step = stage::Step {
                    from: None,
                    to: stage,
                    turn,
                    property: Some(property),
                    scope_total: total,
                    thresholds: None,
                };
                assert_eq!(step.check(), Ok(()), "{:?}", stage.text("key"));
            }
            assert_eq!(turn.get("property_manager_id"), property.get("property_manager_id"));
            seen.insert(at);
        }
        assert_eq!(seen.len(), stages.len());
    }
}
