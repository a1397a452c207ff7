//! What the sender says about a file: to what it belongs, and what it shows.
//!
//! **Invariant:** nothing here decides where bytes lie or what they are; a file name is text and never a path.

use super::{content::ContentKind, staged::Staged};
use crate::{problem::Failure, write::Intent};
use domain::{Operation, RowId, Table, Value, WriteId};
use protocol::{Problem, WriteMetadata};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::{collections::BTreeMap, str::FromStr};
use uuid::Uuid;

const MAX_NAME_CHARS: usize = 200;

/// A file's place and description, as its sender gives them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// What the document belongs to.
    pub entity_type: String,
    /// Which one.
    pub entity_id: RowId,
    /// The document's row.
    pub document: RowId,
    /// The write that makes the row.
    pub write_id: WriteId,
    kind: Option<String>,
    file_name: Option<String>,
    caption: Option<String>,
    taken_at: Option<String>,
}

/// The names of the fields, where they differ from the columns'.
const NAMES: [(&str, &str); 4] = [
    ("entity_type", "entityType"),
    ("entity_id", "entityId"),
    ("taken_at", "takenAt"),
    ("file_name", "filename"),
];

impl Details {
    /// Reads the fields of a form or of an upload's metadata. `new_id` is for what has no id of its own.
    ///
    /// A sender that names its write but no document gets a document of that id: sent twice, it is still one document.
    pub fn read(fields: &BTreeMap<String, String>, new_id: Uuid) -> Result<Self, Problem> {
        let mut problems = BTreeMap::new();
        let text = |name: &str| fields.get(name).filter(|text| !text.trim().is_empty()).cloned();
        let write_id = id::<WriteId>(fields, "writeId", &mut problems);
        let document = id::<RowId>(fields, "documentId", &mut problems);
        let entity_id = id::<RowId>(fields, "entityId", &mut problems);
        for name in ["entityType", "entityId"] {
            if text(name).is_none() {
                problems.insert(name.to_owned(), "is required".to_owned());
            }
        }
        let entity_type = text("entityType").unwrap_or_default();
        if !entity_type.is_empty() && table_of(&entity_type).is_none() {
            problems.insert("entityType".to_owned(), "must be one of property, turn, scope_item, vendor".to_owned());
        }
        let (Some(entity_id), true) = (entity_id, problems.is_empty()) else {
            return Err(Problem::validation("some values are not right", problems));
        };
        Ok(Self {
            entity_type,
            entity_id,
            document: document.unwrap_or(RowId(write_id.map_or(new_id, |id| id.0))),
            write_id: write_id.unwrap_or(WriteId(new_id)),
            kind: text("kind"),
            file_name: text("filename"),
            caption: text("caption"),
            taken_at: text("takenAt"),
        })
    }

    /// The table of what the document belongs to.
    pub fn entity_table(&self) -> Option<Table> {
        table_of(&self.entity_type)
    }

    /// The write that makes the document's row, for a file that has come.
    pub fn intent(&self, content: ContentKind, staged: &Staged) -> Intent {
        let mut data = Map::new();
        let mut put = |column: &str, value: Option<Json>| value.map(|value| data.insert(column.to_owned(), value));
        put("entity_type", Some(self.entity_type.clone().into()));
        put("entity_id", Some(self.entity_id.to_string().into()));
        put("kind", self.kind.clone().map(Json::from));
        put("file_name", Some(plain_name(self.file_name.as_deref().unwrap_or_default(), content).into()));
        put("content_type", Some(content.media_type().into()));
        put("size_bytes", Some(staged.size_bytes.into()));
        put("content_hash", Some(staged.hash.clone().into()));
        put("caption", self.caption.clone().map(Json::from));
        put("taken_at", self.taken_at.clone().map(Json::from));
        Intent {
            table: Table::Documents,
            row_id: self.document,
            operation: Operation::Create,
            write_id: self.write_id,
            version: None,
            data,
            after: vec![],
            metadata: WriteMetadata::default(),
        }
    }
}

/// A refusal of the write path speaks of columns; the sender knows fields.
pub fn in_senders_words(failure: Failure) -> Failure {
    let Failure::Refused(mut problem) = failure else { return failure };
    let name = |column: String| NAMES.iter().find(|(own, _)| *own == column).map_or(column, |(_, name)| (*name).to_owned());
    problem.fields = problem.fields.into_iter().map(|(column, wrong)| (name(column), wrong)).collect();
    Failure::Refused(problem)
}

fn id<T: FromStr>(fields: &BTreeMap<String, String>, name: &str, problems: &mut BTreeMap<String, String>) -> Option<T> {
    let text = fields.get(name).filter(|text| !text.is_empty())?;
    let id = text.parse().ok();
    if id.is_none() {
        problems.insert(name.to_owned(), "must be an id".to_owned());
    }
    id
}

fn table_of(entity_type: &str) -> Option<Table> {
    let (entity_type, nobody) = (Value::text(entity_type), Value::Uuid(Uuid::nil()));
    let parent = Table::Documents.parent(|column| Some(if column == "entity_type" { &entity_type } else { &nobody }));
    parent.map(|(table, _)| table)
}

/// The last part of the name, without what could not be shown; a phone's picture often has none.
fn plain_name(given: &str, content: ContentKind) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    match shown.trim() {
        "" | "." | ".." => format!("file.{}", content.extension()),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01990000-0000-7000-8000-000000000001";
    const OTHER: &str = "01990000-0000-7000-8000-000000000002";

    fn read(fields: &[(&str, &str)]) -> Result<Details, Problem> {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Details::read(&fields, Uuid::from_u128(7))
    }

    #[test]
    fn everything_that_is_wrong_is_told_in_the_fields_own_names() {
        let problem = read(&[("entityType", "house"), ("writeId", "x")]).unwrap_err();
        let told: Vec<_> = problem.fields.keys().map(String::as_str).collect();
        assert_eq!(told, ["entityId", "entityType", "writeId"]);
    }

    #[test]
    fn a_document_is_named_by_itself_or_its_write_or_anew() {
        let base = [("entityType", "turn"), ("entityId", ID)];
        let document = |more: &[(&str, &str)]| read(&[&base, more].concat()).unwrap().document.to_string();
        assert_eq!(document(&[("documentId", ID), ("writeId", OTHER)]), ID);
        assert_eq!(document(&[("writeId", OTHER)]), OTHER);
        assert_eq!(document(&[]), Uuid::from_u128(7).to_string());
    }

    #[test]
    fn a_name_is_text_and_no_path() {
        for (given, kept) in [
            ("kitchen.jpg", "kitchen.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\photos\\кухня 1.jpg", "кухня 1.jpg"),
            ("a\r\nSet-Cookie: x\0.jpg", "aSet-Cookie: x.jpg"),
            ("..", "file.jpg"),
            ("", "file.jpg"),
        ] {
            assert_eq!(plain_name(given, ContentKind::Jpeg), kept);
        }
    }
}
