//! What a job with a folder as output was begun with, kept in that folder: started again, it must mean the same.

use forebay_lake::{Folder, InputFile};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::columns::{Keep, Mapping};
use crate::options::JobId;
use crate::output::names::Names;

/// What decides which rows are in which part, and what is in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) model: String,
    /// Of what is in the model.
    pub(crate) model_digest: String,
    pub(crate) input: Vec<File>,
    pub(crate) format: String,
    pub(crate) columns: Vec<Mapping>,
    pub(crate) keep: Keep,
    pub(crate) prediction_column: String,
    pub(crate) limit: Option<u64>,
    pub(crate) rows_per_file: u64,
    pub(crate) rejects: bool,
    /// Rows that the engine gets at once. Some models answer a little differently to chunks of another size.
    pub(crate) chunk_rows: usize,
    /// The columns that the model gives, as [`crate::answer::to_text`] writes them: later tries may meet other rows first.
    pub(crate) predictions: String,
    /// The parts that are complete, from the first on: one of another size was damaged later.
    #[serde(default)]
    pub(crate) parts: Vec<PartSizes>,
    /// How many parts there are; none before all of them are there.
    pub(crate) n_parts: Option<u64>,
}

/// How large a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartSizes {
    pub(crate) size_bytes: u64,
    /// Of its file of rejected rows, where there is one.
    pub(crate) rejects_bytes: Option<u64>,
}

/// A manifest in its folder, which grows with the parts.
pub(crate) struct Notes {
    pub(crate) folder: Folder,
    pub(crate) names: Names,
    pub(crate) manifest: Manifest,
}

/// A file of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    uri: String,
    size_bytes: u64,
    version: String,
}

impl From<&InputFile> for File {
    fn from(file: &InputFile) -> Self {
        File { uri: file.uri.clone(), size_bytes: file.size_bytes, version: file.version.clone() }
    }
}

impl Manifest {
    /// The notes of that name.
    pub(crate) fn read(folder: &Folder, name: &str) -> Result<Option<Self>, Error> {
        let Some(text) = folder.read(name)? else { return Ok(None) };
        let read = serde_json::from_slice(&text);
        read.map(Some).map_err(|error| Error::Option(format!("{}/{name}: {error}", folder.uri())))
    }

    pub(crate) fn write(&self, folder: &Folder, names: &Names) -> Result<(), Error> {
        let text = serde_json::to_vec(self).map_err(|error| Error::Option(error.to_string()))?;
        Ok(folder.write(&names.manifest(), &text)?)
    }

    /// Whether it begins what an earlier try began.
    ///
    /// # Errors
    /// [`Error::Changed`] says what differs.
    pub(crate) fn check(&self, earlier: &Manifest, id: &JobId) -> Result<(), Error> {
        let differing = |name: &str, now: &str, then: &str| format!("another {name}: {then}, and now {now}");
        let what = if self.model != earlier.model {
            differing("model", &self.model, &earlier.model)
        } else if self.model_digest != earlier.model_digest {
            format!("another content of the model {}", self.model)
        } else if let Some(what) = self.other_input(earlier) {
            what
        } else if self.format != earlier.format {
            differing("--output-format", &self.format, &earlier.format)
        } else if self.rows_per_file != earlier.rows_per_file {
            differing("--rows-per-file", &self.rows_per_file.to_string(), &earlier.rows_per_file.to_string())
        } else if self.limit != earlier.limit {
            "another --limit".to_owned()
        } else if (&self.columns, &self.keep) != (&earlier.columns, &earlier.keep) {
            "other --columns or --keep".to_owned()
        } else if self.prediction_column != earlier.prediction_column {
            differing("--prediction-column", &self.prediction_column, &earlier.prediction_column)
        } else if self.rejects != earlier.rejects {
            "another --rejects".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::Changed { id: id.to_string(), what })
    }

    fn other_input(&self, earlier: &Manifest) -> Option<String> {
        let changed = self.input.iter().find(|file| !earlier.input.contains(file));
        let gone = || earlier.input.iter().find(|file| !self.input.contains(file));
        let named = |uri: &String, files: &[File]| files.iter().any(|file| file.uri == *uri);
        match (changed, gone()) {
            (None, None) => (self.input != earlier.input).then(|| "its input in another order".to_owned()),
            (Some(file), _) if named(&file.uri, &earlier.input) => {
                Some(format!("another content of {}", file.uri))
            }
            (Some(file), _) => Some(format!("an input without {}", file.uri)),
            (None, Some(file)) => Some(format!("{} in its input", file.uri)),
        }
    }
}

impl Notes {
    pub(crate) fn write(&self) -> Result<(), Error> {
        self.manifest.write(&self.folder, &self.names)
    }

    /// Notes that the next part is complete. A part that is not noted is done again, which costs less than to write all notes
    /// behind each of very many.
    pub(crate) fn add(&mut self, part: PartSizes) -> Result<(), Error> {
        self.manifest.parts.push(part);
        let n_parts = self.manifest.parts.len();
        if n_parts.is_multiple_of(1 + n_parts / 64) { self.write() } else { Ok(()) }
    }
}

/// Whether all parts of all shares are there, with the sizes that they were written with.
pub(crate) fn is_complete(folder: &Folder, names: &Names) -> Result<bool, Error> {
    let found = folder.sizes()?;
    for names in names.of_all() {
        let manifest = Manifest::read(folder, &names.manifest())?;
        let Some(Manifest { n_parts: Some(n_parts), parts, format, .. }) = manifest else {
            return Ok(false);
        };
        let is_whole = |(number, part): (u64, &PartSizes)| {
            found.get(&names.part(number, &format)) == Some(&part.size_bytes)
        };
        if parts.len() as u64 != n_parts || !(0..).zip(&parts).all(is_whole) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let file = File { uri: "a.csv".to_owned(), size_bytes: 1, version: "1".to_owned() };
        Manifest {
            model: "m".to_owned(),
            model_digest: "1".to_owned(),
            input: vec![file],
            format: "csv".to_owned(),
            columns: Vec::new(),
            keep: Keep::All,
            prediction_column: "p".to_owned(),
            limit: None,
            rows_per_file: 1,
            rejects: false,
            chunk_rows: 1,
            predictions: String::new(),
            parts: Vec::new(),
            n_parts: None,
        }
    }

    #[test]
    fn what_changed_is_named() {
        let id: JobId = "j".parse().unwrap();
        let earlier = manifest();
        assert!(Manifest { chunk_rows: 2, n_parts: Some(1), ..manifest() }.check(&earlier, &id).is_ok());
        let model = Manifest { model: "n".to_owned(), ..manifest() }.check(&earlier, &id).unwrap_err();
        assert!(model.to_string().contains("another model: m, and now n"), "{model}");
        let retrained = Manifest { model_digest: "2".to_owned(), ..manifest() };
        let retrained = retrained.check(&earlier, &id).unwrap_err();
        assert!(retrained.to_string().contains("another content of the model m"), "{retrained}");
        let mut touched = manifest();
        touched.input[0].version = "2".to_owned();
        let touched = touched.check(&earlier, &id).unwrap_err();
        assert!(touched.to_string().contains("another content of a.csv"), "{touched}");
    }
}
