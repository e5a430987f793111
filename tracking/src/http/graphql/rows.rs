//! Long lists of plain objects, such as the points of a chart. What is selected of each is the same for all, so it
//! is looked up once, and no field of a row has a resolver of its own.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{Context, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value};
use forebay_web::cpu;

/// Cells that take about half a millisecond.
const LONG_CELLS: usize = 5_000;

/// An object without arguments whose fields are scalars.
pub(super) trait Row: OutputType {
    /// The value of the field with that name in the schema.
    fn cell(&self, field: &str) -> Value;
}

/// A list as a selection shows it.
pub(super) struct Rows<'a, T> {
    columns: Vec<Column>,
    rows: &'a [T],
}

struct Column {
    /// The field's alias, or its name.
    key: Name,
    field: String,
}

impl<'a, T: Row> Rows<'a, T> {
    /// The list as `ctx`'s field selects it.
    pub(super) fn new(ctx: &Context<'_>, rows: &'a [T]) -> Self {
        let list = ctx.field();
        let columns = list.selection_set().map(|field| Column {
            key: Name::new(field.alias().unwrap_or(field.name())),
            field: field.name().to_owned(),
        });
        let columns = columns.collect();
        Rows { columns, rows }
    }

    fn to_value(&self) -> Value {
        let object = |row: &T| {
            let cells = self.columns.iter().map(|column| (column.key.clone(), cell(row, &column.field)));
            Value::Object(cells.collect())
        };
        Value::List(self.rows.iter().map(object).collect())
    }
}

fn cell<T: Row>(row: &T, field: &str) -> Value {
    if field == "__typename" { Value::String(T::type_name().into_owned()) } else { row.cell(field) }
}

impl<T: Row> OutputType for Rows<'_, T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        let is_long = self.rows.len() * self.columns.len() > LONG_CELLS;
        Ok(if is_long { cpu::long(|| self.to_value()) } else { self.to_value() })
    }
}
