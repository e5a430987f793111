//! From the rows of runs to whole runs: one statement per table for all of them.

use forebay_db::{Error, Tx};

use crate::model::run::{Run, RunId, RunInfo};
use crate::model::tag::RUN_NAME;
use crate::sql::{inputs, latest_metrics, params, tags};

/// Adds to each run what was logged on it, and what went in and came out; the order stays.
pub(crate) async fn hydrate(tx: &mut Tx, infos: Vec<RunInfo>) -> Result<Vec<Run>, Error> {
    let ids: Vec<RunId> = infos.iter().map(|info| info.id.clone()).collect();
    let ids: Vec<&RunId> = ids.iter().collect();
    let logged = latest_metrics::list(tx, &ids).await?.into_iter();
    let logged = logged.zip(params::list(tx, &ids).await?).zip(tags::list(tx, &ids).await?);
    let mut links = inputs::list_of_runs(tx, &ids).await?;
    let runs = infos.into_iter().zip(logged).map(|(info, ((metrics, params), tags))| {
        let links = links.remove(&info.id).unwrap_or_default();
        Run { info, metrics, params, tags, links }
    });
    Ok(runs.map(named_by_its_tag).collect())
}

/// Runs of old databases have their name in the tag alone.
fn named_by_its_tag(mut run: Run) -> Run {
    if run.info.name.as_deref().is_none_or(str::is_empty) {
        let tag = run.tags.iter().find(|tag| tag.key == RUN_NAME);
        run.info.name = tag.map(|tag| tag.value.clone()).or(run.info.name);
    }
    run
}
