//! What a search over logged models can filter and order by.
//!
//! MLflow reads these filters with rules of their own: text loses only single quotes, also when there are
//! none, the key of a backtick-quoted name loses every backtick at its ends, and a key with `/` or `-` needs
//! no quotes.

use super::clause::{self, Clause, Statements};
use super::lexer::{Kind, Token};
use super::order;
use super::value::{self, TextValue};
use super::{CodeOp, Direction, NumberOp, OrderBy, TextOp};
use crate::invalid::Invalid;
use crate::python;

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
        /// Only values logged for a dataset of this digest.
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
    /// Only for metrics.
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
    let expected = match clauses.statements {
        Statements::One if clauses.strangers.is_empty() => None,
        Statements::One => {
            Some("a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01')")
        }
        Statements::None | Statements::Several => Some("a single SQL expression"),
    };
    if let Some(expected) = expected {
        let filter = python::literal(&filter);
        return Err(Invalid::message(format!("Invalid filter string: {filter}. Expected {expected}.")));
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

/// The two sides and the operator of a comparison, of which the left is known to be one of four entities.
struct Comparison<'a> {
    entity: &'a str,
    key: &'a str,
    /// In upper case.
    operator: String,
    value: Token<'a>,
}

impl<'a> Comparison<'a> {
    fn new(clause: &Clause<'a>) -> Result<Self, Invalid> {
        let left = clause.left.text;
        let value = clause.value.ok_or_else(|| {
            let operator = clause.operator;
            Invalid::message(format!(
                "Invalid comparison: {left} {operator}. Expected a comparison with 3 tokens."
            ))
        })?;
        let (entity, key) = left
            .split_once('.')
            .filter(|(entity, key)| is_lower_case_word(entity) && !key.is_empty())
            .unwrap_or(("attributes", left));
        let key = key.trim_matches('`');
        let key = if entity == "attributes" { column(key) } else { key };
        Ok(Self { entity, key, operator: clause.operator.to_ascii_uppercase(), value })
    }

    fn wrong_operator(&self, expected: &str) -> Invalid {
        Invalid::message(format!(
            "Invalid comparison operator for {}.{}: {}. Expected one of ({expected}).",
            self.entity,
            self.key,
            python::literal(&self.operator)
        ))
    }

    fn number(&self) -> Result<(NumberOp, f64), Invalid> {
        let op = value::number_op(&self.operator)
            .ok_or_else(|| self.wrong_operator("'<', '<=', '>', '>=', '=', '!='"))?;
        Ok((op, value::metric_number(self.value)?))
    }

    fn text(&self) -> Result<TextOp, Invalid> {
        let value = if self.value.kind == Kind::List {
            TextValue::Many(value::list(self.value.text)?)
        } else {
            TextValue::One(self.value.text.trim_matches('\'').to_owned())
        };
        value::text_op(&self.operator, value)
            .ok_or_else(|| self.wrong_operator("'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'"))
    }

    fn code(&self, attribute: LoggedModelCode) -> Result<CodeOp, Invalid> {
        value::code_op(self.text()?, |text| read_code(attribute, text))?
            .ok_or_else(|| self.wrong_operator("'=', '!=', 'IN', 'NOT IN'"))
    }
}

fn comparison(clause: &Clause<'_>) -> Result<LoggedModelComparison, Invalid> {
    let comparison = Comparison::new(clause)?;
    let key = comparison.key.to_owned();
    match comparison.entity {
        "metrics" => {
            let (op, value) = comparison.number()?;
            Ok(LoggedModelComparison::Metric { key, op, value })
        }
        "params" => Ok(LoggedModelComparison::Param { key, op: comparison.text()? }),
        "tags" => Ok(LoggedModelComparison::Tag { key, op: comparison.text()? }),
        "attributes" => attribute_comparison(&comparison),
        entity => Err(Invalid::message(format!(
            "Invalid entity type: '{entity}'. Expected one of ['attributes', 'metrics', 'params', 'tags']."
        ))),
    }
}

fn is_lower_case_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase())
}

fn attribute_comparison(comparison: &Comparison<'_>) -> Result<LoggedModelComparison, Invalid> {
    match attribute(comparison.key) {
        Some(Attribute::Time(attribute)) => {
            let (op, value) = comparison.number()?;
            Ok(LoggedModelComparison::Time { attribute, op, value })
        }
        Some(Attribute::Text(attribute)) => {
            Ok(LoggedModelComparison::Text { attribute, op: comparison.text()? })
        }
        Some(Attribute::Code(attribute)) => {
            Ok(LoggedModelComparison::Code { attribute, op: comparison.code(attribute)? })
        }
        None => {
            Err(Invalid::value("filter", comparison.key, "It is no searchable attribute of a logged model"))
        }
    }
}

/// The column that an attribute's short name stands for.
fn column(key: &str) -> &str {
    match key {
        "creation_timestamp" | "creation_time" => "creation_timestamp_ms",
        "last_updated_timestamp" | "last_updated_time" => "last_updated_timestamp_ms",
        _ => key,
    }
}

fn attribute(key: &str) -> Option<Attribute> {
    Some(match key {
        "creation_timestamp_ms" => Attribute::Time(LoggedModelTime::Creation),
        "last_updated_timestamp_ms" => Attribute::Time(LoggedModelTime::LastUpdated),
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
    let name = field.field_name.as_str();
    let Some((entity, key)) = name.split_once('.') else {
        return match attribute(column(name)) {
            Some(Attribute::Time(time)) => Ok(LoggedModelOrderKey::Time(time)),
            Some(Attribute::Text(text)) => Ok(LoggedModelOrderKey::Text(text)),
            Some(Attribute::Code(code)) => Ok(LoggedModelOrderKey::Code(code)),
            None => Err(Invalid::message(format!("Invalid order by field name: {name}"))),
        };
    };
    if entity != "metrics" {
        return Err(Invalid::message(format!(
            "Invalid order by field name: {name}. Only metrics are supported."
        )));
    }
    Ok(LoggedModelOrderKey::Metric {
        key: key.to_owned(),
        dataset_name: field.dataset_name.clone().filter(|name| !name.is_empty()),
        dataset_digest: field.dataset_digest.clone().filter(|digest| !digest.is_empty()),
    })
}
