//! How much memory the evaluation of a row may take: each text that is made is counted, and what would make too many is
//! refused before it does.
//!
//! An expression is evaluated on one thread, so what it made is counted there; the engine hands nothing else down.

use std::cell::Cell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion_common::{Result, exec_err};
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr::PhysicalExpr;

/// Bytes of all texts that an expression may make for the rows of one evaluation, and of all features of a row.
pub(crate) const ROOM: usize = 16 << 20;

/// Pairs of characters that may be compared in one evaluation, which take a fraction of a second.
const STEPS: usize = 1 << 28;

thread_local! {
    static MADE: Cell<usize> = const { Cell::new(0) };
    static STEPPED: Cell<usize> = const { Cell::new(0) };
}

/// Begins an evaluation.
pub(super) fn clear() {
    MADE.set(0);
    STEPPED.set(0);
}

/// That so many bytes more would be too many.
pub(super) fn check(bytes: usize) -> Result<()> {
    if MADE.get().saturating_add(bytes) > ROOM {
        return exec_err!("its texts need more than {} MiB", ROOM >> 20);
    }
    Ok(())
}

fn count(bytes: usize) -> Result<()> {
    check(bytes)?;
    MADE.set(MADE.get() + bytes);
    Ok(())
}

/// Counts comparisons, which are about to be made.
pub(super) fn step(n_steps: usize) -> Result<()> {
    STEPPED.set(STEPPED.get().saturating_add(n_steps));
    if STEPPED.get() > STEPS {
        return exec_err!("its texts are too long to be compared by 'levenshtein'");
    }
    Ok(())
}

/// Bytes of the values of an array, of its rows alone.
pub(super) fn n_bytes(array: &dyn Array) -> usize {
    array.to_data().get_slice_memory_size().unwrap_or(usize::MAX)
}

/// Whether values of a type may have any length.
fn is_long(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::List(_)
    )
}

/// An expression whose values are counted.
#[derive(Debug)]
struct Counted(Arc<dyn PhysicalExpr>);

/// The same expression, counted where it makes values of any length. Columns and literals make none.
pub(super) fn counted(expr: Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
    if expr.children().is_empty() || !is_long(&expr.data_type(schema)?) {
        return Ok(expr);
    }
    Ok(Arc::new(Counted(expr)))
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq(&other.0)
    }
}

impl Eq for Counted {}

impl Hash for Counted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PhysicalExpr for Counted {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let values = self.0.evaluate(batch)?;
        let array: ArrayRef = match &values {
            ColumnarValue::Array(array) => Arc::clone(array),
            ColumnarValue::Scalar(value) => value.to_array()?,
        };
        count(n_bytes(&array))?;
        Ok(values)
    }

    // Asked one by one: the field of each would ask its parts for both, and all in all every one of them far too often.
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.0.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.0.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.0.return_field(schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.0.children()
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Counted(Arc::clone(&self.0).with_new_children(children)?)))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_sql(f)
    }
}
