//! Which tables a server reads and writes for its callers: those below the places that its operator names.
//!
//! A caller chooses what is opened with the operator's rights, so a place is compared before anything is opened, by what is the
//! same for all texts that name it: the address of an object by its store, its bucket and the names in its key, a path by where
//! it leads without links.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use forebay_lake::canonical;

/// Standard input and output are no place.
const PIPE: &str = "-";

/// Where tables may be.
#[derive(Debug, Clone)]
pub enum Locations {
    /// Wherever whoever runs this program may read: it does so for nobody else.
    Everywhere,
    /// Below any of these; nowhere if there is none.
    Below(Vec<Location>),
}

/// A folder, or a prefix in a bucket, with all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// A place, as it was given: where its links lead is looked at whenever it is compared.
    text: String,
}

impl FromStr for Location {
    type Err = String;

    /// Reads an address; the reason where it is of no place that can hold tables.
    fn from_str(text: &str) -> Result<Self, String> {
        let place = canonical(text).map_err(|error| error.to_string())?;
        if place == Path::new(PIPE) {
            return Err(format!("'{text}' cannot be used: nothing is below a pipe"));
        }
        Ok(Location { text: text.to_owned() })
    }
}

impl Locations {
    /// Why a table may not be opened, if it may not.
    pub(crate) fn check(&self, uri: &str) -> Result<(), String> {
        let Some(allowed) = self.places() else { return Ok(()) };
        let is_detour = uri.split(['/', '\\']).any(|name| name == ".." || name == ".");
        if is_detour || !is_below(&allowed, uri) {
            return Err(format!(
                "the server may not use '{uri}' for its callers; --features-location names what it may"
            ));
        }
        Ok(())
    }

    /// Why a table's files may not be read, if they may not: a link, or a log that names files elsewhere.
    pub(crate) fn check_files<'a>(&self, mut files: impl Iterator<Item = &'a str>) -> Result<(), String> {
        let Some(allowed) = self.places() else { return Ok(()) };
        match files.find(|file| !is_below(&allowed, file)) {
            None => Ok(()),
            Some(file) => Err(format!("its file '{file}' is outside of what --features-location names")),
        }
    }

    /// None for everywhere.
    fn places(&self) -> Option<Vec<PathBuf>> {
        match self {
            Locations::Everywhere => None,
            // One that cannot be read any more holds nothing.
            Locations::Below(places) => {
                Some(places.iter().filter_map(|place| canonical(&place.text).ok()).collect())
            }
        }
    }
}

/// Names are compared whole: what is below `gold` is not below `gol`.
fn is_below(places: &[PathBuf], uri: &str) -> bool {
    canonical(uri).is_ok_and(|found| places.iter().any(|place| found.starts_with(place)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn below(places: &[&str]) -> Locations {
        Locations::Below(places.iter().map(|place| place.parse().unwrap()).collect())
    }

    #[test]
    fn objects_are_below_a_prefix_by_scheme_bucket_and_whole_names() {
        let locations = below(&["s3://gold/tables/", "gs://all"]);
        for uri in [
            "s3://gold/tables",
            "s3://gold/tables/",
            "s3://gold/tables/a/b.parquet",
            "gs://all/x",
            "gs://all",
            "s3a://gold/tables/a",
            "s3://gold//tables/a",
        ] {
            assert_eq!(locations.check(uri), Ok(()), "{uri}");
        }
        for uri in [
            "s3://gold/tables2",
            "s3://gold",
            "s3://gold/other",
            "s3a://gold/other",
            "s3n://gold/tables/a",
            "s3:///gold/tables/a",
            "S3://gold/tables/a",
            "s3://golds/tables",
            "gs://all2/x",
            "gs://all@evil/x",
            "s3://gold/tables/../secret",
            "/gold/tables",
            "file:///gold/tables",
            "-",
            "",
        ] {
            let refused = locations.check(uri).unwrap_err();
            assert!(refused.contains("--features-location"), "{uri}: {refused}");
        }
        assert_eq!(locations.check_files(["s3://gold/tables/a/1.parquet"].into_iter()), Ok(()));
    }

    #[test]
    fn a_place_holds_what_is_in_it_by_all_of_its_names() {
        for (place, within, outside) in [
            ("s3a://gold", "s3://gold/a/1.parquet", "s3://gold-evil/a/1.parquet"),
            (
                "abfs://c@a.dfs.core.windows.net/t",
                "abfss://c@a.dfs.core.windows.net/t/1",
                "abfss://c@a.dfs.core.windows.net/t2/1",
            ),
            (
                "abfss://c@a.dfs.core.windows.net",
                "wasbs://c@a.blob.core.windows.net/t",
                "wasbs://c@b.blob.core.windows.net/t",
            ),
        ] {
            let locations = below(&[place]);
            assert_eq!(locations.check(within), Ok(()), "{place}");
            assert_eq!(locations.check_files([within].into_iter()), Ok(()), "{place}");
            assert!(locations.check(outside).is_err(), "{place}");
            assert!(locations.check_files([outside].into_iter()).is_err(), "{place}");
        }
    }

    #[test]
    fn what_no_table_can_be_below_is_no_location() {
        for text in [
            "",
            "-",
            "http://gold/tables",
            "hdfs://gold",
            "s3:/gold",
            "s3://",
            "s3:///gold",
            "file://elsewhere/gold",
        ] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }

    #[test]
    fn paths_are_below_a_folder_by_where_they_lead() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::create_dir_all(at("gold/weather")).unwrap();
        fs::create_dir_all(at("secret")).unwrap();
        fs::write(at("secret/a.parquet"), "").unwrap();
        symlink(at("secret"), at("gold/link")).unwrap();
        symlink(at("gold"), at("alias")).unwrap();
        let locations = below(&[&at("alias")]);
        for uri in [at("gold"), at("gold/weather"), at("alias/new"), format!("file://{}", at("gold/weather"))]
        {
            assert_eq!(locations.check(&uri), Ok(()), "{uri}");
        }
        for uri in [
            at("secret"),
            at("gold/link"),
            at("gold/link/a.parquet"),
            at("gold/../secret"),
            at("gold/./weather"),
            format!("file://{}/%2e%2e/secret", at("gold")),
            at("gold2"),
            "s3://gold/weather".to_owned(),
        ] {
            assert!(locations.check(&uri).is_err(), "{uri}");
        }
        let linked = at("gold/link/a.parquet");
        assert!(locations.check_files([linked.as_str()].into_iter()).is_err());
    }

    #[test]
    fn nothing_is_below_no_place_and_everything_is_somewhere() {
        assert!(below(&[]).check("/").is_err());
        assert_eq!(Locations::Everywhere.check("s3://any/../where"), Ok(()));
    }
}
