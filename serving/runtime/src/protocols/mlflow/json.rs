//! A JSON body: exactly one of four shapes of data, and `params` beside it.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::split::SplitSeed;
use super::{Decoder, Request, params};
use crate::model::batch::Batch;
use crate::model::cell::Cell;
use crate::model::conform::{Casts, conform};
use crate::model::infer::{self, Record};
use crate::model::rows::{Layout, Rows};
use crate::model::signature::{ColumnType, Inputs};
use crate::model::tensor::Tensor;
use crate::protocols::json::rows::{ColumnsSeed, RowSeed, RowsSeed};
use crate::protocols::json::tensors::{Tensors, TensorsSeed};
use crate::protocols::json::text;

/// The sentence about the fields of a body.
const ONE_OF: &str = "The input must be a JSON dictionary with exactly one of the input fields \
                      {'dataframe_split', 'dataframe_records', 'instances', 'inputs'}";

/// Most unknown fields that an error names.
const MAX_NAMED: usize = 10;

/// In which shape the data comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Split,
    Records,
    Instances,
    Inputs,
}

/// A field of the body.
#[derive(Debug)]
enum Key {
    Data(Shape),
    Params,
    /// One of those that tell a request of a chat, a completion or an embedding.
    Bare,
    Other(String),
}

/// What a body holds.
#[derive(Debug, Default)]
struct Body {
    batch: Option<Batch>,
    params: Option<Value>,
    is_bare: bool,
}

/// Decodes a body.
pub(super) fn decode(decoder: &Decoder, body: &[u8]) -> Result<Request, String> {
    let body = text::utf8(body)?;
    match decode_utf8(decoder, &body) {
        Ok(request) => Ok(request),
        // Python writes numbers that are no JSON, and its readers take them.
        Err(error) => match text::without_python_numbers(&body) {
            Some(body) => decode_utf8(decoder, &body),
            None => Err(error),
        },
    }
}

fn decode_utf8(decoder: &Decoder, body: &[u8]) -> Result<Request, String> {
    let read = read(body, BodySeed(decoder))?;
    if read.is_bare {
        return decode_bare(decoder, body);
    }
    let params = params::check(read.params, &decoder.signature.params)?;
    let batch = read.batch.ok_or_else(|| ONE_OF.to_owned())?;
    Ok(Request { batch, params, is_bare: false })
}

fn read<'de, S: DeserializeSeed<'de>>(body: &'de [u8], seed: S) -> Result<S::Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = seed.deserialize(&mut reader).map_err(|error| text::reason(&error))?;
    reader.end().map_err(|error| text::reason(&error))?;
    Ok(value)
}

/// The whole body as one row, for models that take chats; fields that are params of the model are taken out.
fn decode_bare(decoder: &Decoder, body: &[u8]) -> Result<Request, String> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else { return Err(ONE_OF.to_owned()) };
    let mut given = serde_json::Map::new();
    for spec in &decoder.signature.params {
        if let Some(value) = fields.remove(&spec.name) {
            given.insert(spec.name.clone(), value);
        }
    }
    let params = params::check(Some(Value::Object(given)), &decoder.signature.params)?;
    let record = Value::Object(fields);
    let batch = if let Some(layout) = decoder.layout() {
        let mut rows = Rows::new(layout, 1);
        let json = record.to_string();
        read(json.as_bytes(), RowSeed { rows: &mut rows, targets: None })?;
        Batch::Columns(rows.finish()?)
    } else {
        let table = infer::objects_table(&[record])?;
        conform(&table, &decoder.signature.inputs, Casts::Lossless).map_err(|misfit| misfit.to_string())?
    };
    Ok(Request { batch, params, is_bare: true })
}

/// Reads the fields of the body.
struct BodySeed<'d>(&'d Decoder);

impl<'de> DeserializeSeed<'de> for BodySeed<'_> {
    type Value = Body;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Body, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl BodySeed<'_> {
    #[expect(clippy::unused_self, reason = "it is a method to `visit_scalars`")]
    fn scalar<E: Error>(self, cell: Cell<'_>) -> Result<Body, E> {
        Err(E::custom(format_args!("{ONE_OF}. Received {cell}.")))
    }
}

impl<'de> Visitor<'de> for BodySeed<'_> {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ONE_OF)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Body, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Err(A::Error::custom(format_args!("{ONE_OF}. Received a list.")))
    }

    visit_scalars!(scalar -> Body);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut body = Body::default();
        let mut others = Vec::new();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            match key {
                Key::Data(_) if body.batch.is_some() => {
                    return Err(A::Error::custom(format_args!("{ONE_OF}. Received several of them.")));
                }
                Key::Data(shape) => {
                    body.batch = Some(map.next_value_seed(DataSeed { decoder: self.0, shape })?);
                }
                Key::Params => body.params = Some(map.next_value()?),
                Key::Bare => {
                    map.next_value::<IgnoredAny>()?;
                    body.is_bare = true;
                }
                Key::Other(name) => {
                    map.next_value::<IgnoredAny>()?;
                    others.push(name);
                    others.truncate(MAX_NAMED);
                }
            }
        }
        if body.batch.is_none() && !body.is_bare {
            let names: Vec<String> = others.iter().map(|name| format!("'{name}'")).collect();
            let names = names.join(", ");
            return Err(A::Error::custom(format_args!(
                "{ONE_OF}. Received dictionary with input fields: [{names}]"
            )));
        }
        Ok(body)
    }
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
        Ok(match name {
            "dataframe_split" => Key::Data(Shape::Split),
            "dataframe_records" => Key::Data(Shape::Records),
            "instances" => Key::Data(Shape::Instances),
            "inputs" => Key::Data(Shape::Inputs),
            "params" => Key::Params,
            "messages" | "prompt" | "input" => Key::Bare,
            other => Key::Other(other.chars().take(100).collect()),
        })
    }
}

/// Reads the data.
struct DataSeed<'d> {
    decoder: &'d Decoder,
    shape: Shape,
}

impl<'de> DeserializeSeed<'de> for DataSeed<'_> {
    type Value = Batch;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Batch, D::Error> {
        let inputs = &self.decoder.signature.inputs;
        match (self.decoder.layout(), inputs, self.shape) {
            (Some(layout), _, shape) => read_rows(layout, shape, deserializer).map(Batch::Columns),
            (None, Inputs::Tensors(fields), Shape::Inputs | Shape::Instances) => {
                let mut tensors = Tensors::new(fields);
                TensorsSeed(&mut tensors).deserialize(deserializer)?;
                tensors.finish().map(Batch::Tensors).map_err(D::Error::custom)
            }
            (None, inputs, shape) => {
                let json = <&RawValue>::deserialize(deserializer)?;
                guessed(json.get(), shape, inputs).map_err(D::Error::custom)
            }
        }
    }
}

fn read_rows<'de, D: Deserializer<'de>>(
    layout: &Layout,
    shape: Shape,
    deserializer: D,
) -> Result<arrow::array::RecordBatch, D::Error> {
    let mut rows = Rows::new(layout, 1);
    match shape {
        Shape::Split => SplitSeed(&mut rows).deserialize(deserializer)?,
        Shape::Records => RowsSeed { rows: &mut rows, targets: None }.deserialize(deserializer)?,
        Shape::Instances => {
            RowsSeed { rows: &mut rows, targets: None }.deserialize(deserializer)?;
            take_empty_list(&mut rows);
        }
        Shape::Inputs => deserializer.deserialize_any(InputsSeed(&mut rows))?,
    }
    rows.finish().map_err(D::Error::custom)
}

/// A list holds the values of an only column, also where there are none.
fn take_empty_list(rows: &mut Rows<'_>) {
    let layout = rows.layout();
    if rows.n_rows() == 0 && layout.columns().len() == 1 && !layout.is_positional() {
        rows.mark(0);
    }
}

/// Data in the shape `inputs`: columns by name, or rows.
struct InputsSeed<'a, 's>(&'a mut Rows<'s>);

impl InputsSeed<'_, '_> {
    fn single<E: Error>(self, cell: Cell<'_>) -> Result<(), E> {
        if self.0.layout().columns().len() != 1 {
            return Err(E::custom(format_args!("{cell} is not a table")));
        }
        self.0.append(0, cell).and_then(|()| self.0.close_row()).map_err(E::custom)
    }
}

impl<'de> Visitor<'de> for InputsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("columns by name")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        RowsSeed { rows: self.0, targets: None }.visit_seq(seq)?;
        take_empty_list(self.0);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        // Where a value may itself be a list or an object, an object of lists is one row.
        let is_nested = |column_type: &ColumnType| {
            matches!(column_type, ColumnType::Array(_) | ColumnType::Object(_) | ColumnType::Map(_))
        };
        if self.0.layout().columns().iter().any(|column| is_nested(&column.column_type)) {
            return RowSeed { rows: self.0, targets: None }.visit_map(map);
        }
        ColumnsSeed(self.0).visit_map(map)
    }

    visit_scalars!(single);
}

/// A batch of data whose types have to be guessed before it can be brought into the model's shape.
fn guessed(json: &str, shape: Shape, inputs: &Inputs) -> Result<Batch, String> {
    let is_records = json.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['{', ']']));
    let table = match shape {
        Shape::Split => super::split::guess(parse(json)?)?,
        Shape::Records if !json.starts_with('[') => {
            return Err("Dataframe records format must be a list of records".to_owned());
        }
        Shape::Instances if is_records && json != "[]" => return stacked(parse(json)?).map(Batch::Tensors),
        Shape::Inputs if is_records => infer::records(&parse::<Vec<Record>>(json)?)?,
        Shape::Records => infer::records(&parse::<Vec<Record>>(json)?)?,
        Shape::Instances | Shape::Inputs => return tensors(json).map(Batch::Tensors),
    };
    if table.num_rows() == 0 && matches!(inputs, Inputs::Tensors(_)) {
        return Err("a table without rows, where the model takes tensors".to_owned());
    }
    conform(&table, inputs, Casts::Lossless).map_err(|misfit| misfit.to_string())
}

fn parse<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| text::reason(&error))
}

/// Arrays by name, or one that has none.
fn tensors(json: &str) -> Result<Vec<(String, Tensor)>, String> {
    if json.starts_with('{') {
        named(parse::<Record>(json)?.0)
    } else {
        Ok(vec![(String::new(), infer::tensor(&parse(json)?)?)])
    }
}

fn named(arrays: Vec<(String, Value)>) -> Result<Vec<(String, Tensor)>, String> {
    let tensor = |(name, value): (String, Value)| {
        let tensor = infer::tensor(&value).map_err(|error| format!("input '{name}': {error}"))?;
        Ok((name, tensor))
    };
    arrays.into_iter().map(tensor).collect()
}

/// An array for each key of the records, with an element of each record.
fn stacked(records: Vec<Record>) -> Result<Vec<(String, Tensor)>, String> {
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut columns: Vec<(String, Vec<Value>)> = Vec::new();
    let n_records = records.len();
    for (row, record) in records.into_iter().enumerate() {
        for (name, value) in record.0 {
            let position = positions.get(&name).copied().unwrap_or(columns.len());
            if position == columns.len() {
                positions.insert(name.clone(), position);
                columns.push((name, Vec::new()));
            }
            let (name, values) = &mut columns[position];
            if values.len() != row {
                return Err(format!("row {row}: input '{name}' does not come once in each row"));
            }
            values.push(value);
        }
    }
    if let Some((name, values)) = columns.iter().find(|(_, values)| values.len() != n_records) {
        return Err(format!("row {}: input '{name}' is missing", values.len()));
    }
    named(columns.into_iter().map(|(name, values)| (name, Value::Array(values))).collect())
}
