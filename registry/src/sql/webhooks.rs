//! Tables `webhooks` and `webhook_events`, which are MLflow's. How the statements run stands in [`super::subscribers`].

use super::subscribers::Statements;

const INSERT: &str = "
    INSERT INTO webhooks (workspace, webhook_id, name, description, url, status, secret, creation_timestamp,
                          last_updated_timestamp)
    VALUES ('default', $1, $2, $3, $4, $5, $6, $7, $8)";

const INSERT_EVENTS: &str = "INSERT INTO webhook_events (webhook_id, entity, action) VALUES ";

const FIND: &str = "
    SELECT webhook_id AS id, name, description, url, status, secret, creation_timestamp, last_updated_timestamp
    FROM webhooks
    WHERE webhook_id = $1 AND workspace = 'default' AND deleted_timestamp IS NULL";

const LIST: &str = "
    SELECT webhook_id AS id, name, description, url, status, secret, creation_timestamp, last_updated_timestamp
    FROM webhooks
    WHERE workspace = 'default' AND deleted_timestamp IS NULL
    ORDER BY creation_timestamp DESC, webhook_id DESC LIMIT $1 OFFSET $2";

const LIST_EVENTS: &str = "SELECT webhook_id AS id, entity, action FROM webhook_events WHERE webhook_id IN (";

const UPDATE: &str = "
    UPDATE webhooks
    SET name = $2, description = $3, url = $4, status = $5, secret = $6, last_updated_timestamp = $7
    WHERE webhook_id = $1";

const DELETE_EVENTS: &str = "DELETE FROM webhook_events WHERE webhook_id = $1";

const MARK_DELETED: &str = "
    UPDATE webhooks SET deleted_timestamp = $2, last_updated_timestamp = $2 WHERE webhook_id = $1";

pub(super) const FIND_ACTIVE: &str = "
    SELECT 1 AS one FROM webhooks
    WHERE status = 'ACTIVE' AND workspace = 'default' AND deleted_timestamp IS NULL LIMIT 1";

const LIST_SUBSCRIBED: &str = "
    SELECT w.webhook_id AS id FROM webhook_events e JOIN webhooks w ON w.webhook_id = e.webhook_id
    WHERE e.entity = $1 AND e.action = $2
      AND w.status = 'ACTIVE' AND w.workspace = 'default' AND w.deleted_timestamp IS NULL
    ORDER BY w.webhook_id";

pub(super) const STATEMENTS: Statements = Statements {
    insert: INSERT,
    insert_events: INSERT_EVENTS,
    find: FIND,
    list: LIST,
    list_events: LIST_EVENTS,
    update: UPDATE,
    delete_events: DELETE_EVENTS,
    mark_deleted: MARK_DELETED,
    list_subscribed: LIST_SUBSCRIBED,
};
