//! Table `model_versions`.

use forebay_db::{Error, FromRow, Row, Sql, Tx};
use forebay_wire::enumeration::ModelVersionStatus;

use super::KEYS_PER_STATEMENT;
use crate::model::model_version::{ModelVersion, VersionKey};

const LIST_LATEST: &str = "
    WITH ranked AS (
        SELECT v.*, row_number() OVER (PARTITION BY v.name, v.current_stage ORDER BY v.version DESC) AS place
        FROM model_versions v
        WHERE v.workspace = 'default' AND v.current_stage != 'Deleted_Internal' AND v.name IN (";
const LIST_LATEST_END: &str = "))
    SELECT name, version, creation_time, last_updated_time, description, user_id, current_stage, source, run_id,
        run_link, status, status_message
    FROM ranked WHERE place = 1 ORDER BY name, current_stage";

/// The highest version of each stage of those models, without its tags.
pub(crate) async fn list_latest(tx: &mut Tx, names: &[String]) -> Result<Vec<ModelVersion>, Error> {
    let mut found = Vec::new();
    for names in names.chunks(KEYS_PER_STATEMENT) {
        let mut sql = Sql::new(LIST_LATEST);
        sql.push_list(names).push(LIST_LATEST_END);
        found.extend(tx.list::<ModelVersionRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(found)
}

/// A version without its tags.
pub(super) struct ModelVersionRow(pub(super) ModelVersion);

impl FromRow for ModelVersionRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(ModelVersionRow(ModelVersion {
            key: VersionKey { name: row.get("name")?, version: row.get("version")? },
            creation_time_ms: row.get("creation_time")?,
            last_updated_time_ms: row.get("last_updated_time")?,
            description: row.get("description")?,
            user_id: row.get("user_id")?,
            stage: row.get("current_stage")?,
            source: row.get("source")?,
            run_id: row.get("run_id")?,
            run_link: row.get("run_link")?,
            status: status(row)?,
            status_message: row.get("status_message")?,
            tags: Vec::new(),
        }))
    }
}

fn status(row: &Row) -> Result<Option<ModelVersionStatus>, Error> {
    const COLUMN: &str = "status";
    let Some(name) = row.get::<Option<String>>(COLUMN)? else { return Ok(None) };
    let known = ModelVersionStatus::from_name(&name);
    known.map(Some).ok_or_else(|| Error::Inconsistent { column: COLUMN, reason: format!("'{name}'") })
}
