//! The columns that take texts which callers choose, with their lengths in characters.

use forebay_core::columns::Column;

pub(crate) const EXPERIMENT_NAME: Column = Column::of(256);
pub(crate) const EXPERIMENT_LOCATION: Column = Column::of(256);
pub(crate) const RUN_NAME: Column = Column::of(250);
pub(crate) const RUN_USER: Column = Column::of(256);
pub(crate) const RUN_ARTIFACT_URI: Column = Column::of(200);
pub(crate) const RUN_TAG_KEY: Column = Column::of(250);
pub(crate) const RUN_TAG_VALUE: Column = Column::of(8_000);
pub(crate) const DATASET_SOURCE_TYPE: Column = Column::of(36);
pub(crate) const INPUT_MODEL_ID: Column = Column::of(36);
pub(crate) const POINT_DATASET_NAME: Column = Column::of(500);
pub(crate) const POINT_DATASET_DIGEST: Column = Column::of(36);
pub(crate) const MODEL_NAME: Column = Column::of(500);
pub(crate) const MODEL_TYPE: Column = Column::of(500);
pub(crate) const MODEL_SOURCE_RUN: Column = Column::of(32);
pub(crate) const MODEL_PARAM_KEY: Column = Column::of(255);
pub(crate) const MODEL_TAG_KEY: Column = Column::of(255);
