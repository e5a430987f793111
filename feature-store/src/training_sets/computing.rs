//! Where expressions are computed.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, RecordBatch};

use super::error::Error;
use crate::model::name::Name;
use crate::model::on_demand_view::OnDemandView;
use crate::model::value_type::ValueType;

/// The expressions of an on-demand view.
pub(crate) struct Computing {
    view: Name,
}

impl Computing {
    // joined at merge: expressions::Compiled::of(view, &inputs)
    pub(crate) fn of(view: &OnDemandView, _inputs: BTreeMap<Name, ValueType>) -> Result<Self, Error> {
        Ok(Computing { view: view.name.clone() })
    }

    // joined at merge: compiled.evaluate(rows)
    pub(crate) fn evaluate(&self, _rows: &RecordBatch) -> Result<Vec<ArrayRef>, Error> {
        let reason = "expressions cannot be computed yet".to_owned();
        Err(Error::Expression { view: self.view.to_string(), reason })
    }
}
