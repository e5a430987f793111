//! What a group of batches writes: each batch is checked against the database and those before it, then all
//! that was admitted is written in few statements.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use forebay_db as db;
use forebay_db::Tx;

use crate::model::experiment::ExperimentId;
use crate::model::lifecycle::Lifecycle;
use crate::model::log_batch::{Form, LogBatch};
use crate::model::metric::{Metric, ModelLink, Point};
use crate::model::param::{Param, ParamChange};
use crate::model::run::RunId;
use crate::model::tag::RUN_NAME;
use crate::sql::logged_model_metrics::{ModelPoint, NewPoint, PointKey, PointValue};
use crate::sql::runs::{Lock, RunState};
use crate::sql::{latest_metrics, logged_model_metrics, metrics, params, runs, tags};
use crate::{Error, Result};

/// What the database holds that decides about some batches.
pub(super) struct Known {
    runs: Vec<RunState>,
    params: Vec<(RunId, Param)>,
    models: Vec<String>,
    model_points: Vec<ModelPoint>,
}

impl Known {
    /// Reads it in at most four statements, unless the batches are many.
    pub(super) async fn load(tx: &mut Tx, batches: &[LogBatch], lock: Lock) -> Result<Self, db::Error> {
        let ids: BTreeSet<&RunId> = batches.iter().map(|batch| &batch.run_id).collect();
        let params: BTreeSet<(&RunId, &str)> = batches.iter().flat_map(param_names).collect();
        let model_keys: BTreeSet<PointKey> =
            batches.iter().flat_map(model_points).map(|(key, _)| key).collect();
        let models: BTreeSet<&str> = model_keys.iter().map(|key| key.model_id).collect();
        Ok(Known {
            runs: runs::list_states(tx, &collect(ids), lock).await?,
            params: params::list_named(tx, &collect(params)).await?,
            models: logged_model_metrics::list_known_models(tx, &collect(models)).await?,
            model_points: logged_model_metrics::list_named(tx, &collect(model_keys)).await?,
        })
    }
}

fn collect<T>(set: BTreeSet<T>) -> Vec<T> {
    set.into_iter().collect()
}

fn param_names(batch: &LogBatch) -> impl Iterator<Item = (&RunId, &str)> {
    batch.params.iter().map(|param| (&batch.run_id, param.key.as_str()))
}

fn model_points(batch: &LogBatch) -> impl Iterator<Item = (PointKey<'_>, PointValue<'_>)> {
    let point_of = |metric| model_point(&batch.run_id, metric);
    batch.metrics.iter().filter_map(point_of)
}

fn model_point<'a>(run_id: &'a RunId, metric: &'a Metric) -> Option<(PointKey<'a>, PointValue<'a>)> {
    let ModelLink { model_id, dataset } = metric.model.as_ref()?;
    let Point { step, timestamp_ms, stored, .. } = metric.point;
    let key = PointKey { model_id, name: &metric.key, timestamp_ms, step, run_id: run_id.as_str() };
    let dataset = dataset.as_ref().map(|(name, digest)| (name.as_str(), digest.as_str()));
    Some((key, PointValue { value: Some(stored), dataset }))
}

/// What is to be written, and what stands once it is.
pub(super) struct Plan<'a> {
    runs: HashMap<&'a RunId, &'a RunState>,
    params: HashMap<(&'a RunId, &'a str), &'a str>,
    models: BTreeSet<&'a str>,
    model_points: HashMap<PointKey<'a>, PointValue<'a>>,
    // All of these are ordered, so that two transactions touch rows in one order and do not wait for each other.
    new_params: BTreeMap<(&'a RunId, &'a str), &'a Param>,
    new_metrics: Vec<(&'a RunId, &'a Metric)>,
    new_model_points: BTreeMap<PointKey<'a>, (PointValue<'a>, ExperimentId)>,
    latest: BTreeMap<(&'a RunId, &'a str), Point>,
    tags: BTreeMap<(&'a RunId, &'a str), &'a str>,
}

impl<'a> Plan<'a> {
    /// A plan that writes nothing yet.
    pub(super) fn new(known: &'a Known) -> Self {
        let params = known.params.iter().map(|(id, param)| ((id, param.key.as_str()), param.value.as_str()));
        Plan {
            runs: known.runs.iter().map(|run| (&run.id, run)).collect(),
            params: params.collect(),
            models: known.models.iter().map(String::as_str).collect(),
            model_points: known.model_points.iter().map(|point| (point.key(), point.value())).collect(),
            new_params: BTreeMap::new(),
            new_metrics: Vec::new(),
            new_model_points: BTreeMap::new(),
            latest: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// Plans to write the batch; one that is refused leaves no trace.
    pub(super) fn admit(&mut self, batch: &'a LogBatch) -> Result<()> {
        let experiment_id = self.check(batch)?;
        let id = &batch.run_id;
        for (key, value) in model_points(batch) {
            if let Entry::Vacant(place) = self.model_points.entry(key) {
                place.insert(value);
                self.new_model_points.insert(key, (value, experiment_id));
            }
        }
        for param in &batch.params {
            if let Entry::Vacant(place) = self.params.entry((id, &param.key)) {
                place.insert(&param.value);
                self.new_params.insert((id, &param.key), param);
            }
        }
        for metric in &batch.metrics {
            self.new_metrics.push((id, metric));
            let latest = self.latest.entry((id, &metric.key)).or_insert(metric.point);
            if metric.point.is_newer_than(latest) {
                *latest = metric.point;
            }
        }
        // A run keeps its name when it is told to have none.
        let tags = batch.tags.iter().filter(|tag| tag.key != RUN_NAME || !tag.value.is_empty());
        self.tags.extend(tags.map(|tag| ((id, tag.key.as_str()), tag.value.as_str())));
        Ok(())
    }

    /// Whether the batch may be written after those that were admitted; returns the experiment of its run.
    pub(super) fn check(&self, batch: &LogBatch) -> Result<ExperimentId> {
        let id = &batch.run_id;
        let run = self.runs.get(id).ok_or_else(|| Error::RunNotFound(id.clone()))?;
        if run.lifecycle == Lifecycle::Deleted {
            return Err(Error::RunNotActive(id.clone()));
        }
        self.check_params(batch)?;
        self.check_model_points(batch)?;
        Ok(run.experiment_id)
    }

    fn check_params(&self, batch: &LogBatch) -> Result<()> {
        let changes = batch.params.iter().filter_map(|param| {
            let old = self.params.get(&(&batch.run_id, param.key.as_str()))?;
            let change =
                || ParamChange { key: param.key.clone(), old: (*old).to_owned(), new: param.value.clone() };
            (*old != param.value).then(change)
        });
        let mut changes: Vec<ParamChange> = changes.collect();
        let run_id = batch.run_id.clone();
        match (batch.form, changes.pop()) {
            (_, None) => Ok(()),
            (Form::Single, Some(change)) => Err(Error::ParamChanged { run_id, change }),
            (Form::List, Some(last)) => {
                changes.push(last);
                Err(Error::ParamsChanged { run_id, changes })
            }
        }
    }

    fn check_model_points(&self, batch: &LogBatch) -> Result<()> {
        let mut own: HashMap<PointKey, PointValue> = HashMap::new();
        for (key, value) in model_points(batch) {
            if !self.models.contains(key.model_id) {
                let (key, model_id) = (key.name.to_owned(), key.model_id.to_owned());
                return Err(Error::ModelOfMetricNotFound { key, model_id });
            }
            let standing = *self.model_points.get(&key).unwrap_or(own.entry(key).or_insert(value));
            if standing != value {
                return Err(Error::ModelMetricChanged {
                    key: key.name.to_owned(),
                    model_id: key.model_id.to_owned(),
                    timestamp_ms: key.timestamp_ms,
                    step: key.step,
                });
            }
        }
        Ok(())
    }

    /// Writes what was admitted; false when others had taken the place of a param or of a model's point.
    pub(super) async fn write(mut self, tx: &mut Tx) -> Result<bool, db::Error> {
        let new_params: Vec<_> = self.new_params.iter().map(|((id, _), param)| (*id, *param)).collect();
        let n_params = params::insert(tx, &new_params).await?;
        let points = self.new_model_points.iter();
        let new_points: Vec<NewPoint> =
            points.map(|(key, (value, experiment_id))| (*key, *value, *experiment_id)).collect();
        let n_points = logged_model_metrics::insert(tx, &new_points).await?;
        let all_inserted = n_params == new_params.len() as u64 && n_points == new_points.len() as u64;
        self.new_metrics.sort_by(|a, b| by_primary_key(*a, *b));
        metrics::insert(tx, &self.new_metrics).await?;
        let latest: Vec<_> = self.latest.iter().map(|((id, key), point)| (*id, *key, *point)).collect();
        latest_metrics::upsert(tx, &latest).await?;
        let tags: Vec<_> = self.tags.iter().map(|((id, key), value)| (*id, *key, *value)).collect();
        tags::upsert(tx, &tags).await?;
        let names = tags.iter().filter(|(_, key, _)| *key == RUN_NAME);
        let names: Vec<_> = names.map(|(id, _, name)| (*id, *name)).collect();
        runs::rename(tx, &names).await?;
        Ok(all_inserted)
    }
}

fn by_primary_key((a_run, a): (&RunId, &Metric), (b_run, b): (&RunId, &Metric)) -> Ordering {
    let place = |metric: &Metric| (metric.point.timestamp_ms, metric.point.step);
    let keys = a.key.cmp(&b.key).then_with(|| place(a).cmp(&place(b)));
    let runs = keys.then_with(|| a_run.cmp(b_run));
    let values = runs.then_with(|| a.point.stored.total_cmp(&b.point.stored));
    values.then_with(|| a.point.is_nan.cmp(&b.point.is_nan))
}
