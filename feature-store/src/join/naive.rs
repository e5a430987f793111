//! The join as its semantics say it: every row of the spine looks at every row of the table.

use super::side::{Holding, Rules};

/// A row of a table, or of the spine, in microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) key: Vec<Option<i64>>,
    pub(crate) event: Option<i64>,
    pub(crate) until: Option<i64>,
    pub(crate) created: Option<i64>,
}

/// What a row of the spine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The row of the table at this position.
    Row(usize),
    Expired,
    Nothing,
}

/// The answer for a row of the spine with that key and time.
pub(crate) fn answer(table: &[Row], rules: Rules, key: &[Option<i64>], time: Option<i64>) -> Answer {
    let Some(time) = time.filter(|_| key.iter().all(Option::is_some)) else { return Answer::Nothing };
    let mut best: Option<((i64, Option<i64>), usize)> = None;
    for (position, row) in table.iter().enumerate() {
        let Some(event) = row.event else { continue };
        let is_known = !rules.known_when_created || row.created.is_some_and(|created| created <= time);
        let holds = event <= time
            && match rules.holds {
                Holding::Since { .. } => true,
                Holding::Between => row.until.is_none_or(|until| time < until),
            };
        if row.key != key || !is_known || !holds {
            continue;
        }
        let rank = (event, row.created);
        if best.is_none_or(|(other, _)| rank >= other) {
            best = Some((rank, position));
        }
    }
    match (best, rules.holds) {
        (None, _) => Answer::Nothing,
        (Some(((event, _), _)), Holding::Since { ttl: Some(ttl) }) if event < time - ttl => Answer::Expired,
        (Some((_, position)), _) => Answer::Row(position),
    }
}

/// Whether a row held at that time that was not known yet, and would have been fresh enough.
pub(crate) fn is_unseen(table: &[Row], rules: Rules, key: &[Option<i64>], time: Option<i64>) -> bool {
    let Some(time) = time.filter(|_| rules.known_when_created && key.iter().all(Option::is_some)) else {
        return false;
    };
    table.iter().any(|row| {
        let (Some(event), Some(created)) = (row.event, row.created) else { return false };
        let holds = match rules.holds {
            Holding::Since { ttl } => ttl.is_none_or(|ttl| event >= time - ttl),
            Holding::Between => row.until.is_none_or(|until| time < until),
        };
        row.key == key && event <= time && time < created && holds
    })
}
