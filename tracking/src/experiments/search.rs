//! Searching experiments: one SELECT for the page, one for its tags.

use std::collections::HashMap;

use forebay_core::page;
use forebay_db::Tx;

use crate::model::experiment::{Experiment, ExperimentId, ExperimentPage, SearchExperiments};
use crate::model::tag::Tag;
use crate::sql::{experiment_search, experiment_tags};
use crate::{Result, Tracking};

impl Tracking {
    /// One page of the experiments that pass the filter.
    pub(crate) async fn search_experiments(&self, search: SearchExperiments) -> Result<ExperimentPage> {
        let mut tx = self.db.read().await?;
        let mut experiments = experiment_search::search(&mut tx, &search).await?;
        let next_offset = page::cut(&mut experiments, search.max_results, search.offset);
        add_tags(&mut tx, &mut experiments).await?;
        Ok(ExperimentPage { experiments, next_offset })
    }
}

async fn add_tags(tx: &mut Tx, experiments: &mut [Experiment]) -> Result<()> {
    let ids: Vec<ExperimentId> = experiments.iter().map(|experiment| experiment.id).collect();
    let mut tags: HashMap<ExperimentId, Vec<Tag>> = HashMap::new();
    for (id, tag) in experiment_tags::list_of_many(tx, &ids).await? {
        tags.entry(id).or_default().push(tag);
    }
    for experiment in experiments {
        experiment.tags = tags.remove(&experiment.id).unwrap_or_default();
    }
    Ok(())
}
