//! Use cases of datasets, and of logged models as inputs and outputs of runs, one per file.

pub(crate) mod log_inputs;
mod log_outputs;
mod search;
