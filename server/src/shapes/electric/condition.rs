//! A shape's rows as SQL that Electric reads: what the session sees, and of that what the client wants.
//!
//! Electric asks the database for the snapshot and judges the log by itself, without us. So the SQL must say all of it, and only
//! in words that both understand alike: equality, order but that of texts, `IN`, `LIKE`, `IS NULL`. What they would see otherwise
//! is refused, as the client's to say in another way.
//!
//! **Invariant:** the SQL is made of our own words, of names of columns and of placeholders. Constants travel as parameters, and
//! nothing of a client's text is in it.

use super::super::{
    clause::{Clause, Comparison, Operand, Test},
    refusal::Invalid,
    shape::Shape,
};
use domain::{ColumnType, RowFilter, Table, Value};
use std::fmt::Write;

/// Every row has an id.
const EVERY_ROW: &str = r#""id" IS NOT NULL"#;
const NO_ROW: &str = r#""id" IS NULL"#;

/// A condition with placeholders, and their values.
#[derive(Debug, PartialEq, Eq)]
pub struct Condition {
    /// `"manager_id" = $1 AND …`
    pub sql: String,
    /// `$1` and so on.
    pub parameters: Vec<String>,
}

/// The shape's rows; none for all of the table.
pub fn condition(shape: &Shape) -> Result<Option<Condition>, Invalid> {
    let mut writer = Writer {
        table: shape.table,
        parameters: vec![],
    };
    let seen = (shape.filter != RowFilter::everything()).then(|| writer.filter(&shape.filter));
    let wanted = shape.clause.as_ref().map(|clause| writer.clause(clause)).transpose()?;
    let sql = match (seen, wanted) {
        (None, None) => return Ok(None),
        (Some(one), None) | (None, Some(one)) if is_choice(shape) => format!("{EVERY_ROW} AND ({one})"),
        (Some(one), None) | (None, Some(one)) => one,
        (Some(seen), Some(wanted)) => format!("({seen}) AND ({wanted})"),
    };
    let parameters = writer.parameters;
    Ok(Some(Condition { sql, parameters }))
}

/// Whether one part stands by itself, and is an `OR`. Electric joins a subset's condition to ours with an `AND`, without brackets around
/// ours or after taking ours away: the subset would then narrow the last alternative only.
fn is_choice(shape: &Shape) -> bool {
    shape.filter.alternatives().len() > 1 || matches!(shape.clause, Some(Clause::Any(_)))
}

/// The rows of a table of which a clause is true; every row where there is none.
pub fn of_clause(table: Table, clause: Option<&Clause>) -> Result<Condition, Invalid> {
    let mut writer = Writer { table, parameters: vec![] };
    let sql = clause.map_or(Ok(EVERY_ROW.to_owned()), |clause| writer.clause(clause))?;
    let parameters = writer.parameters;
    Ok(Condition { sql, parameters })
}

/// Writes parts of a condition, which may stand in brackets anywhere.
struct Writer {
    table: Table,
    parameters: Vec<String>,
}

impl Writer {
    fn filter(&mut self, filter: &RowFilter) -> String {
        let alternatives = filter.alternatives().iter().map(|conditions| {
            let equal = conditions.iter().map(|(column, value)| self.has(column, value));
            joined(equal.collect(), " AND ", EVERY_ROW)
        });
        joined(alternatives.collect(), " OR ", NO_ROW)
    }

    /// The column has the value, be it NULL.
    fn has(&mut self, column: &str, value: &Value) -> String {
        let kind = self.table.column(column).map_or(ColumnType::Text, |column| column.kind);
        match value {
            Value::Null => format!("\"{column}\" IS NULL"),
            value => format!("\"{column}\" = {}", self.constant(kind, value)),
        }
    }

    fn clause(&mut self, clause: &Clause) -> Result<String, Invalid> {
        Ok(match clause {
            Clause::Constant(true) => EVERY_ROW.to_owned(),
            Clause::Constant(false) => NO_ROW.to_owned(),
            Clause::All(clauses) => joined(self.clauses(clauses)?, " AND ", EVERY_ROW),
            Clause::Any(clauses) => joined(self.clauses(clauses)?, " OR ", NO_ROW),
            Clause::Test(operand, test) => self.test(*operand, test)?,
            Clause::Compare(left, comparison, right) => self.compare(*left, *comparison, *right)?,
        })
    }

    fn clauses(&mut self, clauses: &[Clause]) -> Result<Vec<String>, Invalid> {
        clauses.iter().map(|clause| self.clause(clause)).collect()
    }

    fn test(&mut self, operand: Operand, test: &Test) -> Result<String, Invalid> {
        if operand.kind(self.table) == ColumnType::Bool && !matches!(test, Test::IsNull(_)) {
            return Ok(self.truth(operand, test));
        }
        let value = self.value(operand)?;
        Ok(match test {
            Test::Is(comparison, constant) => {
                self.order(operand, *comparison)?;
                format!("{value} {} {}", comparison.sql(), self.constant(operand.kind(self.table), constant))
            }
            Test::In(constants) if constants.is_empty() => NO_ROW.to_owned(),
            Test::NotIn(constants) if constants.is_empty() => format!("{value} IS NOT NULL"),
            Test::In(constants) => format!("{value} IN ({})", self.list(operand, constants)),
            Test::NotIn(constants) => format!("{value} NOT IN ({})", self.list(operand, constants)),
            Test::Like { pattern, is_negated } => {
                let not = if *is_negated { "NOT " } else { "" };
                let text = pattern.plain().ok_or_else(|| unlike("a pattern with “\\”"))?;
                let like = if pattern.ignores_case() { "ILIKE" } else { "LIKE" };
                format!("{value} {not}{like} {}", self.parameter(text))
            }
            Test::IsNull(true) => format!("{value} IS NULL"),
            Test::IsNull(false) => format!("{value} IS NOT NULL"),
        })
    }

    /// Electric knows no order of booleans, and another text of them; but there are only two.
    fn truth(&self, operand: Operand, test: &Test) -> String {
        let column = self.name(operand);
        let fits = |value| match operand.as_text {
            false => test.holds(&Value::Bool(value)),
            true => test.holds(&Value::text(if value { "true" } else { "false" })),
        };
        match (fits(false), fits(true)) {
            (false, false) => NO_ROW.to_owned(),
            (true, true) => format!("{column} IS NOT NULL"),
            (_, value) => format!("{column} = {value}"),
        }
    }

    fn compare(&self, left: Operand, comparison: Comparison, right: Operand) -> Result<String, Invalid> {
        self.order(left, comparison)?;
        Ok(format!("{} {} {}", self.value(left)?, comparison.sql(), self.value(right)?))
    }

    /// The database orders texts by its language, Electric by their bytes.
    fn order(&self, operand: Operand, comparison: Comparison) -> Result<(), Invalid> {
        let is_order = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        match operand.kind(self.table) {
            _ if !is_order => Ok(()),
            ColumnType::Text => Err(unlike("the order of texts")),
            ColumnType::Bool => Err(unlike("the order of booleans")),
            _ if operand.as_text => Err(unlike("the order of texts")),
            _ => Ok(()),
        }
    }

    fn value(&self, operand: Operand) -> Result<String, Invalid> {
        let column = self.name(operand);
        match operand.kind(self.table) {
            ColumnType::Text => Ok(column),
            ColumnType::Bool | ColumnType::Numeric { .. } | ColumnType::Timestamp if operand.as_text => Err(unlike("the text of such a value")),
            _ if operand.as_text => Ok(format!("{column}::text")),
            _ => Ok(column),
        }
    }

    fn name(&self, operand: Operand) -> String {
        format!("\"{}\"", self.table.columns()[operand.column].name)
    }

    fn list(&mut self, operand: Operand, constants: &[Value]) -> String {
        let kind = operand.kind(self.table);
        let constants = constants.iter().map(|constant| self.constant(kind, constant));
        constants.collect::<Vec<_>>().join(", ")
    }

    /// A text is one whatever column it is held against: the column's own text may be.
    fn constant(&mut self, kind: ColumnType, constant: &Value) -> String {
        match constant {
            Value::Bool(value) => value.to_string(),
            Value::Text(text) => self.parameter(text.to_string()),
            other => self.parameter(other.to_pg_text(kind).unwrap_or_default()),
        }
    }

    fn parameter(&mut self, value: String) -> String {
        self.parameters.push(value);
        let mut placeholder = String::from("$");
        let _ = write!(placeholder, "{}", self.parameters.len());
        placeholder
    }
}

impl Comparison {
    const fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

fn joined(mut parts: Vec<String>, with: &str, none: &str) -> String {
    match parts.len() {
        0 => none.to_owned(),
        1 => parts.remove(0),
        _ => parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(with),
    }
}

fn unlike(what: &str) -> Invalid {
    let text = format!("{what} cannot be asked for here: Electric and the database would not see it alike");
    Invalid::of("where", text)
}
