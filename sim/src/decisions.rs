//! What people do with writes that wait or were refused, with and without a network, while an answer is on its way or not.
//!
//! **Invariant:** a person does only what the dialog offers for the question that the write asks.

use crate::{
    coverage::Fault,
    device::{Device, Signal, tab::Tab},
    office::ids,
    world::World,
};
use domain::{Operation, Row, RowId, Table, WriteId};
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, rc::Rc};
use sync::{
    Amendment, OutboxRecord, Store,
    outbox::{
        drain::own_records,
        resolve::{self, Question, Side},
    },
};

/// One way out.
#[derive(Clone, Debug)]
enum Way {
    Discard,
    SendAgain,
    RetryNow,
    KeepMine,
    TakeTheirs,
    Merge(BTreeMap<String, Side>),
    Edit(BTreeMap<String, Json>),
    MakeAgain(RowId),
}

impl World {
    /// A person looks at what was refused, or at what waits.
    pub fn person_decides(&self, device: &Rc<Device>) {
        let Some(tab) = self.some_tab(device) else { return };
        let Some((id, server, way)) = self.some_decision(&tab) else { return };
        self.tell(|| format!("device {}: {way:?} for {}", device.number, crate::disk::short(id)));
        decide(&tab, way.is_noted_as(), move |records| way.decide(records, id, server.as_ref()));
    }

    fn some_decision(&self, tab: &Tab) -> Option<(WriteId, Option<Row>, Way)> {
        let view = tab.view.borrow();
        let mut records: Vec<&OutboxRecord> = view.writes().filter(|record| record.seq != 0).collect();
        records.sort_by_key(|record| record.seq);
        if records.iter().any(|record| record.state.needs_user()) {
            records.retain(|record| record.state.needs_user());
        }
        if records.is_empty() {
            return None;
        }
        let record = *self.dice.pick(&records);
        let server = resolve::newest(record, view.synced_row(record.table, record.row_id));
        let way = self.some_way(record, &resolve::question(record, server.as_ref()));
        Some((record.write_id, server, way))
    }

    fn some_way(&self, record: &OutboxRecord, question: &Question) -> Way {
        let edit = Way::Edit(self.other_values(record));
        let ways = match question {
            Question::None => vec![Way::Discard, Way::SendAgain, Way::RetryNow],
            Question::Clash { columns } => {
                let side = |_: &String| if self.dice.one_in(2) { Side::Mine } else { Side::Theirs };
                let sides: BTreeMap<String, Side> = columns.iter().map(|column| (column.clone(), side(column))).collect();
                vec![
                    Way::KeepMine,
                    Way::KeepMine,
                    Way::TakeTheirs,
                    Way::Merge(sides.clone()),
                    Way::Merge(sides),
                    edit,
                    Way::SendAgain,
                    Way::Discard,
                ]
            }
            Question::EditedMeanwhile => vec![Way::KeepMine, Way::TakeTheirs, Way::SendAgain, Way::Discard],
            Question::DeletedMeanwhile { can_be_made_again: true } => vec![Way::MakeAgain(RowId(self.new_id())), Way::TakeTheirs],
            Question::DeletedMeanwhile { .. } | Question::AlreadyGone => vec![Way::TakeTheirs, Way::Discard],
            Question::SameThing { .. } => vec![Way::TakeTheirs, edit, Way::Discard],
            Question::Refused => vec![edit, Way::SendAgain, Way::Discard],
        };
        self.dice.pick(&ways).clone()
    }

    /// Values that the rules may take.
    fn other_values(&self, record: &OutboxRecord) -> BTreeMap<String, Json> {
        let text = |what: &str| json!(format!("{what} {}", self.dice.next()));
        let (column, value) = match (record.table, record.operation) {
            (Table::Properties, Operation::Create) => ("property_number", json!(format!("P-{}", self.dice.below(1_000_000)))),
            (Table::Turns, Operation::StageChange) => ("stage_id", json!(ids::stage(self.dice.below(9) as u64).to_string())),
            (Table::Turns, _) if record.changes.contains_key("vendor_id") => ("vendor_id", json!(ids::vendor(0).to_string())),
            (Table::ScopeItems, _) => ("description", text("mended")),
            _ => ("notes", text("mended")),
        };
        [(column.to_owned(), value)].into()
    }
}

impl Way {
    const fn is_noted_as(&self) -> Option<Fault> {
        match self {
            Self::Discard => Some(Fault::DiscardedByUser),
            Self::SendAgain => Some(Fault::ResentByUser),
            Self::RetryNow => None,
            Self::KeepMine => Some(Fault::KeptMine),
            Self::TakeTheirs => Some(Fault::TookTheirs),
            Self::Merge(_) => Some(Fault::MergedFields),
            Self::Edit(_) => Some(Fault::EditedByUser),
            Self::MakeAgain(_) => Some(Fault::MadeAgain),
        }
    }

    fn decide(&self, records: &[OutboxRecord], id: WriteId, server: Option<&Row>) -> Vec<OutboxRecord> {
        match self {
            Self::Discard => resolve::discard(records, id),
            Self::SendAgain => resolve::send_again(records, id),
            Self::RetryNow => resolve::retry_now(records),
            Self::KeepMine => resolve::keep_mine(records, id, server),
            Self::TakeTheirs => resolve::take_theirs(records, id, server),
            Self::Merge(sides) => server.map(|server| resolve::merge_fields(records, id, server, sides)).unwrap_or_default(),
            // What the rules refuse the form shows, and nothing happens.
            Self::Edit(values) => resolve::edit_and_resend(records, id, server, values).unwrap_or_default(),
            Self::MakeAgain(new_row) => resolve::make_again(records, id, *new_row),
        }
    }
}

/// Stores what a decision makes of a user's records (`browser/src/device/resolve.rs`).
fn decide(tab: &Rc<Tab>, noted_as: Option<Fault>, decide: impl Fn(&[OutboxRecord]) -> Vec<OutboxRecord> + 'static) {
    let tab = tab.clone();
    tab.clone().spawn(async move {
        let Some(user) = tab.user_id() else { return };
        for _ in 0..8 {
            // With somebody else signed in there is nothing to decide about.
            let Ok(records) = own_records(&tab.hand().on_behalf_of(user), user).await else {
                break;
            };
            let decided = decide(&records);
            note(&tab, &records, &decided);
            let amendments: Vec<Amendment> = decided.into_iter().map(Amendment::of).collect();
            if amendments.is_empty() {
                break;
            }
            let states = tab.device.disk.states();
            if tab.hand().amend(amendments).await == Ok(true) {
                if let Some(fault) = noted_as {
                    tab.device.world.met_in(fault, &tab.device, states);
                }
                break;
            }
        }
        tab.device.tell(tab.process, &Signal::OutboxChanged);
        tab.reload_outbox().await;
        tab.beat();
    });
}

/// What a person has decided may come back, and comes in another order.
fn note(tab: &Tab, before: &[OutboxRecord], decided: &[OutboxRecord]) {
    let world = &tab.device.world;
    for record in decided {
        let known = before.iter().find(|known| known.write_id == record.write_id);
        // A pause that ends changes nothing.
        if known.is_some_and(|known| (known.state, &known.changes, known.row_id) == (record.state, &record.changes, record.row_id)) {
            continue;
        }
        // What is set in the dialog is one's own value, too.
        tab.promise(record);
        world.ledger.borrow_mut().decided(record.write_id, record.state == sync::WriteState::Discarded);
        for row in known.into_iter().chain([record]).map(|record| record.row_id) {
            world.promises.borrow_mut().forgive_row(record.table, row);
        }
    }
}
