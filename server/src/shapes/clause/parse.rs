//! Reading a `where`: SQL's grammar is the parser crate's, what of it is allowed and what it means is decided here.
//!
//! **Invariant:** nothing of the text ever reaches a database: what cannot be said as a [`Clause`] is refused, with the place.

use super::{
    Clause, Comparison, Operand, Test,
    grammar::{Wrong, folded, offset, parsed},
    like::Pattern,
};
use domain::{ColumnType, Table, Value};
use sqlparser::ast::{BinaryOperator, DataType, Expr, FunctionArguments, Ident, InTarget, Spanned, TimezoneInfo, UnaryOperator, Value as Literal};
use std::{cell::Cell, collections::BTreeMap};

/// `params[1]` and so on.
pub type Parameters = BTreeMap<u32, String>;

/// Reads a clause over those columns of a table that may be named.
pub fn read(text: &str, parameters: &Parameters, table: Table, is_visible: impl Fn(&str) -> bool) -> Result<Clause, Wrong> {
    let expression = parsed(text, |parser| parser.parse_expr())?;
    let reader = Reader {
        text,
        parameters,
        table,
        is_visible: &is_visible,
        listed: Cell::default(),
        given_bytes: Cell::default(),
    };
    reader.clause(&expression, false)
}

/// The most values that lists have together; SQLite takes about three times as many.
const MAX_LISTED: usize = 10_000;
/// How long parameters are together, each as often as it is named.
const MAX_GIVEN_BYTES: usize = 512 * 1024;

struct Reader<'a> {
    text: &'a str,
    parameters: &'a Parameters,
    table: Table,
    is_visible: &'a dyn Fn(&str) -> bool,
    listed: Cell<usize>,
    given_bytes: Cell<usize>,
}

/// One side of a comparison.
enum Side {
    Column(Operand, ColumnType),
    Constant(Constant),
}

/// A constant, not yet of the type of what it is compared with.
enum Constant {
    Null,
    Bool(bool),
    /// A number's digits.
    Number(String),
    /// A text or a parameter: of whatever type is asked for.
    Text(String),
    /// The same with a cast.
    Cast(String, ColumnType),
}

impl Reader<'_> {
    /// The clause, or where `is_negated` its opposite.
    fn clause(&self, expression: &Expr, is_negated: bool) -> Result<Clause, Wrong> {
        let all = |clauses| if is_negated { Clause::Any(clauses) } else { Clause::All(clauses) };
        let any = |clauses| if is_negated { Clause::All(clauses) } else { Clause::Any(clauses) };
        match expression {
            Expr::Nested(inner) => self.clause(inner, is_negated),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.clause(expr, !is_negated),
            Expr::BinaryOp { op: BinaryOperator::And, .. } => self.each(expression, &BinaryOperator::And, is_negated).map(all),
            Expr::BinaryOp { op: BinaryOperator::Or, .. } => self.each(expression, &BinaryOperator::Or, is_negated).map(any),
            Expr::BinaryOp { left, op, right } => {
                let comparison = comparison(op).ok_or_else(|| self.wrong_behind(left, format!("unsupported operator {op}")))?;
                self.compare(left, if is_negated { comparison.negated() } else { comparison }, right)
            }
            Expr::Between { expr, negated, low, high } => {
                let ends = [(Comparison::GreaterOrEqual, low), (Comparison::LessOrEqual, high)];
                let is_outside = is_negated != *negated;
                let side = |(comparison, end): (Comparison, &Expr)| self.compare(expr, if is_outside { comparison.negated() } else { comparison }, end);
                let sides = ends
                    .into_iter()
                    .map(|(comparison, end)| side((comparison, end.as_ref())))
                    .collect::<Result<_, _>>()?;
                Ok(if is_outside { Clause::Any(sides) } else { Clause::All(sides) })
            }
            Expr::In {
                expr,
                target: InTarget::List(list),
                global: false,
                negated,
            } => self.in_list(expr, list, is_negated != *negated),
            Expr::AnyOp {
                left,
                compare_op: BinaryOperator::Eq,
                right,
                ..
            } => self.any_of(left, right, is_negated),
            Expr::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char: None,
            } => self.like(expr, pattern, false, is_negated != *negated),
            Expr::ILike {
                negated,
                any: false,
                expr,
                pattern,
                escape_char: None,
            } => self.like(expr, pattern, true, is_negated != *negated),
            Expr::IsNull(expr) => self.is_null(expr, !is_negated),
            Expr::IsNotNull(expr) => self.is_null(expr, is_negated),
            Expr::IsTrue(expr) => self.is_bool(expr, true, is_negated),
            Expr::IsFalse(expr) => self.is_bool(expr, false, is_negated),
            Expr::IsNotTrue(expr) => self.is_bool(expr, true, !is_negated),
            Expr::IsNotFalse(expr) => self.is_bool(expr, false, !is_negated),
            other => self.truth(other, is_negated),
        }
    }

    /// The parts of a chain of ANDs or ORs, however long: the parser nests them to the left.
    fn each(&self, mut chain: &Expr, joined_by: &BinaryOperator, is_negated: bool) -> Result<Vec<Clause>, Wrong> {
        let mut parts = vec![];
        while let Expr::BinaryOp { left, op, right } = chain
            && op == joined_by
        {
            parts.push(self.clause(right, is_negated)?);
            chain = left;
        }
        parts.push(self.clause(chain, is_negated)?);
        parts.reverse();
        Ok(parts)
    }

    /// A boolean by itself.
    fn truth(&self, expression: &Expr, is_negated: bool) -> Result<Clause, Wrong> {
        match self.side(expression)? {
            Side::Column(operand, ColumnType::Bool) => Ok(Clause::Test(operand, Test::Is(Comparison::Equal, Value::Bool(!is_negated)))),
            Side::Constant(Constant::Bool(value)) => Ok(Clause::Constant(value != is_negated)),
            Side::Constant(Constant::Null) => Ok(Clause::Constant(false)),
            _ => Err(self.wrong(expression, "this is neither true nor false")),
        }
    }

    fn is_bool(&self, expression: &Expr, wanted: bool, is_negated: bool) -> Result<Clause, Wrong> {
        let Side::Column(operand, ColumnType::Bool) = self.side(expression)? else {
            return Err(self.wrong(expression, "this is neither true nor false"));
        };
        let is = |value| Clause::Test(operand, Test::Is(Comparison::Equal, Value::Bool(value)));
        Ok(if is_negated {
            Clause::Any(vec![is(!wanted), Clause::Test(operand, Test::IsNull(true))])
        } else {
            is(wanted)
        })
    }

    fn is_null(&self, expression: &Expr, wanted: bool) -> Result<Clause, Wrong> {
        match self.side(expression)? {
            Side::Column(operand, _) => Ok(Clause::Test(operand, Test::IsNull(wanted))),
            Side::Constant(constant) => Ok(Clause::Constant(matches!(constant, Constant::Null) == wanted)),
        }
    }

    fn compare(&self, left: &Expr, comparison: Comparison, right: &Expr) -> Result<Clause, Wrong> {
        let no_operator = || self.wrong_behind(left, "Could not select an operator overload");
        match (self.side(left)?, self.side(right)?) {
            (Side::Column(column, kind), Side::Constant(constant)) => self.against(column, kind, comparison, constant, left, right),
            (Side::Constant(constant), Side::Column(column, kind)) => self.against(column, kind, comparison.mirrored(), constant, left, left),
            (Side::Column(one, one_kind), Side::Column(other, other_kind)) if group(one_kind) == group(other_kind) => {
                Ok(Clause::Compare(one, comparison, other))
            }
            (Side::Constant(Constant::Number(one)), Side::Constant(Constant::Number(other))) => {
                let number = |digits: &str| digits.parse().map(Value::Int).map_err(|_| no_operator());
                Ok(Clause::Constant(comparison.holds(&number(&one)?, &number(&other)?)))
            }
            _ => Err(no_operator()),
        }
    }

    fn against(&self, column: Operand, kind: ColumnType, comparison: Comparison, constant: Constant, left: &Expr, place: &Expr) -> Result<Clause, Wrong> {
        Ok(match self.typed(constant, kind, left, place)? {
            Some(value) => Clause::Test(column, Test::Is(comparison, value)),
            None => Clause::Constant(false),
        })
    }

    fn in_list(&self, expression: &Expr, list: &[Expr], is_negated: bool) -> Result<Clause, Wrong> {
        let Side::Column(column, kind) = self.side(expression)? else {
            return Err(self.wrong(expression, "only a column can be IN a list"));
        };
        let mut values = vec![];
        let mut has_null = false;
        for entry in list {
            let Side::Constant(constant) = self.side(entry)? else {
                return Err(self.wrong(entry, "a list holds constants only"));
            };
            match self.typed(constant, kind, expression, entry)? {
                Some(value) => values.push(value),
                None => has_null = true,
            }
        }
        Ok(match (is_negated, has_null) {
            // Nothing is known to be another value than NULL.
            (true, true) => Clause::Constant(false),
            (true, false) => Clause::Test(column, Test::NotIn(values)),
            (false, _) => Clause::Test(column, Test::In(values)),
        })
    }

    /// `= ANY('{a,b}')`: a list as one text, as a parameter brings it.
    fn any_of(&self, expression: &Expr, list: &Expr, is_negated: bool) -> Result<Clause, Wrong> {
        let Side::Column(column, kind) = self.side(expression)? else {
            return Err(self.wrong(expression, "only a column can be one of a list"));
        };
        let uncast = match list {
            Expr::Cast {
                expr,
                data_type: DataType::Array(_),
                ..
            } => expr,
            list => list,
        };
        let Side::Constant(Constant::Text(text)) = self.side(uncast)? else {
            return Err(self.wrong(list, "a list is a text such as '{a,b}'"));
        };
        let Ok(Value::Texts(texts)) = Value::from_pg_text(ColumnType::TextArray, Some(&text)) else {
            return Err(self.wrong(list, format!("invalid syntax for type text[]: {text}")));
        };
        self.spend(&self.listed, texts.len(), MAX_LISTED, "values in lists", list)?;
        let typed = |text: &str| self.typed(Constant::Text(text.to_owned()), kind, expression, list);
        let values = texts.iter().filter_map(|text| typed(text).transpose()).collect::<Result<_, _>>()?;
        Ok(Clause::Test(column, if is_negated { Test::NotIn(values) } else { Test::In(values) }))
    }

    fn like(&self, expression: &Expr, pattern: &Expr, ignores_case: bool, is_negated: bool) -> Result<Clause, Wrong> {
        let Side::Column(column, ColumnType::Text) = self.side(expression)? else {
            return Err(self.wrong_behind(expression, "Could not select an operator overload"));
        };
        let text = match self.side(pattern)? {
            Side::Constant(Constant::Text(text) | Constant::Cast(text, ColumnType::Text)) => text,
            Side::Constant(Constant::Null) => return Ok(Clause::Constant(false)),
            _ => return Err(self.wrong(pattern, "a pattern is a text")),
        };
        let pattern = Pattern::read(&text, ignores_case).map_err(|error| self.wrong(pattern, error.to_string()))?;
        Ok(Clause::Test(column, Test::Like { pattern, is_negated }))
    }

    fn side(&self, expression: &Expr) -> Result<Side, Wrong> {
        let constant = |constant| Ok(Side::Constant(constant));
        match expression {
            Expr::Nested(inner) => self.side(inner),
            Expr::Identifier(name) => self.column(name, expression),
            Expr::Value(value) => constant(self.constant(&value.value, expression)?),
            Expr::TypedString(typed) => match (type_of(&typed.data_type), typed.value.clone().into_string()) {
                (Some(kind), Some(text)) => constant(Constant::Cast(text, kind)),
                _ => Err(self.unsupported(expression)),
            },
            Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => match self.side(expr)? {
                Side::Constant(Constant::Number(digits)) => constant(Constant::Number(format!("-{digits}"))),
                _ => Err(self.unsupported(expression)),
            },
            Expr::Cast {
                expr, data_type, format: None, ..
            } => self.cast(expr, data_type, expression),
            Expr::Function(function) => {
                let arguments = match &function.args {
                    FunctionArguments::List(list) => list.args.len(),
                    FunctionArguments::Subquery(_) => 1,
                    FunctionArguments::None => 0,
                };
                Err(self.wrong(expression, format!("unknown or unsupported function {}/{arguments}", function.name)))
            }
            _ => Err(self.unsupported(expression)),
        }
    }

    fn column(&self, name: &Ident, expression: &Expr) -> Result<Side, Wrong> {
        let name = folded(name);
        let known = self.table.column_index(&name).filter(|_| (self.is_visible)(&name));
        let column = known.ok_or_else(|| self.wrong(expression, format!("unknown reference {name}")))?;
        let operand = Operand { column, as_text: false };
        let kind = operand.kind(self.table);
        if kind == ColumnType::TextArray {
            return Err(self.wrong(expression, format!("{name} is a list and cannot be compared")));
        }
        Ok(Side::Column(operand, kind))
    }

    fn constant(&self, literal: &Literal, expression: &Expr) -> Result<Constant, Wrong> {
        Ok(match literal {
            Literal::Null => Constant::Null,
            Literal::Boolean(value) => Constant::Bool(*value),
            Literal::Number(digits, _) => Constant::Number(digits.clone()),
            Literal::SingleQuotedString(text) | Literal::EscapedStringLiteral(text) => Constant::Text(text.clone()),
            Literal::Placeholder(name) => {
                let number = name.strip_prefix('$').and_then(|number| number.parse().ok());
                let given = number.and_then(|number: u32| self.parameters.get(&number));
                let given = given.ok_or_else(|| self.wrong(expression, format!("parameter {name} was not provided")))?;
                self.spend(&self.given_bytes, given.len(), MAX_GIVEN_BYTES, "bytes in parameters", expression)?;
                Constant::Text(given.clone())
            }
            _ => return Err(self.unsupported(expression)),
        })
    }

    fn cast(&self, inner: &Expr, to: &DataType, expression: &Expr) -> Result<Side, Wrong> {
        let Some(to_kind) = type_of(to) else {
            return Err(self.wrong(expression, format!("unsupported type {to}")));
        };
        match self.side(inner)? {
            Side::Column(operand, kind) if group(kind) == group(to_kind) => Ok(Side::Column(operand, kind)),
            Side::Column(operand, _) if to_kind == ColumnType::Text => Ok(Side::Column(Operand { as_text: true, ..operand }, ColumnType::Text)),
            Side::Constant(Constant::Text(text) | Constant::Number(text) | Constant::Cast(text, _)) => Ok(Side::Constant(Constant::Cast(text, to_kind))),
            Side::Constant(Constant::Bool(value)) if to_kind == ColumnType::Bool => Ok(Side::Constant(Constant::Bool(value))),
            Side::Constant(Constant::Null) => Ok(Side::Constant(Constant::Null)),
            _ => Err(self.wrong(expression, format!("cannot cast this to {to}"))),
        }
    }

    /// The constant as a value of this type; none for NULL.
    fn typed(&self, constant: Constant, kind: ColumnType, left: &Expr, place: &Expr) -> Result<Option<Value>, Wrong> {
        let is_number = matches!(group(kind), ColumnType::Int8 | ColumnType::Numeric { .. });
        let text = match constant {
            Constant::Null => return Ok(None),
            Constant::Bool(value) if kind == ColumnType::Bool => return Ok(Some(Value::Bool(value))),
            Constant::Number(digits) if is_number => digits,
            Constant::Text(text) => text,
            Constant::Cast(text, cast) if group(cast) == group(kind) || is_number && matches!(group(cast), ColumnType::Int8 | ColumnType::Numeric { .. }) => {
                text
            }
            _ => return Err(self.wrong_behind(left, "Could not select an operator overload")),
        };
        let value = Value::from_pg_text(kind, Some(&text));
        value
            .map(Some)
            .map_err(|_| self.wrong(place, format!("invalid syntax for type {}: {text}", kind.pg_name())))
    }

    /// A parameter can be named many times: what it costs is counted each time.
    fn spend(&self, spent: &Cell<usize>, more: usize, most: usize, what: &str, place: &Expr) -> Result<(), Wrong> {
        spent.set(spent.get().saturating_add(more));
        if spent.get() > most {
            return Err(self.wrong(place, format!("there are more than {most} {what}")));
        }
        Ok(())
    }

    fn unsupported(&self, expression: &Expr) -> Wrong {
        self.wrong(expression, format!("{expression} is not supported in a where clause"))
    }

    fn wrong(&self, expression: &Expr, what: impl Into<String>) -> Wrong {
        Wrong {
            at: offset(self.text, expression.span().start),
            what: what.into(),
        }
    }

    /// At what follows an expression: its operator.
    fn wrong_behind(&self, expression: &Expr, what: impl Into<String>) -> Wrong {
        let end = offset(self.text, expression.span().end);
        let spaces = self.text.chars().skip(end).take_while(|letter| letter.is_whitespace()).count();
        Wrong {
            at: end + spaces,
            what: what.into(),
        }
    }
}

fn comparison(operator: &BinaryOperator) -> Option<Comparison> {
    Some(match operator {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// Types whose values can be compared.
fn group(kind: ColumnType) -> ColumnType {
    match kind {
        ColumnType::Int4 => ColumnType::Int8,
        ColumnType::Numeric { scale, .. } => ColumnType::Numeric { scale, digits: 0 },
        other => other,
    }
}

fn type_of(name: &DataType) -> Option<ColumnType> {
    Some(match name {
        DataType::Text | DataType::Varchar(_) | DataType::CharacterVarying(_) => ColumnType::Text,
        DataType::Uuid => ColumnType::Uuid,
        DataType::Date => ColumnType::Date,
        DataType::Bool | DataType::Boolean => ColumnType::Bool,
        DataType::Int(None) | DataType::Integer(None) | DataType::Int4(None) => ColumnType::Int4,
        DataType::BigInt(None) | DataType::Int8(None) => ColumnType::Int8,
        DataType::Numeric(_) | DataType::Decimal(_) => ColumnType::Numeric { scale: 2, digits: 0 },
        DataType::Timestamp(None, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => ColumnType::Timestamp,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Row;

    fn turn() -> Row {
        let mut row = Row::blank(Table::Turns);
        for (column, value) in [
            ("version", Value::Int(7)),
            ("is_active", Value::Bool(true)),
            ("priority", Value::text("high")),
            ("estimated_amount", Value::Numeric(123_450)),
            ("due_date", Value::Date("2026-11-23".parse().unwrap())),
            ("property_id", Value::Uuid("01990000-0000-7000-8000-00000000000a".parse().unwrap())),
        ] {
            assert!(row.set(column, value), "{column}");
        }
        row
    }

    fn is_true(text: &str) -> Result<bool, String> {
        let parameters = [(1, "high".to_owned()), (2, "2026-12-01".to_owned())].into();
        let clause = read(text, &parameters, Table::Turns, |name| name != "scope_digest");
        clause.map(|clause| clause.admits(&turn())).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn what_is_true_of_a_row() {
        for (text, expected) in [
            ("priority = 'high' AND version > 5", true),
            ("priority = $1 and due_date < $2", true),
            ("5 < version AND NOT (version >= 8 OR priority = 'low')", true),
            ("version BETWEEN 1 AND 7 and version not between 8 and 9", true),
            ("priority IN ('low', 'high', NULL)", true),
            ("priority NOT IN ('low', NULL)", false),
            ("priority = ANY('{low,high}') AND NOT version = ANY('{1,2}')", true),
            ("priority = ANY('{}') OR version = ANY('{8}'::bigint[])", false),
            ("priority LIKE 'h_g%' AND priority ILIKE 'HIGH' AND priority NOT LIKE 'H%'", true),
            ("estimated_amount = 1234.5 AND estimated_amount <> '1234.51'", true),
            ("is_active AND is_active IS NOT FALSE AND NOT is_active = false", true),
            ("notes IS NULL AND NOT notes IS NOT NULL", true),
            ("notes = 'x' OR notes <> 'x' OR notes LIKE '%'", false),
            ("NOT (notes = 'x')", false),
            ("property_id = '01990000-0000-7000-8000-00000000000a'::uuid", true),
            ("property_id::text LIKE '%0a' AND version::text = '7'", true),
            ("due_date = DATE '2026-11-23' AND due_date <= CAST('2026-11-23' AS date)", true),
            ("\"priority\" = 'high' AND PRIORITY = 'high'", true),
            ("estimated_amount = approved_amount", false),
            ("1 = 1 AND NOT 1 > 2", true),
            ("true", true),
            ("NULL", false),
            ("version = -7", false),
        ] {
            assert_eq!(is_true(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_refused_says_where() {
        for (text, expected) in [
            ("nosuch = 1", "At location 0: unknown reference nosuch"),
            ("version = 1 AND scope_digest = 'x'", "At location 16: unknown reference scope_digest"),
            ("priority = $9", "At location 11: parameter $9 was not provided"),
            ("version = priority", "At location 8: Could not select an operator overload"),
            ("now() > created_at", "At location 0: unknown or unsupported function now/0"),
            ("version = ", "At location 10: syntax error at end of input"),
            ("version = 1)", "At location 11: syntax error at or near \")\""),
            ("version = 'x", "At location 10: syntax error: Unterminated string literal"),
            ("version = ANY('{1,x}')", "At location 14: invalid syntax for type int8: x"),
            ("version = ANY('1')", "At location 14: invalid syntax for type text[]: 1"),
            ("due_date = 'soon'", "At location 11: invalid syntax for type date: soon"),
            ("estimated_amount = 1.005", "At location 19: invalid syntax for type numeric: 1.005"),
            ("priority LIKE 'a\\'", "At location 14: LIKE pattern must not end with escape character"),
            (
                "id IN (SELECT id FROM users)",
                "At location 0: id IN (SELECT id FROM users) is not supported in a where clause",
            ),
            ("version = 1; DROP TABLE users", "At location 11: syntax error at or near \";\""),
            ("version + 1 = 2", "At location 0: version + 1 is not supported in a where clause"),
            ("version", "At location 0: this is neither true nor false"),
        ] {
            assert_eq!(is_true(text), Err(expected.to_owned()), "{text}");
        }
        let deep = format!("{}version = 1{}", "(".repeat(400), ")".repeat(400));
        assert_eq!(is_true(&deep), Err("At location 0: the clause is nested too deeply".to_owned()));
        let long = vec!["version = 7"; 330].join(" AND ");
        assert_eq!(is_true(&long), Ok(true));
        let too_long = Err("At location 5336: the clause has more than 1000 words and operators".to_owned());
        assert_eq!(is_true(&[long.as_str(), &long].join(" AND ")), too_long);
    }

    /// What becomes a deep tree without a bracket, as deep as it may, and as long.
    #[test]
    fn no_chain_is_too_long() {
        for (begin, link, end) in [
            ("1", "-1", " = 1"),
            ("version", "::int8", " = 1"),
            ("version", " IS NULL", ""),
            ("version = 1", " = 1", ""),
            ("version", "[1]", " = 1"),
            ("version", ".a", " = 1"),
            ("version", " COLLATE c", " = 1"),
            ("version = 7", " OR version = 7", ""),
            ("version = 7", " AND version = 7", ""),
            ("version", " IN (1)", ""),
            ("version", " BETWEEN 1 AND 2", ""),
            ("version", " AT TIME ZONE 'x'", ""),
            ("", "NOT ", "is_active"),
            ("", "- ", "1 = 1"),
            ("", "(", "1"),
            ("", "CASE WHEN ", "1"),
            ("notes", " LIKE 'a'", ""),
            ("version = ANY('{1", ",1", "}')"),
            ("version IN (1", ",1", ")"),
        ] {
            for links in [990, 495, 330, (16 * 1024 - begin.len() - end.len()) / link.len()] {
                let text = format!("{begin}{}{end}", link.repeat(links));
                let began = std::time::Instant::now();
                // In most cases it is refused; that it comes to an end is what counts.
                let _ = is_true(&text);
                assert!(began.elapsed() < std::time::Duration::from_secs(1), "{begin}{link}…");
            }
        }
    }

    #[test]
    fn a_parameter_counts_as_often_as_it_is_named() {
        let read = |text: &str, parameter: String| read(text, &[(1, parameter)].into(), Table::Turns, |_| true).map_err(|wrong| wrong.to_string());
        let list = format!("{{{}}}", vec!["1"; 9_000].join(","));
        assert!(read("version = ANY($1)", list.clone()).is_ok());
        let twice = read("version = ANY($1) OR version = ANY($1)", list);
        assert_eq!(twice, Err("At location 14: there are more than 10000 values in lists".to_owned()));
        let long = read(&vec!["notes = $1"; 300].join(" OR "), "x".repeat(2_000));
        assert!(long.unwrap_err().ends_with("there are more than 524288 bytes in parameters"));
    }
}
