//! Rows in an order, found by their rank.
//!
//! Blocks of some hundred entries: a row comes, goes or is found in the time that a block takes, however many rows there are, and a screen
//! that shows a window of a long list asks for that window.
//!
//! **Invariant:** entries are sorted and unique, within a block and from one to the next; no block is empty or longer than [`FULL`].

use domain::{RowId, row::ValueRef};
use std::cmp::Ordering;

/// Where a row stands in a list before its id decides: the value that the list is ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rank {
    /// A number, a day or an instant.
    Number(i64),
    /// A text, as people sort names: without regard to case.
    Text(Box<str>),
    /// Nothing: behind everything.
    Last,
}

/// One row in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    rank: Rank,
    /// The id as a number: compared at once, and not byte by byte.
    id: u128,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Ranked {
    blocks: Vec<Vec<Entry>>,
    len: usize,
}

const FULL: usize = 256;

impl Rank {
    /// The rank that a value gives.
    pub fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Int(n) | ValueRef::Numeric(n) => Self::Number(n),
            ValueRef::Bool(b) => Self::Number(b.into()),
            ValueRef::Date(date) => Self::Number(date.days().into()),
            ValueRef::Timestamp(at) => Self::Number(at.micros()),
            ValueRef::Text(text) => Self::Text(text.to_lowercase().into()),
            ValueRef::Null | ValueRef::Uuid(_) | ValueRef::Texts(_) | ValueRef::PackedTexts(_) => Self::Last,
        }
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Last, Self::Last) => Ordering::Equal,
            (Self::Last, _) | (Self::Text(_), Self::Number(_)) => Ordering::Greater,
            (_, Self::Last) | (Self::Number(_), Self::Text(_)) => Ordering::Less,
        }
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Entry {
    /// A row of this rank.
    pub fn new(rank: Rank, id: RowId) -> Self {
        Self { rank, id: id.0.as_u128() }
    }

    fn id(&self) -> RowId {
        RowId(uuid::Uuid::from_u128(self.id))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank).then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ranked {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes a row in; says whether it was not there.
    pub fn insert(&mut self, entry: Entry) -> bool {
        if self.blocks.is_empty() {
            self.blocks.push(Vec::new());
        }
        let at = self.block_of(&entry).min(self.blocks.len() - 1);
        let block = &mut self.blocks[at];
        let Err(place) = block.binary_search(&entry) else { return false };
        block.insert(place, entry);
        self.len += 1;
        if block.len() > FULL {
            // What comes in its order fills block after block, and leaves none half empty.
            let keeps = if place == FULL { FULL } else { FULL / 2 };
            let rest = block.split_off(keeps);
            self.blocks.insert(at + 1, rest);
        }
        true
    }

    /// Takes a row out; says whether it was there.
    pub fn remove(&mut self, entry: &Entry) -> bool {
        let at = self.block_of(entry);
        let Some(block) = self.blocks.get_mut(at) else { return false };
        let Ok(place) = block.binary_search(entry) else { return false };
        block.remove(place);
        self.len -= 1;
        if block.is_empty() {
            self.blocks.remove(at);
        }
        true
    }

    /// The row at this rank, counted from 0.
    pub fn at(&self, rank: usize) -> Option<RowId> {
        self.from(rank).next()
    }

    /// All rows from this rank on.
    pub fn from(&self, rank: usize) -> impl Iterator<Item = RowId> + '_ {
        let mut before = rank;
        let block = self.blocks.iter().position(|block| match before.checked_sub(block.len()) {
            Some(rest) => {
                before = rest;
                false
            }
            None => true,
        });
        let blocks = self.blocks.get(block.unwrap_or(self.blocks.len())..).unwrap_or_default();
        blocks.iter().flatten().skip(if block.is_some() { before } else { 0 }).map(Entry::id)
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = RowId> + '_ {
        self.from(0)
    }

    /// The block that an entry is in, or would come into.
    fn block_of(&self, entry: &Entry) -> usize {
        self.blocks.partition_point(|block| block.last().is_some_and(|last| last < entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn id(n: u16) -> RowId {
        format!("00000000-0000-7000-8000-{n:012}").parse().expect("an id")
    }

    fn entry(n: u16) -> Entry {
        let rank = if n.is_multiple_of(7) { Rank::Last } else { Rank::Number((n % 13).into()) };
        Entry::new(rank, id(n))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn it_is_a_sorted_set(steps in prop::collection::vec((any::<bool>(), 0..1_500_u16), 1..3_000)) {
            let (mut ranked, mut plain) = (Ranked::default(), BTreeSet::new());
            for (comes, n) in steps {
                if comes {
                    prop_assert_eq!(ranked.insert(entry(n)), plain.insert(entry(n)));
                } else {
                    prop_assert_eq!(ranked.remove(&entry(n)), plain.remove(&entry(n)));
                }
            }
            let expected: Vec<RowId> = plain.iter().map(Entry::id).collect();
            prop_assert_eq!(ranked.len(), expected.len());
            for from in [0, 1, expected.len() / 2, expected.len(), expected.len() + 3] {
                prop_assert_eq!(ranked.from(from).collect::<Vec<_>>(), expected.get(from..).unwrap_or_default());
            }
            prop_assert!(ranked.blocks.iter().all(|block| (1..=FULL).contains(&block.len())));
        }
    }

    #[test]
    fn names_are_sorted_as_people_sort_them() {
        let mut ranked = Ranked::default();
        for (n, name) in [(0, "elm 4"), (1, "Ash 2"), (2, "Elm 3")] {
            ranked.insert(Entry::new(Rank::of(ValueRef::Text(name)), id(n)));
        }
        assert_eq!(ranked.iter().collect::<Vec<_>>(), [1, 2, 0].map(id));
    }
}
