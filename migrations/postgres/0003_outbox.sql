-- Events on their way to webhooks, and the webhooks for events that MLflow does not know.

-- One row for each event and subscriber, written in the transaction of the change and gone once it is delivered.
CREATE TABLE IF NOT EXISTS forebay_outbox (
    -- The order in which a subscriber gets its events.
    sequence_number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id TEXT NOT NULL,
    -- 'webhook' for a row of webhooks, 'event_subscription' for one of forebay_event_subscriptions.
    subscriber_kind TEXT NOT NULL,
    subscriber_id TEXT NOT NULL,
    -- The body as it is sent.
    payload TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    failed_attempts BIGINT NOT NULL,
    -- When to try next. Whoever takes the row sets it to the time at which the row is free again.
    next_attempt_ms BIGINT NOT NULL,
    -- When it was given up, and why; such rows are kept for a week.
    given_up_ms BIGINT,
    last_error TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS forebay_outbox_by_delivery ON forebay_outbox (delivery_id);
CREATE INDEX IF NOT EXISTS forebay_outbox_waiting
    ON forebay_outbox (subscriber_id, sequence_number) WHERE given_up_ms IS NULL;
CREATE INDEX IF NOT EXISTS forebay_outbox_by_age ON forebay_outbox (created_ms);

CREATE TABLE IF NOT EXISTS forebay_event_subscriptions (
    subscription_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    url TEXT NOT NULL,
    status TEXT NOT NULL,
    -- A Fernet token, as in webhooks.
    secret TEXT,
    creation_timestamp BIGINT NOT NULL,
    last_updated_timestamp BIGINT NOT NULL,
    deleted_timestamp BIGINT
);

CREATE TABLE IF NOT EXISTS forebay_event_subscription_events (
    entity TEXT NOT NULL,
    action TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    PRIMARY KEY (entity, action, subscription_id)
);
CREATE INDEX IF NOT EXISTS forebay_event_subscription_events_by_subscription
    ON forebay_event_subscription_events (subscription_id);
