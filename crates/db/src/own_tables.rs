//! Tables of our own beside MLflow's, all named `forebay_…`: made at every opening where they are missing.
//!
//! Each script makes only what is not there, so a new table is a new script. There is no note of how far a database
//! is: what is there says it.

use std::collections::HashSet;

use crate::{Engine, Error, FromRow, Row, Sql, Tx};

/// What the name of every table and index of ours begins with.
pub(crate) const PREFIX: &str = "forebay_";

/// A script for each engine.
struct Script {
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! script {
    ($name:literal) => {
        Script {
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name)),
            postgres: include_str!(concat!("../../../migrations/postgres/", $name)),
        }
    };
}

/// In the order of their numbers.
const SCRIPTS: [Script; 3] =
    [script!("0003_outbox.sql"), script!("0004_promotion.sql"), script!("0005_features.sql")];

impl Script {
    fn text(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }
}

/// Runs the scripts that make something which is missing. Looks first: even to leave a table alone, PostgreSQL would
/// lock it. The caller holds [`crate::schema::lock`].
pub(crate) async fn ensure(tx: &mut Tx) -> Result<(), Error> {
    let engine = tx.engine();
    let present = list(tx).await?;
    for script in SCRIPTS.iter().map(|script| script.text(engine)) {
        if !made_by(script).all(|name| present.contains(name)) {
            tx.run_script(script).await?;
        }
    }
    Ok(())
}

/// The tables and indexes that a script makes, each behind `IF NOT EXISTS`.
fn made_by(script: &'static str) -> impl Iterator<Item = &'static str> {
    script.split(" IF NOT EXISTS ").skip(1).filter_map(|rest| rest.split_whitespace().next())
}

async fn list(tx: &mut Tx) -> Result<HashSet<String>, Error> {
    let all = match tx.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type IN ('table', 'index')",
        Engine::Postgres => {
            "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = current_schema()
             UNION ALL
             SELECT CAST(indexname AS TEXT) AS name FROM pg_indexes WHERE schemaname = current_schema()"
        }
    };
    Ok(tx.list::<Name>(Sql::new(all)).await?.into_iter().map(|name| name.0).collect())
}

struct Name(String);

impl FromRow for Name {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("name").map(Name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The columns of a script as `table column TYPE`, from the lines between `(` and `)` of each table.
    fn columns(script: &str) -> Vec<String> {
        let mut columns = Vec::new();
        for table in script.split("CREATE TABLE IF NOT EXISTS ").skip(1) {
            let (name, rest) = table.split_once(" (\n").unwrap();
            let (body, _) = rest.split_once("\n);").unwrap();
            for line in body.lines().map(str::trim) {
                let mut words = line.split([' ', ',']);
                let (column, kind) = (words.next().unwrap(), words.next().unwrap());
                if !["--", "PRIMARY"].contains(&column) {
                    columns.push(format!("{name} {column} {kind}"));
                }
            }
        }
        columns
    }

    #[test]
    fn both_scripts_of_a_pair_make_the_same() {
        for Script { sqlite, postgres } in &SCRIPTS {
            let names = |script| made_by(script).collect::<Vec<_>>();
            assert_eq!(names(sqlite), names(postgres));
            assert_ne!(names(sqlite), Vec::<&str>::new());
            // SQLite numbers the rows of a table by themselves in a column of this type alone.
            let sqlite: Vec<_> =
                columns(sqlite).iter().map(|column| column.replace(" INTEGER", " BIGINT")).collect();
            assert_eq!(sqlite, columns(postgres));
        }
    }

    #[test]
    fn names_have_the_prefix_and_are_given_once() {
        let names: Vec<_> = SCRIPTS.iter().flat_map(|script| made_by(script.postgres)).collect();
        assert!(names.iter().all(|name| name.starts_with(PREFIX)), "{names:?}");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn columns_are_of_the_portable_types() {
        for column in SCRIPTS.iter().flat_map(|script| columns(script.postgres)) {
            let kind = column.rsplit(' ').next().unwrap();
            assert!(["TEXT", "BIGINT", "DOUBLE", "BOOLEAN"].contains(&kind), "{column}");
        }
    }
}
