//! The search over model versions as one SELECT on `model_versions`, with the tags as conditions.

use forebay_core::filter::model_versions::{ModelVersionComparison, ModelVersionOrderKey, ModelVersionText};
use forebay_core::filter::{Direction, OrderBy, TextOp};
use forebay_db::predicate::{UNPLANNED, push_number, push_text, unplanned};
use forebay_db::{Engine, Error, Sql, Tx};

use super::model_versions::{Aliases, ModelVersionRow, select};
use super::tag_counts::TagCounts;
use super::tagged_versions::{Access, TaggedVersions};
use crate::model::model_version::ModelVersion;
use crate::model::model_version_search::SearchModelVersions;
use crate::model::prompts::{IS_PROMPT, Prompts};

// SQLite looks at the tables of a CROSS JOIN in this order.
const WITH_TAG: &str = " FROM (SELECT f.workspace, f.name, f.version";
const WITH_TAG_END: &str = ") AS found
    CROSS JOIN model_versions v
    WHERE v.workspace = found.workspace AND v.name = found.name AND v.version = found.version AND ";

const ALL: &str = " FROM model_versions v WHERE ";

// A deleted version keeps its row, under that stage, so that its number is not given again.
const SHOWN: &str = "v.workspace = 'default' AND v.current_stage != 'Deleted_Internal'";

const TAG: &str = "
    EXISTS (SELECT 1 FROM model_version_tags t
    WHERE t.workspace = v.workspace AND t.name = v.name AND t.version = v.version AND t.key = ";

// One version with the tag makes prompts of all of them.
const PROMPT: &str = "
    EXISTS (SELECT 1 FROM model_version_tags t
    WHERE t.workspace = 'default' AND t.name = v.name AND t.value = 'true' AND length(t.value) <= 256 AND t.key = ";

/// The rows of the page and, if there is one, the first row of the next.
pub(crate) async fn search(
    tx: &mut Tx,
    counts: &TagCounts,
    search: &SearchModelVersions,
) -> Result<Vec<ModelVersion>, Error> {
    let access = Access::plan(tx, counts, &search.filter).await?;
    let mut sql = select(tx.engine(), Aliases::Omitted);
    // The tags of a version are looked up when it is sure to be on the page.
    sql.push(" FROM (SELECT v.*");
    match &access {
        Access::Few(tagged) => {
            tagged.push_from(sql.push(WITH_TAG));
            sql.push(WITH_TAG_END)
        }
        Access::All { .. } => sql.push(ALL),
    };
    sql.push(SHOWN);
    for (position, comparison) in search.filter.iter().enumerate() {
        match (TaggedVersions::of(comparison), &access) {
            (Some(tagged), Access::Few(few)) if tagged == *few => {}
            (Some(tagged), Access::All { gathered }) if gathered.contains(&tagged) => {
                tagged.push_test(sql.push(" AND "));
            }
            _ => {
                push_comparison(sql.push(" AND "), tx.engine(), comparison);
                sql.push(unplanned(position));
            }
        }
    }
    if search.prompts == Prompts::Hidden {
        sql.push(" AND NOT ").push(PROMPT).push_bind(IS_PROMPT).push(")").push(UNPLANNED);
    }
    let are_few = matches!(access, Access::Few(_)) || search.filter.iter().any(names_few);
    push_order(&mut sql, &search.order_by, are_few);
    sql.push(" LIMIT ").push_bind(search.max_results + 1).push(" OFFSET ").push_bind(search.offset);
    push_order(sql.push(") v"), &search.order_by, are_few);
    Ok(tx.list::<ModelVersionRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

fn push_comparison(sql: &mut Sql, engine: Engine, comparison: &ModelVersionComparison) {
    match comparison {
        ModelVersionComparison::Text { attribute, op } => push_text(sql, engine, text(*attribute), op),
        ModelVersionComparison::Version { op, value } => push_number(sql, "v.version", *op, *value),
        ModelVersionComparison::Tag { key, op } => push_tag(sql, engine, key, op),
    }
}

/// Whether a comparison leaves few versions, which an index finds.
fn names_few(comparison: &ModelVersionComparison) -> bool {
    match comparison {
        ModelVersionComparison::Text { attribute, op } => {
            *attribute != ModelVersionText::Source && matches!(op, TextOp::Eq(_) | TextOp::In(_))
        }
        ModelVersionComparison::Version { .. } | ModelVersionComparison::Tag { .. } => false,
    }
}

fn push_tag(sql: &mut Sql, engine: Engine, key: &str, op: &TextOp) {
    sql.push(TAG).push_bind(key).push(" AND ");
    push_text(sql, engine, "t.value", op);
    sql.push(")");
}

/// Name and version break ties, so that pages neither repeat nor skip a row; a missing time stands where the
/// engine puts it, as in MLflow. Few versions are found and then ordered, many are walked in an index that has the order:
/// what follows a `+` is no column, so no index has it.
fn push_order(sql: &mut Sql, order_by: &[OrderBy<ModelVersionOrderKey>], are_few: bool) {
    sql.push(" ORDER BY ");
    for term in order_by {
        if are_few && term.key == ModelVersionOrderKey::LastUpdated {
            sql.push("+");
        }
        sql.push(column(term.key));
        sql.push(if term.direction == Direction::Ascending { " ASC, " } else { " DESC, " });
    }
    sql.push("v.name ASC, v.version DESC");
}

fn text(attribute: ModelVersionText) -> &'static str {
    match attribute {
        ModelVersionText::Name => "v.name",
        ModelVersionText::RunId => "v.run_id",
        ModelVersionText::Source => "v.source",
    }
}

fn column(key: ModelVersionOrderKey) -> &'static str {
    match key {
        ModelVersionOrderKey::Name => "v.name",
        ModelVersionOrderKey::Version => "v.version",
        ModelVersionOrderKey::Creation => "v.creation_time",
        ModelVersionOrderKey::LastUpdated => "v.last_updated_time",
    }
}
