//! The join answers as the naive loop does, however its table is divided.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Int64Array, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use proptest::prelude::*;

use super::naive::{self, Answer, Row};
use super::side::{FeatureRows, Holding, N_TIMES, Order, Rules, Side};
use super::spine::{Spine, SpineBuilder};
use crate::model::value_type::ValueType;

/// How a key of numbers is made one of other types.
#[derive(Debug, Clone, Copy)]
enum KeyKind {
    Number,
    Text,
    Pair,
}

impl KeyKind {
    fn kinds(self) -> Vec<ValueType> {
        match self {
            KeyKind::Number => vec![ValueType::Int64],
            KeyKind::Text => vec![ValueType::String],
            KeyKind::Pair => vec![ValueType::Int64, ValueType::String],
        }
    }

    fn columns(self, rows: &[Row]) -> Vec<ArrayRef> {
        let numbers = |part: usize| rows.iter().map(|row| row.key[part]).collect::<Int64Array>();
        let texts = |part: usize| {
            rows.iter().map(|row| row.key[part].map(|key| format!("k{key}"))).collect::<StringArray>()
        };
        match self {
            KeyKind::Number => vec![Arc::new(numbers(0))],
            KeyKind::Text => vec![Arc::new(texts(0))],
            KeyKind::Pair => vec![Arc::new(numbers(0)), Arc::new(texts(1))],
        }
    }

    fn n_parts(self) -> usize {
        self.kinds().len()
    }
}

#[derive(Debug, Clone)]
struct Case {
    kind: KeyKind,
    rules: Rules,
    spine: Vec<Row>,
    table: Vec<Row>,
    n_shares: usize,
    batch_rows: usize,
}

fn sometimes<T: Clone + std::fmt::Debug>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<T>> {
    prop_oneof![1 => Just(None), 9 => value.prop_map(Some)]
}

fn rows(n_parts: usize, n_rows: usize) -> impl Strategy<Value = Vec<Row>> {
    let key = prop::collection::vec(sometimes(0..4_i64), n_parts);
    let row = (key, sometimes(0..30_i64), sometimes(0..40_i64), sometimes(0..40_i64));
    let row = row.prop_map(|(key, event, until, created)| Row { key, event, until, created });
    prop::collection::vec(row, 0..n_rows)
}

fn rules() -> impl Strategy<Value = Rules> {
    let holds = prop_oneof![
        Just(Holding::Since { ttl: None }),
        (0..20_i64).prop_map(|ttl| Holding::Since { ttl: Some(ttl) }),
        Just(Holding::Between),
    ];
    (holds, any::<bool>()).prop_map(|(holds, known_when_created)| Rules { holds, known_when_created })
}

fn cases() -> impl Strategy<Value = Case> {
    let kind = prop_oneof![Just(KeyKind::Number), Just(KeyKind::Text), Just(KeyKind::Pair)];
    (kind, rules(), 1..4_usize, 1..9_usize).prop_flat_map(|(kind, rules, n_shares, batch_rows)| {
        let (spine, table) = (rows(kind.n_parts(), 40), rows(kind.n_parts(), 120));
        (spine, table).prop_map(move |(spine, table)| Case {
            kind,
            rules,
            spine,
            table,
            n_shares,
            batch_rows,
        })
    })
}

fn times(rows: &[Row], time: impl Fn(&Row) -> Option<i64>) -> Int64Array {
    rows.iter().map(time).collect()
}

impl Case {
    fn spine(&self) -> Spine {
        let mut builder = SpineBuilder::new(&self.kind.kinds()).unwrap();
        for rows in self.spine.chunks(self.batch_rows) {
            builder.push(&self.kind.columns(rows), &times(rows, |row| row.event)).unwrap();
        }
        builder.finish()
    }

    /// A share of the table; its feature is the position of the row.
    fn side<'a>(&self, spine: &'a Spine, share: usize) -> Side<'a> {
        let n_rows = self.table.len().div_ceil(self.n_shares).max(1);
        let rows = self.table.chunks(n_rows).nth(share).unwrap_or_default();
        let mut side = Side::new(spine, self.rules, &[DataType::Int64]);
        if self.batch_rows < 5 {
            side = side.tidy();
        }
        let mut next = i64::try_from(share * n_rows).unwrap();
        for rows in rows.chunks(self.batch_rows) {
            let end = next + i64::try_from(rows.len()).unwrap();
            let passing = FeatureRows {
                keys: self.kind.columns(rows),
                event: times(rows, |row| row.event),
                until: (self.rules.holds == Holding::Between).then(|| times(rows, |row| row.until)),
                created: Some(times(rows, |row| row.created)),
                features: vec![Arc::new(Int64Array::from_iter_values(next..end))],
                order: Order::From(1 + u64::try_from(next).unwrap()),
            };
            side.take(&passing).unwrap();
            next = end;
        }
        side
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_row_has_what_the_naive_loop_finds(case in cases()) {
        let spine = case.spine();
        prop_assert_eq!(spine.slot_of.len(), case.spine.len());
        // Shares come back in any order.
        let mut sides: Vec<_> = (0..case.n_shares).rev().map(|share| case.side(&spine, share)).collect();
        let mut first = sides.remove(0);
        for side in sides {
            first.merge(side);
        }
        let mut matches = first.finish().unwrap();
        let values = matches.values(&spine.slot_of).unwrap();
        let found = values[N_TIMES].as_primitive::<Int64Type>();
        matches.count(&spine.slot_of);
        let (mut n_matched, mut n_expired, mut n_unseen) = (0, 0, 0);
        for (position, row) in case.spine.iter().enumerate() {
            let answer = naive::answer(&case.table, case.rules, &row.key, row.event);
            let expected = match answer {
                Answer::Row(row) => Some(i64::try_from(row).unwrap()),
                Answer::Expired | Answer::Nothing => None,
            };
            prop_assert_eq!(found.iter().nth(position).unwrap(), expected, "row {} of the spine", position);
            n_matched += u64::from(expected.is_some());
            n_expired += u64::from(answer == Answer::Expired);
            n_unseen += u64::from(naive::is_unseen(&case.table, case.rules, &row.key, row.event));
        }
        let counts = &matches.counts;
        prop_assert_eq!((counts.n_matched, counts.n_expired, counts.n_not_yet_known), (n_matched, n_expired, n_unseen));
        let never = |row: &&Row| row.event.is_none() || case.rules.known_when_created && row.created.is_none();
        prop_assert_eq!(counts.n_never_known, case.table.iter().filter(never).count() as u64);
        prop_assert_eq!(counts.n_rows, case.table.len() as u64);
    }
}
