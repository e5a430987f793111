//! Rows of several runs, told apart by their column `run_uuid`.

use std::collections::HashMap;

use forebay_db::{Error, Row, Sql, Tx};

use crate::model::run::RunId;
use crate::sql::IDS_PER_STATEMENT;

const END: &str = ") ORDER BY run_uuid";

/// Reads the rows of each of those runs by key. The statement is given as the text before the ids.
pub(crate) async fn list<T: Send>(
    tx: &mut Tx,
    select: &'static str,
    ids: &[&RunId],
    read: fn(&Row) -> Result<T, Error>,
    key: fn(&T) -> &str,
) -> Result<Vec<Vec<T>>, Error> {
    let places: HashMap<&str, usize> =
        ids.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
    let mut of_runs: Vec<Vec<T>> = ids.iter().map(|_| Vec::new()).collect();
    for ids_of_statement in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(select);
        sql.push_list(ids_of_statement.iter().copied()).push(END);
        let mut place = 0;
        tx.visit(sql, |row| {
            let id = row.text("run_uuid")?;
            if ids.get(place).is_none_or(|current| current.as_str() != id) {
                place = places.get(id).copied().unwrap_or(usize::MAX);
            }
            if let Some(rows) = of_runs.get_mut(place) {
                rows.push(read(row)?);
            }
            Ok(())
        })
        .await?;
    }
    // The database would sort the rows of all runs, with all that is in them.
    for rows in &mut of_runs {
        rows.sort_unstable_by(|a, b| key(a).cmp(key(b)));
    }
    Ok(of_runs)
}
