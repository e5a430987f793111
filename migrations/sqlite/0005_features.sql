-- The feature store. Each change of a definition is a row; the highest version counts.
CREATE TABLE IF NOT EXISTS forebay_feature_definitions (
    -- 'entity', 'feature_view', 'on_demand_view' or 'feature_service'.
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- As JSON; nothing when the definition was deleted with this version.
    document TEXT,
    created_ms BIGINT NOT NULL,
    created_by TEXT,
    PRIMARY KEY (kind, name, version)
);
