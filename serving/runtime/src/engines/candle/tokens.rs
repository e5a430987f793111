//! Texts as tokens, and groups of texts of similar length that go through the encoder together.
//!
//! Padding costs as much as text, so groups are cut where it would be much, and where a group is large enough that
//! a larger one would be no faster.

use std::path::Path;

use tokenizers::{PostProcessor as _, Tokenizer, TruncationParams};

use super::layout::{Layout, Task};
use crate::engines::cancellation::Cancellation;
use crate::engines::{EngineError, LoadError};

/// Most tokens in a group, padding included, unless a single text has more: a few hundred keep a core busy.
const MAX_GROUP_TOKENS: usize = 512;

/// Longest text in bytes that is looked at: tokens of all encoders end long before.
const MAX_TEXT_LEN: usize = 1024 * 1024;

/// The tokenizer of a model.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    lower_case: bool,
    /// Of a text; longer ones are cut, or refused.
    longest: usize,
    cuts: bool,
    pad_id: u32,
}

/// The tokens of texts.
pub(super) struct Tokenised {
    ids: Vec<Vec<u32>>,
    pad_id: u32,
}

/// Texts that go through the encoder together.
pub(super) struct Group {
    /// Their positions in the batch.
    pub(super) rows: Vec<usize>,
    /// Of each text, without padding.
    pub(super) lengths: Vec<usize>,
    /// Of each text, with padding.
    pub(super) n_tokens: usize,
    /// Text after text.
    pub(super) ids: Vec<u32>,
}

impl Tokens {
    /// Reads the tokenizer of a model.
    pub(super) fn read(layout: &Layout) -> Result<Self, LoadError> {
        let path: &Path = &layout.tokenizer;
        let refuse = |error: tokenizers::Error| LoadError::Model(format!("{}: {error}", path.display()));
        let mut tokenizer = Tokenizer::from_file(path).map_err(refuse)?;
        tokenizer.with_padding(None);
        let (max_tokens, cuts, lower_case) = match &layout.task {
            Task::Embed(embedding) => (embedding.max_tokens, true, embedding.lower_case),
            Task::Classify(_) => (layout.config.max_tokens, false, false),
        };
        let n_added = tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(false));
        if max_tokens <= n_added {
            let reason = format!("adds {n_added} tokens, where {max_tokens} are the most");
            return Err(LoadError::Model(format!("{} {reason}", path.display())));
        }
        let cut = TruncationParams { max_length: max_tokens, ..TruncationParams::default() };
        tokenizer.with_truncation(cuts.then_some(cut)).map_err(refuse)?;
        Ok(Tokens { tokenizer, lower_case, longest: max_tokens, cuts, pad_id: layout.config.pad_id })
    }

    /// The tokens of texts. It ends between texts when it is cancelled.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] names the row of a text that is too long for a model that does not cut.
    pub(super) fn of(&self, texts: &[&str], cancellation: &Cancellation) -> Result<Tokenised, EngineError> {
        let mut ids = Vec::with_capacity(texts.len());
        for (row, text) in texts.iter().enumerate() {
            cancellation.check()?;
            ids.push(self.of_text(row, text)?);
        }
        Ok(Tokenised { ids, pad_id: self.pad_id })
    }

    fn of_text(&self, row: usize, text: &str) -> Result<Vec<u32>, EngineError> {
        let too_long = |count: usize, unit: &str, most: usize| {
            EngineError::Invalid(format!("row {row}: the text has {count} {unit}, where {most} are the most"))
        };
        if text.len() > MAX_TEXT_LEN {
            return Err(too_long(text.len(), "bytes", MAX_TEXT_LEN));
        }
        let text = if self.cuts { text.trim() } else { text };
        let encoded = if self.lower_case {
            self.tokenizer.encode_fast(text.to_lowercase(), true)
        } else {
            self.tokenizer.encode_fast(text, true)
        };
        let encoded = encoded.map_err(|error| EngineError::Failed(format!("row {row}: {error}")))?;
        let ids = encoded.get_ids();
        if ids.len() > self.longest {
            return Err(too_long(ids.len(), "tokens", self.longest));
        }
        if ids.is_empty() {
            return Err(EngineError::Invalid(format!("row {row}: the text has no tokens")));
        }
        Ok(ids.to_vec())
    }
}

/// Groups the texts by their lengths, the longest first.
pub(super) fn groups(tokenised: &Tokenised) -> Vec<Group> {
    let mut rows: Vec<usize> = (0..tokenised.ids.len()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(tokenised.ids[*row].len()));
    let mut groups = Vec::new();
    let mut waiting = &rows[..];
    while let Some(first) = waiting.first() {
        let n_tokens = tokenised.ids[*first].len();
        let most = (MAX_GROUP_TOKENS / n_tokens).max(1);
        // At most a quarter of the last text is padding.
        let fits = |row: &&usize| tokenised.ids[**row].len() * 4 >= n_tokens * 3;
        let n_texts = waiting.iter().take(most).take_while(fits).count();
        let (rows, rest) = waiting.split_at(n_texts);
        groups.push(group(tokenised, rows, n_tokens));
        waiting = rest;
    }
    groups
}

fn group(tokenised: &Tokenised, rows: &[usize], n_tokens: usize) -> Group {
    let mut ids = Vec::with_capacity(rows.len() * n_tokens);
    for (position, row) in rows.iter().enumerate() {
        ids.extend_from_slice(&tokenised.ids[*row]);
        ids.resize((position + 1) * n_tokens, tokenised.pad_id);
    }
    let lengths = rows.iter().map(|row| tokenised.ids[*row].len()).collect();
    Group { rows: rows.to_vec(), lengths, n_tokens, ids }
}

impl Group {
    /// How many texts.
    pub(super) fn n_texts(&self) -> usize {
        self.rows.len()
    }

    /// What is added to the scores of attention: so little for padding that it counts as nothing. None where there is
    /// no padding.
    pub(super) fn mask(&self) -> Option<Vec<f32>> {
        if self.lengths.iter().all(|length| *length == self.n_tokens) {
            return None;
        }
        Some(self.of_tokens(|is_text| if is_text { 0.0 } else { f32::MIN }))
    }

    /// A number for each token, by whether it is of the text.
    pub(super) fn of_tokens(&self, number: impl Fn(bool) -> f32) -> Vec<f32> {
        let lengths = self.lengths.iter();
        lengths.flat_map(|length| (0..self.n_tokens).map(|token| number(token < *length))).collect()
    }
}
