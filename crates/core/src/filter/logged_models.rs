//! What a search over logged models can filter and order by.
//!
//! MLflow reads these filters with rules of their own: text loses only single quotes, also when there are
//! none, the key of a backtick-quoted name loses every backtick at its ends, and a key with `/` or `-` needs
//! no quotes.

use super::clause::{self, Clause};
use super::lexer::Kind;
use super::order;
use super::value::{self, TextValue};
use super::{CodeOp, Direction, NumberOp, OrderBy, TextOp};
use crate::invalid::Invalid;

/// One comparison of a filter over logged models.
#[derive(Debug, Clone, PartialEq)]
pub enum LoggedModelComparison {
    /// Some logged value of a metric, of the requested datasets if the request names any.
    Metric {
        /// The metric's key.
        key: String,
        /// How to compare.
        op: NumberOp,
        /// Finite or infinite, never NaN.
        value: f64,
    },
    /// A param that is there.
    Param {
        /// The param's key.
        key: String,
        /// What must hold.
        op: TextOp,
    },
    /// A tag that is there.
    Tag {
        /// The tag's key.
        key: String,
        /// What must hold.
        op: TextOp,
    },
    /// A time of the model.
    Time {
        /// Which time.
        attribute: LoggedModelTime,
        /// How to compare.
        op: NumberOp,
        /// Milliseconds since the epoch, never NaN.
        value: f64,
    },
    /// A text column of the model.
    Text {
        /// Which column.
        attribute: LoggedModelText,
        /// What must hold.
        op: TextOp,
    },
    /// A column of integer codes.
    Code {
        /// Which column.
        attribute: LoggedModelCode,
        /// What must hold.
        op: CodeOp,
    },
}

/// The times of a logged model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedModelTime {
    /// `creation_timestamp_ms`, `creation_timestamp` or `creation_time`.
    Creation,
    /// `last_updated_timestamp_ms`, `last_updated_timestamp` or `last_updated_time`.
    LastUpdated,
}

/// The text columns of a logged model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedModelText {
    /// `model_id`
    ModelId,
    /// `name`
    Name,
    /// `model_type`
    ModelType,
    /// `source_run_id`
    SourceRunId,
    /// `artifact_location`
    ArtifactLocation,
    /// `lifecycle_stage`
    LifecycleStage,
    /// `status_message`
    StatusMessage,
}

/// The columns of a logged model that hold integer codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoggedModelCode {
    /// `experiment_id`
    ExperimentId,
    /// `status`: 0 unspecified, 1 pending, 2 ready, 3 failed.
    Status,
}

/// What logged models can be ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedModelOrderKey {
    /// The latest value of a metric.
    Metric {
        /// The metric's key.
        key: String,
        /// Only values logged for the dataset of this name.
        dataset_name: Option<String>,
        /// Only values logged for the dataset of this digest; never without a name.
        dataset_digest: Option<String>,
    },
    /// A time.
    Time(LoggedModelTime),
    /// A text column.
    Text(LoggedModelText),
    /// A column of integer codes.
    Code(LoggedModelCode),
}

/// One element of the request's `order_by`, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderByField {
    /// A field of the model, or `metrics.` and a key.
    pub field_name: String,
    /// Smallest first.
    pub ascending: bool,
    /// Only for metrics.
    pub dataset_name: Option<String>,
    /// Only for metrics, with a dataset name.
    pub dataset_digest: Option<String>,
}

/// Any column of a logged model that may be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Time(LoggedModelTime),
    Text(LoggedModelText),
    Code(LoggedModelCode),
}

/// The comparisons of `filter`, all of which a model must pass; none for an empty filter.
pub fn parse_filter(filter: &str) -> Result<Vec<LoggedModelComparison>, Invalid> {
    let clauses = clause::split(filter)?;
    if !clauses.strangers.is_empty() {
        return Err(Invalid::message(format!(
            "Invalid filter string: '{filter}'. Expected a list of comparisons separated by 'AND' \
             (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01')."
        )));
    }
    clauses.found.iter().map(comparison).collect()
}

/// What `order_by` asks for, in its order; a key named again changes nothing and is dropped.
pub fn parse_order_by(order_by: &[OrderByField]) -> Result<Vec<OrderBy<LoggedModelOrderKey>>, Invalid> {
    order::check_count(order_by)?;
    let mut keys: Vec<OrderBy<LoggedModelOrderKey>> = Vec::with_capacity(order_by.len());
    for field in order_by {
        let key = order_key(field)?;
        let direction = if field.ascending { Direction::Ascending } else { Direction::Descending };
        if keys.iter().all(|seen| seen.key != key) {
            keys.push(OrderBy { key, direction });
        }
    }
    Ok(keys)
}

fn comparison(clause: &Clause<'_>) -> Result<LoggedModelComparison, Invalid> {
    let left = clause.left.text;
    let Some((entity, key)) =
        left.split_once('.').filter(|(entity, key)| is_lower_case_word(entity) && !key.is_empty())
    else {
        return attribute_comparison(clause, left.trim_matches('`'));
    };
    let key = key.trim_matches('`');
    match entity {
        "metrics" => {
            let (op, value) = number(clause)?;
            Ok(LoggedModelComparison::Metric { key: key.to_owned(), op, value })
        }
        "params" => Ok(LoggedModelComparison::Param { key: key.to_owned(), op: text(clause)? }),
        "tags" => Ok(LoggedModelComparison::Tag { key: key.to_owned(), op: text(clause)? }),
        "attributes" => attribute_comparison(clause, key),
        _ => Err(Invalid::message(format!(
            "Invalid entity type: '{entity}'. Expected one of ['attributes', 'metrics', 'params', 'tags']."
        ))),
    }
}

fn is_lower_case_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase())
}

fn attribute_comparison(clause: &Clause<'_>, key: &str) -> Result<LoggedModelComparison, Invalid> {
    match attribute(key) {
        Some(Attribute::Time(attribute)) => {
            let (op, value) = number(clause)?;
            Ok(LoggedModelComparison::Time { attribute, op, value })
        }
        Some(Attribute::Text(attribute)) => Ok(LoggedModelComparison::Text { attribute, op: text(clause)? }),
        Some(Attribute::Code(attribute)) => code(clause, attribute),
        None => Err(Invalid::value("filter", key, "It is no searchable attribute of a logged model")),
    }
}

fn attribute(key: &str) -> Option<Attribute> {
    Some(match key {
        "creation_timestamp_ms" | "creation_timestamp" | "creation_time" => {
            Attribute::Time(LoggedModelTime::Creation)
        }
        "last_updated_timestamp_ms" | "last_updated_timestamp" | "last_updated_time" => {
            Attribute::Time(LoggedModelTime::LastUpdated)
        }
        "model_id" => Attribute::Text(LoggedModelText::ModelId),
        "name" => Attribute::Text(LoggedModelText::Name),
        "model_type" => Attribute::Text(LoggedModelText::ModelType),
        "source_run_id" => Attribute::Text(LoggedModelText::SourceRunId),
        "artifact_location" => Attribute::Text(LoggedModelText::ArtifactLocation),
        "lifecycle_stage" => Attribute::Text(LoggedModelText::LifecycleStage),
        "status_message" => Attribute::Text(LoggedModelText::StatusMessage),
        "experiment_id" => Attribute::Code(LoggedModelCode::ExperimentId),
        "status" => Attribute::Code(LoggedModelCode::Status),
        _ => return None,
    })
}

fn wrong_operator(clause: &Clause<'_>, expected: &str) -> Invalid {
    Invalid::message(format!(
        "Invalid comparison operator for {}: '{}'. Expected one of ({expected}).",
        clause.left.text, clause.operator
    ))
}

fn number(clause: &Clause<'_>) -> Result<(NumberOp, f64), Invalid> {
    let op = value::number_op(clause.operator)
        .ok_or_else(|| wrong_operator(clause, "'<', '<=', '>', '>=', '=', '!='"))?;
    Ok((op, value::metric_number(clause)?))
}

fn text(clause: &Clause<'_>) -> Result<TextOp, Invalid> {
    let wrong = || wrong_operator(clause, "'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'");
    let token = clause.value.ok_or_else(wrong)?;
    let value = if token.kind == Kind::List {
        TextValue::Many(value::list(token.text)?)
    } else {
        TextValue::One(token.text.trim_matches('\'').to_owned())
    };
    value::text_op(&clause.operator.to_ascii_uppercase(), value).ok_or_else(wrong)
}

fn code(clause: &Clause<'_>, attribute: LoggedModelCode) -> Result<LoggedModelComparison, Invalid> {
    let op = value::code_op(text(clause)?, |text| read_code(attribute, text))?;
    op.map(|op| LoggedModelComparison::Code { attribute, op })
        .ok_or_else(|| wrong_operator(clause, "'=', '!=', 'IN', 'NOT IN'"))
}

/// The code in digits, or the name of a status.
fn read_code(attribute: LoggedModelCode, text: &str) -> Result<i64, Invalid> {
    match (attribute, text) {
        (LoggedModelCode::Status, "UNSPECIFIED") => Ok(0),
        (LoggedModelCode::Status, "PENDING") => Ok(1),
        (LoggedModelCode::Status, "READY") => Ok(2),
        (LoggedModelCode::Status, "FAILED") => Ok(3),
        _ => text
            .parse()
            .map_err(|_| Invalid::value("filter", text, "It is neither a number nor a known name")),
    }
}

fn order_key(field: &OrderByField) -> Result<LoggedModelOrderKey, Invalid> {
    let invalid = || Invalid::message(format!("Invalid order by field name: {}.", field.field_name));
    let dataset_name = field.dataset_name.clone().filter(|name| !name.is_empty());
    let dataset_digest = field.dataset_digest.clone().filter(|digest| !digest.is_empty());
    if dataset_digest.is_some() && dataset_name.is_none() {
        return Err(Invalid::message(
            "`dataset_digest` can only be specified if `dataset_name` is also specified.",
        ));
    }
    let Some((entity, key)) = field.field_name.split_once('.') else {
        return match attribute(field.field_name.trim()).ok_or_else(invalid)? {
            Attribute::Time(time) => Ok(LoggedModelOrderKey::Time(time)),
            Attribute::Text(text) => Ok(LoggedModelOrderKey::Text(text)),
            Attribute::Code(code) => Ok(LoggedModelOrderKey::Code(code)),
        };
    };
    if entity != "metrics" {
        return Err(Invalid::message(format!(
            "Invalid order by field name: {}. Only metrics are supported.",
            field.field_name
        )));
    }
    Ok(LoggedModelOrderKey::Metric { key: key.to_owned(), dataset_name, dataset_digest })
}
