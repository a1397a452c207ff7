//! Who sees a row, kept up to date where it depends on another row: a turn's people see its property and its papers.
//!
//! What follows here changes columns of visibility only and leaves the version alone: nobody's edit of such a row meets a
//! conflict because the turn it belongs to got a vendor.
//!
//! **Invariant:** a row's columns of visibility are those of the row it belongs to; a property has those of the turn that
//! is under way there.

use super::carry_out::{Hand, RowChange, record};
use crate::{db::Unit, problem::Result};
use domain::{
    Row, Table, Value,
    mutation::{inherit_visibility, lend_sight},
    role::VISIBILITY,
};

/// After a turn was written: its children take its visibility, its property is seen by its people.
pub async fn follow_turn(unit: &mut Unit, hand: Hand<'_>, before: Option<&Row>, after: &Row) -> Result<()> {
    if before.is_some_and(|before| is_seen_alike(before, after)) {
        return Ok(());
    }
    if let Some(before) = before {
        pass_on(unit, hand, before, after).await?;
    }
    let Some(property) = after.row_id("property_id") else { return Ok(()) };
    let Some(property) = unit.find(Table::Properties, property).await? else {
        return Ok(());
    };
    let turns = unit.all_where(Table::Turns, "property_id", after.get("property_id")).await?;
    let under_way = turns
        .iter()
        .filter(|turn| turn.flag("is_active"))
        .max_by_key(|turn| (turn.timestamp("created_at"), turn.id()));
    let mut seen = property.clone();
    lend_sight(&mut seen, under_way);
    if seen == property {
        return Ok(());
    }
    record(unit, hand, RowChange::update(property.clone(), seen.clone())).await?;
    pass_on_to(unit, hand, &seen, Table::Documents, "entity_id").await.map(drop)
}

/// Brings a row's changed visibility to the rows that belong to it, and to theirs.
pub async fn pass_on(unit: &mut Unit, hand: Hand<'_>, before: &Row, after: &Row) -> Result<()> {
    if is_seen_alike(before, after) {
        return Ok(());
    }
    // Three generations at most: property, turn, scope item, and the papers of each.
    let mut parents = vec![after.clone()];
    while let Some(parent) = parents.pop() {
        for (table, column) in children(parent.table()) {
            parents.extend(pass_on_to(unit, hand, &parent, *table, column).await?);
        }
    }
    Ok(())
}

const fn children(table: Table) -> &'static [(Table, &'static str)] {
    match table {
        Table::Properties => &[(Table::Turns, "property_id"), (Table::Documents, "entity_id")],
        Table::Turns => &[(Table::ScopeItems, "turn_id"), (Table::Approvals, "turn_id"), (Table::Documents, "entity_id")],
        Table::ScopeItems | Table::Vendors => &[(Table::Documents, "entity_id")],
        _ => &[],
    }
}

/// Gives the children that changed.
async fn pass_on_to(unit: &mut Unit, hand: Hand<'_>, parent: &Row, table: Table, column: &'static str) -> Result<Vec<Row>> {
    let mut changed = vec![];
    for child in unit.all_where(table, column, &Value::Uuid(parent.id().0)).await? {
        let mut heir = child.clone();
        inherit_visibility(&mut heir, parent);
        if heir != child {
            record(unit, hand, RowChange::update(child, heir.clone())).await?;
            changed.push(heir);
        }
    }
    Ok(changed)
}

fn is_seen_alike(before: &Row, after: &Row) -> bool {
    VISIBILITY.iter().all(|column| before.get(column) == after.get(column))
}
