//! Features that need much room or much time: their rows come out all the same, and whoever wants no more is heard.

use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, AsArray};

use super::fixture::{Place, batch, blueprint, longs, means, name, numbers, texts, times};
use crate::model::about::About;
use crate::model::on_demand_view::{Computed, OnDemandView};
use crate::model::reference::Reference;
use crate::model::value_type::ValueType;
use crate::training_sets::blueprint::Blueprint;
use crate::training_sets::build::build_by;
use crate::training_sets::{Progress, Step};

/// A service of one feature, which is computed from the column `s` of the spine.
fn of_text(expression: &str, kind: ValueType) -> Blueprint {
    let (name_of_view, feature) = (name("derived"), name("c"));
    let computed =
        Computed { name: feature.clone(), expression: expression.to_owned(), kind, description: None };
    let mut blueprint = blueprint(Vec::new(), Vec::new());
    blueprint.service.features = vec![Reference { view: name_of_view.clone(), feature }];
    blueprint.on_demand = vec![OnDemandView {
        name: name_of_view,
        inputs: Vec::new(),
        request: vec![(name("s"), ValueType::String)],
        features: vec![computed],
        about: About::default(),
    }];
    blueprint
}

#[test]
fn rows_whose_features_have_no_room_together_come_out_each_in_its_place() {
    let place = Place::new();
    let long = "k".repeat(4_000);
    let spine = batch(&[
        ("n", numbers((0..120).map(Some))),
        ("s", texts(&[long.as_str(); 120])),
        ("at", times((0..120).map(Some))),
    ]);
    let spine = place.file("spine.parquet", &spine);
    let replaced = format!("replace(s, 'k', '{}') || CAST(length(s) AS VARCHAR)", "x".repeat(100));
    let built =
        place.build(&of_text(&replaced, ValueType::String), place.request(&spine, "out.parquet")).unwrap();
    let out = place.read("out.parquet");
    assert_eq!(built.manifest.n_rows, 120);
    assert_eq!(longs(&out, "n"), (0..120).map(Some).collect::<Vec<_>>());
    let values = out.column_by_name("c").unwrap().as_string::<i32>();
    assert!(values.iter().all(|value| value.is_some_and(|value| value.len() == 400_004)));
    assert_eq!(values.null_count(), 0);
}

/// Wants no more as soon as rows are written.
#[derive(Default)]
struct Leaving(AtomicBool);

impl Progress for Leaving {
    fn at(&self, step: Step<'_>, _done: u64, _of: Option<u64>) {
        if step == Step::Write {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn a_build_ends_while_expressions_are_computed() {
    let place = Place::new();
    let spine = batch(&[("s", texts(&["k"; 100])), ("at", times((0..100).map(Some)))]);
    let spine = place.file("spine.parquet", &spine);
    let request = place.request(&spine, "out.parquet");
    let blueprint = of_text("upper(s)", ValueType::String);
    let built = build_by(means(1, None), &place.lake(), &blueprint, request, &Leaving::default());
    assert_eq!(built.unwrap_err().to_string(), "the training set was cancelled");
}
