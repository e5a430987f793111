//! A search over model versions, and a page of what it found.

use forebay_core::filter::bounds::SearchBounds;
use forebay_core::filter::model_versions::{
    self as filter, ModelVersionComparison, ModelVersionOrderKey, ModelVersionText,
};
use forebay_core::filter::{Direction, OrderBy, TextOp};
use forebay_core::invalid::Invalid;
use forebay_core::page_token;
use forebay_wire::model_versions as wire;

use super::model_version::ModelVersion;
use super::page;
use super::prompts::Prompts;

/// Most versions on a page, and as many as there are on one when the request does not say.
const MAX_PAGE: i64 = 200_000;

/// One page of a search over model versions.
#[derive(Debug)]
pub(crate) struct SearchModelVersions {
    pub(crate) filter: Vec<ModelVersionComparison>,
    pub(crate) prompts: Prompts,
    /// Never empty.
    pub(crate) order_by: Vec<OrderBy<ModelVersionOrderKey>>,
    /// 1 to [`MAX_PAGE`].
    pub(crate) max_results: i64,
    /// Rows to skip, ≥ 0.
    pub(crate) offset: i64,
}

impl SearchModelVersions {
    /// The versions that any of these runs made, in the default order.
    pub(crate) fn of_runs(run_ids: Vec<String>) -> Self {
        let (attribute, op) = (ModelVersionText::RunId, TextOp::In(run_ids));
        SearchModelVersions {
            filter: vec![ModelVersionComparison::Text { attribute, op }],
            prompts: Prompts::Hidden,
            order_by: last_updated_first(),
            max_results: MAX_PAGE,
            offset: 0,
        }
    }
}

impl TryFrom<wire::SearchModelVersions> for SearchModelVersions {
    type Error = Invalid;

    fn try_from(req: wire::SearchModelVersions) -> Result<Self, Invalid> {
        let filter = filter::parse_filter(req.filter.as_deref().unwrap_or_default())?;
        let mut filter = SearchBounds::default().add_filter(filter)?;
        let prompts = Prompts::of_filter(filter.iter().filter_map(|comparison| match comparison {
            ModelVersionComparison::Tag { key, op } => Some((key.as_str(), op)),
            ModelVersionComparison::Text { .. } | ModelVersionComparison::Version { .. } => None,
        }));
        filter.retain(|comparison| match comparison {
            ModelVersionComparison::Tag { key, .. } => prompts.keep(key),
            ModelVersionComparison::Text { .. } | ModelVersionComparison::Version { .. } => true,
        });
        let order_by = filter::parse_order_by(&req.order_by)?;
        Ok(SearchModelVersions {
            filter,
            prompts,
            order_by: if order_by.is_empty() { last_updated_first() } else { order_by },
            max_results: page::size(req.max_results.map_or(MAX_PAGE, |max| max.0), MAX_PAGE)?,
            offset: page_token::decode_offset(req.page_token.as_deref().unwrap_or_default())?,
        })
    }
}

fn last_updated_first() -> Vec<OrderBy<ModelVersionOrderKey>> {
    vec![OrderBy { key: ModelVersionOrderKey::LastUpdated, direction: Direction::Descending }]
}

/// A page of model versions.
#[derive(Debug)]
pub(crate) struct ModelVersionPage {
    pub(crate) versions: Vec<ModelVersion>,
    /// How many rows the next page skips, if there is one.
    pub(crate) next_offset: Option<i64>,
}

impl From<ModelVersionPage> for wire::SearchModelVersionsResponse {
    fn from(page: ModelVersionPage) -> Self {
        wire::SearchModelVersionsResponse {
            model_versions: page.versions.into_iter().map(Into::into).collect(),
            next_page_token: page.next_offset.map(page_token::encode_offset),
        }
    }
}
