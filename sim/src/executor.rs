//! Who goes on next: an executor of one thread, in a time of its own.
//!
//! Of all tasks that could go on the dice choose one; time passes only when none can. A task belongs to a process, and a
//! process that is killed drops its futures where they stand, as a browser does with a tab.
//!
//! **Invariant:** the order of everything follows from the dice.

use crate::dice::Dice;
use futures::future::LocalBoxFuture;
use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::BinaryHeap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

/// What lives and dies together: a tab, a worker, a request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub u32);

/// See the module.
#[derive(Default)]
pub struct Executor {
    tasks: RefCell<Vec<Option<Task>>>,
    ready: Arc<Ready>,
    timers: RefCell<BinaryHeap<Reverse<Timer>>>,
    timers_set: Cell<u64>,
    now_ms: Cell<i64>,
    doomed: RefCell<Vec<ProcessId>>,
}

struct Task {
    process: ProcessId,
    /// Taken out while it is polled.
    future: Option<LocalBoxFuture<'static, ()>>,
    waker: Waker,
}

#[derive(Default)]
struct Ready(Mutex<Vec<usize>>);

struct Alarm {
    task: usize,
    ready: Arc<Ready>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        let mut ready = self.ready.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !ready.contains(&self.task) {
            ready.push(self.task);
        }
    }
}

struct Timer {
    at_ms: i64,
    number: u64,
    waker: Waker,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Timer {}
impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_ms, self.number).cmp(&(other.at_ms, other.number))
    }
}

impl Executor {
    /// True time, in milliseconds since the run began.
    pub fn now_ms(&self) -> i64 {
        self.now_ms.get()
    }

    /// Begins a task of a process.
    pub fn spawn(&self, process: ProcessId, future: impl Future<Output = ()> + 'static) {
        let mut tasks = self.tasks.borrow_mut();
        let alarm = Arc::new(Alarm {
            task: tasks.len(),
            ready: self.ready.clone(),
        });
        let waker = Waker::from(alarm);
        waker.wake_by_ref();
        tasks.push(Some(Task {
            process,
            future: Some(Box::pin(future)),
            waker,
        }));
    }

    /// Drops all that a process is doing, at once or, from within a task, right after it.
    pub fn kill(&self, process: ProcessId) {
        self.doomed.borrow_mut().push(process);
    }

    /// Drops every task.
    pub fn clear(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
        self.timers.borrow_mut().clear();
        self.doomed.borrow_mut().clear();
    }

    /// Lets one task go on that the dice choose; says whether there was one.
    pub fn step(&self, dice: &Dice) -> bool {
        self.bury();
        let chosen = {
            let mut ready = self.ready.0.lock().unwrap_or_else(PoisonError::into_inner);
            if ready.is_empty() {
                return false;
            }
            let place = dice.below(ready.len());
            ready.swap_remove(place)
        };
        self.poll(chosen);
        self.bury();
        true
    }

    /// Lets time pass up to the next timer, but not beyond `until_ms`; says whether there was one.
    pub fn pass_time(&self, until_ms: i64) -> bool {
        let due = self.timers.borrow().peek().map(|Reverse(timer)| timer.at_ms);
        let Some(due) = due.filter(|due| *due <= until_ms) else {
            self.now_ms.set(self.now_ms.get().max(until_ms));
            return false;
        };
        self.now_ms.set(self.now_ms.get().max(due));
        while self.timers.borrow().peek().is_some_and(|Reverse(timer)| timer.at_ms <= due) {
            if let Some(Reverse(timer)) = self.timers.borrow_mut().pop() {
                timer.waker.wake();
            }
        }
        true
    }

    /// Completes after so long. With 0 it lets others go first.
    pub fn sleep(&self, ms: i64) -> Sleep<'_> {
        Sleep {
            executor: self,
            at_ms: self.now_ms.get().saturating_add(ms.max(0)),
            is_set: false,
        }
    }

    fn poll(&self, chosen: usize) {
        let (mut future, waker) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(chosen).and_then(Option::as_mut) else { return };
            let Some(future) = task.future.take() else { return };
            (future, task.waker.clone())
        };
        let outcome = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut tasks = self.tasks.borrow_mut();
        match outcome {
            Poll::Ready(()) => tasks[chosen] = None,
            Poll::Pending => {
                if let Some(task) = tasks[chosen].as_mut() {
                    task.future = Some(future);
                }
            }
        }
    }

    fn bury(&self) {
        loop {
            let Some(process) = self.doomed.borrow_mut().pop() else { return };
            let is_theirs = |task: &Option<Task>| task.as_ref().is_some_and(|task| task.process == process);
            let dead: Vec<Option<Task>> = self.tasks.borrow_mut().iter_mut().filter(|task| is_theirs(task)).map(Option::take).collect();
            // What they let go of may wake others or kill more: nothing is borrowed here.
            drop(dead);
        }
    }
}

/// See [`Executor::sleep`].
pub struct Sleep<'a> {
    executor: &'a Executor,
    at_ms: i64,
    is_set: bool,
}

impl Future for Sleep<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let now_ms = self.executor.now_ms.get();
        if self.is_set && now_ms >= self.at_ms {
            return Poll::Ready(());
        }
        if !self.is_set {
            self.is_set = true;
            if self.at_ms <= now_ms {
                context.waker().wake_by_ref();
            } else {
                let number = self.executor.timers_set.get() + 1;
                self.executor.timers_set.set(number);
                self.executor.timers.borrow_mut().push(Reverse(Timer {
                    at_ms: self.at_ms,
                    number,
                    waker: context.waker().clone(),
                }));
            }
        }
        Poll::Pending
    }
}
