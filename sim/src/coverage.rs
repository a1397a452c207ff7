//! Which faults met which states of a write, counted over all runs: a fault that never happened proves nothing.
//!
//! **Invariant:** a cell counts the moments in which this fault met a device that had a write in this state.

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
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 48] = [
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

/// The table of one run, or of many.
#[derive(Clone, Debug, Default)]
pub struct Coverage(RefCell<Vec<[u64; STATES.len()]>>);

impl Coverage {
    /// A fault met these states.
    pub fn note(&self, fault: Fault, states: States) {
        let mut cells = self.0.borrow_mut();
        cells.resize(Fault::ALL.len(), [0; STATES.len()]);
        for (place, cell) in cells[fault as usize].iter_mut().enumerate() {
            *cell += u64::from(states.0 >> place & 1);
        }
    }

    /// Adds another run's.
    pub fn add(&self, other: &Self) {
        let mut cells = self.0.borrow_mut();
        cells.resize(Fault::ALL.len(), [0; STATES.len()]);
        for (mine, theirs) in cells.iter_mut().zip(&*other.0.borrow()) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
    }

    /// What never happened.
    pub fn missing(&self) -> Vec<(Fault, WriteState)> {
        let cells = self.0.borrow();
        let counts = |fault: Fault| cells.get(fault as usize).copied().unwrap_or_default();
        let pairs = Fault::ALL
            .into_iter()
            .flat_map(|fault| STATES.into_iter().zip(counts(fault)).map(move |(state, count)| (fault, state, count)));
        pairs.filter(|(_, _, count)| *count == 0).map(|(fault, state, _)| (fault, state)).collect()
    }
}

impl fmt::Display for Coverage {
    /// A line per fault, a column per state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<20}", "fault met a write")?;
        for state in STATES {
            write!(f, "{:>11}", format!("{state:?}").to_lowercase())?;
        }
        for (fault, counts) in Fault::ALL.iter().zip(&*self.0.borrow()) {
            write!(f, "\n{:<20}", format!("{fault:?}"))?;
            for count in counts {
                write!(f, "{count:>11}")?;
            }
        }
        Ok(())
    }
}
