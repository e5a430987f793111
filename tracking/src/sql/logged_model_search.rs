//! The search over logged models as one SELECT on `logged_models`, with the tables beside it as conditions.
//!
//! A condition on a metric holds when any point of it satisfies the condition; the order by a metric looks at
//! the latest point alone. Datasets that the request names stand in the CTE `scope`.

use forebay_core::filter::logged_models::{
    LoggedModelCode, LoggedModelComparison, LoggedModelOrderKey, LoggedModelText, LoggedModelTime,
};
use forebay_core::filter::{Direction, OrderBy};
use forebay_db::predicate::{push_code, push_number, push_text};
use forebay_db::{Engine, Error, Sql, Tx};

use crate::model::logged_model::LoggedModel;
use crate::model::logged_model_search::{SearchLoggedModels, SearchedDataset};
use crate::sql::logged_models::{LoggedModelRow, SELECT};

const SCOPE: &str = "WITH scope (name, digest) AS (VALUES ";
const IN_SCOPE: &str = "(m.dataset_name, m.dataset_digest) IN (SELECT name, digest FROM scope)";

const METRIC: &str = "EXISTS (SELECT 1 FROM logged_model_metrics m WHERE m.model_id = l.model_id";
const PARAM: &str =
    "EXISTS (SELECT 1 FROM logged_model_params p WHERE p.model_id = l.model_id AND p.param_key = ";
const TAG: &str = "EXISTS (SELECT 1 FROM logged_model_tags t WHERE t.model_id = l.model_id AND t.tag_key = ";

// A bare EXISTS is turned into a join by PostgreSQL, whose planner takes half a minute over 200 of them.
const EXISTS_END: &str = ") IS TRUE";

const LATEST: &str = "
    (SELECT m.metric_value FROM logged_model_metrics m WHERE m.model_id = l.model_id AND m.metric_name = ";
const LATEST_END: &str = " ORDER BY m.metric_timestamp_ms DESC, m.metric_step DESC, m.run_id ASC LIMIT 1)";

/// The rows of the page and, if there is one, the first row of the next; without params, tags and metrics.
pub(crate) async fn search(tx: &mut Tx, search: &SearchLoggedModels) -> Result<Vec<LoggedModel>, Error> {
    let mut sql = select(&search.datasets);
    sql.push(" WHERE l.lifecycle_stage != 'deleted' AND l.experiment_id IN (");
    sql.push_list(search.experiment_ids.iter().copied()).push(")");
    for comparison in &search.filter {
        sql.push(" AND ");
        push_comparison(&mut sql, tx.engine(), comparison, !search.datasets.is_empty());
    }
    let has_metric = search.filter.iter().any(|part| matches!(part, LoggedModelComparison::Metric { .. }));
    if !search.datasets.is_empty() && !has_metric {
        sql.push(" AND ").push(METRIC).push(" AND ").push(IN_SCOPE).push(EXISTS_END);
    }
    push_order(&mut sql, &search.order_by);
    sql.push(" LIMIT ").push_bind(search.max_results + 1).push(" OFFSET ").push_bind(search.offset);
    Ok(tx.list::<LoggedModelRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

fn select(datasets: &[SearchedDataset]) -> Sql {
    if datasets.is_empty() {
        return Sql::new(SELECT);
    }
    let mut sql = Sql::new(SCOPE);
    // A missing digest is NULL, which equals nothing.
    sql.push_rows(datasets.iter().map(|dataset| [(&dataset.name).into(), dataset.digest.clone().into()]));
    sql.push(")").push(SELECT);
    sql
}

fn push_comparison(sql: &mut Sql, engine: Engine, comparison: &LoggedModelComparison, is_scoped: bool) {
    match comparison {
        LoggedModelComparison::Metric { key, op, value } => {
            sql.push(METRIC).push(" AND m.metric_name = ").push_bind(key).push(" AND ");
            push_number(sql, "m.metric_value", *op, *value);
            if is_scoped {
                sql.push(" AND ").push(IN_SCOPE);
            }
            sql.push(EXISTS_END);
        }
        LoggedModelComparison::Param { key, op } => {
            sql.push(PARAM).push_bind(key).push(" AND ");
            push_text(sql, engine, "p.param_value", op);
            sql.push(EXISTS_END);
        }
        LoggedModelComparison::Tag { key, op } => {
            sql.push(TAG).push_bind(key).push(" AND ");
            push_text(sql, engine, "t.tag_value", op);
            sql.push(EXISTS_END);
        }
        LoggedModelComparison::Time { attribute, op, value } => {
            push_number(sql, time(*attribute), *op, *value);
        }
        LoggedModelComparison::Text { attribute, op } => push_text(sql, engine, text(*attribute), op),
        LoggedModelComparison::Code { attribute, op } => push_code(sql, code(*attribute), op),
    }
}

/// What the request asks for, then the newest first; the id breaks ties, so that no page repeats or skips a row.
fn push_order(sql: &mut Sql, order_by: &[OrderBy<LoggedModelOrderKey>]) {
    sql.push(" ORDER BY ");
    for term in order_by {
        push_key(sql, &term.key);
        sql.push(match term.direction {
            Direction::Ascending => " ASC NULLS LAST, ",
            Direction::Descending => " DESC NULLS LAST, ",
        });
    }
    sql.push("l.creation_timestamp_ms DESC, l.model_id ASC");
}

fn push_key(sql: &mut Sql, key: &LoggedModelOrderKey) {
    match key {
        LoggedModelOrderKey::Metric { key, dataset_name, dataset_digest } => {
            sql.push(LATEST).push_bind(key);
            if let Some(name) = dataset_name {
                sql.push(" AND m.dataset_name = ").push_bind(name);
            }
            if let Some(digest) = dataset_digest {
                sql.push(" AND m.dataset_digest = ").push_bind(digest);
            }
            sql.push(LATEST_END)
        }
        LoggedModelOrderKey::Time(attribute) => sql.push(time(*attribute)),
        LoggedModelOrderKey::Text(attribute) => sql.push(text(*attribute)),
        LoggedModelOrderKey::Code(attribute) => sql.push(code(*attribute)),
    };
}

fn time(attribute: LoggedModelTime) -> &'static str {
    match attribute {
        LoggedModelTime::Creation => "l.creation_timestamp_ms",
        LoggedModelTime::LastUpdated => "l.last_updated_timestamp_ms",
    }
}

fn text(attribute: LoggedModelText) -> &'static str {
    match attribute {
        LoggedModelText::ModelId => "l.model_id",
        LoggedModelText::Name => "l.name",
        LoggedModelText::ModelType => "l.model_type",
        LoggedModelText::SourceRunId => "l.source_run_id",
        LoggedModelText::ArtifactLocation => "l.artifact_location",
        LoggedModelText::LifecycleStage => "l.lifecycle_stage",
        LoggedModelText::StatusMessage => "l.status_message",
    }
}

fn code(attribute: LoggedModelCode) -> &'static str {
    match attribute {
        LoggedModelCode::ExperimentId => "l.experiment_id",
        LoggedModelCode::Status => "l.status",
    }
}
