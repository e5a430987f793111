//! Columns whose values are in the names of folders, as in `year=2013/month=1/part.parquet`.
//!
//! A file has one value of each for all of its rows, so a predicate may leave it out before it is opened.

use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{CastOptions, cast_with_options, take};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use percent_encoding::percent_decode_str;

use crate::Error;
use crate::predicate::Predicate;
use crate::read::{Decoded, ReadError, Wanted};
use crate::storage::files::{InputFile, is_pattern};
use crate::storage::place::Place;

/// What Hive calls the folder of rows without a value.
const NOTHING: &str = "__HIVE_DEFAULT_PARTITION__";

/// The columns that folders of a table are named after.
#[derive(Debug)]
pub(crate) struct Partitions {
    columns: Vec<Partition>,
    /// The columns of the files.
    in_files: SchemaRef,
}

#[derive(Debug)]
struct Partition {
    field: FieldRef,
    /// One for each file.
    values: ArrayRef,
}

/// The names and values that the folders of a file tell.
type Told = Vec<(String, Option<String>)>;

impl Partitions {
    /// The partitions of files below a folder or a pattern; none where no folder is named after a column. A column that
    /// files have, too, has the values of the folders.
    ///
    /// # Errors
    /// The folders of one file tell other columns than those of the first.
    pub(crate) fn of(
        place: &Place,
        files: &[InputFile],
        in_files: &SchemaRef,
        wanted: &HashMap<String, DataType>,
    ) -> Result<Option<Self>, Error> {
        let told = files.iter().map(|file| told(place, file)).collect::<Result<Vec<_>, _>>()?;
        if told.iter().all(Vec::is_empty) {
            return Ok(None);
        }
        for (file, of_file) in files.iter().zip(&told) {
            check(file, of_file, &files[0], &told[0])?;
        }
        let column = |(name, _): &(String, _)| {
            let value = |of_file: &Told| of_file.iter().find(|(other, _)| other == name)?.1.clone();
            let texts: StringArray = told.iter().map(value).collect();
            let in_files = in_files.field_with_name(name).ok().map(Field::data_type);
            let values = typed(texts, [wanted.get(name), in_files].into_iter().flatten());
            Partition { field: Arc::new(Field::new(name, values.data_type().clone(), true)), values }
        };
        let columns = told[0].iter().map(column).collect();
        Ok(Some(Partitions { columns, in_files: Arc::clone(in_files) }))
    }

    /// The columns of the table: those of the files, and then those that only folders tell.
    pub(crate) fn schema(&self) -> SchemaRef {
        let of_file = |field: &FieldRef| match self.column(field.name()) {
            Some(partition) => Arc::clone(&partition.field),
            None => Arc::clone(field),
        };
        let mut fields: Vec<FieldRef> = self.in_files.fields().iter().map(of_file).collect();
        let is_in_files = |partition: &&Partition| self.in_files.index_of(partition.field.name()).is_ok();
        let others = self.columns.iter().filter(|partition| !is_in_files(partition));
        fields.extend(others.map(|partition| Arc::clone(&partition.field)));
        Arc::new(Schema::new(fields))
    }

    /// What the columns are called, from the outer folder to the inner one.
    pub(crate) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|partition| partition.field.name().clone()).collect()
    }

    /// Whether a file may have rows of interest, as far as its folders tell.
    pub(crate) fn may_hold(&self, file: usize, predicate: &Predicate) -> Result<bool, ArrowError> {
        for comparison in predicate.comparisons() {
            let Some(partition) = self.column(&comparison.column) else { continue };
            let holds = comparison.holds(&partition.values.slice(file, 1))?;
            if !holds.iter().any(|holds| holds == Some(true)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What a file is asked for: how many rows it has is known by some column of it.
    pub(crate) fn in_file(&self, wanted: &Wanted) -> Wanted {
        let is_in_file = |name: &str| self.column(name).is_none();
        let fields = wanted.schema.fields().iter().filter(|field| is_in_file(field.name()));
        let mut fields: Vec<FieldRef> = fields.cloned().collect();
        if fields.is_empty() {
            let not_told = self.in_files.fields().iter().find(|field| is_in_file(field.name()));
            fields.extend(not_told.or(self.in_files.fields().first()).cloned());
        }
        let predicate = wanted.predicate.as_ref().and_then(|predicate| predicate.about(is_in_file));
        Wanted { schema: Arc::new(Schema::new(fields)), predicate, ..wanted.clone() }
    }

    /// Rows of a file with the wanted columns, those that its folders tell among them.
    pub(crate) fn complete(&self, file: usize, rows: Decoded, wanted: &Schema) -> Result<Decoded, ReadError> {
        let Decoded { batch, defects } = rows;
        let file = u32::try_from(file)?;
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for field in wanted.fields() {
            let column = if let Some(partition) = self.column(field.name()) {
                let same = UInt32Array::from(vec![file; batch.num_rows()]);
                take(&partition.values, &same, None)?
            } else {
                let column = batch.column_by_name(field.name());
                Arc::clone(column.ok_or_else(|| format!("there is no column '{}'", field.name()))?)
            };
            fields.push(field.as_ref().clone().with_nullable(true));
            columns.push(column);
        }
        Ok(Decoded { batch: RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?, defects })
    }

    fn column(&self, name: &str) -> Option<&Partition> {
        self.columns.iter().find(|partition| partition.field.name() == name)
    }
}

/// Every file has to tell the same columns: whether a value that is missing is null or was forgotten, nobody knows.
fn check(file: &InputFile, told: &Told, first: &InputFile, of_first: &Told) -> Result<(), Error> {
    let names = |told: &Told| told.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>();
    let (of_file, expected) = (names(told), names(of_first));
    if of_file.len() < told.len() {
        return Err(Error::schema(&file.uri, "two of its folders tell the same column"));
    }
    match expected.symmetric_difference(&of_file).next() {
        None => Ok(()),
        Some(name) => {
            let (with, without) = if of_file.contains(name) { (file, first) } else { (first, file) };
            let reason = format!("it is in no folder '{name}=…', and {} is", with.uri);
            Err(Error::schema(&without.uri, reason))
        }
    }
}

fn told(place: &Place, file: &InputFile) -> Result<Told, Error> {
    let mut told = Vec::new();
    for folder in folders(place, &file.place) {
        let Some((name, value)) = folder.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            continue;
        };
        let decoded = |text: &str| match percent_decode_str(text).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(Error::schema(&file.uri, format!("its folder '{folder}' is not UTF-8"))),
        };
        let is_nothing = value.is_empty() || value == NOTHING;
        let value = if is_nothing { None } else { Some(decoded(value)?) };
        told.push((decoded(name)?, value));
    }
    Ok(told)
}

/// The names of the folders of a file below what the table was named by.
fn folders(place: &Place, file: &Place) -> Vec<String> {
    let path = |place: &Place| match place {
        Place::Pipe => PathBuf::new(),
        Place::Local(path) => without_dots(path),
        Place::Object(object) => PathBuf::from(&object.key),
    };
    let (root, file) = (literal(&path(place)), path(file));
    let below = file.strip_prefix(&root).ok().and_then(Path::parent).map(Path::components);
    let name = |part: Component| part.as_os_str().to_string_lossy().into_owned();
    below.into_iter().flatten().map(name).collect()
}

fn without_dots(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// The folder that all matches of a pattern are in; what is no pattern stays as it is.
fn literal(path: &Path) -> PathBuf {
    let is_literal = |part: &Component| !is_pattern(&part.as_os_str().to_string_lossy());
    path.components().take_while(is_literal).collect()
}

/// Values in the first of some types that all of them have; else whole numbers if all are, or the texts that they are.
fn typed<'a>(texts: StringArray, known: impl Iterator<Item = &'a DataType>) -> ArrayRef {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let texts: ArrayRef = Arc::new(texts);
    let mut cast = known.filter_map(|kind| cast_with_options(&texts, kind, &strict).ok());
    cast.next().or_else(|| whole(&texts)).unwrap_or(texts)
}

fn whole(texts: &ArrayRef) -> Option<ArrayRef> {
    let is_whole = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let number = |text: Option<&str>| match text {
        None => Some(None),
        Some(text) => text.parse::<i64>().ok().filter(|_| is_whole(text)).map(Some),
    };
    let numbers: Int64Array = texts.as_string::<i32>().iter().map(number).collect::<Option<_>>()?;
    (numbers.null_count() < numbers.len()).then(|| Arc::new(numbers) as ArrayRef)
}
