//! Answers that come in pages, and how to get all of them.

use forebay_wire::runs::{Run, SearchRuns, SearchRunsResponse};
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Client, Error};

/// A message that is answered in pages.
pub trait Question: Serialize {
    /// One page.
    type Answer: DeserializeOwned;
    /// What the pages are full of.
    type Item;
    /// How it is asked.
    const METHOD: Method;
    /// Where it is asked.
    const PATH: &'static str;

    /// Asks for the page behind that token from now on.
    fn turn_to(&mut self, page_token: String);

    /// The items of a page, and the token of the next one.
    fn open(answer: Self::Answer) -> (Vec<Self::Item>, Option<String>);
}

/// Makes a message of `forebay_wire` a [`Question`].
macro_rules! question {
    ($method:ident $path:literal, $question:ty => $answer:ty, $items:ident: $item:ty) => {
        impl crate::pages::Question for $question {
            type Answer = $answer;
            type Item = $item;
            const METHOD: reqwest::Method = reqwest::Method::$method;
            const PATH: &'static str = $path;

            fn turn_to(&mut self, page_token: String) {
                self.page_token = Some(page_token);
            }

            fn open(answer: $answer) -> (Vec<$item>, Option<String>) {
                (answer.$items, answer.next_page_token)
            }
        }
    };
}
pub(crate) use question;

question!(POST "runs/search", SearchRuns => SearchRunsResponse, runs: Run);

/// The pages of an answer, fetched as they are asked for.
#[derive(Debug)]
pub struct Pages<'a, Q> {
    client: &'a Client,
    /// The question for the next page; `None` after the last one.
    next: Option<Q>,
}

/// The first items of all pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// In the order of the pages.
    pub items: Vec<T>,
    /// Whether there are more.
    pub has_more: bool,
}

impl Client {
    /// Searches runs; `max_results` of the question is the size of a page.
    pub fn search_runs(&self, question: SearchRuns) -> Pages<'_, SearchRuns> {
        self.pages(question)
    }

    pub(crate) fn pages<Q: Question>(&self, question: Q) -> Pages<'_, Q> {
        Pages { client: self, next: Some(question) }
    }
}

impl<Q: Question> Pages<'_, Q> {
    /// The next page, or `None` after the last one. After an error it is asked for again.
    pub async fn next(&mut self) -> Result<Option<Vec<Q::Item>>, Error> {
        let Some(question) = &mut self.next else { return Ok(None) };
        let answer = self.client.ask(Q::METHOD, Q::PATH, question).await?;
        let (items, token) = Q::open(answer);
        match token.filter(|token| !token.is_empty()) {
            Some(token) => question.turn_to(token),
            None => self.next = None,
        }
        Ok(Some(items))
    }

    /// The items of all pages that are left, up to `limit` of them.
    pub async fn collect(mut self, limit: usize) -> Result<Listing<Q::Item>, Error> {
        let mut items = Vec::new();
        while items.len() <= limit
            && let Some(page) = self.next().await?
        {
            items.extend(page);
        }
        let has_more = items.len() > limit || self.next.is_some();
        items.truncate(limit);
        Ok(Listing { items, has_more })
    }
}
