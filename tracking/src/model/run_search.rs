//! A search over runs, and a page of what it found.

use forebay_core::filter::OrderBy;
use forebay_core::filter::bounds::SearchBounds;
use forebay_core::filter::runs::{self as filter, RunComparison, RunOrderKey};
use forebay_core::invalid::Invalid;
use forebay_core::page_token;
use forebay_wire::runs as wire;

use super::experiment::ExperimentId;
use super::lifecycle::View;
use super::page;
use super::run::Run;

/// Runs on a page when the request does not say.
const DEFAULT_PAGE: i64 = 1_000;

/// One page of a search over runs.
#[derive(Debug)]
pub(crate) struct SearchRuns {
    /// Each once; none finds nothing.
    pub(crate) experiment_ids: Vec<ExperimentId>,
    pub(crate) view: View,
    pub(crate) filter: Vec<RunComparison>,
    pub(crate) order_by: Vec<OrderBy<RunOrderKey>>,
    /// 1 to [`page::MAX_SIZE`].
    pub(crate) max_results: i64,
    /// Rows to skip, ≥ 0.
    pub(crate) offset: i64,
}

impl TryFrom<wire::SearchRuns> for SearchRuns {
    type Error = Invalid;

    fn try_from(req: wire::SearchRuns) -> Result<Self, Invalid> {
        let mut bounds = SearchBounds::default();
        Ok(SearchRuns {
            experiment_ids: ExperimentId::parse_distinct(&req.experiment_ids, &mut bounds)?,
            view: req.run_view_type.map_or(View::ActiveOnly, View::from),
            filter: bounds.add_filter(filter::parse_filter(req.filter.as_deref().unwrap_or_default())?)?,
            order_by: filter::parse_order_by(&req.order_by)?,
            max_results: page::size(req.max_results.map_or(DEFAULT_PAGE, |max| i64::from(max.0)))?,
            offset: page_token::decode_offset(req.page_token.as_deref().unwrap_or_default())?,
        })
    }
}

/// A page of runs.
#[derive(Debug)]
pub(crate) struct RunPage {
    pub(crate) runs: Vec<Run>,
    /// How many rows the next page skips, if there is one.
    pub(crate) next_offset: Option<i64>,
}

impl From<RunPage> for wire::SearchRunsResponse {
    fn from(page: RunPage) -> Self {
        wire::SearchRunsResponse {
            runs: page.runs.into_iter().map(Into::into).collect(),
            next_page_token: page.next_offset.map(page_token::encode_offset),
        }
    }
}
