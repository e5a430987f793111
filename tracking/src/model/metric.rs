//! Metrics: a key with points, and which point is the latest.

use forebay_core::columns::ColumnLimits;
use forebay_core::text::{self, MAX_KEY_CHARS};
use std::cmp::Ordering;

use forebay_core::invalid::Invalid;
use forebay_wire::metrics as wire;

use super::columns;
use super::text::Position;

/// One value of a metric of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Metric {
    pub(crate) key: String,
    pub(crate) point: Point,
    /// Also logged on a logged model.
    pub(crate) model: Option<ModelLink>,
}

/// Where in the history of a metric a value stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) step: i64,
    /// Milliseconds since the epoch, ≥ 0 where this server accepted it.
    pub(crate) timestamp_ms: i64,
    /// Finite; 0 for NaN.
    pub(crate) stored: f64,
    pub(crate) is_nan: bool,
}

/// The logged model, and perhaps the dataset, that a value belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelLink {
    pub(crate) model_id: String,
    /// Name and digest.
    pub(crate) dataset: Option<(String, String)>,
}

impl Point {
    /// A point as it is stored: NaN as 0 with a mark, infinities as the largest doubles.
    pub(crate) fn new(step: i64, timestamp_ms: i64, value: f64) -> Self {
        let is_nan = value.is_nan();
        let stored = if is_nan { 0.0 } else { value.clamp(f64::MIN, f64::MAX) };
        Point { step, timestamp_ms, stored, is_nan }
    }

    /// The value as it was logged, but for infinities.
    pub(crate) fn value(&self) -> f64 {
        if self.is_nan { f64::NAN } else { self.stored }
    }

    /// The order of a history: by time, then step, then value.
    pub(crate) fn by_time(&self, other: &Point) -> Ordering {
        let places = (self.timestamp_ms, self.step).cmp(&(other.timestamp_ms, other.step));
        let values = places.then_with(|| self.stored.total_cmp(&other.stored));
        values.then_with(|| self.is_nan.cmp(&other.is_nan))
    }

    /// Whether this point replaces `other` as the latest: the greater step, then time, then stored value.
    ///
    /// NaN takes part as the 0 it is stored as, and of equals the first stays, both as in MLflow.
    pub(crate) fn is_newer_than(&self, other: &Point) -> bool {
        (self.step, self.timestamp_ms, self.stored) > (other.step, other.timestamp_ms, other.stored)
    }
}

impl Metric {
    /// A metric of a request.
    pub(crate) fn parse(
        metric: wire::Metric,
        position: Position,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let missing = |field| move || Invalid::missing(&position.field(field));
        let key = metric.key.filter(|key| !key.is_empty()).ok_or_else(missing("key"))?;
        let value = metric.value.ok_or_else(missing("value"))?.0;
        let timestamp_ms = metric.timestamp.ok_or_else(missing("timestamp"))?.0;
        let model = link(metric.model_id, metric.dataset_name, metric.dataset_digest)?;
        if let Some((name, digest)) = model.as_ref().and_then(|link| link.dataset.as_ref()) {
            columns.check(&position.field("dataset_name"), columns::POINT_DATASET_NAME, name)?;
            columns.check(&position.field("dataset_digest"), columns::POINT_DATASET_DIGEST, digest)?;
        }
        text::check_key(&key, || position.field("name"))?;
        if timestamp_ms < 0 {
            return Err(Invalid::value(
                &position.field("timestamp"),
                &timestamp_ms,
                &format!(
                    "metric '{key}' (value={value:?}). Timestamp must be a nonnegative long (64-bit integer) "
                ),
            ));
        }
        text::check_length("Metric name", MAX_KEY_CHARS, &key)?;
        Ok(Metric { key, point: Point::new(metric.step.unwrap_or_default().0, timestamp_ms, value), model })
    }
}

fn link(
    model_id: Option<String>,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
) -> Result<Option<ModelLink>, Invalid> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let dataset = match (given(dataset_name), given(dataset_digest)) {
        (Some(name), Some(digest)) => Some((name, digest)),
        (None, None) => None,
        _ => {
            let text = "Both dataset_name and dataset_digest must be provided if one is provided";
            return Err(Invalid::message(text));
        }
    };
    Ok(given(model_id).map(|model_id| ModelLink { model_id, dataset }))
}

impl From<Point> for wire::HistoryPoint {
    fn from(point: Point) -> Self {
        wire::HistoryPoint {
            value: point.value().into(),
            timestamp: point.timestamp_ms.into(),
            step: point.step.into(),
        }
    }
}

impl From<Metric> for wire::Metric {
    fn from(metric: Metric) -> Self {
        wire::Metric {
            key: Some(metric.key),
            value: Some(metric.point.value().into()),
            timestamp: Some(metric.point.timestamp_ms.into()),
            step: Some(metric.point.step.into()),
            ..wire::Metric::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_are_clipped_and_nan_is_a_marked_zero() {
        let point = |stored, is_nan| Point { step: 0, timestamp_ms: 0, stored, is_nan };
        assert_eq!(Point::new(0, 0, f64::INFINITY), point(1.797_693_134_862_315_7e308, false));
        assert_eq!(Point::new(0, 0, f64::NEG_INFINITY), point(-1.797_693_134_862_315_7e308, false));
        assert_eq!(Point::new(0, 0, f64::NAN), point(0.0, true));
        assert!(point(0.0, true).value().is_nan());
    }

    #[test]
    fn step_counts_before_time_and_time_before_value() {
        let latest = Point::new(2, 5, 1.0);
        for newer in [Point::new(3, 0, 0.0), Point::new(2, 6, 0.0), Point::new(2, 5, 1.5)] {
            assert!(newer.is_newer_than(&latest), "{newer:?}");
        }
        for older in [latest, Point::new(1, 9, 9.0), Point::new(2, 4, 9.0), Point::new(2, 5, f64::NAN)] {
            assert!(!older.is_newer_than(&latest), "{older:?}");
        }
    }

    #[test]
    fn nan_wins_over_negative_values_only() {
        let nan = Point::new(0, 0, f64::NAN);
        assert!(nan.is_newer_than(&Point::new(0, 0, -1.0)));
        assert!(!nan.is_newer_than(&Point::new(0, 0, 0.0)));
        assert!(!Point::new(0, 0, 0.0).is_newer_than(&nan));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_with_its_place() {
        let refusal = |metric, position| {
            Metric::parse(metric, position, ColumnLimits::Enforced).unwrap_err().to_string()
        };
        let third = Position::Item { list: "metrics", index: 2 };
        let metric = wire::Metric { key: Some("a#".to_owned()), ..wire::Metric::default() };
        let error = refusal(metric.clone(), third);
        assert!(error.contains("required parameter 'metrics[2].value'"), "{error}");
        let metric = wire::Metric { value: Some(1.0.into()), timestamp: Some((-1).into()), ..metric };
        let error = refusal(metric.clone(), third);
        assert!(error.contains(r#""a#" for parameter 'metrics[2].name'"#), "{error}");
        let metric = wire::Metric { key: Some("a".to_owned()), ..metric };
        let error = refusal(metric, Position::Top);
        assert!(error.contains("-1 for parameter 'timestamp' supplied: metric 'a' (value=1.0)"), "{error}");
    }

    #[test]
    fn a_dataset_needs_a_name_and_a_digest() {
        assert!(link(None, Some("d".to_owned()), None).is_err());
        assert_eq!(link(Some(String::new()), None, None).unwrap(), None);
    }
}
