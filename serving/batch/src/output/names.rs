//! The names of files in an output folder. The same job gives the same names to the same rows.

use forebay_lake::Shard;

use crate::options::JobId;

/// The file that says that a folder is complete.
pub(crate) const SUCCESS: &str = "_SUCCESS";

/// Names that begin with the job's id.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    id: JobId,
    shard: Shard,
}

impl Names {
    pub(crate) fn new(id: &JobId, shard: Shard) -> Self {
        Names { id: id.clone(), shard }
    }

    /// Such as `part-nightly-00003.parquet`, or `part-nightly-2of4-00003.parquet` of a share.
    pub(crate) fn part(&self, number: u64, ending: &str) -> String {
        format!("part-{}-{number:05}.{ending}", self.stem())
    }

    /// The folder of the job in a table that has others, too.
    pub(crate) fn folder(&self) -> String {
        format!("forebay-{}", self.id)
    }

    /// The notes of this share. Readers of tables skip what begins with an underscore.
    pub(crate) fn manifest(&self) -> String {
        format!("_forebay-{}.json", self.stem())
    }

    /// The names of all shares, in their order.
    pub(crate) fn of_all(&self) -> impl Iterator<Item = Names> {
        let of = self.shard.of;
        (1..=of).map(move |number| Names { id: self.id.clone(), shard: Shard { number, of } })
    }

    /// Whether a file in the folder is of this job, whichever share made it.
    pub(crate) fn is_own(&self, name: &str) -> bool {
        let rest = name.strip_prefix("part-").or_else(|| name.strip_prefix("_forebay-"));
        let Some(rest) = rest.and_then(|rest| rest.strip_prefix(self.id.to_string().as_str())) else {
            return name.starts_with('.');
        };
        let of = format!("of{}", self.shard.of);
        let rest = rest.strip_prefix('-').map_or(rest, |rest| match rest.split_once('-') {
            Some((share, rest)) if share.ends_with(&of) => rest,
            _ => rest.strip_suffix(".json").filter(|share| share.ends_with(&of)).map_or(rest, |_| ".json"),
        });
        let rest = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
        rest.strip_prefix('.').is_some_and(|ending| !ending.contains(['.', '-']))
    }

    /// How many shares the job has.
    pub(crate) fn n_shares(&self) -> u32 {
        self.shard.of
    }

    /// How many shares the job had that made these notes, if it was this one.
    pub(crate) fn n_shares_of(&self, notes: &str) -> Option<u32> {
        let rest =
            notes.strip_prefix("_forebay-")?.strip_suffix(".json")?.strip_prefix(&self.id.to_string())?;
        if rest.is_empty() {
            return Some(1);
        }
        let share: Shard = rest.strip_prefix('-')?.replacen("of", "/", 1).parse().ok()?;
        Some(share.of)
    }

    fn stem(&self) -> String {
        match self.shard.of {
            1 => self.id.to_string(),
            of => format!("{}-{}of{of}", self.id, self.shard.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(id: &str, number: u32, of: u32) -> Names {
        Names::new(&id.parse().unwrap(), Shard { number, of })
    }

    #[test]
    fn a_job_knows_its_own_files() {
        let whole = names("a", 1, 1);
        assert_eq!(whole.part(3, "csv"), "part-a-00003.csv");
        assert!(whole.is_own("part-a-00003.csv") && whole.is_own("_forebay-a.json"));
        let share = names("a", 2, 4);
        assert_eq!(
            (share.part(3, "csv"), share.manifest()),
            ("part-a-2of4-00003.csv".into(), "_forebay-a-2of4.json".into())
        );
        assert!(share.is_own("part-a-3of4-00000.csv") && share.is_own("_forebay-a-3of4.json"));
        for name in ["part-ab-00003.csv", "part-a-b-00003.csv", "x.csv", "_SUCCESS", "_forebay-ab.json"] {
            assert!(!whole.is_own(name) && !share.is_own(name), "{name}");
        }
        assert!(!share.is_own("part-a-1of3-00000.csv"));
        assert_eq!(share.of_all().map(|names| names.manifest()).nth(2), Some("_forebay-a-3of4.json".into()));
    }
}
