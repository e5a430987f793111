//! The history of one metric of one run, page by page.

use forebay_core::page;

use crate::model::history::HistoryPage;
use crate::model::metric::Point;
use crate::sql::metrics;
use crate::{Result, Tracking};

impl Tracking {
    /// The page's points by time, step and value, and how many points the next page skips, if there is one.
    /// A run or metric that does not exist has no points.
    pub(crate) async fn get_metric_history(&self, page: &HistoryPage) -> Result<(Vec<Point>, Option<i64>)> {
        let mut tx = self.db.read().await?;
        let mut points = metrics::list_page(&mut tx, page).await?;
        let next_offset = page.max_points.and_then(|max| page::cut(&mut points, max, page.offset));
        Ok((points, next_offset))
    }
}
