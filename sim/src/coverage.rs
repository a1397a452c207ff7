//! Which faults met which states of a write, counted over all runs: a fault that never happened proves nothing.
//!
//! **Invariant:** a cell counts the moments in which this fault met a device that had a write in this state, or a request with such a write in it;
//! what was only tried is not counted.

use std::{cell::RefCell, fmt};
use sync::WriteState;

/// Everything that can go wrong, or just happen at a bad moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Fault {
    LostRequest,
    LostAnswer,
    AnswerNeverComes,
    RequestTwice,
    RequestLate,
    HalfAnswered,
    HotelPage,
    Unauthenticated,
    Forbidden,
    Conflict,
    Unprocessable,
    TooMany,
    TooLarge,
    FaultBeforeCommit,
    FaultAfterCommit,
    Unavailable,
    Offline,
    SignedOut,
    SignedInAsOther,
    SessionEnded,
    TabDied,
    WorkerDied,
    BrowserClosed,
    StorageFull,
    MustRefetch,
    LogTrimmed,
    ServerRestarted,
    DoorbellBroke,
    ClockJumped,
    AppUpdated,
    AccessWithdrawn,
    AccessGiven,
    ResentByUser,
    DiscardedByUser,
    Quarantined,
    Adopted,
    HeldRefused,
    KeptMine,
    TookTheirs,
    MergedFields,
    EditedByUser,
    MadeAgain,
    SealedAtSignOut,
    GivenUpAtSignOut,
    HandedOver,
    Imported,
    OldEnvelope,
    StorageCleared,
    ShapeLost,
    ShapeTooMany,
    ShapeDenied,
    RequestForbidden,
    ConnectionCut,
    HistoryForgotten,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 54] = [
        Self::LostRequest,
        Self::LostAnswer,
        Self::AnswerNeverComes,
        Self::RequestTwice,
        Self::RequestLate,
        Self::HalfAnswered,
        Self::HotelPage,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::Conflict,
        Self::Unprocessable,
        Self::TooMany,
        Self::TooLarge,
        Self::FaultBeforeCommit,
        Self::FaultAfterCommit,
        Self::Unavailable,
        Self::Offline,
        Self::SignedOut,
        Self::SignedInAsOther,
        Self::SessionEnded,
        Self::TabDied,
        Self::WorkerDied,
        Self::BrowserClosed,
        Self::StorageFull,
        Self::MustRefetch,
        Self::LogTrimmed,
        Self::ServerRestarted,
        Self::DoorbellBroke,
        Self::ClockJumped,
        Self::AppUpdated,
        Self::AccessWithdrawn,
        Self::AccessGiven,
        Self::ResentByUser,
        Self::DiscardedByUser,
        Self::Quarantined,
        Self::Adopted,
        Self::HeldRefused,
        Self::KeptMine,
        Self::TookTheirs,
        Self::MergedFields,
        Self::EditedByUser,
        Self::MadeAgain,
        Self::SealedAtSignOut,
        Self::GivenUpAtSignOut,
        Self::HandedOver,
        Self::Imported,
        Self::OldEnvelope,
        Self::StorageCleared,
        Self::ShapeLost,
        Self::ShapeTooMany,
        Self::ShapeDenied,
        Self::RequestForbidden,
        Self::ConnectionCut,
        Self::HistoryForgotten,
    ];
}

/// The states that a fault can meet: those of a write that is not over.
pub const STATES: [WriteState; 6] = [
    WriteState::Pending,
    WriteState::Sending,
    WriteState::Acked,
    WriteState::Rejected,
    WriteState::Blocked,
    WriteState::Held,
];

/// The states that a device's outbox has a write in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct States(u8);

impl States {
    /// With one more.
    pub fn add(&mut self, state: WriteState) {
        if let Some(place) = STATES.iter().position(|known| *known == state) {
            self.0 |= 1 << place;
        }
    }
}

/// The tables of one run, or of many.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    devices: RefCell<Counts>,
    requests: RefCell<Counts>,
}

type Counts = Vec<[u64; STATES.len()]>;

/// What meets a request meets what is in it.
const ON_THE_WAY: [Fault; 20] = [
    Fault::LostRequest,
    Fault::LostAnswer,
    Fault::AnswerNeverComes,
    Fault::RequestTwice,
    Fault::RequestLate,
    Fault::HalfAnswered,
    Fault::HotelPage,
    Fault::Unauthenticated,
    Fault::Forbidden,
    Fault::RequestForbidden,
    Fault::Conflict,
    Fault::Unprocessable,
    Fault::TooMany,
    Fault::TooLarge,
    Fault::FaultBeforeCommit,
    Fault::FaultAfterCommit,
    Fault::Unavailable,
    Fault::Offline,
    Fault::Quarantined,
    Fault::ConnectionCut,
];
/// Comes about only where access returns to a held write that the rules refuse as well: hardly once in ten thousand days.
const RARE: (Fault, WriteState) = (Fault::Unprocessable, WriteState::Held);
/// The states that a write travels in.
const TRAVELLING: [WriteState; 2] = [WriteState::Sending, WriteState::Held];

impl Coverage {
    /// A fault met a device with writes in these states.
    pub fn note(&self, fault: Fault, states: States) {
        count(&mut self.devices.borrow_mut(), fault, states);
    }

    /// A fault met a request with writes in these states.
    pub fn note_request(&self, fault: Fault, states: States) {
        count(&mut self.requests.borrow_mut(), fault, states);
    }

    /// Adds another run's.
    pub fn add(&self, other: &Self) {
        for (mine, theirs) in [(&self.devices, &other.devices), (&self.requests, &other.requests)] {
            let mut mine = mine.borrow_mut();
            mine.resize(Fault::ALL.len(), [0; STATES.len()]);
            for (mine, theirs) in mine.iter_mut().zip(&*theirs.borrow()) {
                mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
            }
        }
    }

    /// What never happened, on a device or on the way.
    pub fn missing(&self) -> Vec<(&'static str, Fault, WriteState)> {
        let (devices, requests) = (self.devices.borrow(), self.requests.borrow());
        let on_devices = Fault::ALL
            .iter()
            .flat_map(|fault| STATES.map(|state| ("on a device", *fault, state, count_of(&devices, *fault, state))));
        let on_the_way = ON_THE_WAY
            .iter()
            .flat_map(|fault| TRAVELLING.map(|state| ("in a request", *fault, state, count_of(&requests, *fault, state))));
        let on_the_way = on_the_way.filter(|(_, fault, state, _)| (*fault, *state) != RARE);
        let never = on_devices.chain(on_the_way).filter(|(.., count)| *count == 0);
        never.map(|(place, fault, state, _)| (place, fault, state)).collect()
    }
}

fn count(counts: &mut Counts, fault: Fault, states: States) {
    counts.resize(Fault::ALL.len(), [0; STATES.len()]);
    for (place, cell) in counts[fault as usize].iter_mut().enumerate() {
        *cell += u64::from(states.0 >> place & 1);
    }
}

fn count_of(counts: &Counts, fault: Fault, state: WriteState) -> u64 {
    let place = STATES.iter().position(|known| *known == state);
    counts.get(fault as usize).zip(place).map_or(0, |(cells, place)| cells[place])
}

impl fmt::Display for Coverage {
    /// A line per fault, a column per state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table(f, "met a device with a write", &Fault::ALL, &STATES, &self.devices.borrow())?;
        f.write_str("\n\n")?;
        table(f, "met a request with one", &ON_THE_WAY, &TRAVELLING, &self.requests.borrow())
    }
}

fn table(f: &mut fmt::Formatter<'_>, title: &str, faults: &[Fault], states: &[WriteState], counts: &Counts) -> fmt::Result {
    write!(f, "{title:<26}")?;
    for state in states {
        write!(f, "{:>11}", format!("{state:?}").to_lowercase())?;
    }
    for fault in faults {
        write!(f, "\n{:<26}", format!("{fault:?}"))?;
        for state in states {
            write!(f, "{:>11}", count_of(counts, *fault, *state))?;
        }
    }
    Ok(())
}
