//! Where scored rows go: one file, or the parts of a folder.

mod rejects;
pub(crate) mod names;

use arrow::datatypes::SchemaRef;
use forebay_lake::{Append, Folder, Format, Lake, NewFile, TableWriter};

use self::rejects::RejectFile;
use crate::Error;
use crate::counters::Counters;
use crate::manifest::{Notes, PartSizes};
use crate::scorer::Scored;
use names::Names;

/// Where something goes.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A file of that path or address.
    File(String),
    /// Files of a folder.
    Folder(Folder),
}

impl Target {
    /// Its address, or the path of this machine from its root.
    pub(crate) fn uri(&self) -> String {
        let uri = match self {
            Target::File(uri) => uri.clone(),
            Target::Folder(folder) => folder.uri(),
        };
        if uri == "-" || uri.contains("://") {
            return uri;
        }
        std::path::absolute(&uri).map_or(uri, |path| path.display().to_string())
    }
}

/// What all parts of an output have in common.
pub(crate) struct Output<'a> {
    pub(crate) lake: &'a Lake,
    pub(crate) target: Target,
    /// The Delta table that the parts are for, which has types of its own.
    pub(crate) append: Option<Append>,
    pub(crate) rejects: Option<Target>,
    pub(crate) names: Names,
    pub(crate) format: Format,
    pub(crate) schema: SchemaRef,
    /// How many rows may be rejected, with those of earlier tries; none where none may.
    pub(crate) max_rejects: Option<u64>,
}

/// Writes the parts one after the other. What is not finished leaves nothing.
pub(crate) struct Writer<'a> {
    output: &'a Output<'a>,
    counters: &'a Counters,
    /// Of a folder, in which parts are noted when they are complete.
    notes: Option<&'a mut Notes>,
    current: Option<Part>,
}

/// The part that is being written.
struct Part {
    number: u64,
    table: TableWriter,
    rejects: Option<RejectFile>,
}

impl Output<'_> {
    /// Finds out whether object stores take what is going to be written, before rows are scored in vain.
    pub(crate) fn rehearse(&self) -> Result<(), Error> {
        for target in [Some(&self.target), self.rejects.as_ref()].into_iter().flatten() {
            match target {
                Target::File(uri) => NewFile::rehearse(self.lake, uri)?,
                Target::Folder(folder) => folder.rehearse(&self.names.part(0, self.format.ending()))?,
            }
        }
        Ok(())
    }

    fn begin(&self, number: u64) -> Result<Part, Error> {
        let file = match &self.target {
            Target::File(uri) => NewFile::create(self.lake, uri)?,
            Target::Folder(folder) => folder.create(&self.names.part(number, self.format.ending()))?,
        };
        let table = TableWriter::start(file, self.format, &self.schema)?;
        let rejects = match &self.rejects {
            None => None,
            Some(Target::File(uri)) => Some(RejectFile::begin(NewFile::create(self.lake, uri)?)),
            Some(Target::Folder(folder)) => {
                Some(RejectFile::begin(folder.create(&self.names.part(number, Format::JsonLines.ending()))?))
            }
        };
        Ok(Part { number, table, rejects })
    }

    fn is_pipe(&self) -> bool {
        matches!(&self.target, Target::File(uri) if uri == "-")
    }
}

impl<'a> Writer<'a> {
    pub(crate) fn new(output: &'a Output, counters: &'a Counters, notes: Option<&'a mut Notes>) -> Self {
        Writer { output, counters, notes, current: None }
    }

    /// Appends rows to their part; the parts before it are complete.
    ///
    /// # Errors
    /// [`Error::TooManyRejects`], with the rejected rows up to there in their file.
    pub(crate) fn write(&mut self, number: u64, scored: &Scored) -> Result<(), Error> {
        let mut part = match self.current.take() {
            Some(part) if part.number == number => part,
            other => {
                self.complete(other)?;
                self.output.begin(number)?
            }
        };
        let n_before = self.counters.n_rejected();
        if let Some(rejects) = &mut part.rejects {
            rejects.write(&scored.rejects)?;
        }
        self.counters.add(scored.n_rows, scored.rejects.len() as u64);
        if let (Some(limit), Some(last)) = (self.output.max_rejects, scored.rejects.last())
            && n_before + scored.rejects.len() as u64 > limit
        {
            part.rejects.map(RejectFile::finish).transpose()?;
            return Err(last.too_many(limit));
        }
        if scored.table.num_rows() > 0 {
            match &self.output.append {
                Some(append) => part.table.write(&append.convert(&scored.table)?)?,
                None => part.table.write(&scored.table)?,
            }
        }
        if self.output.is_pipe() {
            part.table.flush()?;
        }
        self.current = Some(part);
        Ok(())
    }

    /// Completes the last part, behind those of earlier tries; where there are no rows at all, a part without any. Tells how
    /// many parts there are.
    pub(crate) fn finish(mut self, n_earlier: u64) -> Result<u64, Error> {
        let last = match self.current.take() {
            None if n_earlier == 0 => Some(self.output.begin(0)?),
            last => last,
        };
        let n_parts = last.as_ref().map_or(n_earlier, |part| part.number + 1);
        self.complete(last)?;
        Ok(n_parts)
    }

    /// The rejected rows of a part are there before the part itself is: a part that is there is not done again.
    fn complete(&mut self, part: Option<Part>) -> Result<(), Error> {
        let Some(part) = part else { return Ok(()) };
        let rejects_bytes = part.rejects.map(RejectFile::finish).transpose()?;
        let size_bytes = part.table.finish()?;
        self.counters.add_file();
        match &mut self.notes {
            Some(notes) => notes.add(PartSizes { size_bytes, rejects_bytes }),
            None => Ok(()),
        }
    }
}
