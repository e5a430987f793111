//! Files of Delta tables among others. The log of a table tells which of its files count and which rows of them are deleted,
//! so whoever reads the files without it reads other rows than the table has.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use object_store::ObjectMeta;

use super::object::Object;
use super::place::Place;
use crate::Error;

/// The folder that makes a table of the folder that it is in.
pub(crate) const LOG: &str = "_delta_log";

/// Refuses files of this machine that are a table's.
pub(super) fn check_paths(uri: &str, files: &[PathBuf]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for folder in files.iter().filter_map(|file| file.parent()) {
        let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let mut new = absolute.ancestors().take_while(|folder| seen.insert((*folder).to_owned()));
        if let Some(table) = new.find(|folder| folder.join(LOG).is_dir()) {
            return Err(refused(uri, &shortest(table)));
        }
    }
    Ok(())
}

/// Refuses objects that are a table's; `below` are all objects of the folder that they were found in.
pub(super) fn check_objects(
    asked: &Object,
    folder: &str,
    below: &[ObjectMeta],
    found: &[ObjectMeta],
) -> Result<(), Error> {
    let tables: HashSet<&str> =
        below.iter().filter_map(|meta| table_of_log(meta.location.as_ref())).collect();
    let is_logged = |key: &str| ancestors(key).find(|folder| tables.contains(folder)).map(str::to_owned);
    let inside = found.iter().find_map(|meta| is_logged(meta.location.as_ref()));
    let table = inside.or_else(|| ancestors(folder).find(|above| has_log(asked, above)).map(str::to_owned));
    match table {
        Some(table) if !found.is_empty() => Err(refused(&asked.uri(), &asked.at(table).uri())),
        _ => Ok(()),
    }
}

/// Whether there is a log; not where that may not be asked.
fn has_log(asked: &Object, folder: &str) -> bool {
    let log = Place::Object(asked.at(folder.to_owned())).join(LOG);
    log.names().is_ok_and(|names| !names.is_empty())
}

/// The table of an object that is in a log.
fn table_of_log(key: &str) -> Option<&str> {
    let at = key.find(LOG).filter(|at| key[at + LOG.len()..].starts_with('/'))?;
    if at == 0 { Some("") } else { key[..at].strip_suffix('/') }
}

/// The folders that a key is in, from the nearest to the whole bucket.
fn ancestors(key: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(key).filter(|key| !key.is_empty());
    std::iter::from_fn(move || {
        let above = rest?.rsplit_once('/').map_or("", |(above, _)| above);
        rest = Some(above).filter(|above| !above.is_empty());
        Some(above)
    })
}

/// As the user may have written it.
fn shortest(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below
        .filter(|below| !below.as_os_str().is_empty())
        .unwrap_or_else(|| path.to_owned())
        .display()
        .to_string()
}

fn refused(uri: &str, table: &str) -> Error {
    let reason = format!(
        "it takes files of the Delta table {table}, which may hold rows that the table does not have any more; \
         name the table itself"
    );
    Error::Address { uri: uri.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_names_its_table() {
        for (key, table) in [
            ("a/t/_delta_log/0.json", Some("a/t")),
            ("_delta_log/0.json", Some("")),
            ("a/_delta_logs/0.json", None),
            ("a/x_delta_log/0.json", None),
            ("a/_delta_log", None),
        ] {
            assert_eq!(table_of_log(key), table, "{key}");
        }
        assert_eq!(ancestors("a/b/c").collect::<Vec<_>>(), ["a/b", "a", ""]);
    }
}
