//! Answers of `/invocations`.

use arrow::ipc::writer::StreamWriter;

use crate::model::columns::to_columns;
use crate::model::predictions::Predictions;
use crate::protocols::json::write::Writer;

/// The column of an answer that is one array.
const COLUMN: &str = "predictions";

/// Appends the predictions as JSON: in an object that names them, or alone when the request [`is_bare`].
///
/// [`is_bare`]: crate::Request::is_bare
///
/// # Errors
/// When a column has a type that JSON has nothing for.
pub(crate) fn encode_json(predictions: &Predictions, is_bare: bool, out: &mut Vec<u8>) -> Result<(), String> {
    let writer = Writer::new(predictions)?;
    if is_bare {
        writer.all(out);
    } else {
        out.extend_from_slice(b"{\"predictions\":");
        writer.all(out);
        out.push(b'}');
    }
    Ok(())
}

/// Appends the predictions as an Arrow stream. A single array is the column `predictions`.
///
/// # Errors
/// When they are no table.
pub(crate) fn encode_arrow(predictions: &Predictions, out: &mut Vec<u8>) -> Result<(), String> {
    let table = to_columns(predictions, COLUMN)?;
    let mut writer = StreamWriter::try_new(out, table.schema_ref()).map_err(|error| error.to_string())?;
    writer.write(&table).and_then(|()| writer.finish()).map_err(|error| error.to_string())
}
