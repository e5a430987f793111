-- Promotion: what must hold before an alias or a stage moves, who asked for it, and all that ever happened.
-- A target is 'alias:' or 'stage:' with the name behind it.

-- Each change of a policy is a row; the highest version counts.
CREATE TABLE IF NOT EXISTS forebay_promotion_policies (
    model_name TEXT NOT NULL,
    target TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- As JSON; nothing when the policy was deleted with this version.
    document TEXT,
    created_ms BIGINT NOT NULL,
    created_by TEXT,
    PRIMARY KEY (model_name, target, version)
);

CREATE TABLE IF NOT EXISTS forebay_promotions (
    promotion_id TEXT NOT NULL PRIMARY KEY,
    model_name TEXT NOT NULL,
    target TEXT NOT NULL,
    version BIGINT NOT NULL,
    previous_version BIGINT,
    status TEXT NOT NULL,
    is_override BOOLEAN NOT NULL,
    requested_by TEXT,
    reason TEXT,
    created_ms BIGINT NOT NULL,
    last_updated_ms BIGINT NOT NULL,
    policy_version BIGINT,
    evidence_hash TEXT,
    -- What became of each gate, as JSON.
    gates TEXT NOT NULL,
    required_approvals BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS forebay_promotions_by_model ON forebay_promotions (model_name, status, created_ms);
CREATE INDEX IF NOT EXISTS forebay_promotions_by_age ON forebay_promotions (created_ms, promotion_id);

-- A consent is bound to a policy's version and to the values that its giver could see.
CREATE TABLE IF NOT EXISTS forebay_promotion_approvals (
    promotion_id TEXT NOT NULL,
    user_name TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    evidence_hash TEXT NOT NULL,
    comment TEXT,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (promotion_id, user_name, policy_version, evidence_hash)
);

-- Rows are added, never changed and never deleted.
CREATE TABLE IF NOT EXISTS forebay_promotion_history (
    sequence_number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_name TEXT NOT NULL,
    target TEXT NOT NULL,
    kind TEXT NOT NULL,
    from_version BIGINT,
    to_version BIGINT,
    from_name TEXT,
    user_name TEXT,
    reason TEXT,
    created_ms BIGINT NOT NULL,
    promotion_id TEXT,
    policy_version BIGINT,
    -- What became of each gate, and who approved, as JSON.
    gates TEXT,
    approvals TEXT,
    -- Where the version came from that the target stands for since, or stood for until now, as JSON.
    origin TEXT
);
CREATE INDEX IF NOT EXISTS forebay_promotion_history_by_target
    ON forebay_promotion_history (model_name, target, sequence_number);
CREATE INDEX IF NOT EXISTS forebay_promotion_history_by_model
    ON forebay_promotion_history (model_name, sequence_number);
