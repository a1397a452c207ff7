//! Finding elements as a screen reader does: by role and accessible name.
//!
//! A locator is a description, looked up again for each use, so it never holds an element that the app has replaced.
//!
//! **Invariant:** what acts on an element waits until there is exactly one; an ambiguous description is an error.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::Page;

/// A description of elements on a page.
#[derive(Clone)]
pub struct Locator {
    pub(super) page: Page,
    role: String,
    name: Name,
    within: Option<Box<Self>>,
    nth: Option<usize>,
}

#[derive(Clone)]
enum Name {
    Any,
    Exactly(String),
    Containing(String),
}

/// What stands in the element: a field's value, or the text that is seen.
const TEXT: &str = "function() { return this.value ?? this.innerText; }";

/// An element as it is now.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub backend_id: i64,
    pub name: String,
    pub disabled: bool,
}

impl Locator {
    pub(super) fn role(page: Page, role: &str) -> Self {
        Self {
            page,
            role: role.to_owned(),
            name: Name::Any,
            within: None,
            nth: None,
        }
    }

    /// Only with this accessible name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Name::Exactly(name.to_owned());
        self
    }

    /// Only with this somewhere in the accessible name.
    #[must_use]
    pub fn name_containing(mut self, part: &str) -> Self {
        self.name = Name::Containing(part.to_owned());
        self
    }

    /// Only the one at this place, from 0, of several.
    #[must_use]
    pub const fn nth(mut self, place: usize) -> Self {
        self.nth = Some(place);
        self
    }

    /// Elements of a role inside of this one.
    pub fn role_inside(&self, role: &str) -> Self {
        Self {
            within: Some(Box::new(self.clone())),
            ..Self::role(self.page.clone(), role)
        }
    }

    /// The element of a role with this name inside of this one.
    pub fn inside(&self, role: &str, name: &str) -> Self {
        self.role_inside(role).name(name)
    }

    /// Waits until there is exactly one.
    pub async fn wait(&self) -> Result<()> {
        self.page.eventually(&self.to_string(), async || self.find_one().await.map(drop)).await
    }

    /// Waits until there is none.
    pub async fn wait_gone(&self) -> Result<()> {
        self.page
            .eventually(&format!("{self} to go"), async || match self.count().await? {
                0 => Ok(()),
                count => bail!("there are {count}"),
            })
            .await
    }

    /// How many there are now.
    pub async fn count(&self) -> Result<usize> {
        Ok(self.find_all().await?.len())
    }

    /// The accessible names of all there are now, in document order.
    pub async fn names(&self) -> Result<Vec<String>> {
        Ok(self.find_all().await?.into_iter().map(|node| node.name).collect())
    }

    /// The text of the element, as it is seen; of a field, what it holds.
    pub async fn text(&self) -> Result<String> {
        let text = self.page.eventually(&self.to_string(), async || self.call(TEXT, json!([])).await).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the element's text contains this.
    pub async fn wait_text(&self, part: &str) -> Result<()> {
        self.page
            .eventually(&format!("{part:?} in {self}"), async || {
                let text = self.call("function() { return this.value ?? this.innerText; }", json!([])).await?;
                ensure!(text.as_str().unwrap_or_default().contains(part), "it reads {text}");
                Ok(())
            })
            .await
    }

    /// An attribute of the element.
    pub async fn attribute(&self, name: &str) -> Result<Option<String>> {
        let value = self.call("function(name) { return this.getAttribute(name); }", json!([name])).await?;
        Ok(value.as_str().map(str::to_owned))
    }

    /// Calls a JavaScript function with the element as `this`.
    pub async fn call(&self, function: &str, arguments: Value) -> Result<Value> {
        let node = self.find_one().await?;
        self.call_on(&node, function, arguments).await
    }

    pub(super) async fn call_on(&self, node: &Node, function: &str, arguments: Value) -> Result<Value> {
        let resolved = self.page.call("DOM.resolveNode", json!({ "backendNodeId": node.backend_id })).await?;
        let object = resolved["object"]["objectId"].as_str().context("the element is gone")?;
        let arguments: Vec<Value> = arguments.as_array().into_iter().flatten().map(|value| json!({ "value": value })).collect();
        let params = json!({
            "objectId": object, "functionDeclaration": function, "arguments": arguments,
            "returnByValue": true, "awaitPromise": true, "userGesture": true,
        });
        let mut answer = self.page.call("Runtime.callFunctionOn", params).await?;
        if let Some(details) = answer.get("exceptionDetails") {
            bail!("{function}: {}", super::journal::exception(details));
        }
        Ok(answer["result"]["value"].take())
    }

    pub(super) async fn find_one(&self) -> Result<Node> {
        let mut nodes = self.find_all().await?;
        ensure!(!nodes.is_empty(), "there is no {self}");
        ensure!(
            nodes.len() == 1,
            "there are {} of {self}: {:?}",
            nodes.len(),
            nodes.iter().map(|node| &node.name).collect::<Vec<_>>()
        );
        Ok(nodes.swap_remove(0))
    }

    async fn find_all(&self) -> Result<Vec<Node>> {
        let mut params = json!({ "role": self.role });
        match &self.within {
            Some(outer) => params["backendNodeId"] = Box::pin(outer.find_one()).await?.backend_id.into(),
            None => {
                let document = self.page.call("Runtime.evaluate", json!({ "expression": "document" })).await?;
                params["objectId"] = document["result"]["objectId"].clone();
            }
        }
        if let Name::Exactly(name) = &self.name {
            params["accessibleName"] = name.as_str().into();
        }
        let answer = self.page.call("Accessibility.queryAXTree", params).await?;
        let nodes = answer["nodes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|node| node["ignored"] != true)
            .filter_map(Node::read);
        let named = nodes.filter(|node| !matches!(&self.name, Name::Containing(part) if !node.name.contains(part)));
        Ok(match self.nth {
            Some(place) => named.skip(place).take(1).collect(),
            None => named.collect(),
        })
    }
}

impl Node {
    fn read(node: &Value) -> Option<Self> {
        let is_disabled = |property: &Value| property["name"] == "disabled" && property["value"]["value"] == true;
        Some(Self {
            backend_id: node["backendDOMNodeId"].as_i64()?,
            name: node["name"]["value"].as_str().unwrap_or_default().to_owned(),
            disabled: node["properties"].as_array().into_iter().flatten().any(is_disabled),
        })
    }
}

impl std::fmt::Display for Locator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.role)?;
        match &self.name {
            Name::Any => {}
            Name::Exactly(name) => write!(formatter, " {name:?}")?,
            Name::Containing(part) => write!(formatter, " with {part:?} in its name")?,
        }
        if let Some(place) = self.nth {
            write!(formatter, " (number {place})")?;
        }
        self.within.as_ref().map_or(Ok(()), |outer| write!(formatter, " inside {outer}"))
    }
}
