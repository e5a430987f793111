//! Tables `forebay_event_subscriptions` and `forebay_event_subscription_events`. How the statements run stands in
//! [`super::subscribers`].

use super::subscribers::Statements;

const INSERT: &str = "
    INSERT INTO forebay_event_subscriptions (subscription_id, name, description, url, status, secret,
                                             creation_timestamp, last_updated_timestamp)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const INSERT_EVENTS: &str = "
    INSERT INTO forebay_event_subscription_events (subscription_id, entity, action) VALUES ";

const FIND: &str = "
    SELECT subscription_id AS id, name, description, url, status, secret, creation_timestamp, last_updated_timestamp
    FROM forebay_event_subscriptions
    WHERE subscription_id = $1 AND deleted_timestamp IS NULL";

const LIST: &str = "
    SELECT subscription_id AS id, name, description, url, status, secret, creation_timestamp, last_updated_timestamp
    FROM forebay_event_subscriptions
    WHERE deleted_timestamp IS NULL
    ORDER BY creation_timestamp DESC, subscription_id DESC LIMIT $1 OFFSET $2";

const LIST_EVENTS: &str = "
    SELECT subscription_id AS id, entity, action FROM forebay_event_subscription_events
    WHERE subscription_id IN (";

const UPDATE: &str = "
    UPDATE forebay_event_subscriptions
    SET name = $2, description = $3, url = $4, status = $5, secret = $6, last_updated_timestamp = $7
    WHERE subscription_id = $1";

const DELETE_EVENTS: &str = "DELETE FROM forebay_event_subscription_events WHERE subscription_id = $1";

const MARK_DELETED: &str = "
    UPDATE forebay_event_subscriptions SET deleted_timestamp = $2, last_updated_timestamp = $2
    WHERE subscription_id = $1";

const LIST_SUBSCRIBED: &str = "
    SELECT s.subscription_id AS id
    FROM forebay_event_subscription_events e
    JOIN forebay_event_subscriptions s ON s.subscription_id = e.subscription_id
    WHERE e.entity = $1 AND e.action = $2 AND s.status = 'ACTIVE' AND s.deleted_timestamp IS NULL
    ORDER BY s.subscription_id";

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
