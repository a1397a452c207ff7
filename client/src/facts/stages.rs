//! The stages, and which of them a turn may enter now.

use domain::{
    Cents, Row, RowId, Table, Value,
    stage::{StageDemand, Step, scope_total},
};
use std::cmp::Ordering;
use sync::LocalView;

/// One stage as columns and menus show it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stage {
    /// Its row.
    pub id: RowId,
    /// As people call it.
    pub name: String,
    /// A CSS hex colour; empty where the row has none that is one.
    pub color: String,
}

/// How far along a stage is, seen from the turn's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Behind it.
    Passed,
    /// In it.
    Here,
    /// Still to come.
    Ahead,
}

/// The stages in use, in sequence. One that is retired stays while a turn stands in it: nobody's turn disappears.
pub fn stages(view: &LocalView) -> Vec<Stage> {
    let has_turns = |stage: &Row| view.group(Table::Turns, "stage_id", Value::Uuid(stage.id().0)).next().is_some();
    let mut rows: Vec<&Row> = view
        .rows(Table::TurnStages)
        .filter(|stage| stage.flag("is_active") || has_turns(stage))
        .collect();
    rows.sort_by_key(|stage| (stage.int("sequence"), stage.id()));
    rows.into_iter().map(read).collect()
}

fn read(stage: &Row) -> Stage {
    Stage {
        id: stage.id(),
        name: stage.text("name").unwrap_or_default().to_owned(),
        color: css_color(stage.text("color").unwrap_or_default()),
    }
}

/// Only `#rgb` and `#rrggbb` pass.
fn css_color(text: &str) -> String {
    let digits = text.strip_prefix('#').unwrap_or_default();
    let is_hex = matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { text.to_owned() } else { String::new() }
}

/// Each stage with its standing, for the progress of a turn.
pub fn progress(view: &LocalView, turn: RowId) -> Vec<(Stage, Standing)> {
    let here = view.row(Table::Turns, turn).and_then(|turn| turn.row_id("stage_id"));
    let stages = stages(view);
    let at = stages.iter().position(|stage| Some(stage.id) == here);
    let standing = |index: usize| match at.map(|at| index.cmp(&at)) {
        Some(Ordering::Less) => Standing::Passed,
        Some(Ordering::Equal) => Standing::Here,
        Some(Ordering::Greater) | None => Standing::Ahead,
    };
    stages.into_iter().enumerate().map(|(index, stage)| (stage, standing(index))).collect()
}

/// What a turn lacks for a stage; the same rule that the tap will meet.
pub fn lacks(view: &LocalView, turn: RowId, stage: RowId) -> Option<StageDemand> {
    let turn = view.row(Table::Turns, turn)?;
    let to = view.row(Table::TurnStages, stage)?;
    let from = turn.row_id("stage_id").and_then(|id| view.row(Table::TurnStages, id));
    let property = turn.row_id("property_id").and_then(|id| view.row(Table::Properties, id));
    let scope_total: Cents = scope_total(view.group(Table::ScopeItems, "turn_id", Value::Uuid(turn.id().0)));
    let step = Step {
        from,
        to,
        turn,
        property,
        scope_total,
        thresholds: None,
    };
    step.check().err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::Field;

    #[test]
    fn a_stage_says_what_the_turn_lacks_until_it_has_it() {
        let mut field = Field::new();
        assert_eq!(lacks(&field.view, Field::TURN, Field::REVIEW), Some(StageDemand::Amount));
        field.put_item(Field::TURN, 1, "Kitchen", 100, 2_500);
        assert_eq!(lacks(&field.view, Field::TURN, Field::REVIEW), None);
    }

    #[test]
    fn a_retired_stage_stays_while_a_turn_stands_in_it() {
        let mut field = Field::new();
        let retired = RowId(uuid::Uuid::from_u128(3));
        field.put_stage(retired, "Old", 3, &[]);
        let mut row = field.view.row(Table::TurnStages, retired).cloned().expect("put");
        row.set("is_active", Value::Bool(false));
        field.put(row);
        let names = |field: &Field| stages(&field.view).into_iter().map(|stage| stage.name).collect::<Vec<_>>();
        assert_eq!(names(&field), ["Draft", "Scope Review"]);
        field.put_turn(Field::TURN, retired, &[]);
        assert_eq!(names(&field), ["Draft", "Scope Review", "Old"]);
    }

    #[test]
    fn only_hex_colours_reach_the_stylesheet() {
        for (text, color) in [("#1d4ed8", "#1d4ed8"), ("#abc", "#abc"), ("red;x:y", ""), ("#12345", ""), ("", "")] {
            assert_eq!(css_color(text), color);
        }
    }
}
