//! Values that no tensor holds, each as the text of its JSON.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use arrow::json::WriterBuilder;
use arrow::json::writer::LineDelimited;

/// The column's name in the lines that are written, and what is around each value there.
const NAME: &str = "v";
const BEFORE: &[u8] = b"{\"v\":";
const BEHIND: &[u8] = b"}";

/// The text of each value.
pub(super) fn texts(column: &ArrayRef) -> Result<Vec<Vec<u8>>, String> {
    let field = Field::new(NAME, column.data_type().clone(), true);
    let table = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![Arc::clone(column)]);
    let mut lines = Vec::new();
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(&mut lines);
    table
        .and_then(|table| writer.write(&table))
        .and_then(|()| writer.finish())
        .map_err(|error| error.to_string())?;
    // A line break inside of a text is escaped.
    let values = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let text = |line: &[u8]| line.strip_prefix(BEFORE)?.strip_suffix(BEHIND).map(<[u8]>::to_vec);
    values.map(|line| text(line).ok_or_else(|| "a value has no JSON".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray, StructArray};
    use arrow::datatypes::DataType;

    #[test]
    fn each_value_is_a_text() {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a\n}"), None]));
        let ages: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let column: ArrayRef = Arc::new(StructArray::from(vec![
            (Arc::new(Field::new("name", DataType::Utf8, true)), names),
            (Arc::new(Field::new("age", DataType::Int64, true)), ages),
        ]));
        let texts = texts(&column).unwrap();
        assert_eq!(texts[0], br#"{"name":"a\n}","age":1}"#);
        assert_eq!(texts[1], br#"{"name":null,"age":2}"#);
    }
}
