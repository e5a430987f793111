//! Nested lists of JSON that go into tensors.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::model::cell::Cell;
use crate::model::misfit;
use crate::model::signature::TensorField;
use crate::model::tensor::Tensor;
use crate::model::tensor_builder::{TensorBuilder, shape_of};

/// The tensors of a signature, being filled.
pub(crate) struct Tensors<'s> {
    fields: &'s [TensorField],
    builders: Vec<TensorBuilder>,
    came: Vec<bool>,
}

impl<'s> Tensors<'s> {
    /// No elements yet.
    pub(crate) fn new(fields: &'s [TensorField]) -> Self {
        Tensors {
            fields,
            builders: fields.iter().map(|field| TensorBuilder::new(field.dtype)).collect(),
            came: vec![false; fields.len()],
        }
    }

    fn name(&self, position: usize) -> &'s str {
        self.fields[position].name.as_deref().unwrap_or_default()
    }

    /// How errors call a tensor.
    fn label(&self, position: usize) -> String {
        match self.fields[position].name.as_deref() {
            Some(name) => format!("input '{name}'"),
            None => "the input".to_owned(),
        }
    }

    fn seed(&mut self, position: usize) -> NestedSeed<'_, 's> {
        self.came[position] = true;
        NestedSeed { builder: &mut self.builders[position], field: &self.fields[position] }
    }

    /// The only tensor, if there is only one.
    fn only<E: Error>(&mut self, what: &str) -> Result<NestedSeed<'_, 's>, E> {
        match self.fields {
            [_] => Ok(self.seed(0)),
            fields => {
                Err(E::custom(format_args!("{what}, and the model takes {} inputs by name", fields.len())))
            }
        }
    }

    /// All tensors with their names.
    ///
    /// # Errors
    /// Names those that did not come or have another shape.
    pub(crate) fn finish(self) -> Result<Vec<(String, Tensor)>, String> {
        let missing: Vec<&str> =
            (0..self.fields.len()).filter(|position| !self.came[*position]).map(|p| self.name(p)).collect();
        if !missing.is_empty() {
            return Err(misfit::missing(&missing, &[]));
        }
        let labels: Vec<String> = (0..self.fields.len()).map(|position| self.label(position)).collect();
        let finished =
            self.builders.into_iter().zip(self.fields).zip(labels).map(|((builder, field), label)| {
                let tensor = builder.finish(field).map_err(|error| format!("{label}: {error}"))?;
                Ok((field.name.clone().unwrap_or_default(), tensor))
            });
        finished.collect()
    }
}

/// Elements of one tensor.
struct NestedSeed<'a, 's> {
    builder: &'a mut TensorBuilder,
    field: &'s TensorField,
}

/// All that a request holds: the tensors by name, or the only one.
pub(crate) struct TensorsSeed<'a, 's>(pub(crate) &'a mut Tensors<'s>);

/// One of the elements of the outermost list: a record with an element for each tensor, or one of the only tensor.
struct ElementSeed<'a, 's>(&'a mut Tensors<'s>);

/// The name of a tensor, as its position.
struct NameSeed<'s>(&'s [TensorField]);

impl NestedSeed<'_, '_> {
    fn error<E: Error>(&self, error: &str) -> E {
        match self.field.name.as_deref() {
            Some(name) => E::custom(format_args!("input '{name}': {error}")),
            None => E::custom(format_args!("the input: {error}")),
        }
    }

    fn scalar<E: Error>(self, cell: Cell<'_>) -> Result<(), E> {
        self.builder.append(cell).map_err(|error| self.error(&error))
    }
}

impl<'de> DeserializeSeed<'de> for NestedSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NestedSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "elements of type {}", self.field.dtype.numpy_name())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.builder.open().map_err(|error| self.error(&error))?;
        while seq.next_element_seed(NestedSeed { builder: self.builder, field: self.field })?.is_some() {}
        self.builder.close().map_err(|error| self.error(&error))
    }

    visit_scalars!(scalar);
}

impl<'de> DeserializeSeed<'de> for TensorsSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl TensorsSeed<'_, '_> {
    fn scalar<E: Error>(self, cell: Cell<'_>) -> Result<(), E> {
        self.0.only::<E>(&cell.to_string())?.scalar(cell)
    }
}

impl<'de> Visitor<'de> for TensorsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        check_named(self.0.fields)?;
        while let Some(position) = map.next_key_seed(NameSeed(self.0.fields))? {
            let Some(position) = position else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if self.0.came[position] {
                let label = self.0.label(position);
                return Err(A::Error::custom(format_args!("{label}: it comes twice")));
            }
            map.next_value_seed(self.0.seed(position))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let tensors = self.0;
        for builder in &mut tensors.builders {
            builder.open().map_err(A::Error::custom)?;
        }
        let mut n_elements = 0;
        while seq.next_element_seed(ElementSeed(tensors))?.is_some() {
            n_elements += 1;
            for position in 0..tensors.builders.len() {
                let n_rows = tensors.builders[position].n_rows();
                if n_rows != n_elements {
                    let (label, row) = (tensors.label(position), n_elements - 1);
                    return Err(A::Error::custom(format_args!(
                        "{label}, row {row}: one element is expected"
                    )));
                }
            }
        }
        match tensors.fields {
            [field] if n_elements == 0 && field.name.is_none() => {
                let expected = shape_of(field);
                return Err(A::Error::custom(format_args!(
                    "the input: a list without elements, where a shape of {expected} is expected"
                )));
            }
            [_] => tensors.came[0] = true,
            _ => {}
        }
        for position in 0..tensors.builders.len() {
            let label = tensors.label(position);
            let closed = tensors.builders[position].close();
            closed.map_err(|error| A::Error::custom(format_args!("{label}: {error}")))?;
        }
        Ok(())
    }

    visit_scalars!(scalar);
}

impl<'de> DeserializeSeed<'de> for ElementSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl ElementSeed<'_, '_> {
    fn scalar<E: Error>(self, cell: Cell<'_>) -> Result<(), E> {
        self.0.only::<E>(&cell.to_string())?.scalar(cell)
    }
}

impl<'de> Visitor<'de> for ElementSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        check_named(self.0.fields)?;
        while let Some(position) = map.next_key_seed(NameSeed(self.0.fields))? {
            match position {
                Some(position) => map.next_value_seed(self.0.seed(position))?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.0.only::<A::Error>("a list")?.visit_seq(seq)
    }

    visit_scalars!(scalar);
}

/// Refuses an object where there is no name to look up in it.
fn check_named<E: Error>(fields: &[TensorField]) -> Result<(), E> {
    match fields {
        [TensorField { name: None, .. }] => Err(E::custom(
            "the model takes one input without a name; send its array, not an object of arrays by name",
        )),
        _ => Ok(()),
    }
}

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an input")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.iter().position(|field| field.name.as_deref() == Some(name)))
    }
}
