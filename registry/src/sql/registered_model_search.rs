//! The search over registered models as one SELECT on `registered_models`, with the tags as conditions.

use forebay_core::filter::registered_models::{RegisteredModelComparison, RegisteredModelOrderKey};
use forebay_core::filter::{Direction, OrderBy, TextOp};
use forebay_db::predicate::{push_text, unplanned};
use forebay_db::{Engine, Error, Sql, Tx};

use super::registered_models::{RegisteredModelRow, select};
use crate::model::prompts::{IS_PROMPT, Prompts};
use crate::model::registered_model::RegisteredModel;
use crate::model::registered_model_search::SearchRegisteredModels;

// What belongs to a model is looked up when it is sure to be on the page.
const ALL: &str = " FROM (SELECT m.* FROM registered_models m WHERE m.workspace = 'default'";

const TAG: &str = "
    EXISTS (SELECT 1 FROM registered_model_tags t
    WHERE t.workspace = m.workspace AND t.name = m.name AND t.key = ";

/// The rows of the page and, if there is one, the first row of the next; without their versions.
pub(crate) async fn search(
    tx: &mut Tx,
    search: &SearchRegisteredModels,
) -> Result<Vec<RegisteredModel>, Error> {
    let mut sql = select(tx.engine());
    sql.push(ALL);
    for (position, comparison) in search.filter.iter().enumerate() {
        sql.push(" AND ");
        push_comparison(&mut sql, tx.engine(), comparison);
        sql.push(unplanned(position));
    }
    if search.prompts == Prompts::Hidden {
        sql.push(" AND NOT ").push(TAG).push_bind(IS_PROMPT).push(" AND t.value = 'true')");
    }
    push_order(&mut sql, &search.order_by);
    sql.push(" LIMIT ").push_bind(search.max_results + 1).push(" OFFSET ").push_bind(search.offset);
    push_order(sql.push(") m"), &search.order_by);
    Ok(tx.list::<RegisteredModelRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

fn push_comparison(sql: &mut Sql, engine: Engine, comparison: &RegisteredModelComparison) {
    match comparison {
        RegisteredModelComparison::Name(op) => push_text(sql, engine, "m.name", op),
        RegisteredModelComparison::Tag { key, op } => push_tag(sql, engine, key, op),
    }
}

fn push_tag(sql: &mut Sql, engine: Engine, key: &str, op: &TextOp) {
    sql.push(TAG).push_bind(key).push(" AND ");
    push_text(sql, engine, "t.value", op);
    sql.push(")");
}

/// The name breaks ties, so that pages neither repeat nor skip a row; a missing time stands where the engine puts
/// it, as in MLflow.
fn push_order(sql: &mut Sql, order_by: &[OrderBy<RegisteredModelOrderKey>]) {
    sql.push(" ORDER BY ");
    for term in order_by {
        sql.push(match term.key {
            RegisteredModelOrderKey::Name => "m.name",
            RegisteredModelOrderKey::LastUpdated => "m.last_updated_time",
        });
        sql.push(if term.direction == Direction::Ascending { " ASC, " } else { " DESC, " });
    }
    sql.push("m.name ASC");
}
