//! The columns of a table as MLflow notes those of a dataset: the names of its own types, nested ones too.

use arrow::datatypes::{DataType, Field, Schema};
use serde_json::{Map, Value, json};

/// What the stock client reads from a dataset's schema, and the web UI shows of it.
pub fn colspec(table: &Schema) -> Value {
    let columns = table.fields().iter().map(|field| {
        let mut column = typed(field);
        column.insert("name".to_owned(), json!(field.name()));
        Value::Object(column)
    });
    json!({ "mlflow_colspec": columns.collect::<Vec<_>>() })
}

/// The type of a column or of a property, and whether it must be there.
fn typed(field: &Field) -> Map<String, Value> {
    let mut spec = kind(field.data_type());
    spec.insert("required".to_owned(), json!(!field.is_nullable()));
    spec
}

fn kind(data_type: &DataType) -> Map<String, Value> {
    let (name, inner) = match data_type {
        DataType::List(items) | DataType::LargeList(items) | DataType::FixedSizeList(items, _) => {
            ("array", Some(("items", Value::Object(kind(items.data_type())))))
        }
        DataType::Struct(fields) => {
            let properties = fields.iter().map(|field| (field.name().clone(), Value::Object(typed(field))));
            ("object", Some(("properties", Value::Object(properties.collect()))))
        }
        DataType::Dictionary(_, values) => return kind(values),
        simple => (simple_kind(simple), None),
    };
    let inner = inner.map(|(key, value)| (key.to_owned(), value));
    [("type".to_owned(), json!(name))].into_iter().chain(inner).collect()
}

/// The nearest type that MLflow has, as its own client takes it for data frames.
fn simple_kind(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => "integer",
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => "long",
        DataType::Float16 | DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary"
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => "datetime",
        _ => "any",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_mlflows_types() {
        let inside = Field::new("x", DataType::Float32, false);
        let table = Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("words", DataType::new_list(DataType::LargeUtf8, true), true),
            Field::new("place", DataType::Struct(vec![inside].into()), true),
        ]);
        let expected = json!({ "mlflow_colspec": [
            { "type": "long", "name": "id", "required": true },
            { "type": "array", "items": { "type": "string" }, "name": "words", "required": false },
            {
                "type": "object",
                "properties": { "x": { "type": "float", "required": true } },
                "name": "place",
                "required": false,
            },
        ] });
        assert_eq!(colspec(&table), expected);
    }
}
