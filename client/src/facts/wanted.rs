//! Which turns somebody wants to see: by words, market, vendor, whose they are, and whether they are late.

use super::card;
use domain::{Date, Row, RowId, Table, UserId};
use std::collections::{BTreeSet, HashSet};
use sync::LocalView;

/// What is wanted. A turn has to meet all that is said; where nothing is, all are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Each word stands in its property's name, address or number, or in its own number.
    pub words: String,
    /// Its home is in this market.
    pub market: Option<String>,
    /// This vendor is assigned.
    pub vendor: Option<RowId>,
    /// Who is looking manages it.
    pub is_mine: bool,
    /// It was due before today.
    pub is_overdue: bool,
}

impl Wanted {
    /// Whether every turn is wanted.
    pub fn is_everything(&self) -> bool {
        self.words.trim().is_empty() && self.market.is_none() && self.vendor.is_none() && !self.is_mine && !self.is_overdue
    }

    /// The turns that are wanted by `me`, today; `None` where all are.
    pub fn find(&self, view: &LocalView, me: Option<UserId>, today: Date) -> Option<HashSet<RowId>> {
        if self.is_everything() {
            return None;
        }
        let words: Vec<String> = self.words.split_whitespace().map(str::to_lowercase).collect();
        let is_wanted = |turn: &&Row| self.is_met(view, turn, me, today) && holds(view, turn, &words);
        Some(view.rows(Table::Turns).filter(is_wanted).map(Row::id).collect())
    }

    /// All but the words, which cost more to look for.
    fn is_met(&self, view: &LocalView, turn: &Row, me: Option<UserId>, today: Date) -> bool {
        let is_late = || card::due(turn, today).is_some_and(|due| due.is_overdue);
        let is_in = |market: &String| property(view, turn).and_then(|property| property.text("market")) == Some(market);
        (self.vendor.is_none() || turn.row_id("vendor_id") == self.vendor)
            && (!self.is_mine || (me.is_some() && turn.user_id("property_manager_id") == me))
            && (!self.is_overdue || is_late())
            && self.market.as_ref().is_none_or(is_in)
    }
}

/// The markets in which there are homes, by name.
pub fn markets(view: &LocalView) -> BTreeSet<&str> {
    let markets = view.rows(Table::Properties).filter_map(|home| home.text("market"));
    markets.filter(|market| !market.is_empty()).collect()
}

fn property<'a>(view: &'a LocalView, turn: &Row) -> Option<&'a Row> {
    view.row(Table::Properties, turn.row_id("property_id")?)
}

fn holds(view: &LocalView, turn: &Row, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let text = searched_text(view, turn);
    words.iter().all(|word| text.contains(word))
}

fn searched_text(view: &LocalView, turn: &Row) -> String {
    let columns = ["name", "street_address", "city", "state", "zip_code", "property_number"];
    let of_property = property(view, turn)
        .into_iter()
        .flat_map(|property| columns.into_iter().filter_map(|column| property.text(column)));
    let of_turn = ["turn_number", "work_order_number"].into_iter().filter_map(|column| turn.text(column));
    of_property.chain(of_turn).collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::Field;
    use domain::Value;
    use uuid::Uuid;

    const OTHER: RowId = RowId(Uuid::from_u128(21));
    const APEX: RowId = RowId(Uuid::from_u128(30));

    fn on(day: u8) -> Date {
        Date::new(2026, 12, day).expect("a day")
    }

    /// One turn in Tulsa, of the manager's; and another one, late and with a vendor, somewhere else.
    fn field() -> Field {
        let mut field = Field::new();
        let mut home = field.view.row(Table::Properties, Field::PROPERTY).expect("a home").clone();
        home.set("market", Value::text("Tulsa"));
        field.put(home.clone());
        home.set("id", Value::Uuid(Uuid::from_u128(11)));
        home.set("market", Value::text("Dallas"));
        field.put(home);
        let values = [
            ("property_id", Value::Uuid(Uuid::from_u128(11))),
            ("vendor_id", Value::Uuid(APEX.0)),
            ("due_date", Value::Date(on(1))),
            ("property_manager_id", Value::Null),
        ];
        field.put_turn(OTHER, Field::DRAFT, &values);
        field
    }

    fn found(field: &Field, wanted: &Wanted) -> Option<Vec<RowId>> {
        let found = wanted.find(&field.view, Some(UserId(Field::MANAGER)), on(2))?;
        let mut found: Vec<RowId> = found.into_iter().collect();
        found.sort();
        Some(found)
    }

    #[test]
    fn every_word_has_to_stand_somewhere() {
        let field = Field::new();
        let finds = |words: &str| {
            let wanted = Wanted {
                words: words.to_owned(),
                ..Wanted::default()
            };
            found(&field, &wanted).is_none_or(|found| found == [Field::TURN])
        };
        for words in ["", "elm", "ELM tulsa", "p-007", "74104 12"] {
            assert!(finds(words), "{words}");
        }
        assert!(!finds("elm dallas"));
    }

    #[test]
    fn a_turn_has_to_meet_all_that_is_said() {
        let field = field();
        let in_market = |market: &str| Wanted {
            market: Some(market.to_owned()),
            ..Wanted::default()
        };
        let mine = Wanted {
            is_mine: true,
            ..Wanted::default()
        };
        let overdue = Wanted {
            is_overdue: true,
            ..Wanted::default()
        };
        let apex = Wanted {
            vendor: Some(APEX),
            ..Wanted::default()
        };
        assert_eq!(found(&field, &Wanted::default()), None);
        for (wanted, turns) in [
            (in_market("Tulsa"), vec![Field::TURN]),
            (in_market("Dallas"), vec![OTHER]),
            (mine.clone(), vec![Field::TURN]),
            (overdue.clone(), vec![OTHER]),
            (apex, vec![OTHER]),
            (Wanted { is_overdue: true, ..mine }, vec![]),
            (
                Wanted {
                    words: "elm".to_owned(),
                    ..overdue
                },
                vec![OTHER],
            ),
        ] {
            assert_eq!(found(&field, &wanted), Some(turns), "{wanted:?}");
        }
    }

    #[test]
    fn a_market_is_where_there_are_homes() {
        assert_eq!(markets(&field().view).into_iter().collect::<Vec<_>>(), ["Dallas", "Tulsa"]);
    }
}
