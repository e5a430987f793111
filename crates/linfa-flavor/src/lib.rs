//! Models that were trained with linfa, as the flavor `forebay.linfa` of an `MLmodel`.
//!
//! A training program takes the [`Parameters`] out of a fitted model (feature `linfa`, trait `Fitted`) and writes the
//! files of a [`Folder`]; serving reads them back as a [`Model`] and scores with the formulas of `score.rs`. What is
//! kept are the parameters that the formulas need, so a file does not depend on how linfa lays out its types.

mod parameters;
mod labels;
mod check;
mod model;
mod score;
mod folder;
#[cfg(feature = "linfa")]
mod fitted;

#[cfg(feature = "linfa")]
pub use fitted::{Fitted, UnfitError};
pub use folder::{FLAVOR, FORMAT, Folder, MODEL_FILE, Origin};
pub use labels::{Label, Labels};
pub use model::{Model, ModelError};
pub use parameters::{Class, Kernel, Node, Parameters, Support};
pub use score::Scores;
