//! What earlier tries of a job left in its output folder.

use std::collections::HashMap;

use forebay_lake::{Folder, Format};

use crate::Error;
use crate::manifest::{Manifest, PartSizes};
use crate::options::JobId;
use crate::output::Target;
use crate::output::names::{Names, SUCCESS};

/// What earlier tries left.
#[derive(Default)]
pub(crate) struct Earlier {
    /// Of this share.
    pub(crate) manifest: Option<Manifest>,
    /// Of any share.
    pub(crate) notes: Option<Manifest>,
    /// Parts up to the first that is missing, or is not as it was written.
    pub(crate) n_parts: u64,
    /// Rows that were rejected in them.
    pub(crate) n_rejected: u64,
}

/// The parts that a folder holds.
struct Held<'a> {
    folder: &'a Folder,
    names: &'a Names,
    format: Format,
    /// The sizes of all files in it.
    found: HashMap<String, u64>,
}

impl Earlier {
    /// Looks into the output folder, where there is one.
    ///
    /// # Errors
    /// [`Error::Occupied`] where it holds what is not this job's.
    pub(crate) fn find(
        target: &Target,
        rejects: Option<&Target>,
        names: &Names,
        format: Format,
        id: &JobId,
    ) -> Result<Self, Error> {
        let Target::Folder(folder) = target else { return Ok(Earlier::default()) };
        let found = folder.sizes()?;
        let Some(any) = names.of_all().find(|names| found.contains_key(&names.manifest())) else {
            if let Some(of) = found.keys().find_map(|name| names.n_shares_of(name)) {
                let what = format!("{of} shares, and now {}", names.n_shares());
                return Err(Error::Changed { id: id.to_string(), what });
            }
            let foreign = found.into_keys().filter(|name| !names.is_own(name) && name != SUCCESS).min();
            return match foreign {
                None => Ok(Earlier::default()),
                Some(name) => Err(Error::Occupied { folder: folder.uri(), name, id: id.to_string() }),
            };
        };
        let own = Manifest::read(folder, &names.manifest())?;
        let notes = match &own {
            Some(own) => Some(own.clone()),
            None => Manifest::read(folder, &any.manifest())?,
        };
        let sizes = own.as_ref().map(|manifest| manifest.parts.clone());
        let mut earlier = Earlier { manifest: own, notes, ..Earlier::default() };
        if let Some(sizes) = sizes {
            let rejects = match rejects {
                Some(Target::Folder(folder)) => Some(Held::by(folder, names, Format::JsonLines)?),
                _ => None,
            };
            earlier.count(&sizes, &Held { folder, names, format, found }, rejects.as_ref())?;
        }
        Ok(earlier)
    }

    /// Counts the parts up to the first that is not as it was noted, or whose rejected rows are not.
    fn count(&mut self, noted: &[PartSizes], parts: &Held, rejects: Option<&Held>) -> Result<(), Error> {
        for part in noted {
            let are_rejects_whole = |rejects: &Held| rejects.size(self.n_parts) == part.rejects_bytes;
            if parts.size(self.n_parts) != Some(part.size_bytes) || !rejects.is_none_or(are_rejects_whole) {
                break;
            }
            self.n_rejected += rejects.map_or(Ok(0), |rejects| rejects.n_lines(self.n_parts))?;
            self.n_parts += 1;
        }
        Ok(())
    }

    /// The parts that are as they were noted.
    pub(crate) fn parts(&self) -> Vec<PartSizes> {
        let noted = self.manifest.iter().flat_map(|manifest| manifest.parts.iter().copied());
        (0..self.n_parts).zip(noted).map(|(_, part)| part).collect()
    }

    /// Whether all parts of this share are there. One that was told to be and is gone has to be done again.
    pub(crate) fn n_parts_if_done(&self) -> Option<u64> {
        let told = self.manifest.as_ref()?.n_parts?;
        (self.n_parts >= told).then_some(told)
    }
}

impl<'a> Held<'a> {
    fn by(folder: &'a Folder, names: &'a Names, format: Format) -> Result<Self, Error> {
        Ok(Held { folder, names, format, found: folder.sizes()? })
    }

    fn name(&self, number: u64) -> String {
        self.names.part(number, self.format.ending())
    }

    fn size(&self, number: u64) -> Option<u64> {
        self.found.get(&self.name(number)).copied()
    }

    fn n_lines(&self, number: u64) -> Result<u64, Error> {
        let lines = self.folder.read(&self.name(number))?.unwrap_or_default();
        Ok(lines.split_inclusive(|byte| *byte == b'\n').count() as u64)
    }
}
