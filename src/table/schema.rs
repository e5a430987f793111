//! `forebay table schema`: the columns with their types.

use forebay_lake::Lake;
use serde::Serialize;

use super::open;
use crate::cli::WhichArgs;
use crate::shell::output::Output;
use crate::shell::table::Table;

/// The columns as programs read them.
#[derive(Serialize)]
struct Shown {
    columns: Vec<Column>,
}

#[derive(Serialize)]
struct Column {
    name: String,
    /// As Arrow calls it.
    r#type: String,
    nullable: bool,
}

pub(super) fn run(lake: &Lake, which: &WhichArgs, output: Output) -> anyhow::Result<()> {
    let table = open(lake, which)?;
    let columns = table.schema().fields().iter().map(|field| Column {
        name: field.name().clone(),
        r#type: field.data_type().to_string(),
        nullable: field.is_nullable(),
    });
    let shown = Shown { columns: columns.collect() };
    output.show(&shown, || text(&shown))
}

fn text(shown: &Shown) -> String {
    let mut table = Table::new(["COLUMN", "TYPE", "NULLS"]);
    for column in &shown.columns {
        let nulls = if column.nullable { "yes" } else { "no" };
        table.row([column.name.clone().into(), column.r#type.clone().into(), nulls.into()]);
    }
    table.to_string()
}
