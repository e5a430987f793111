//! A search over logged models, and a page of what it found.

use forebay_core::filter::OrderBy;
use forebay_core::filter::bounds::SearchBounds;
use forebay_core::filter::logged_models::{
    self as filter, LoggedModelComparison, LoggedModelOrderKey, OrderByField,
};
use forebay_core::invalid::Invalid;
use forebay_core::page_token::{self, LoggedModelQuery};
use forebay_wire::logged_models as wire;

use super::experiment::ExperimentId;
use super::logged_model::LoggedModel;

/// Models on a page when the request does not say.
const UNSAID_PAGE: i64 = 50;
/// Models on a page when the request says 0.
const DEFAULT_PAGE: i64 = 100;
/// Most models on a page; a request for more gets this many and a token.
const MAX_PAGE: i64 = 10_000;

/// One page of a search over logged models.
#[derive(Debug)]
pub(crate) struct SearchLoggedModels {
    /// Each once; none finds nothing.
    pub(crate) experiment_ids: Vec<ExperimentId>,
    pub(crate) filter: Vec<LoggedModelComparison>,
    /// Metrics count only if they were measured on one of these; none counts all.
    pub(crate) datasets: Vec<SearchedDataset>,
    pub(crate) order_by: Vec<OrderBy<LoggedModelOrderKey>>,
    /// 1 to 10,000.
    pub(crate) max_results: i64,
    /// Rows to skip, ≥ 0.
    pub(crate) offset: i64,
    /// What a token for the next page is bound to.
    pub(crate) query: SentQuery,
}

/// A dataset by name and digest. Without a digest it is no dataset that a metric could have, as in MLflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchedDataset {
    pub(crate) name: String,
    pub(crate) digest: Option<String>,
}

/// The parts of the request that choose and order rows, as they were sent.
#[derive(Debug)]
pub(crate) struct SentQuery {
    experiment_ids: Vec<String>,
    filter: String,
    order_by: Vec<OrderByField>,
}

impl SentQuery {
    fn as_token_query(&self) -> LoggedModelQuery<'_> {
        LoggedModelQuery {
            experiment_ids: &self.experiment_ids,
            filter: &self.filter,
            order_by: &self.order_by,
        }
    }

    /// The token that continues the search at row `offset`.
    pub(crate) fn token(&self, offset: i64) -> String {
        page_token::encode_logged_models(self.as_token_query(), offset)
    }
}

impl TryFrom<wire::SearchLoggedModels> for SearchLoggedModels {
    type Error = Invalid;

    fn try_from(req: wire::SearchLoggedModels) -> Result<Self, Invalid> {
        let query = SentQuery {
            experiment_ids: req.experiment_ids.ok_or_else(|| Invalid::missing("experiment_ids"))?,
            filter: req.filter.unwrap_or_default(),
            order_by: req.order_by.into_iter().map(order_by_field).collect(),
        };
        let token = req.page_token.unwrap_or_default();
        let mut bounds = SearchBounds::default();
        // A dataset is a name and a digest.
        bounds.add("datasets", 2 * req.datasets.len())?;
        Ok(SearchLoggedModels {
            datasets: datasets(req.datasets)?,
            offset: page_token::decode_logged_models(&token, query.as_token_query())?,
            experiment_ids: ExperimentId::parse_distinct(&query.experiment_ids, &mut bounds)?,
            filter: bounds.add_filter(filter::parse_filter(&query.filter)?)?,
            order_by: filter::parse_order_by(&query.order_by)?,
            max_results: page_size(req.max_results.map(|max| i64::from(max.0)))?,
            query,
        })
    }
}

fn order_by_field(field: wire::SearchLoggedModelsOrderBy) -> OrderByField {
    OrderByField {
        field_name: field.field_name.unwrap_or_default(),
        ascending: field.ascending.unwrap_or(true),
        dataset_name: field.dataset_name.filter(|name| !name.is_empty()),
        dataset_digest: field.dataset_digest.filter(|digest| !digest.is_empty()),
    }
}

fn page_size(max_results: Option<i64>) -> Result<i64, Invalid> {
    match max_results {
        None => Ok(UNSAID_PAGE),
        Some(0) => Ok(DEFAULT_PAGE),
        Some(size) if size > 0 => Ok(size.min(MAX_PAGE)),
        Some(size) => Err(Invalid::value("max_results", &size, "It must not be negative")),
    }
}

fn datasets(datasets: Vec<wire::SearchLoggedModelsDataset>) -> Result<Vec<SearchedDataset>, Invalid> {
    let datasets = datasets.into_iter().map(|dataset| {
        let name = dataset.dataset_name.filter(|name| !name.is_empty());
        let name = name
            .ok_or_else(|| Invalid::message("`dataset_name` in the `datasets` clause must be specified."))?;
        Ok(SearchedDataset { name, digest: dataset.dataset_digest.filter(|digest| !digest.is_empty()) })
    });
    datasets.collect()
}

/// A page of logged models.
#[derive(Debug)]
pub(crate) struct LoggedModelPage {
    pub(crate) models: Vec<LoggedModel>,
    /// Continues the search, if there is more.
    pub(crate) next_token: Option<String>,
}

impl From<LoggedModelPage> for wire::SearchLoggedModelsResponse {
    fn from(page: LoggedModelPage) -> Self {
        wire::SearchLoggedModelsResponse {
            models: page.models.into_iter().map(Into::into).collect(),
            next_page_token: page.next_token,
        }
    }
}

#[cfg(test)]
mod tests {
    use forebay_core::filter::bounds::MAX_LISTED;

    use super::*;

    fn anywhere() -> wire::SearchLoggedModels {
        wire::SearchLoggedModels { experiment_ids: Some(Vec::new()), ..Default::default() }
    }

    fn search(req: wire::SearchLoggedModels) -> Result<SearchLoggedModels, Invalid> {
        SearchLoggedModels::try_from(req)
    }

    #[test]
    fn an_unsaid_size_is_fifty_and_zero_is_a_hundred() {
        let size = |max_results: Option<i32>| {
            let max_results = max_results.map(Into::into);
            search(wire::SearchLoggedModels { max_results, ..anywhere() }).map(|search| search.max_results)
        };
        assert_eq!(size(None).unwrap(), 50);
        assert_eq!(size(Some(0)).unwrap(), 100);
        assert_eq!(size(Some(7)).unwrap(), 7);
        assert_eq!(size(Some(i32::MAX)).unwrap(), MAX_PAGE);
        assert!(size(Some(-1)).is_err());
    }

    #[test]
    fn a_dataset_needs_a_name() {
        let nameless =
            wire::SearchLoggedModelsDataset { dataset_name: None, dataset_digest: Some("1".to_owned()) };
        let error = search(wire::SearchLoggedModels { datasets: vec![nameless], ..anywhere() }).unwrap_err();
        assert_eq!(error.to_string(), "`dataset_name` in the `datasets` clause must be specified.");
    }

    #[test]
    fn a_token_continues_the_search_that_made_it() {
        let first = wire::SearchLoggedModels { filter: Some("name = 'a'".to_owned()), ..anywhere() };
        let token = search(first.clone()).unwrap().query.token(7);
        let next = wire::SearchLoggedModels { page_token: Some(token.clone()), ..first };
        assert_eq!(search(next.clone()).unwrap().offset, 7);
        assert!(search(wire::SearchLoggedModels { filter: None, ..next }).is_err());
    }

    #[test]
    fn more_values_than_a_statement_takes_are_refused() {
        let many = vec!["1".to_owned(); MAX_LISTED + 1];
        assert!(search(wire::SearchLoggedModels { experiment_ids: Some(many), ..anywhere() }).is_err());
    }
}
