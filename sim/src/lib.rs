//! The simulation: days of tablets, tabs, workers and one server, in which everything goes wrong that can.
//!
//! `domain`, `protocol` and `sync` are the real ones; the server is the [`office`] in memory or the real one over SQLite; the
//! browser's edges are told again in [`device`]. [`deeds`] is what happens in a day, [`evening`] what must be true after it.
//! One number replays a run.
//!
//! **Invariant:** what is found here can be repeated: nothing is random but the [`dice`].

pub mod coverage;
pub mod decisions;
pub mod deeds;
pub mod device;
pub mod dice;
pub mod disk;
pub mod evening;
pub mod executor;
pub mod files;
pub mod flicker;
pub mod ledger;
pub mod office;
pub mod real;
pub mod recovery;
pub mod runs;
pub mod seals;
pub mod server;
pub mod story;
pub mod wire;
pub mod world;
pub mod wrong;

use coverage::Coverage;
use device::{Device, tab::Tab};
use flicker::Looks;
use office::{Office, PEOPLE, ids};
use real::Real;
use server::Server;
use std::rc::Rc;
use world::World;
use wrong::Wrong;

/// How one day went.
#[derive(Debug)]
pub struct Outcome {
    /// Which law was broken, if one was.
    pub violation: Option<String>,
    /// Which faults met which states.
    pub coverage: Coverage,
    /// How many writes were promised to users.
    pub writes: usize,
    /// How often something was looked at that could have flickered.
    pub looks: Looks,
    /// What happened, if it was to be told.
    pub story: Vec<String>,
}

/// How large a day is; the smallest in which something goes wrong tells the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// At most so many tablets.
    pub devices: usize,
    /// At most so many deeds.
    pub deeds: usize,
}

impl Size {
    /// As large as days are.
    pub const FULL: Self = Self { devices: 3, deeds: 44 };
}

/// One day in so many is played before the real server.
pub const REAL_ONE_IN: u64 = 500;

/// Whether the day of a seed is played before the real server. What is wrong on purpose is wrong in the office.
pub const fn is_real(seed: u64, wrong: Option<Wrong>) -> bool {
    wrong.is_none() && seed.is_multiple_of(REAL_ONE_IN)
}

/// Plays the day of a seed before the office in memory, and now and then before the real server.
pub fn play(seed: u64, size: Size, wrong: Option<Wrong>, is_told: bool) -> Outcome {
    let server: Box<dyn Server> = if is_real(seed, wrong) {
        Box::new(Real::open())
    } else {
        Box::new(Office::open(wrong))
    };
    play_before(server, seed, size, wrong, is_told)
}

/// Plays the day of a seed before any server.
pub fn play_before(server: Box<dyn Server>, seed: u64, size: Size, wrong: Option<Wrong>, is_told: bool) -> Outcome {
    let world = World::new(seed, server, wrong, is_told);
    begin(&world, size);
    day(&world, size);
    if world.is_lawful() {
        world.let_the_sun_shine();
    }
    if world.is_lawful() {
        world.judge();
    }
    let outcome = Outcome {
        violation: world.violation(),
        coverage: world.coverage.clone(),
        writes: world.ledger.borrow().count(),
        looks: world.promises.borrow().judged(),
        story: world.story.last(usize::MAX),
    };
    world.tear_down();
    outcome
}

/// In good weather everybody signs in and gets their rows.
fn begin(world: &Rc<World>, size: Size) {
    world.is_stormy.set(false);
    world.is_contested_day.set(world.dice.one_in(3));
    let devices = 1 + world.dice.below(size.devices);
    for number in 0..devices {
        let device = Device::new(world, number);
        world.devices.borrow_mut().push(device.clone());
        let tab = Tab::open(&device);
        let user = ids::user(1 + world.dice.below(PEOPLE) as u64);
        tab.clone().spawn(async move {
            tab.sign_in(user).await;
        });
    }
    world.run_until(10_000);
    world.is_stormy.set(true);
}

fn day(world: &Rc<World>, size: Size) {
    let deeds = 8 + world.dice.below(size.deeds.saturating_sub(8).max(1));
    for _ in 0..deeds.min(size.deeds) {
        world.deed();
        for _ in 0..world.dice.below(60) {
            if !world.is_lawful() {
                return;
            }
            if !world.executor.step(&world.dice) && !world.executor.pass_time(world.now_ms() + 20_000) {
                break;
            }
        }
    }
}
