//! Shapes known by heart: a device asks for the same one again and again.
//!
//! **Invariant:** what is known is what would be made of the same sight and wish; forgetting it costs only time.

use super::{
    refusal::Invalid,
    request::{Request, Wish},
    shape::Shape,
    subset::Subset,
};
use crate::app::App;
use domain::{Table, Viewer};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Some kilobytes each; where there are more, all are made anew.
const MOST: usize = 10_000;
/// Longer conditions are read again each time.
const LONGEST_WISH: usize = 1_024;

/// What is wanted of what somebody sees, and which of its rows as they stand, if it is those.
pub fn wanted(app: &App, sight: Sight, request: &Request) -> Result<(Arc<Shape>, Option<Subset>), Invalid> {
    let shape = app.shapes.wanted(sight, &request.wish, app.db.epoch())?;
    let seen = || app.shapes.seen(sight, app.db.epoch());
    let subset = request.subset.as_ref().map(|wish| Subset::read(wish, &seen())).transpose()?;
    Ok((shape, subset))
}

/// A table as somebody sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sight {
    /// Which table.
    pub table: Table,
    /// Who looks; none for a program that sees everything.
    viewer: Option<Viewer>,
}

/// Shapes by who sees and what is wanted.
#[derive(Default)]
pub struct KnownShapes(Mutex<HashMap<(Sight, Wish), Arc<Shape>>>);

impl Sight {
    /// What somebody sees of a table.
    pub const fn of(viewer: Viewer, table: Table) -> Self {
        let viewer = Some(viewer);
        Self { table, viewer }
    }

    /// All of a table.
    pub const fn whole(table: Table) -> Self {
        Self { table, viewer: None }
    }

    fn shape(&self, epoch: &str) -> Shape {
        match &self.viewer {
            Some(viewer) => Shape::of(viewer, self.table, epoch),
            None => Shape::whole(self.table, epoch),
        }
    }
}

impl KnownShapes {
    /// All that somebody sees, in the database with this epoch.
    pub fn seen(&self, sight: Sight, epoch: &str) -> Arc<Shape> {
        let known = self.known().get(&(sight, Wish::default())).cloned();
        known.unwrap_or_else(|| {
            let shape = Arc::new(sight.shape(epoch));
            self.remember(sight, &Wish::default(), &shape);
            shape
        })
    }

    /// What is wanted of it.
    pub fn wanted(&self, sight: Sight, wish: &Wish, epoch: &str) -> Result<Arc<Shape>, Invalid> {
        if *wish == Wish::default() {
            return Ok(self.seen(sight, epoch));
        }
        let known = self.known().get(&(sight, wish.clone())).cloned();
        if let Some(shape) = known {
            return Ok(shape);
        }
        let shape = Arc::new(sight.shape(epoch).wanted(wish, epoch)?);
        self.remember(sight, wish, &shape);
        Ok(shape)
    }

    fn remember(&self, sight: Sight, wish: &Wish, shape: &Arc<Shape>) {
        if wish.bytes() > LONGEST_WISH {
            return;
        }
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert((sight, wish.clone()), Arc::clone(shape));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(Sight, Wish), Arc<Shape>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
