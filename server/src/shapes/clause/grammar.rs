//! SQL's grammar, which is the parser crate's: a text as one part of it, or what is wrong and where.
//!
//! **Invariant:** all of the text is read, and no text is too long or nested too deeply to be refused.

use sqlparser::{
    ast::Ident,
    dialect::PostgreSqlDialect,
    parser::{Parser, ParserError},
    tokenizer::{Location, Token, Tokenizer},
};
use std::fmt;

/// Longer than anybody needs.
const MAX_BYTES: usize = 16 * 1024;
/// The most words and operators. A chain of them (`1-1-1…`, `x::text::text…`) becomes a tree that is as deep, and is walked
/// down and dropped on the stack; SQLite takes no deeper ones either. Constants and their commas hang side by side.
const MAX_LINKS: usize = 1_000;

/// What is wrong, and where: characters from the beginning.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    pub(super) at: usize,
    pub(super) what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At location {}: {}", self.at, self.what)
    }
}

/// All of the text, as one part of SQL's grammar.
pub fn parsed<T>(text: &str, part: impl FnOnce(&mut Parser) -> Result<T, ParserError>) -> Result<T, Wrong> {
    if text.len() > MAX_BYTES {
        let what = format!("the clause is longer than {MAX_BYTES} bytes");
        return Err(Wrong { at: MAX_BYTES, what });
    }
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, text).tokenize_with_location().map_err(|error| Wrong {
        at: offset(text, error.location),
        what: format!("syntax error: {}", error.message),
    })?;
    let mut links = tokens.iter().filter(|token| is_link(&token.token));
    if let Some(link) = links.nth(MAX_LINKS) {
        let what = format!("the clause has more than {MAX_LINKS} words and operators");
        return Err(Wrong {
            at: offset(text, link.span.start),
            what,
        });
    }
    let mut parser = Parser::new(&dialect).with_tokens_with_locations(tokens);
    let read = part(&mut parser);
    let next = parser.peek_token();
    match read {
        Ok(read) if next.token == Token::EOF => Ok(read),
        Err(ParserError::RecursionLimitExceeded) => Err(Wrong {
            at: 0,
            what: "the clause is nested too deeply".to_owned(),
        }),
        _ if next.token == Token::EOF => Err(Wrong {
            at: text.chars().count(),
            what: "syntax error at end of input".to_owned(),
        }),
        _ => Err(Wrong {
            at: offset(text, next.span.start),
            what: format!("syntax error at or near \"{}\"", next.token),
        }),
    }
}

const fn is_link(token: &Token) -> bool {
    !matches!(
        token,
        Token::Whitespace(_) | Token::Comma | Token::Number(..) | Token::SingleQuotedString(_) | Token::Placeholder(_) | Token::EOF
    )
}

/// Characters before a place that the parser counts in lines and columns, both from 1.
pub fn offset(text: &str, place: Location) -> usize {
    let lines = text.split_inclusive('\n').take(place.line.saturating_sub(1) as usize);
    lines.map(|line| line.chars().count()).sum::<usize>() + place.column.saturating_sub(1) as usize
}

/// A name as SQL means it: in lower case, unless it is quoted.
pub fn folded(name: &Ident) -> String {
    match name.quote_style {
        Some(_) => name.value.clone(),
        None => name.value.to_lowercase(),
    }
}
