//! A table in files: which files, which columns, and which of its pieces belong to a shard, all before the first row.

use std::collections::HashMap;
use std::ops::Range;
use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock};

use arrow::datatypes::{DataType, SchemaRef};

use crate::delta::{AsOf, Details, LoggedFile, Version};
use crate::partitions::Partitions;
use crate::predicate::Predicate;
use crate::read::head::Head;
use crate::read::unit::{self, Unit, units};
use crate::read::{at, parquet, pipe, schema};
use crate::storage::files::{self, InputFile};
use crate::storage::place::Place;
use crate::{Error, Format, Lake};

/// A table in files of one format and one schema.
pub struct Table {
    pub(crate) files: Vec<InputFile>,
    pub(crate) format: Format,
    pub(crate) schema: SchemaRef,
    /// All of them. Of a table with partitions they are not known before somebody asks.
    units: OnceLock<Vec<Unit>>,
    /// Columns that folders of plain files are named after.
    pub(crate) partitions: Option<Partitions>,
    /// What a pipe gave so far, and what is still to come; none for files, and when it was taken.
    pub(crate) pipe: Mutex<Option<Head>>,
    row_bytes: Option<u64>,
    /// Which version of a Delta table it is.
    pub(crate) delta: Option<Arc<Version>>,
}

/// How a table is opened.
#[derive(Debug, Clone, Default)]
pub struct TableOptions {
    /// None to tell it by the files' names and contents.
    pub format: Option<Format>,
    /// How columns of CSV and JSON lines are typed.
    pub text: TextTypes,
    /// Which version of a Delta table; the last one without this.
    pub as_of: Option<AsOf>,
}

/// The types of columns in formats that have none.
#[derive(Debug, Clone, Default)]
pub struct TextTypes {
    /// By name.
    pub wanted: HashMap<String, DataType>,
    /// Wanted columns that JSON lines may leave out at first.
    pub optional: Vec<String>,
    /// Whether CSV columns beside the wanted ones stay the texts that they are; otherwise the first rows tell.
    pub keep_texts: bool,
}

/// How many rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowCount {
    /// As the files say.
    Exact(u64),
    /// From the size of the first rows.
    About(u64),
    /// Nobody knows.
    Unknown,
}

/// One of several equal shares of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    pub number: u32,
    /// How many shares there are.
    pub of: u32,
}

impl Shard {
    /// The only share.
    pub const ALL: Shard = Shard { number: 1, of: 1 };
}

/// What shards are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shares {
    /// Row groups and files, which are the same ones for everybody.
    OfPieces,
    /// Also parts of row groups, of which each shard has about as many rows.
    OfRows,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(number, of)| {
            let shard = Shard { number: number.parse().ok()?, of: of.parse().ok()? };
            (1..=shard.of).contains(&shard.number).then_some(shard)
        });
        parsed.ok_or_else(|| format!("'{text}' is no share such as 1/4, 2/4, 3/4 or 4/4"))
    }
}

impl Table {
    /// Finds the files that `uri` names (a Delta table, a file, a folder, a pattern, or `-` for standard input) and reads
    /// their schema.
    pub fn open(lake: &Lake, uri: &str, options: &TableOptions) -> Result<Self, Error> {
        let place = Place::parse(lake, uri)?;
        if let Some((version, files)) = Version::open(lake, &place, options.as_of)? {
            return Table::of_version(version, files, options);
        }
        if options.as_of.is_some() {
            let reason = "only Delta tables have versions, and it is none".to_owned();
            return Err(Error::Address { uri: uri.to_owned(), reason });
        }
        let mut files = files::files(&place)?;
        let mut pipe = None;
        let first = files[0].uri.clone();
        let mut head = match &place {
            Place::Pipe => Head::read(Box::new(std::io::stdin()), &first)?,
            _ => Head::of_file(&files[0])?,
        };
        let format = options.format.or_else(|| Format::of_path(&first));
        let format = format.unwrap_or_else(|| Format::of_content(head.bytes()));
        if options.format.is_none() {
            check_endings(&files, format)?;
        }
        if matches!(place, Place::Pipe) {
            if format == Format::Parquet {
                files = vec![pipe::spool(head)?];
                head = Head::of_file(&files[0])?;
            } else {
                pipe = Some(());
            }
        }
        let schema = schema::of(&files[0], format, &mut head, &options.text)?;
        let row_bytes = schema::row_bytes(format, &head);
        let partitions = Partitions::of(&place, &files, &schema, &options.text.wanted)?;
        let schema = partitions.as_ref().map_or(schema, Partitions::schema);
        let (units, pipe) = (OnceLock::new(), Mutex::new(pipe.map(|()| head)));
        let table = Table { files, format, schema, units, partitions, pipe, row_bytes, delta: None };
        if table.partitions.is_none() {
            table.units()?;
        }
        Ok(table)
    }

    /// A version of a Delta table.
    fn of_version(version: Version, logged: Vec<LoggedFile>, options: &TableOptions) -> Result<Self, Error> {
        if let Some(format) = options.format.filter(|format| *format != Format::Parquet) {
            let (uri, reason) = (version.uri(), format!("it is a Delta table and not {}", format.ending()));
            return Err(Error::Address { uri, reason });
        }
        let schema = version.schema()?;
        let unit = |(file, logged): (usize, &LoggedFile)| Unit {
            file,
            row_group: None,
            first_row: 1,
            n_rows: logged.n_rows,
            size_bytes: logged.file.size_bytes,
            cut: None,
        };
        let units = logged.iter().enumerate().map(unit).collect::<Vec<_>>().into();
        let files = logged.into_iter().map(|logged| logged.file).collect();
        let (pipe, delta) = (Mutex::default(), Some(Arc::new(version)));
        let (format, partitions, row_bytes) = (Format::Parquet, None, None);
        Ok(Table { files, format, schema, units, partitions, pipe, row_bytes, delta })
    }

    /// The number of the version, of a Delta table.
    pub fn version(&self) -> Option<u64> {
        self.delta.as_ref().map(|version| version.number())
    }

    /// Whose error it is that a column is not there: a Delta table may have no file.
    pub(crate) fn uri(&self) -> String {
        let first = || self.files.first().map_or_else(String::new, |file| file.uri.clone());
        self.delta.as_ref().map_or_else(first, |version| version.uri())
    }

    /// What the log says of a Delta table.
    pub fn details(&self) -> Result<Option<Details>, Error> {
        self.delta.as_ref().map(|version| version.details()).transpose()
    }

    /// Columns that files are divided by, as the log or the names of folders tell.
    pub fn partition_columns(&self) -> Vec<String> {
        match &self.delta {
            Some(version) => version.partitions(),
            None => self.partitions.as_ref().map_or_else(Vec::new, Partitions::names),
        }
    }

    /// The columns of every file.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The files, in their order.
    pub fn files(&self) -> &[InputFile] {
        &self.files
    }

    /// The format of the files.
    pub fn format(&self) -> Format {
        self.format
    }

    /// How many rows a share has.
    pub fn n_rows(&self, shard: Shard) -> RowCount {
        let Ok(units) = self.share(shard) else { return RowCount::Unknown };
        let exact = units.iter().map(|unit| unit.n_rows).sum::<Option<u64>>();
        let size_bytes: u64 = units.iter().map(|unit| unit.size_bytes).sum();
        match (exact, self.row_bytes) {
            (Some(n_rows), _) => RowCount::Exact(n_rows),
            (None, Some(row_bytes)) if size_bytes > 0 => RowCount::About(size_bytes / row_bytes.max(1)),
            _ => RowCount::Unknown,
        }
    }

    /// The pieces of a share that may have rows of interest. A file that has none, as its folders tell, is not opened.
    pub(crate) fn units_for(
        &self,
        shard: Shard,
        shares: Shares,
        predicate: Option<&Predicate>,
    ) -> Result<Vec<Unit>, Error> {
        let of_shard = || match shares {
            Shares::OfPieces => self.share(shard).map(<[Unit]>::to_vec),
            Shares::OfRows => {
                let units = unit::cut(self.units()?, shard.of);
                let range = share_of(&units, shard);
                Ok(units[range].to_vec())
            }
        };
        let Some((partitions, predicate)) = self.partitions.as_ref().zip(predicate) else {
            return of_shard();
        };
        let mut kept = Vec::new();
        for file in 0..self.files.len() {
            let holds = partitions.may_hold(file, predicate);
            if holds.map_err(|error| at(error.into(), &self.files[file].uri))? {
                kept.push(file);
            }
        }
        if shard == Shard::ALL && self.units.get().is_none() {
            return units(&self.files, &kept, self.format);
        }
        let mut units = of_shard()?;
        units.retain(|unit| kept.binary_search(&unit.file).is_ok());
        Ok(units)
    }

    fn units(&self) -> Result<&[Unit], Error> {
        if let Some(units) = self.units.get() {
            return Ok(units);
        }
        let all: Vec<usize> = (0..self.files.len()).collect();
        let units = units(&self.files, &all, self.format)?;
        Ok(self.units.get_or_init(|| units))
    }

    /// The pieces of a share. A piece is a row group of Parquet or a file, so a share may be empty.
    fn share(&self, shard: Shard) -> Result<&[Unit], Error> {
        let units = self.units()?;
        Ok(&units[share_of(units, shard)])
    }

    /// About how many bytes a row has in memory, where the files tell; of these pieces, unless all are known.
    pub(crate) fn row_bytes(&self, units: &[Unit]) -> Option<u64> {
        let units = self.units.get().map_or(units, Vec::as_slice);
        self.row_bytes.or_else(|| parquet::row_bytes(units))
    }
}

/// The positions of a shard's units: neighbours, and about as large as those of every other one.
fn share_of(units: &[Unit], shard: Shard) -> Range<usize> {
    let weights: Vec<u128> = units.iter().map(|unit| u128::from(unit.size_bytes) + 1).collect();
    let total: u128 = weights.iter().sum();
    let mut before = 0;
    let shares: Vec<u128> = weights
        .iter()
        .map(|weight| {
            let middle = before * 2 + weight;
            before += weight;
            middle * u128::from(shard.of) / (total * 2)
        })
        .collect();
    let wanted = u128::from(shard.number - 1);
    let start = shares.partition_point(|share| *share < wanted);
    let end = shares.partition_point(|share| *share <= wanted);
    start..end
}

/// Files of several formats are no table, and what one of them says of another's bytes helps nobody.
fn check_endings(files: &[InputFile], format: Format) -> Result<(), Error> {
    let other = files.iter().find(|file| Format::of_path(&file.uri).is_some_and(|told| told != format));
    match other {
        None => Ok(()),
        Some(other) => Err(Error::schema(
            &other.uri,
            format!(
                "it is of another format than {}; name files of one, as with '*.{}'",
                files[0].uri,
                format.ending()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_one_of_so_many() {
        assert_eq!("2/3".parse(), Ok(Shard { number: 2, of: 3 }));
        for text in ["0/3", "4/3", "1", "a/b", "1/0", "-1/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
