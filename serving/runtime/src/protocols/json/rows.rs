//! Rows of JSON that go into columns: records by name, lists by position.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::cells::CellSeed;
use crate::model::cell::Cell;
use crate::model::rows::{Layout, Rows};

/// Which columns the values of a list go to; none for a value that no column takes.
pub(crate) type Targets = Vec<Option<usize>>;

/// One row: a record, or a list when the columns go by position or `targets` are told.
pub(crate) struct RowSeed<'a, 's> {
    /// Gets the row.
    pub(crate) rows: &'a mut Rows<'s>,
    /// For lists.
    pub(crate) targets: Option<&'a Targets>,
}

/// All rows of a list.
pub(crate) struct RowsSeed<'a, 's> {
    /// Gets the rows.
    pub(crate) rows: &'a mut Rows<'s>,
    /// For rows that are lists.
    pub(crate) targets: Option<&'a Targets>,
}

/// A key, as the position of the column that it names.
struct KeySeed<'a, 's> {
    rows: &'a mut Rows<'s>,
    likely: usize,
}

/// Columns by name, each a list of its values.
pub(crate) struct ColumnsSeed<'a, 's>(pub(crate) &'a mut Rows<'s>);

/// The values of one column.
struct ColumnSeed<'a, 's> {
    rows: &'a mut Rows<'s>,
    position: usize,
}

impl<'s> Rows<'s> {
    /// A seed for the next value of a column.
    fn seed(&mut self, position: usize) -> CellSeed<'_, 's> {
        let place = self.place(position);
        CellSeed { builder: self.builder(position), place }
    }
}

impl<'de> DeserializeSeed<'de> for RowsSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RowsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(RowSeed { rows: self.rows, targets: self.targets })?.is_some() {}
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl RowSeed<'_, '_> {
    fn close<E: Error>(self) -> Result<(), E> {
        self.rows.close_row().map_err(E::custom)
    }

    /// A row of one value, for a model that takes one column.
    fn single<E: Error>(self, cell: Cell<'_>) -> Result<(), E> {
        let position = match self.targets {
            Some(targets) if targets.len() == 1 => targets[0],
            None if self.rows.layout().columns().len() == 1 => Some(0),
            _ => return Err(E::custom(format_args!("{}: {cell} is not a row", self.rows.row_label()))),
        };
        if let Some(position) = position {
            self.rows.append(position, cell).map_err(E::custom)?;
        }
        self.rows.note_width(1);
        self.close()
    }
}

impl<'de> Visitor<'de> for RowSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut likely = 0;
        while let Some(position) = map.next_key_seed(KeySeed { rows: self.rows, likely })? {
            let Some(position) = position else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            self.rows.catch_up(position).map_err(A::Error::custom)?;
            if self.rows.is_filled(position) {
                let (label, row) = (self.rows.layout().label(position), self.rows.row_label());
                return Err(A::Error::custom(format_args!("{label}, {row}: it comes twice")));
            }
            self.rows.mark(position);
            map.next_value_seed(self.rows.seed(position))?;
            likely = position + 1;
        }
        self.close()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let layout = self.rows.layout();
        let n_values = match self.targets {
            Some(targets) => targets.len(),
            None if layout.is_positional() => usize::MAX,
            None => {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Err(A::Error::custom(unnamed(layout, &self.rows.row_label())));
            }
        };
        let mut n_read = 0;
        loop {
            let target = match self.targets {
                Some(targets) => targets.get(n_read).copied().flatten(),
                None => Some(n_read).filter(|position| *position < layout.columns().len()),
            };
            let is_read = match target {
                Some(position) => {
                    self.rows.catch_up(position).map_err(A::Error::custom)?;
                    seq.next_element_seed(self.rows.seed(position))?.is_some()
                }
                None => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !is_read {
                break;
            }
            if let Some(position) = target {
                self.rows.mark(position);
            }
            n_read += 1;
            if n_read > n_values {
                let row = self.rows.row_label();
                return Err(A::Error::custom(format_args!(
                    "{row} has more values than the {n_values} columns"
                )));
            }
        }
        self.rows.note_width(n_read);
        self.close()
    }

    visit_scalars!(single);
}

/// The sentence about a list where names are needed.
fn unnamed(layout: &Layout, row: &str) -> String {
    let n_columns = layout.columns().len();
    format!("{row} is a list, and the model takes {n_columns} columns by name")
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a column")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        let layout = self.rows.layout();
        // A model whose columns go by position takes the values of a record in the order in which they come.
        let found = if layout.is_positional() {
            Some(self.likely).filter(|position| *position < layout.columns().len())
        } else {
            layout.position(name, self.likely)
        };
        if found.is_none() {
            self.rows.note_extra(name);
        }
        Ok(found)
    }
}

impl<'de> Visitor<'de> for ColumnsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("columns by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut likely = 0;
        while let Some(position) = map.next_key_seed(KeySeed { rows: self.0, likely })? {
            let Some(position) = position else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if self.0.is_filled(position) {
                let label = self.0.layout().label(position);
                return Err(A::Error::custom(format_args!("{label}: it comes twice")));
            }
            self.0.mark(position);
            map.next_value_seed(ColumnSeed { rows: self.0, position })?;
            likely = position + 1;
        }
        self.0.close_columns().map_err(A::Error::custom)
    }
}

impl<'de> DeserializeSeed<'de> for ColumnSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl ColumnSeed<'_, '_> {
    fn single<E: Error>(self, cell: Cell<'_>) -> Result<(), E> {
        self.rows.append(self.position, cell).map_err(E::custom)
    }
}

impl<'de> Visitor<'de> for ColumnSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the values of a column")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self.rows.seed(self.position))?.is_some() {}
        Ok(())
    }

    visit_scalars!(single);
}
