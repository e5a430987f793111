//! The columns of the output: predictions under the names and types that every part has, beside those that are kept.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::Error;
use crate::answer::can_widen;
use crate::columns::batch_of;

/// Kept columns, and predictions beside them.
pub(crate) fn beside(kept: &RecordBatch, predictions: &RecordBatch) -> Result<RecordBatch, Error> {
    let schema = output_schema(kept.schema_ref(), predictions.schema_ref());
    let columns = kept.columns().iter().chain(predictions.columns()).cloned().collect();
    // Without predictions there are no rows left either.
    let n_rows = kept.num_rows();
    batch_of(schema, columns, n_rows)
}

/// The columns of the output; all may hold nulls, so that every part is alike.
pub(crate) fn output_schema(kept: &Schema, predictions: &Schema) -> SchemaRef {
    let fields = kept.fields().iter().chain(predictions.fields());
    Arc::new(Schema::new(fields.map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>()))
}

/// The only column of predictions has the name that was asked for, whatever the model calls it.
pub(crate) fn named(table: RecordBatch, name: &str) -> Result<RecordBatch, Error> {
    if table.num_columns() != 1 || table.schema_ref().field(0).name() == name {
        return Ok(table);
    }
    let field = table.schema_ref().field(0).clone().with_name(name);
    batch_of(Arc::new(Schema::new(vec![field])), table.columns().to_vec(), table.num_rows())
}

/// Predictions with the columns that the first ones had; whole numbers may become others, and nothing else.
pub(crate) fn fitted(table: &RecordBatch, expected: Option<&SchemaRef>) -> Result<RecordBatch, Error> {
    let Some(expected) = expected else {
        let fields = table.schema_ref().fields().iter();
        let nullable: Vec<Field> = fields.map(|field| field.as_ref().clone().with_nullable(true)).collect();
        return batch_of(Arc::new(Schema::new(nullable)), table.columns().to_vec(), table.num_rows());
    };
    let mut columns = Vec::with_capacity(expected.fields().len());
    for field in expected.fields() {
        let other = |what: &str| Error::Predictions(format!("'{}' is {what} in some rows", field.name()));
        let column = table.column_by_name(field.name()).ok_or_else(|| other("missing"))?;
        let (found, wanted) = (column.data_type(), field.data_type());
        if found == wanted {
            columns.push(Arc::clone(column));
            continue;
        }
        let is_safe = can_widen(found, wanted) || (found.is_integer() && wanted.is_numeric());
        let found = found.to_string();
        if !is_safe || !can_cast_types(column.data_type(), wanted) {
            return Err(other(&format!("{found} instead of {wanted}")));
        }
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        columns.push(cast_with_options(column, wanted, &strict).map_err(|_| other(&found))?);
    }
    batch_of(SchemaRef::clone(expected), columns, table.num_rows())
}
