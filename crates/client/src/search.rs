//! Searching runs, page by page.

use forebay_wire::runs::{Run, SearchRuns, SearchRunsResponse};

use crate::{Client, Error};

/// The pages of a search, fetched as they are asked for.
#[derive(Debug)]
pub struct RunPages<'a> {
    client: &'a Client,
    /// The question for the next page; `None` after the last one.
    next: Option<SearchRuns>,
}

impl Client {
    /// Searches runs; `max_results` of the question is the size of a page.
    pub fn search_runs(&self, question: SearchRuns) -> RunPages<'_> {
        RunPages { client: self, next: Some(question) }
    }
}

impl RunPages<'_> {
    /// The next page, or `None` after the last one. After an error it is asked for again.
    pub async fn next(&mut self) -> Result<Option<Vec<Run>>, Error> {
        let Some(question) = &mut self.next else { return Ok(None) };
        let answer: SearchRunsResponse = self.client.post("runs/search", question).await?;
        match answer.next_page_token.filter(|token| !token.is_empty()) {
            Some(token) => question.page_token = Some(token),
            None => self.next = None,
        }
        Ok(Some(answer.runs))
    }
}
