//! Where expressions are computed.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, RecordBatch};

use super::error::Error;
use crate::expressions::compiled::{Compiled, Limits, Stopped};
use crate::model::name::Name;
use crate::model::on_demand_view::OnDemandView;
use crate::model::value_type::ValueType;

/// The expressions of an on-demand view.
pub(crate) struct Computing(Compiled);

impl Computing {
    pub(crate) fn of(view: &OnDemandView, inputs: &BTreeMap<Name, ValueType>) -> Result<Self, Error> {
        Compiled::of(view, inputs).map(Computing).map_err(|error| Error::Definitions(error.to_string()))
    }

    /// The features of rows that come behind so many others of the spine; none where there is not enough room for all.
    pub(crate) fn evaluate(
        &self,
        rows: &RecordBatch,
        n_before: usize,
        limits: &Limits<'_>,
    ) -> Result<Option<Vec<ArrayRef>>, Error> {
        match self.0.evaluate(rows, limits) {
            Ok(values) => Ok(Some(values)),
            Err(Stopped::TooMuch) => Ok(None),
            Err(Stopped::Ended) => Err(Error::Cancelled),
            Err(Stopped::Failed(failed)) => Err(Error::Expression(failed.behind(n_before).to_string())),
        }
    }
}
