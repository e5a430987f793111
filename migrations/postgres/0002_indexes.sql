-- Indexes of our own on MLflow's tables. They change no answer, and MLflow's migrations carry them along.

-- Making them may take longer than a request, but nobody is to wait long for those who hold the tables.
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = '5s';

-- The runs of an experiment, the latest first: the order of every list of runs.
CREATE INDEX IF NOT EXISTS forebay_runs_by_start
    ON runs (experiment_id, lifecycle_stage, start_time DESC, run_uuid);

-- The runs with the best values of a metric, and those above or below one.
CREATE INDEX IF NOT EXISTS forebay_latest_metrics_by_value
    ON latest_metrics (key, is_nan, value DESC, run_uuid);

-- The runs with a value of a parameter or of a tag. Long values, which PostgreSQL could not take in, are left out.
CREATE INDEX IF NOT EXISTS forebay_params_by_value
    ON params (key, value, run_uuid) WHERE length(value) <= 256;
CREATE INDEX IF NOT EXISTS forebay_tags_by_value
    ON tags (key, value, run_uuid) WHERE length(value) <= 256;

-- The versions of all models, the last updated first: the order of every list of versions.
CREATE INDEX IF NOT EXISTS forebay_model_versions_by_update
    ON model_versions (workspace, last_updated_time DESC, name, version DESC);

-- The versions of a run, and those with a value of a tag.
CREATE INDEX IF NOT EXISTS forebay_model_versions_by_run
    ON model_versions (workspace, run_id);
CREATE INDEX IF NOT EXISTS forebay_model_version_tags_by_value
    ON model_version_tags (workspace, key, value, name, version) WHERE length(value) <= 256;
