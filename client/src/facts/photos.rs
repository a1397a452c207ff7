//! Photos as screens show them: which ones lie where, how each stands, and what it is called.
//!
//! **Invariant:** a photo is called waiting for as long as the server does not have all of it.

use crate::format;
use domain::{Row, RowId, Table};
use sync::{LocalView, Photo, PhotoState, view::Mark};

/// What a tile says of its photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The server has it.
    Saved,
    /// It waits for its turn.
    Waiting,
    /// So many hundredths of it have arrived.
    Sending(u64),
    /// Its document or the photo itself was refused.
    NeedsYou,
}

/// The photos of this kind that lie with a row, the earliest first.
pub fn of(view: &LocalView, entity: RowId, kind: &str) -> Vec<RowId> {
    let group = crate::state::documents_group(entity);
    let photos = view.group(group.table, group.column, group.value);
    photos.filter(|row| is_photo(row) && row.text("kind") == Some(kind)).map(Row::id).collect()
}

fn is_photo(row: &Row) -> bool {
    row.text("content_type").is_some_and(|kind| kind.starts_with("image/"))
}

/// How a photo stands, from what lies here of it and from its document's mark.
pub fn standing(photo: Option<&Photo>, document: Mark) -> Standing {
    match (photo.map(|photo| photo.state), document) {
        (Some(PhotoState::Refused), _) | (_, Mark::NeedsYou) => Standing::NeedsYou,
        (Some(PhotoState::Waiting), Mark::Saved) => match photo.map_or(0, percent) {
            0 => Standing::Waiting,
            percent => Standing::Sending(percent),
        },
        (Some(PhotoState::Waiting), _) | (None | Some(PhotoState::Sent), Mark::Waiting | Mark::Held) => Standing::Waiting,
        (None | Some(PhotoState::Sent), Mark::Saved) => Standing::Saved,
    }
}

fn percent(photo: &Photo) -> u64 {
    photo.sent_bytes.saturating_mul(100) / photo.size_bytes.max(1)
}

impl Standing {
    /// In words.
    pub fn in_words(self) -> String {
        match self {
            Self::Saved => "saved".to_owned(),
            Self::Waiting => "waiting".to_owned(),
            Self::Sending(percent) => format!("{percent} % sent"),
            Self::NeedsYou => "needs you".to_owned(),
        }
    }

    /// The colour of it.
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Waiting | Self::Sending(_) => "waiting",
            Self::NeedsYou => "needs-you",
        }
    }
}

/// Why a photo is refused, or has not arrived yet.
pub fn reason(photo: &Photo) -> Option<String> {
    let message = &photo.last_error.as_ref()?.problem.message;
    Some(format!("{}.", super::fields::capital(message).trim_end_matches('.')))
}

/// “hall.jpg of “Repaint the hall”, 812 kB”: what it shows, and how large it is.
pub fn line(view: &LocalView, photo: &Photo) -> String {
    let entity = photo.about.entity_id;
    let of = match view.row(Table::ScopeItems, entity) {
        Some(item) => format!("“{}”", item.text("description").unwrap_or("a scope item")),
        None => super::turn_name(view, entity),
    };
    format!("{} of {of}, {}", photo.about.file_name, format::bytes(photo.size_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::Field;
    use domain::{UserId, Value, WriteId};
    use sync::photos::About;
    use uuid::Uuid;

    fn photo(state: PhotoState, sent_bytes: u64) -> Photo {
        Photo {
            schema: 1,
            document_id: RowId(Uuid::from_u128(5)),
            user_id: UserId(Field::MANAGER),
            write_id: WriteId(Uuid::from_u128(6)),
            about: About {
                entity_type: "turn".to_owned(),
                entity_id: Field::TURN,
                kind: "before".to_owned(),
                file_name: "hall.jpg".to_owned(),
                taken_at: String::new(),
            },
            content_hash: String::new(),
            content_type: "image/jpeg".to_owned(),
            size_bytes: 812_000,
            kept_at_ms: 0,
            state,
            upload: None,
            sent_bytes,
            is_unanswered: false,
            attempts: 0,
            begun_again: 0,
            next_attempt_at_ms: None,
            last_error: None,
            revision: 0,
        }
    }

    #[test]
    fn a_photo_stands_as_the_worse_of_itself_and_its_document() {
        use Mark::{Held, NeedsYou, Saved, Waiting};
        use PhotoState::{Refused, Sent};
        let waiting = |sent| Some(photo(PhotoState::Waiting, sent));
        for (photo, document, expected) in [
            (None, Saved, Standing::Saved),
            (None, Waiting, Standing::Waiting),
            (waiting(0), Waiting, Standing::Waiting),
            (waiting(0), Saved, Standing::Waiting),
            (waiting(406_000), Saved, Standing::Sending(50)),
            (waiting(0), Held, Standing::Waiting),
            (waiting(0), NeedsYou, Standing::NeedsYou),
            (Some(photo(Refused, 0)), Saved, Standing::NeedsYou),
            (Some(photo(Sent, 812_000)), Saved, Standing::Saved),
        ] {
            assert_eq!(standing(photo.as_ref(), document), expected, "{document:?}");
        }
    }

    #[test]
    fn photos_are_listed_by_what_they_are_of_and_their_kind() {
        let mut field = Field::new();
        for (n, kind, content) in [
            (1, "before", "image/jpeg"),
            (2, "after", "image/png"),
            (3, "before", "application/pdf"),
            (4, "before", "image/webp"),
        ] {
            let mut row = Row::blank(Table::Documents);
            row.set("id", Value::Uuid(Uuid::from_u128(n)));
            row.set("version", Value::Int(1));
            row.set("entity_id", Value::Uuid(Field::TURN.0));
            row.set("kind", Value::text(kind));
            row.set("content_type", Value::text(content));
            field.put(row);
        }
        let ids = |kind| of(&field.view, Field::TURN, kind).iter().map(|id| id.0.as_u128()).collect::<Vec<_>>();
        assert_eq!((ids("before"), ids("after"), ids("other")), (vec![1, 4], vec![2], vec![]));
        assert_eq!(line(&field.view, &photo(PhotoState::Waiting, 0)), "hall.jpg of 12 Elm Street, 812 kB");
    }
}
