//! Typing: text into fields, and single keys.
//!
//! **Invariant:** a field ends up with exactly the text that was asked for, whatever stood there before.

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use super::Page;
use super::locator::Locator;

/// Name, code and text of the keys that are not characters.
const KEYS: [(&str, i32, &str); 14] = [
    ("Enter", 13, "\r"),
    ("Tab", 9, ""),
    ("Escape", 27, ""),
    ("Backspace", 8, ""),
    ("Delete", 46, ""),
    ("Home", 36, ""),
    ("End", 35, ""),
    ("PageUp", 33, ""),
    ("PageDown", 34, ""),
    ("ArrowLeft", 37, ""),
    ("ArrowUp", 38, ""),
    ("ArrowRight", 39, ""),
    ("ArrowDown", 40, ""),
    ("Space", 32, " "),
];

impl Locator {
    /// Moves the keyboard's focus there.
    pub async fn focus(&self) -> Result<()> {
        self.page
            .eventually(&format!("{self} to focus"), async || {
                let node = self.find_one().await?;
                ensure!(!node.disabled, "it is disabled");
                self.page.call("DOM.focus", json!({ "backendNodeId": node.backend_id })).await.map(drop)
            })
            .await
    }

    /// Puts a text into a field in place of what it holds, as by typing or picking it.
    pub async fn fill(&self, text: &str) -> Result<()> {
        self.focus().await?;
        let done = self.call(PREPARE, json!([text])).await?;
        if done == true {
            return Ok(());
        }
        if text.is_empty() {
            return self.page.press("Delete").await;
        }
        self.page.call("Input.insertText", json!({ "text": text })).await.map(drop)
    }

    /// Picks an option of a `<select>` by its label.
    pub async fn select(&self, label: &str) -> Result<()> {
        self.page
            .eventually(&format!("{label:?} in {self}"), async || {
                let done = self.call(SELECT, json!([label])).await?;
                ensure!(done == true, "its options are {done}");
                Ok(())
            })
            .await
    }
}

/// Selects what is there, so that typing replaces it. Fields that a picker fills (dates, colours) take their value
/// here: nothing can be typed into them at once.
const PREPARE: &str = "function(text) {
    if (['date', 'datetime-local', 'month', 'time', 'week', 'color', 'range'].includes(this.type)) {
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(this, text);
        for (const type of ['input', 'change']) this.dispatchEvent(new Event(type, { bubbles: true }));
        return true;
    }
    if (this.select) this.select(); else getSelection().selectAllChildren(this);
    return false;
}";

const SELECT: &str = "function(label) {
    const option = [...this.options].find(option => option.label.trim() === label);
    if (!option) return [...this.options].map(option => option.label).join(', ');
    this.value = option.value;
    for (const type of ['input', 'change']) this.dispatchEvent(new Event(type, { bubbles: true }));
    return true;
}";

impl Page {
    /// Presses a key: `Enter`, `ArrowLeft`, `a`; with modifiers `Shift+Tab`, `Control+k`.
    pub async fn press(&self, combination: &str) -> Result<()> {
        let (modifiers, key) = match combination.rsplit_once('+') {
            Some((modifiers, key)) if !key.is_empty() => (modifiers.split('+').map(modifier).sum::<Result<i32>>()?, key),
            _ => (0, combination),
        };
        let (code, text) = key_code(key).with_context(|| format!("there is no key {key:?}"))?;
        let name = if key == "Space" { " " } else { key };
        let mut params = json!({ "type": "keyDown", "key": name, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers });
        // With Control or Alt a key is a command, not a character.
        if !text.is_empty() && modifiers & !8 == 0 {
            params["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", params.clone()).await?;
        params["type"] = "keyUp".into();
        if let Some(params) = params.as_object_mut() {
            params.remove("text");
        }
        self.call("Input.dispatchKeyEvent", params).await.map(drop)
    }

    /// Types text where the focus is.
    pub async fn type_text(&self, text: &str) -> Result<()> {
        self.call("Input.insertText", json!({ "text": text })).await.map(drop)
    }
}

fn modifier(name: &str) -> Result<i32> {
    Ok(match name {
        "Alt" => 1,
        "Control" => 2,
        "Meta" => 4,
        "Shift" => 8,
        _ => bail!("there is no modifier {name:?}"),
    })
}

fn key_code(key: &str) -> Option<(i32, String)> {
    if let Some((_, code, text)) = KEYS.iter().find(|(name, ..)| *name == key) {
        return Some((*code, (*text).to_owned()));
    }
    let mut characters = key.chars();
    let character = characters.next().filter(|_| characters.next().is_none())?;
    Some((i32::try_from(u32::from(character.to_ascii_uppercase())).ok()?, character.to_string()))
}
