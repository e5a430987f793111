//! Whatever tables are like and however a build goes about it, it gives what the naive loop finds.

use arrow::array::RecordBatch;
use proptest::prelude::*;

use super::fixture::{Place, Unwatched, batch, longs, means, numbers, orders, times};
use crate::join::naive::{Answer, Row, answer};
use crate::join::side::{Holding, Rules};
use crate::model::feature_view::{Holds, KnownAt};
use crate::model::span::Span;
use crate::training_sets::budget::Budget;
use crate::training_sets::build::{Built, Means, build_by};
use crate::training_sets::{Blueprint, Error};

/// Files of a table, its spine, and what holds.
#[derive(Debug, Clone)]
struct Case {
    spine: Vec<Row>,
    files: Vec<Vec<Row>>,
    rules: Rules,
}

/// Seconds, so that they fit lengths of time.
fn second(number: i64) -> i64 {
    number * 1_000_000
}

fn rows(n_rows: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Row>> {
    let sometimes = |range: std::ops::Range<i64>| prop_oneof![1 => Just(None), 9 => range.prop_map(Some)];
    let time = || sometimes(0..30).prop_map(|time| time.map(second));
    let row = (sometimes(0..5), time(), time(), time());
    let row = row.prop_map(|(key, event, until, created)| Row { key: vec![key], event, until, created });
    prop::collection::vec(row, n_rows)
}

fn cases() -> impl Strategy<Value = Case> {
    let holds = prop_oneof![
        Just(Holding::Since { ttl: None }),
        (1..20_i64).prop_map(|ttl| Holding::Since { ttl: Some(second(ttl)) }),
        Just(Holding::Between),
    ];
    let rules =
        (holds, any::<bool>()).prop_map(|(holds, known_when_created)| Rules { holds, known_when_created });
    let files = prop::collection::vec(rows(1..30), 1..4);
    (rows(1..40), files, rules).prop_map(|(spine, files, rules)| Case { spine, files, rules })
}

fn table(rows: &[Row], first: usize) -> RecordBatch {
    let first = i64::try_from(first).unwrap();
    batch(&[
        ("id", numbers(rows.iter().map(|row| row.key[0]))),
        ("at", times(rows.iter().map(|row| row.event))),
        ("until", times(rows.iter().map(|row| row.until))),
        ("created", times(rows.iter().map(|row| row.created))),
        ("n", numbers((first..).take(rows.len()).map(Some))),
    ])
}

impl Case {
    /// Writes the tables.
    fn place(&self) -> (Place, String, Blueprint) {
        let place = Place::new();
        let mut first = 0;
        for (number, rows) in self.files.iter().enumerate() {
            place.file(&format!("t/{number}.parquet"), &table(rows, first));
            first += rows.len();
        }
        let spine = batch(&[
            ("id", numbers(self.spine.iter().map(|row| row.key[0]))),
            ("at", times(self.spine.iter().map(|row| row.event))),
        ]);
        let spine = place.file("spine.parquet", &spine);
        let mut blueprint = orders(&place.path("t"));
        let view = &mut blueprint.views[0];
        view.created_time = Some("created".to_owned());
        if self.rules.known_when_created {
            view.known_at = KnownAt::CreatedTime;
        }
        let span = |micros: i64| format!("{}s", micros / 1_000_000).parse::<Span>().unwrap();
        view.holds = match self.rules.holds {
            Holding::Since { ttl } => Holds::Since { event_time: "at".to_owned(), ttl: ttl.map(span) },
            Holding::Between => Holds::Between { from: "at".to_owned(), to: "until".to_owned() },
        };
        (place, spine, blueprint)
    }

    fn expected(&self) -> Vec<Option<i64>> {
        let table: Vec<Row> = self.files.iter().flatten().cloned().collect();
        let found = |row: &Row| match answer(&table, self.rules, &row.key, row.event) {
            Answer::Row(row) => Some(i64::try_from(row).unwrap()),
            Answer::Expired | Answer::Nothing => None,
        };
        self.spine.iter().map(found).collect()
    }
}

fn built(place: &Place, spine: &str, blueprint: &Blueprint, means: Means) -> Built {
    build_by(means, &place.lake(), blueprint, place.request(spine, "out.parquet"), &Unwatched).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_training_set_has_what_the_naive_loop_finds_by_any_means(case in cases()) {
        let (place, spine, blueprint) = case.place();
        let mut first = None;
        for (n_threads, n_parts) in [(1, None), (3, None), (1, Some(1)), (3, Some(7))] {
            let built = built(&place, &spine, &blueprint, means(n_threads, n_parts));
            let rows = place.read("out.parquet");
            prop_assert_eq!(longs(&rows, "n"), case.expected());
            prop_assert_eq!(longs(&rows, "id"), case.spine.iter().map(|row| row.key[0]).collect::<Vec<_>>());
            let first = first.get_or_insert_with(|| built.clone());
            prop_assert_eq!(&*first, &built);
        }
        // However little memory there is, it does, or what would do is told.
        for bytes in [1_000, 10_000, 30_000] {
            let little = |bytes| {
                let means = Means { budget: Budget::of_rows(bytes, 2), n_parts: None };
                build_by(means, &place.lake(), &blueprint, place.request(&spine, "out.parquet"), &Unwatched)
            };
            let built = match little(bytes) {
                Err(Error::Memory { bytes: enough, .. }) => {
                    prop_assert!(enough > bytes, "{} was not enough", enough);
                    little(enough)
                }
                built => built,
            };
            prop_assert_eq!(first.as_ref(), Some(&built.unwrap()));
        }
    }
}

#[test]
fn rows_without_a_key_need_no_memory() {
    let place = Place::new();
    let rows =
        [(Some(1), 5), (Some(2), 5)].into_iter().chain((0..20_000).map(|at| (None, at))).collect::<Vec<_>>();
    let spine = batch(&[
        ("id", numbers(rows.iter().map(|row| row.0))),
        ("at", times(rows.iter().map(|row| Some(row.1)))),
    ]);
    let spine = place.file("spine.parquet", &spine);
    let table = batch(&[
        ("id", numbers([Some(2), None, Some(1)])),
        ("at", times([Some(1), Some(1), Some(2)])),
        ("n", numbers([Some(20), Some(0), Some(10)])),
    ]);
    let blueprint = orders(&place.file("t.parquet", &table));
    let little = Means { budget: Budget::of_rows(60_000, 2), n_parts: None };
    let built = built(&place, &spine, &blueprint, little);
    let found = longs(&place.read("out.parquet"), "n");
    assert_eq!((found.len(), &found[..3]), (20_002, &[Some(10), Some(20), None][..]));
    let seen = &built.audit.views[0];
    assert_eq!((seen.n_matched, seen.n_missing, seen.n_rows_without_key), (2, 20_000, 1));
}
