//! From the device's news to signals and triggers.
//!
//! **Invariant:** news that come while the device is still opening are kept and heard afterwards.

use super::{
    Absence, AppState, Shared,
    topics::{Topic, all_topics},
};
use crate::{facts::wanted::Wanted, format};
use browser::{Device, News};
use leptos::{leptos_dom::helpers::set_interval, prelude::*};
use protocol::User;
use std::{cell::RefCell, rc::Rc, time::Duration};
use sync::Touched;
use wasm_bindgen_futures::spawn_local;

/// What there is to show before the app.
#[derive(Clone)]
pub enum Opening {
    /// The device's storage is being opened; what keeps it, where something does.
    Waiting(Option<String>),
    /// Everything is here.
    Open(AppState),
    /// The storage could not be opened: the reason.
    Failed(String),
}

enum Ear {
    Early(Vec<News>),
    Open(AppState),
}

/// Opens the device and says how far it is.
pub fn open() -> RwSignal<Opening> {
    let opening = RwSignal::new(Opening::Waiting(None));
    let owner = Owner::current().unwrap_or_default();
    spawn_local(async move {
        let ear = Rc::new(RefCell::new(Ear::Early(Vec::new())));
        let hearing = Rc::clone(&ear);
        let hear = move |news| {
            if let (News::Storage(state), Opening::Waiting(_)) = (&news, opening.get_untracked()) {
                opening.set(Opening::Waiting(state.warning()));
            }
            hear(&hearing, news);
        };
        let opened = Device::open(hear).await;
        opening.set(match opened {
            Ok(device) => Opening::Open(owner.with(|| begin(device, &ear))),
            // What it waits for is its user: a newer version has been here, and what was said of it stands.
            Err(_) if matches!(opening.get_untracked(), Opening::Waiting(Some(_))) => return,
            Err(error) => Opening::Failed(error.to_string()),
        });
    });
    opening
}

/// What is told when the browser has cleared the app's data.
fn cleared(restored: usize, photos_lost: usize) -> String {
    let changes = match restored {
        0 => String::new(),
        _ => format!(" {} not sent yet and stored again.", format::count(restored, "change was", "changes were")),
    };
    let photos = match photos_lost {
        0 => String::new(),
        1 => " 1 photo had not been sent and is gone: please take it again.".to_owned(),
        _ => format!(" {photos_lost} photos had not been sent and are gone: please take them again."),
    };
    format!("The browser had cleared this device's data.{changes}{photos} The lists are fetched anew.")
}

fn hear(ear: &RefCell<Ear>, news: News) {
    let open = match &mut *ear.borrow_mut() {
        Ear::Early(early) => {
            early.push(news);
            return;
        }
        Ear::Open(state) => *state,
    };
    open.hear(news);
}

fn begin(device: Device, ear: &RefCell<Ear>) -> AppState {
    let state = AppState::new(device);
    if let Ear::Early(early) = ear.replace(Ear::Open(state)) {
        early.into_iter().for_each(|news| state.hear(news));
    }
    set_interval(move || state.look_at_clock(), Duration::from_secs(60));
    state
}

impl AppState {
    fn hear(self, news: News) {
        match news {
            News::Touched(touched) => self.hear_touched(&touched),
            News::Status => self.follow_status(),
            News::Photos => self.shared.with_value(|shared| shared.triggers.notify(&[Topic::Photos].into())),
            News::Session => {
                let user = self.device().user();
                if user.is_some() {
                    self.absence.set(Absence::Unknown);
                }
                if self.user.get_untracked() != user {
                    let id = |user: &Option<User>| user.as_ref().map(|user| user.id);
                    if self.user.with_untracked(id) != id(&user) {
                        self.wanted().set(Wanted::default());
                    }
                    self.user.set(user);
                }
                self.forget_everything();
                self.follow_status();
            }
            News::FirstSync => self.follow_lists(),
            News::Storage(storage) => self.storage.set(storage),
            News::StorageCleared { restored, photos_lost } => {
                self.toasts.tell(cleared(restored, photos_lost), None);
                self.follow_status();
            }
            News::StorageFailed(reason) => self.storage_failure.set(Some(reason)),
            News::FoundCleared => self.absence.set(Absence::Cleared),
            News::NewVersion => self.has_new_version.set(true),
        }
    }

    fn hear_touched(self, touched: &Touched) {
        self.shared.with_value(|Shared { device, triggers, amounts, .. }| {
            // A first sync touches a hundred thousand rows: asking every reader once is quicker than naming them.
            match device.with_view(|view| all_topics(touched, view)) {
                Some(topics) => {
                    amounts.forget(&topics);
                    triggers.notify(&topics);
                }
                None => {
                    amounts.forget_all();
                    triggers.notify_all();
                }
            }
        });
    }

    fn follow_status(self) {
        self.look_at_clock();
        self.follow_lists();
        let status = self.device().status();
        if self.status.get_untracked() != status {
            self.status.set(status);
        }
        self.shared.with_value(|shared| shared.triggers.notify(&[Topic::Writes].into()));
    }

    fn follow_lists(self) {
        let lists = self.device().lists();
        if self.lists.get_untracked() != lists {
            self.lists.set(lists);
        }
    }

    fn forget_everything(self) {
        self.follow_lists();
        self.shared.with_value(|shared| {
            shared.amounts.forget_all();
            shared.triggers.notify_all();
        });
    }

    fn look_at_clock(self) {
        let device = self.device();
        self.now_ms.set(device.now_ms());
        if self.today.get_untracked() != device.today() {
            self.today.set(device.today());
        }
    }
}
