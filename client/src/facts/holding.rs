//! Who has to do the next thing for a turn, and for how long it has been theirs.
//!
//! **Invariant:** a turn is somebody's or nobody's, never two people's: an approval that is waited for comes before the vendor's work, and that before
//! the manager's.

use domain::{
    Date, Row, RowId, Table, UserId, Value,
    approval::{ApprovalStatus, Level},
};
use sync::LocalView;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Who.
    pub by: Holder,
    /// Whole days.
    pub days: Option<i32>,
}

/// Who has to do the next thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Who is looking, as its property manager.
    You,
    /// Its property manager, somebody else.
    Manager,
    /// The vendor of this name, who works on it.
    Vendor(String),
    /// Whoever approves at this level.
    Approver(Level),
    /// Nobody.
    Nobody,
}

/// Whose turn it is; seen by `me`, today.
pub fn holding(view: &LocalView, turn: &Row, me: Option<UserId>, today: Date) -> Holding {
    if let Some(level) = awaited(turn) {
        return Holding {
            by: Holder::Approver(level),
            days: asked_on(view, turn.id(), level).map(|day| days_since(today, day)),
        };
    }
    let by = vendor_at_work(view, turn).map_or_else(|| manager(turn, me), Holder::Vendor);
    let entered = turn.timestamp("stage_entered_at");
    Holding {
        by,
        days: entered.map(|entered| days_since(today, entered.date_utc())),
    }
}

/// The level whose approval is waited for.
fn awaited(turn: &Row) -> Option<Level> {
    let status = turn.text("approval_status")?;
    [Level::Dfo, Level::Ho]
        .into_iter()
        .find(|level| ApprovalStatus::Needed(*level).name() == status)
}

fn asked_on(view: &LocalView, turn: RowId, level: Level) -> Option<Date> {
    let mut requests = view.group(Table::Approvals, "turn_id", Value::Uuid(turn.0));
    let request = requests.find(|request| request.text("status") == Some("pending") && request.text("level") == Some(level.name()))?;
    Some(request.timestamp("created_at")?.date_utc())
}

/// The vendor's name, from the stage that asks for one until the one that finishes the work.
fn vendor_at_work(view: &LocalView, turn: &Row) -> Option<String> {
    let vendor = view.row(Table::Vendors, turn.row_id("vendor_id")?)?;
    let here = view.row(Table::TurnStages, turn.row_id("stage_id")?)?.int("sequence")?;
    let sequences = |flag| {
        view.rows(Table::TurnStages)
            .filter(move |stage| stage.flag(flag))
            .filter_map(|stage| stage.int("sequence"))
    };
    let begins = sequences("requires_vendor").min()?;
    let ends = sequences("is_final").min().unwrap_or(i64::MAX);
    let is_at_work = (begins..ends).contains(&here);
    is_at_work.then(|| vendor.text("company_name").unwrap_or_default().to_owned())
}

fn manager(turn: &Row, me: Option<UserId>) -> Holder {
    match turn.user_id("property_manager_id") {
        None => Holder::Nobody,
        manager if manager == me => Holder::You,
        Some(_) => Holder::Manager,
    }
}

fn days_since(today: Date, day: Date) -> i32 {
    today.days_since(day).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::{Field, row};
    use domain::Timestamp;
    use uuid::Uuid;

    const PROGRESS: RowId = RowId(Uuid::from_u128(3));
    const DONE: RowId = RowId(Uuid::from_u128(4));
    const VENDOR: RowId = RowId(Uuid::from_u128(30));

    fn field() -> Field {
        let mut field = Field::new();
        field.put_stage(PROGRESS, "In Progress", 3, &["requires_vendor"]);
        field.put_stage(DONE, "Turns Complete", 4, &["is_final"]);
        let mut vendor = row(Table::Vendors, VENDOR);
        vendor.set("company_name", Value::text("Apex Painting"));
        field.put(vendor);
        field
    }

    fn on(day: u8) -> Date {
        Date::new(2026, 11, day).expect("a day")
    }

    fn at(day: u8) -> Value {
        let midnight: Timestamp = format!("2026-11-{day:02}T00:00:00Z").parse().expect("a time");
        Value::Timestamp(midnight)
    }

    fn held(field: &Field) -> Holding {
        let turn = field.view.row(Table::Turns, Field::TURN).expect("a turn");
        holding(&field.view, turn, Some(UserId(Field::MANAGER)), on(20))
    }

    #[test]
    fn its_manager_holds_it_since_it_came_into_its_stage() {
        let mut field = field();
        assert_eq!(held(&field), Holding { by: Holder::You, days: None });
        field.put_turn(Field::TURN, Field::DRAFT, &[("stage_entered_at", at(17))]);
        assert_eq!(
            held(&field),
            Holding {
                by: Holder::You,
                days: Some(3)
            }
        );
        let somebody = Value::Uuid(Uuid::from_u128(98));
        field.put_turn(Field::TURN, Field::DRAFT, &[("property_manager_id", somebody)]);
        assert_eq!(held(&field).by, Holder::Manager);
        field.put_turn(Field::TURN, Field::DRAFT, &[("property_manager_id", Value::Null)]);
        assert_eq!(held(&field).by, Holder::Nobody);
    }

    #[test]
    fn its_vendor_holds_it_while_there_is_work() {
        let mut field = field();
        let vendor = ("vendor_id", Value::Uuid(VENDOR.0));
        for (stage, by) in [
            (Field::REVIEW, Holder::You),
            (PROGRESS, Holder::Vendor("Apex Painting".to_owned())),
            (DONE, Holder::You),
        ] {
            field.put_turn(Field::TURN, stage, std::slice::from_ref(&vendor));
            assert_eq!(held(&field).by, by);
        }
        field.put_turn(Field::TURN, PROGRESS, &[]);
        assert_eq!(held(&field).by, Holder::You, "nobody was assigned");
    }

    #[test]
    fn an_approver_holds_it_since_they_were_asked() {
        let mut field = field();
        let waits = [("approval_status", Value::text("ho_needed")), ("stage_entered_at", at(2))];
        field.put_turn(Field::TURN, Field::REVIEW, &waits);
        assert_eq!(
            held(&field),
            Holding {
                by: Holder::Approver(Level::Ho),
                days: None
            }
        );
        for (n, level, status, day) in [(50, "DFO", "approved", 10), (51, "HO", "pending", 15)] {
            let mut request = row(Table::Approvals, RowId(Uuid::from_u128(n)));
            request.set("turn_id", Value::Uuid(Field::TURN.0));
            request.set("level", Value::text(level));
            request.set("status", Value::text(status));
            request.set("created_at", at(day));
            field.put(request);
        }
        assert_eq!(held(&field).days, Some(5));
    }
}
