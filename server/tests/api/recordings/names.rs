//! Which handle, place and etag of ours a recorded one stands for.
//!
//! They are learnt from answers and used in later requests, as a client would.

use super::recording::Answer;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Names {
    handles: BTreeMap<String, String>,
    places: BTreeMap<(String, String), String>,
    etags: BTreeMap<String, String>,
}

impl Names {
    pub fn handle(&self, recorded: &str) -> String {
        self.handles.get(recorded).cloned().unwrap_or_else(|| recorded.to_owned())
    }

    /// A place under a recorded handle.
    pub fn place(&self, handle: &str, recorded: &str) -> String {
        let key = (handle.to_owned(), recorded.to_owned());
        self.places.get(&key).cloned().unwrap_or_else(|| recorded.to_owned())
    }

    pub fn etag(&self, recorded: &str) -> String {
        self.etags.get(recorded).cloned().unwrap_or_else(|| recorded.to_owned())
    }

    /// Learns from two answers that say the same. A handle stands for one handle, and no other stands for that.
    pub fn learn(&mut self, recorded: &Answer, ours: &Answer) -> Result<(), String> {
        let both = |name: &str| Some((recorded.headers.get(name)?.clone(), ours.headers.get(name)?.clone()));
        if let Some((handle, our_handle)) = both("electric-handle") {
            let is_new = !self.handles.contains_key(&handle) && !self.handles.values().any(|known| *known == our_handle);
            if !is_new && self.handles.get(&handle) != Some(&our_handle) {
                return Err(format!("the handle {handle} is {our_handle}, of: {:#?}", self.handles));
            }
            self.handles.insert(handle.clone(), our_handle);
            if let Some((place, our_place)) = both("electric-offset") {
                self.places.insert((handle, place), our_place);
            }
        }
        self.etags.extend(both("etag"));
        Ok(())
    }

    /// Learns from an answer that is meant to differ what nothing else has told.
    pub fn learn_what_is_new(&mut self, recorded: &Answer, ours: &Answer) {
        let (places, etags) = (self.places.clone(), self.etags.clone());
        if self.learn(recorded, ours).is_ok() {
            self.places.extend(places);
            self.etags.extend(etags);
        }
    }
}
