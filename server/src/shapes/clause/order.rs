//! Reading an `order by`: columns, each with a direction and a place for NULL.
//!
//! **Invariant:** nothing of the text ever reaches a database, as with a `where`.

use super::grammar::{Wrong, folded, offset, parsed};
use crate::db::rows::RowOrder;
use domain::{ColumnType, Table};
use sqlparser::{
    ast::{Expr, OrderByExpr, OrderBySort, Spanned},
    parser::Parser,
};

/// Reads an order over those columns of a table that may be named.
pub fn read_order(text: &str, table: Table, is_visible: impl Fn(&str) -> bool) -> Result<Vec<RowOrder>, Wrong> {
    let parts = parsed(text, |parser| parser.parse_comma_separated(Parser::parse_order_by_expr))?;
    parts.iter().map(|part| one(text, part, table, &is_visible)).collect()
}

fn one(text: &str, part: &OrderByExpr, table: Table, is_visible: impl Fn(&str) -> bool) -> Result<RowOrder, Wrong> {
    let wrong = |what: String| Wrong {
        at: offset(text, part.expr.span().start),
        what,
    };
    let is_descending = match part.options.sort {
        None | Some(OrderBySort::Asc) => false,
        Some(OrderBySort::Desc) => true,
        Some(OrderBySort::Using(_)) => return Err(wrong(format!("{part} is not supported in an order"))),
    };
    let Expr::Identifier(name) = &part.expr else {
        return Err(wrong(format!("{} is not a column", part.expr)));
    };
    let name = folded(name);
    let column = table.column(&name).filter(|column| is_visible(column.name));
    let column = column.ok_or_else(|| wrong(format!("unknown reference {name}")))?;
    if column.kind == ColumnType::TextArray {
        return Err(wrong(format!("{name} is a list and has no order")));
    }
    Ok(RowOrder {
        column: column.name,
        is_descending,
        // As PostgreSQL has it where nothing is said: NULL is greater than everything.
        nulls_first: part.options.nulls_first.unwrap_or(is_descending),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(&'static str, bool, bool)>, String> {
        let order = read_order(text, Table::Vendors, |name| name != "tax_id").map_err(|wrong| wrong.to_string())?;
        Ok(order.iter().map(|one| (one.column, one.is_descending, one.nulls_first)).collect())
    }

    #[test]
    fn an_order_is_columns_and_directions() {
        assert_eq!(
            read("rating desc, \"company_name\""),
            Ok(vec![("rating", true, true), ("company_name", false, false)])
        );
        assert_eq!(
            read("EMAIL ASC NULLS FIRST,phone DESC nulls last"),
            Ok(vec![("email", false, true), ("phone", true, false)])
        );
        for (text, expected) in [
            ("", "At location 0: syntax error at end of input"),
            ("email,", "At location 6: syntax error at end of input"),
            ("email, nosuch", "At location 7: unknown reference nosuch"),
            ("tax_id", "At location 0: unknown reference tax_id"),
            ("\"EMAIL\"", "At location 0: unknown reference EMAIL"),
            ("trades", "At location 0: trades is a list and has no order"),
            ("lower(email)", "At location 0: lower(email) is not a column"),
            ("1", "At location 0: 1 is not a column"),
            ("email USING >", "At location 0: email USING > is not supported in an order"),
            ("email; DROP TABLE users", "At location 5: syntax error at or near \";\""),
            ("email asc desc", "At location 10: syntax error at or near \"desc\""),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()), "{text}");
        }
    }
}
