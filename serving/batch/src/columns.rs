//! Which columns of the table go to the model, and which to the output.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use forebay_serving::{DType, Inputs};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A column of the table as an input of the model: `input=column`, or one name for both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Of the model.
    pub input: String,
    /// Of the table.
    pub column: String,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (input, column) = text.split_once('=').unwrap_or((text, text));
        if input.is_empty() || column.is_empty() {
            return Err(format!("'{text}' is neither a column nor of the form input=column"));
        }
        Ok(Mapping { input: input.to_owned(), column: column.to_owned() })
    }
}

/// Which columns of the table are in the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keep {
    /// All.
    All,
    /// Those, in this order.
    Only(Vec<String>),
}

/// The columns that a job reads.
#[derive(Debug)]
pub(crate) struct Columns {
    /// For the model, in its order.
    inputs: Vec<Mapping>,
    kept: Vec<String>,
}

impl Columns {
    /// Chooses columns of a table.
    ///
    /// # Errors
    /// Names every column that the table does not have, and every input that the model does not have.
    pub(crate) fn choose(
        table: &Schema,
        inputs: &Inputs,
        mappings: &[Mapping],
        keep: &Keep,
    ) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let kept = match keep {
            Keep::All => names(table),
            Keep::Only(names) => names.clone(),
        };
        let is_absent = |name: &&String| table.field_with_name(name).is_err();
        problems
            .extend(kept.iter().filter(is_absent).map(|name| format!("--keep: the table has no '{name}'")));
        let mapped = mappings.iter().map(|mapping| &mapping.column);
        problems.extend(mapped.filter(is_absent).map(|name| format!("--columns: the table has no '{name}'")));
        let inputs = match input_names(inputs) {
            Some(known) => {
                let unknown = mappings.iter().filter(|mapping| !known.contains(&mapping.input));
                problems.extend(
                    unknown.map(|mapping| format!("--columns: the model has no input '{}'", mapping.input)),
                );
                by_name(table, &known, mappings)
            }
            None if mappings.is_empty() => names(table).into_iter().map(same).collect(),
            None => mappings.to_vec(),
        };
        if problems.is_empty() {
            Ok(Columns { inputs, kept })
        } else {
            Err(Error::Option(problems.join("; ")))
        }
    }

    /// The names of all columns that are read, each once.
    pub(crate) fn read(&self) -> Vec<String> {
        let mut read = self.kept.clone();
        for mapping in &self.inputs {
            if !read.contains(&mapping.column) {
                read.push(mapping.column.clone());
            }
        }
        read
    }

    /// What the model gets of a table with this schema.
    pub(crate) fn input_schema(&self, table: &Schema) -> Schema {
        let field = |mapping: &Mapping| {
            let found = table.field_with_name(&mapping.column).ok()?;
            Some(Field::new(&mapping.input, plain_type(found.data_type()), found.is_nullable()))
        };
        Schema::new(self.inputs.iter().filter_map(field).collect::<Vec<_>>())
    }

    /// What the model gets of some rows.
    pub(crate) fn inputs_of(&self, rows: &RecordBatch) -> Result<RecordBatch, Error> {
        let (mut fields, mut arrays) = (Vec::new(), Vec::new());
        for Mapping { input: name, column } in &self.inputs {
            let Some(array) = rows.column_by_name(column) else { continue };
            let kind = plain_type(array.data_type());
            let array: ArrayRef = if kind == *array.data_type() {
                Arc::clone(array)
            } else {
                cast(array, &kind).map_err(|error| Error::Option(format!("column '{name}': {error}")))?
            };
            fields.push(Field::new(name, kind, true));
            arrays.push(array);
        }
        batch_of(Arc::new(Schema::new(fields)), arrays, rows.num_rows())
    }

    /// What of some rows is in the output.
    pub(crate) fn kept_of(&self, rows: &RecordBatch) -> Result<RecordBatch, Error> {
        let kept = self.kept.iter().filter_map(|name| rows.schema_ref().index_of(name).ok());
        rows.project(&kept.collect::<Vec<_>>()).map_err(|error| Error::Option(error.to_string()))
    }

    /// Whether the model gets that column of the table.
    pub(crate) fn is_input(&self, column: &str) -> bool {
        self.inputs.iter().any(|mapping| mapping.column == column)
    }

    /// How many columns the model gets.
    pub(crate) fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    /// The names of the columns that are in the output.
    pub(crate) fn kept(&self) -> &[String] {
        &self.kept
    }
}

/// The types that the model's columns have where a table of texts does not tell any, by the names of the table's columns,
/// and those of them that need not come.
pub(crate) fn wanted_types(
    inputs: &Inputs,
    mappings: &[Mapping],
) -> (HashMap<String, DataType>, Vec<String>) {
    let column = |input: &String| {
        let mapping = mappings.iter().find(|mapping| mapping.input == *input);
        mapping.map_or_else(|| input.clone(), |mapping| mapping.column.clone())
    };
    let (mut wanted, mut optional) = (HashMap::new(), Vec::new());
    match inputs {
        Inputs::Untold => {}
        Inputs::Columns(columns) => {
            for (input, found) in columns.iter().filter_map(|found| Some((found.name.as_ref()?, found))) {
                let kind = found.column_type.arrow();
                let is_simple = kind.is_primitive() || matches!(kind, DataType::Utf8 | DataType::Boolean);
                if is_simple {
                    wanted.insert(column(input), kind);
                }
                if is_simple && !found.required {
                    optional.push(column(input));
                }
            }
        }
        Inputs::Tensors(fields) => {
            for (input, found) in fields.iter().filter_map(|found| Some((found.name.as_ref()?, found))) {
                wanted.extend(tensor_type(found.dtype).map(|kind| (column(input), kind)));
            }
        }
    }
    (wanted, optional)
}

/// The type of a column that holds elements of a tensor.
pub(crate) fn tensor_type(dtype: DType) -> Option<DataType> {
    match dtype {
        DType::Bool => Some(DataType::Boolean),
        DType::Int32 => Some(DataType::Int32),
        DType::Int64 => Some(DataType::Int64),
        DType::Fp32 => Some(DataType::Float32),
        DType::Fp64 => Some(DataType::Float64),
        DType::Bytes => Some(DataType::Utf8),
        _ => None,
    }
}

/// The names of a model's inputs, where they have any.
fn input_names(inputs: &Inputs) -> Option<Vec<String>> {
    match inputs {
        Inputs::Untold => None,
        Inputs::Columns(columns) => columns.iter().map(|column| column.name.clone()).collect(),
        Inputs::Tensors(fields) => fields.iter().map(|field| field.name.clone()).collect(),
    }
}

/// The columns for named inputs; those that the table does not have are left to the check of the schema.
fn by_name(table: &Schema, inputs: &[String], mappings: &[Mapping]) -> Vec<Mapping> {
    let mapping = |input: &String| {
        let told = mappings.iter().find(|mapping| mapping.input == *input).cloned();
        told.or_else(|| table.field_with_name(input).is_ok().then(|| same(input.clone())))
    };
    inputs.iter().filter_map(mapping).collect()
}

fn same(name: String) -> Mapping {
    Mapping { input: name.clone(), column: name }
}

fn names(table: &Schema) -> Vec<String> {
    table.fields().iter().map(|field| field.name().clone()).collect()
}

/// Other layouts of texts and of bytes become the plain one, which engines know.
fn plain_type(kind: &DataType) -> DataType {
    match kind {
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, values) => plain_type(values),
        other => other.clone(),
    }
}

/// A batch that may have rows without columns.
pub(crate) fn batch_of(
    schema: SchemaRef,
    arrays: Vec<ArrayRef>,
    n_rows: usize,
) -> Result<RecordBatch, Error> {
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    let batch = RecordBatch::try_new_with_options(schema, arrays, &options);
    batch.map_err(|error| Error::Predictions(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use forebay_serving::{Column, ColumnType};

    fn table() -> Schema {
        Schema::new(vec![
            Field::new("id", DataType::LargeUtf8, true),
            Field::new("x", DataType::Float64, true),
        ])
    }

    fn model() -> Inputs {
        let column = |name: &str| Column {
            name: Some(name.to_owned()),
            column_type: ColumnType::Double,
            required: true,
        };
        Inputs::Columns(vec![column("a"), column("x")])
    }

    #[test]
    fn inputs_are_found_by_name_or_by_mapping() {
        let mappings = ["a=x".parse().unwrap()];
        let columns = Columns::choose(&table(), &model(), &mappings, &Keep::All).unwrap();
        assert_eq!(columns.inputs, [Mapping { input: "a".into(), column: "x".into() }, same("x".into())]);
        assert_eq!(columns.read(), ["id", "x"]);
        let all = Columns::choose(&table(), &Inputs::Untold, &[], &Keep::Only(vec![])).unwrap();
        assert_eq!((all.inputs.len(), all.kept.len()), (2, 0));
        assert_eq!(*all.input_schema(&table()).field(0).data_type(), DataType::Utf8);
    }

    #[test]
    fn every_column_that_is_not_there_is_named() {
        let mappings = ["b=x".parse().unwrap(), "a=y".parse().unwrap()];
        let keep = Keep::Only(vec!["z".to_owned()]);
        let error = Columns::choose(&table(), &model(), &mappings, &keep).unwrap_err().to_string();
        for part in ["--keep: the table has no 'z'", "the table has no 'y'", "the model has no input 'b'"] {
            assert!(error.contains(part), "{error}");
        }
    }
}
