//! A search over registered models, and a page of what it found.

use forebay_core::filter::OrderBy;
use forebay_core::filter::bounds::SearchBounds;
use forebay_core::filter::registered_models::{
    self as filter, RegisteredModelComparison, RegisteredModelOrderKey,
};
use forebay_core::invalid::Invalid;
use forebay_core::page_token;
use forebay_wire::registered_models as wire;

use super::page;
use super::prompts::Prompts;
use super::registered_model::RegisteredModel;

/// Models on a page when the request does not say.
const DEFAULT_PAGE: i64 = 100;

/// Most models on a page.
const MAX_PAGE: i64 = 1_000;

/// One page of a search over registered models.
#[derive(Debug)]
pub(crate) struct SearchRegisteredModels {
    pub(crate) filter: Vec<RegisteredModelComparison>,
    pub(crate) prompts: Prompts,
    pub(crate) order_by: Vec<OrderBy<RegisteredModelOrderKey>>,
    /// 1 to [`MAX_PAGE`].
    pub(crate) max_results: i64,
    /// Rows to skip, ≥ 0.
    pub(crate) offset: i64,
}

impl TryFrom<wire::SearchRegisteredModels> for SearchRegisteredModels {
    type Error = Invalid;

    fn try_from(req: wire::SearchRegisteredModels) -> Result<Self, Invalid> {
        let filter = filter::parse_filter(req.filter.as_deref().unwrap_or_default())?;
        let mut filter = SearchBounds::default().add_filter(filter)?;
        let prompts = Prompts::of_filter(filter.iter().filter_map(|comparison| match comparison {
            RegisteredModelComparison::Tag { key, op } => Some((key.as_str(), op)),
            RegisteredModelComparison::Name(_) => None,
        }));
        filter.retain(|comparison| match comparison {
            RegisteredModelComparison::Tag { key, .. } => prompts.keep(key),
            RegisteredModelComparison::Name(_) => true,
        });
        Ok(SearchRegisteredModels {
            filter,
            prompts,
            order_by: filter::parse_order_by(&req.order_by)?,
            max_results: page::size(req.max_results.map_or(DEFAULT_PAGE, |max| max.0), MAX_PAGE)?,
            offset: page_token::decode_offset(req.page_token.as_deref().unwrap_or_default())?,
        })
    }
}

/// A page of registered models.
#[derive(Debug)]
pub(crate) struct RegisteredModelPage {
    pub(crate) models: Vec<RegisteredModel>,
    /// How many rows the next page skips, if there is one.
    pub(crate) next_offset: Option<i64>,
}

impl From<RegisteredModelPage> for wire::SearchRegisteredModelsResponse {
    fn from(page: RegisteredModelPage) -> Self {
        wire::SearchRegisteredModelsResponse {
            registered_models: page.models.into_iter().map(Into::into).collect(),
            next_page_token: page.next_offset.map(page_token::encode_offset),
        }
    }
}
