//! The worker: woken by a page or by the browser, sends, and may be stopped at any moment (`sw/src/drain.rs`).
//!
//! **Invariant:** it keeps nothing that is not in the store.

use super::{Device, drainer, drainer::Run};
use crate::executor::ProcessId;
use std::{cell::Cell, rc::Rc};

/// One life of a worker.
pub struct Worker {
    /// What dies with it.
    pub process: ProcessId,
    /// Whether a run is in line: it will find everything that is stored by now.
    is_one_in_line: Cell<bool>,
}

/// Why it is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A page's message.
    Page,
    /// Background Sync: the network is there, or the browser tries once more; so many times are left.
    Sync {
        /// How often the browser comes again after a failure.
        tries_left: u32,
    },
}

/// Starts the worker if it does not run, and has it send. A page's message while the device is offline goes nowhere.
pub fn wake(device: &Rc<Device>, why: Wake) {
    if why == Wake::Page && !device.is_online.get() {
        return;
    }
    let worker = device
        .worker
        .borrow_mut()
        .get_or_insert_with(|| {
            Rc::new(Worker {
                process: device.world.new_process(),
                is_one_in_line: Cell::new(false),
            })
        })
        .clone();
    if why == Wake::Page && worker.is_one_in_line.get() {
        return;
    }
    let device = device.clone();
    let process = worker.process;
    device.clone().world.executor.spawn(process, async move { run(worker, device, why).await });
}

async fn run(worker: Rc<Worker>, device: Rc<Device>, why: Wake) {
    worker.is_one_in_line.set(true);
    let turn = device.drain_lock.clone().lock_owned().await;
    worker.is_one_in_line.set(false);
    let (told, process) = (device.clone(), worker.process);
    let tell = move |signal: &super::Signal| told.tell(process, signal);
    let ended = drainer::run_drain(turn, &device, process, tell, why != Wake::Page).await;
    let is_done = matches!(ended, Ok(Run::Empty | Run::NobodySignedIn));
    if let Wake::Sync { tries_left } = why
        && !is_done
        && tries_left > 0
    {
        // The browser comes again after some minutes.
        device.world.executor.sleep(5 * 60 * 1_000).await;
        wake(&device, Wake::Sync { tries_left: tries_left - 1 });
    }
}
