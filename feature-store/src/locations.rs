//! Which tables a server reads and writes for its callers: those below the places that its operator names.
//!
//! A caller chooses what is opened with the operator's rights, so a place is compared before anything is opened: the
//! address of an object by its scheme, its bucket and the names in its key, a path by where it leads without links.

use std::path::Path;

use forebay_lake::Lake;

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
pub struct Location(String);

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        Location(text.to_owned())
    }
}

impl Locations {
    /// Why a table may not be opened, if it may not.
    pub(crate) fn check(&self, lake: &Lake, uri: &str) -> Result<(), String> {
        let Locations::Below(allowed) = self else { return Ok(()) };
        let refusal = || {
            format!("the server may not use '{uri}' for its callers; --features-location names what it may")
        };
        let is_detour = uri.split(['/', '\\']).any(|name| name == ".." || name == ".");
        if is_detour || !allowed.iter().any(|location| location.holds(lake, uri)) {
            return Err(refusal());
        }
        Ok(())
    }

    /// Why a table's files may not be read, if they may not: a link, or a log that names files elsewhere.
    pub(crate) fn check_files<'a>(
        &self,
        lake: &Lake,
        mut files: impl Iterator<Item = &'a str>,
    ) -> Result<(), String> {
        let Locations::Below(allowed) = self else { return Ok(()) };
        // Addresses of files have the scheme that stands for its others.
        let allowed: Vec<_> = allowed.iter().map(Location::with_plain_scheme).collect();
        match files.find(|file| !allowed.iter().any(|location| location.holds(lake, file))) {
            None => Ok(()),
            Some(file) => Err(format!("its file '{file}' is outside of what --features-location names")),
        }
    }
}

impl Location {
    fn holds(&self, lake: &Lake, uri: &str) -> bool {
        match (object(&self.0), object(uri)) {
            (Some(ours), Some(theirs)) => holds_object(ours, theirs),
            (None, None) => holds_path(lake, &self.0, uri),
            _ => false,
        }
    }

    fn with_plain_scheme(&self) -> Self {
        let plain = self.0.strip_prefix("s3a://").map(|rest| format!("s3://{rest}"));
        plain.map_or_else(|| self.clone(), Location)
    }
}

/// The scheme and the rest of an address of an object store; none for paths.
fn object(uri: &str) -> Option<(&str, &str)> {
    uri.split_once("://").filter(|(scheme, _)| *scheme != "file")
}

fn holds_object((scheme, place): (&str, &str), (other, rest): (&str, &str)) -> bool {
    let mut names = rest.split('/');
    scheme == other && place.trim_end_matches('/').split('/').all(|name| names.next() == Some(name))
}

fn holds_path(lake: &Lake, folder: &str, path: &str) -> bool {
    let canonical = |text: &str| lake.canonical(text).ok();
    match (canonical(folder), canonical(path)) {
        // Standard input is no place.
        (Some(folder), Some(path)) => path != Path::new("-") && path.starts_with(folder),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tokio::runtime::Runtime;

    use super::*;

    fn below(places: &[&str]) -> Locations {
        Locations::Below(places.iter().map(|place| (*place).into()).collect())
    }

    fn lake() -> (Runtime, Lake) {
        let runtime = Runtime::new().unwrap();
        let lake = Lake::local(runtime.handle().clone());
        (runtime, lake)
    }

    #[test]
    fn objects_are_below_a_prefix_by_scheme_bucket_and_whole_names() {
        let (_runtime, lake) = lake();
        let locations = below(&["s3://gold/tables/", "gs://all"]);
        for uri in [
            "s3://gold/tables",
            "s3://gold/tables/",
            "s3://gold/tables/a/b.parquet",
            "gs://all/x",
            "gs://all",
        ] {
            assert_eq!(locations.check(&lake, uri), Ok(()), "{uri}");
        }
        for uri in [
            "s3://gold/tables2",
            "s3://gold",
            "s3://gold/other",
            "s3a://gold/tables/a",
            "S3://gold/tables/a",
            "s3://golds/tables",
            "gs://all2/x",
            "gs://all@evil/x",
            "s3://gold/tables/../secret",
            "s3://gold//tables/a",
            "/gold/tables",
            "file:///gold/tables",
            "-",
            "",
        ] {
            let refused = locations.check(&lake, uri).unwrap_err();
            assert!(refused.contains("--features-location"), "{uri}: {refused}");
        }
        assert_eq!(locations.check_files(&lake, ["s3://gold/tables/a/1.parquet"].into_iter()), Ok(()));
        let spark = below(&["s3a://gold"]);
        assert_eq!(spark.check_files(&lake, ["s3://gold/a/1.parquet"].into_iter()), Ok(()));
    }

    #[test]
    fn paths_are_below_a_folder_by_where_they_lead() {
        let (_runtime, lake) = lake();
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
            assert_eq!(locations.check(&lake, &uri), Ok(()), "{uri}");
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
            assert!(locations.check(&lake, &uri).is_err(), "{uri}");
        }
        let linked = at("gold/link/a.parquet");
        assert!(locations.check_files(&lake, [linked.as_str()].into_iter()).is_err());
    }

    #[test]
    fn nothing_is_below_no_place_and_everything_is_somewhere() {
        let (_runtime, lake) = lake();
        assert!(below(&[]).check(&lake, "/").is_err());
        assert_eq!(Locations::Everywhere.check(&lake, "s3://any/../where"), Ok(()));
    }
}
