"""Fills the registry of a database of MLflow's schema for the benchmark: `registry.py URL N_MODELS N_VERSIONS`.

Registered models with their versions of a year, tags on both, two aliases for each model, descriptions here and
there, and prompts, which lie in the same tables. The same arguments make the same rows.
"""

import random
import sys
from collections.abc import Iterator

import seed

# The benchmark asks for these by name; see content.rs.
TASKS = ["churn", "fraud", "demand", "pricing", "ranking", "routing", "returns", "support"]
PIPELINE_RUN = "fedcba9876543210fedcba9876543210"
# Of so many models one has its latest version from that run.
MODELS_PER_PIPELINE = 100

N_PROMPTS = 50
VERSIONS_PER_PROMPT = 3

FRAMEWORKS = ["xgboost", "lightgbm", "sklearn", "pytorch", "onnx"]
VALIDATIONS = ["passed"] * 8 + ["pending", "failed"]
STAGES = ["None"] * 8 + ["Production", "Archived"]

# A column that is left out is NULL where MLflow has NULL, or has its default.
COLUMNS = {
    "registered_models": "name, creation_time, last_updated_time, description",
    "model_versions": "name, version, creation_time, last_updated_time, description, current_stage, source, "
    "storage_location, run_id, run_link, status",
    "registered_model_tags": "name, key, value",
    "model_version_tags": "name, version, key, value",
    "registered_model_aliases": "name, alias, version",
}
# Where the writers look their tables up.
seed.COLUMNS |= COLUMNS


def description(chance: random.Random, name: str, share: float) -> str:
    """A text for so many of all, and for the others none, which is an empty one as MLflow's handlers store it."""
    if chance.random() >= share:
        return ""
    return f"Trained for {name} on the daily features, and reviewed by {chance.choice(seed.USERS)} before it went out."


def version_row(chance: random.Random, name: str, version: int, time_ms: int, run: str) -> tuple:
    source = f"s3://models/{name}/{chance.getrandbits(64):016x}"
    about = description(chance, name, share=0.2)
    return name, version, time_ms, time_ms, about, chance.choice(STAGES), source, source, run, "", "READY"


def version_tags(chance: random.Random, name: str, version: int) -> Iterator[tuple]:
    yield name, version, "framework", chance.choice(FRAMEWORKS)
    yield name, version, "validation", chance.choice(VALIDATIONS)
    yield name, version, "commit", f"{chance.getrandbits(28):07x}"


def model_tags(chance: random.Random, name: str) -> Iterator[tuple]:
    yield name, "team", chance.choice(seed.TEAMS)
    yield name, "owner", chance.choice(seed.USERS)
    yield name, "tier", chance.choice(["gold", "silver", "bronze"])


def models(chance: random.Random, n_models: int, n_versions: int) -> dict[str, list[tuple]]:
    rows = {table: [] for table in COLUMNS}
    step_ms = (seed.LAST_MS - seed.FIRST_MS) // (n_models * n_versions)
    for number in range(n_models):
        name = f"{TASKS[number % len(TASKS)]}-{number:04}"
        # All models get their first version, then all their second.
        times_ms = [seed.FIRST_MS + (version * n_models + number) * step_ms for version in range(n_versions)]
        about = description(chance, name, share=0.5)
        rows["registered_models"].append((name, times_ms[0], times_ms[-1], about))
        rows["registered_model_tags"] += model_tags(chance, name)
        for version, time_ms in enumerate(times_ms, start=1):
            of_pipeline = version == n_versions and number % MODELS_PER_PIPELINE == 0
            run = PIPELINE_RUN if of_pipeline else f"{chance.getrandbits(128):032x}"
            rows["model_versions"].append(version_row(chance, name, version, time_ms, run))
            rows["model_version_tags"] += version_tags(chance, name, version)
        aliases = {"champion": chance.randint(1, n_versions), "challenger": n_versions}
        rows["registered_model_aliases"] += ((name, alias, version) for alias, version in aliases.items())
    return rows


def add_prompts(rows: dict[str, list[tuple]]) -> None:
    """Prompts are models and versions with a tag that says so; searches for models leave them out."""
    is_prompt, source = ("mlflow.prompt.is_prompt", "true"), "prompt-template"
    for number in range(N_PROMPTS):
        name, time_ms = f"explain-{TASKS[number % len(TASKS)]}-{number:02}", seed.FIRST_MS + number
        rows["registered_models"].append((name, time_ms, time_ms, ""))
        rows["registered_model_tags"].append((name, *is_prompt))
        rows["registered_model_aliases"].append((name, "production", VERSIONS_PER_PROMPT))
        for version in range(1, VERSIONS_PER_PROMPT + 1):
            about_it = "", "None", source, source, "", "", "READY"
            rows["model_versions"].append((name, version, time_ms, time_ms, *about_it))
            text = f"Explain in {version * 10} words why {{{{ customer }}}} has a score of {{{{ score }}}}."
            tags = [is_prompt, ("mlflow.prompt.text", text), ("_mlflow_prompt_type", "text")]
            rows["model_version_tags"] += ((name, version, *tag) for tag in tags)


def main() -> None:
    url, n_models, n_versions = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    database = seed.Sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else seed.Postgres(url)
    rows = models(random.Random(5), n_models, n_versions)
    add_prompts(rows)
    for table, lines in rows.items():
        database.write(table, lines)
    database.finish()


if __name__ == "__main__":
    main()
