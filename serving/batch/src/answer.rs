//! The columns that a model gives: the same in every part of a job, whichever rows a try or a share of it meets first.

use std::io::Cursor;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use forebay_core::hexadecimal::hexadecimal;
use forebay_serving::{DType, Signature};

use crate::Error;
use crate::columns::tensor_type;

/// The columns that a signature tells, with their names where they have any.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Told(Vec<(Option<String>, DataType)>);

impl Told {
    /// What a signature tells of its outputs; nothing where one of them is not simple.
    pub(crate) fn by(signature: &Signature) -> Self {
        let outputs = signature.outputs.iter().flatten().map(|spec| {
            let kind = match &spec.tensor_spec {
                Some(tensor) => {
                    let kind = tensor_type(DType::from_numpy_name(&tensor.dtype)?)?;
                    tensor.shape.iter().skip(1).fold(kind, |kind, _| DataType::new_list(kind, true))
                }
                None => simple_type(&spec.kind)?,
            };
            Some((spec.name.clone(), kind))
        });
        Told(outputs.collect::<Option<_>>().unwrap_or_default())
    }

    /// The columns of some predictions, wide enough for what the signature tells: the first rows may hold whole numbers or
    /// nulls by chance.
    pub(crate) fn widened(&self, found: &Schema) -> SchemaRef {
        let is_only = self.0.len() == 1 && found.fields().len() == 1;
        let told = |name: &String| {
            let named = |(told, _): &&(Option<String>, DataType)| is_only || told.as_ref() == Some(name);
            self.0.iter().find(named).map(|(_, kind)| kind)
        };
        let fields = found.fields().iter().map(|field| {
            let wide = told(field.name()).filter(|wide| can_widen(field.data_type(), wide));
            field.as_ref().clone().with_data_type(wide.unwrap_or(field.data_type()).clone())
        });
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// The columns where there is no prediction to look at; none where they have no names.
    pub(crate) fn alone(&self, prediction_column: &str) -> Option<SchemaRef> {
        let fields: Vec<Field> = match self.0.as_slice() {
            [] => return None,
            [(_, kind)] => vec![Field::new(prediction_column, kind.clone(), true)],
            several => several
                .iter()
                .map(|(name, kind)| Some(Field::new(name.as_ref()?, kind.clone(), true)))
                .collect::<Option<_>>()?,
        };
        Some(Arc::new(Schema::new(fields)))
    }
}

fn simple_type(kind: &str) -> Option<DataType> {
    Some(match kind {
        "boolean" => DataType::Boolean,
        "integer" => DataType::Int32,
        "long" => DataType::Int64,
        "float" => DataType::Float32,
        "double" => DataType::Float64,
        "string" => DataType::Utf8,
        _ => return None,
    })
}

/// Whether values of a type can always stand in a column of another.
pub(crate) fn can_widen(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Null, _) | (DataType::Float32, DataType::Float64) => true,
        (from, DataType::Int64) => {
            from.is_signed_integer() || matches!(from, DataType::UInt8 | DataType::UInt16)
        }
        (from, DataType::Float64) => from.is_integer(),
        (from, to) => from == to,
    }
}

/// Columns as a text that gives back every type: an Arrow stream without rows, in hexadecimal digits.
pub(crate) fn to_text(columns: &Schema) -> Result<String, Error> {
    let unfit = |error: arrow::error::ArrowError| Error::Predictions(error.to_string());
    let mut writer = StreamWriter::try_new(Vec::new(), columns).map_err(unfit)?;
    writer.finish().map_err(unfit)?;
    let bytes = writer.into_inner().map_err(unfit)?;
    Ok(hexadecimal(&bytes))
}

/// The columns of such a text; none where it is none.
pub(crate) fn from_text(text: &str) -> Option<SchemaRef> {
    let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    let bytes: Vec<u8> = text.as_bytes().chunks(2).map(byte).collect::<Option<_>>()?;
    StreamReader::try_new(Cursor::new(bytes), None).ok().map(|reader| reader.schema())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(fields: &[(&str, DataType)]) -> Schema {
        Schema::new(
            fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn columns_come_back_from_their_text() {
        let list = DataType::new_list(DataType::Float32, true);
        let columns = schema(&[("a", list), ("b", DataType::Utf8)]);
        assert_eq!(*from_text(&to_text(&columns).unwrap()).unwrap(), columns);
        assert_eq!(from_text("0x"), None);
    }

    #[test]
    fn a_signature_widens_what_the_first_rows_give() {
        let told = Told(vec![(Some("y".to_owned()), DataType::Float64)]);
        let kind = |found: DataType| told.widened(&schema(&[("p", found)])).field(0).data_type().clone();
        for found in [DataType::Int64, DataType::Float32, DataType::Null] {
            assert_eq!(kind(found), DataType::Float64);
        }
        assert_eq!(kind(DataType::Utf8), DataType::Utf8);
        assert_eq!(told.alone("p").unwrap().field(0).name(), "p");
        assert_eq!(Told::default().alone("p"), None);
    }
}
