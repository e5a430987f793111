//! What is logged on one run in one go: the four logging requests are all batches, of one thing or of many.

use forebay_core::columns::ColumnLimits;
use forebay_core::invalid::Invalid;
use forebay_core::python;
use forebay_wire::metrics::{LogMetric, Metric as WireMetric};
use forebay_wire::runs as wire;

use super::columns;
use super::metric::Metric;
use super::param::Param;
use super::run::RunId;
use super::tag::{RUN_NAME, Tag};
use super::text::{LongValues, Position};

const MAX_METRICS: usize = 1_000;
const MAX_PARAMS: usize = 100;
const MAX_TAGS: usize = 100;
const MAX_ENTITIES: usize = 1_000;

/// Metrics, params and tags for one run.
#[derive(Debug, Clone)]
pub(crate) struct LogBatch {
    pub(crate) run_id: RunId,
    /// Whether the request was a single log call or a list, which changes what is said about a param.
    pub(crate) form: Form,
    pub(crate) metrics: Vec<Metric>,
    /// One for each key.
    pub(crate) params: Vec<Param>,
    /// Of two with one key the last counts.
    pub(crate) tags: Vec<Tag>,
}

/// How things were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Single,
    List,
}

impl LogBatch {
    fn single(run_id: RunId) -> Self {
        LogBatch { run_id, form: Form::Single, metrics: Vec::new(), params: Vec::new(), tags: Vec::new() }
    }

    pub(crate) fn from_param(req: wire::LogParam, long: LongValues) -> Result<Self, Invalid> {
        let run_id = RunId::parse(req.run_id, req.run_uuid)?;
        let param = Param::parse(wire::Param { key: req.key, value: req.value }, Position::Top, long)?;
        Ok(LogBatch { params: vec![param], ..LogBatch::single(run_id) })
    }

    pub(crate) fn from_tag(
        req: wire::SetTag,
        long: LongValues,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let run_id = RunId::parse(req.run_id, req.run_uuid)?;
        let tag = parse_tag(wire::RunTag { key: req.key, value: req.value }, Position::Top, long, columns)?;
        Ok(LogBatch { tags: vec![tag], ..LogBatch::single(run_id) })
    }

    pub(crate) fn from_list(
        req: wire::LogBatch,
        long: LongValues,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let run_id = RunId::parse_strictly(req.run_id)?;
        check_limits(req.metrics.len(), req.params.len(), req.tags.len())?;
        let metrics =
            parse_all(req.metrics, "metrics", |metric, position| Metric::parse(metric, position, columns))?;
        let params = parse_all(req.params, "params", |param, position| Param::parse(param, position, long))?;
        let tags = parse_all(req.tags, "tags", |tag, position| parse_tag(tag, position, long, columns))?;
        check_keys_differ(&params)?;
        Ok(LogBatch { run_id, form: Form::List, metrics, params, tags })
    }

    pub(crate) fn from_metric(req: LogMetric, columns: ColumnLimits) -> Result<Self, Invalid> {
        let run_id = RunId::parse(req.run_id, req.run_uuid)?;
        let metric = WireMetric {
            key: req.key,
            value: req.value,
            timestamp: req.timestamp,
            step: req.step,
            dataset_name: req.dataset_name,
            dataset_digest: req.dataset_digest,
            model_id: req.model_id,
            run_id: None,
        };
        Ok(LogBatch {
            metrics: vec![Metric::parse(metric, Position::Top, columns)?],
            ..LogBatch::single(run_id)
        })
    }
}

fn parse_all<W, T>(
    items: Vec<W>,
    list: &str,
    parse: impl Fn(W, Position) -> Result<T, Invalid>,
) -> Result<Vec<T>, Invalid> {
    items.into_iter().enumerate().map(|(index, item)| parse(item, Position::Item { list, index })).collect()
}

fn parse_tag(
    tag: wire::RunTag,
    position: Position,
    long: LongValues,
    columns: ColumnLimits,
) -> Result<Tag, Invalid> {
    let key = tag.key.filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| Invalid::missing(&position.field("key")))?;
    let tag = Tag::of_run(key, tag.value.unwrap_or_default(), position, long)?;
    if tag.key == RUN_NAME {
        let field = format!("{} of {RUN_NAME}", position.field("value"));
        columns.check(&field, columns::RUN_NAME, &tag.value)?;
    }
    Ok(tag)
}

fn check_limits(metrics: usize, params: usize, tags: usize) -> Result<(), Invalid> {
    check_limit("metrics", MAX_METRICS, metrics)?;
    check_limit("params", MAX_PARAMS, params)?;
    check_limit("tags", MAX_TAGS, tags)?;
    check_limit("metrics, params, and tags", MAX_ENTITIES, metrics + params + tags)
}

fn check_limit(what: &str, limit: usize, got: usize) -> Result<(), Invalid> {
    if got <= limit {
        return Ok(());
    }
    Err(Invalid::message(format!(
        "A batch logging request can contain at most {limit} {what}. Got {got} {what}. Please split up {what} \
         across multiple requests and try again."
    )))
}

fn check_keys_differ(params: &[Param]) -> Result<(), Invalid> {
    let is_repeated = |(index, param): &(usize, &Param)| params[..*index].iter().any(|p| p.key == param.key);
    let repeated = params.iter().enumerate().filter(is_repeated);
    let repeated: Vec<&str> = repeated.map(|(_, param)| param.key.as_str()).collect();
    if repeated.is_empty() {
        return Ok(());
    }
    Err(Invalid::message(format!(
        "Duplicate parameter keys have been submitted: {}. Please ensure the request contains only one param \
         value per param key.",
        python::literal(&repeated)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(metrics: usize, params: &[&str]) -> Result<LogBatch, Invalid> {
        let metric = WireMetric {
            key: Some("m".to_owned()),
            value: Some(1.0.into()),
            timestamp: Some(0.into()),
            ..WireMetric::default()
        };
        let param = |key: &&str| wire::Param { key: Some((*key).to_owned()), value: None };
        let req = wire::LogBatch {
            run_id: Some("r".to_owned()),
            metrics: vec![metric; metrics],
            params: params.iter().map(param).collect(),
            tags: Vec::new(),
        };
        LogBatch::from_list(req, LongValues::Truncate, ColumnLimits::Enforced)
    }

    #[test]
    fn a_batch_holds_a_thousand_things() {
        assert_eq!(batch(1_000, &[]).unwrap().metrics.len(), 1_000);
        let error = batch(1_001, &[]).unwrap_err().to_string();
        assert!(error.starts_with("A batch logging request can contain at most 1000 metrics. Got 1001"));
        let error = batch(1_000, &["p"]).unwrap_err().to_string();
        assert!(error.contains("at most 1000 metrics, params, and tags. Got 1001"), "{error}");
    }

    #[test]
    fn a_param_key_may_stand_in_a_batch_once() {
        let error = batch(0, &["d", "e", "d", "d"]).unwrap_err().to_string();
        assert!(error.starts_with("Duplicate parameter keys have been submitted: ['d', 'd']. "), "{error}");
    }
}
