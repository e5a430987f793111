//! Properties of the wire: what is encoded decodes to itself, and no input whatever makes decoding panic.

use forebay_wire::datasets::{Dataset, DatasetInput, InputTag, LogInputs, RunInputs, SearchDatasets};
use forebay_wire::decode::{decode_json, decode_query};
use forebay_wire::enumeration::RunStatus;
use forebay_wire::experiments::{CreateExperiment, SearchExperiments};
use forebay_wire::logged_models::SearchLoggedModels;
use forebay_wire::metrics::{GetMetricHistoryBulkInterval, Metric};
use forebay_wire::number::{Double, Int64};
use forebay_wire::runs::{LogBatch, Param, Run, RunData, RunInfo, RunTag, SearchRuns, UpdateRun};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = Option<String>> {
    option::of(any::<String>())
}

fn int64() -> impl Strategy<Value = Option<Int64>> {
    option::of(any::<i64>().prop_map(Int64))
}

prop_compose! {
    fn metric()(
        key in text(),
        value in option::of(any::<f64>().prop_map(Double)),
        timestamp in int64(),
        step in int64(),
        model_id in text(),
    ) -> Metric {
        Metric { key, value, timestamp, step, model_id, ..Metric::default() }
    }
}

prop_compose! {
    fn log_batch()(
        run_id in text(),
        metrics in vec(metric(), 0..4),
        params in vec((text(), text()).prop_map(|(key, value)| Param { key, value }), 0..3),
        tags in vec((text(), text()).prop_map(|(key, value)| RunTag { key, value }), 0..3),
    ) -> LogBatch {
        LogBatch { run_id, metrics, params, tags }
    }
}

prop_compose! {
    fn dataset_input()(
        tags in vec((text(), text()).prop_map(|(key, value)| InputTag { key, value }), 0..3),
        (name, digest, source_type, source, schema, profile) in (text(), text(), text(), text(), text(), text()),
    ) -> DatasetInput {
        let dataset = Some(Dataset { name, digest, source_type, source, schema, profile });
        DatasetInput { tags, dataset }
    }
}

prop_compose! {
    fn run()(
        (run_id, run_name, artifact_uri) in (text(), text(), text()),
        status in option::of(prop_oneof![Just(RunStatus::Running), Just(RunStatus::Killed)]),
        (start_time, end_time) in (int64(), int64()),
        data in option::of(log_batch()),
        inputs in option::of(vec(dataset_input(), 0..3)),
    ) -> Run {
        let info = RunInfo { run_id, run_name, artifact_uri, status, start_time, end_time, ..RunInfo::default() };
        let data = data.map(|LogBatch { metrics, params, tags, .. }| RunData { metrics, params, tags });
        let inputs = inputs.map(|dataset_inputs| RunInputs { dataset_inputs, ..RunInputs::default() });
        Run { info: Some(info), data, inputs, outputs: None }
    }
}

fn decode_as_everything(body: &[u8]) {
    let _ = decode_json::<LogBatch>(body);
    let _ = decode_json::<Run>(body);
    let _ = decode_json::<CreateExperiment>(body);
    let _ = decode_json::<SearchLoggedModels>(body);
    let _ = decode_json::<UpdateRun>(body);
    let _ = decode_json::<SearchRuns>(body);
}

/// JSON made of field names and values of every kind, so that decoding gets deep before it fails.
fn near_message() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just("run_id"),
        Just("runId"),
        Just("metrics"),
        Just("key"),
        Just("value"),
        Just("timestamp"),
        Just("tags"),
        Just("status"),
        Just("order_by"),
        Just("orderBy"),
        Just("info"),
        Just("ascending"),
        Just("max_results"),
        Just("experimentIds"),
    ];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        Just("1e999".to_owned()),
        "[0-9eE+.-]{0,8}".prop_map(|text| format!("\"{text}\"")),
        Just(r#""\ud83d\ude00é""#.to_owned()),
    ];
    leaf.prop_recursive(4, 64, 6, move |inner| {
        let field = (key.clone(), inner.clone()).prop_map(|(key, value)| format!("\"{key}\":{value}"));
        prop_oneof![
            vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec(field, 0..6).prop_map(|fields| format!("{{{}}}", fields.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn a_batch_decodes_to_what_was_encoded(batch in log_batch()) {
        let body = serde_json::to_vec(&batch).unwrap();
        let decoded: LogBatch = decode_json(&body).unwrap();
        // NaN equals nothing, so texts are compared.
        prop_assert_eq!(serde_json::to_vec(&decoded).unwrap(), body);
    }

    #[test]
    fn a_run_decodes_to_what_was_encoded(run in run()) {
        let body = serde_json::to_vec_pretty(&run).unwrap();
        let decoded: Run = decode_json(&body).unwrap();
        prop_assert_eq!(serde_json::to_vec_pretty(&decoded).unwrap(), body);
    }

    #[test]
    fn inputs_decode_to_what_was_encoded(datasets in vec(dataset_input(), 0..4), run_id in text()) {
        let message = LogInputs { run_id, datasets, ..LogInputs::default() };
        prop_assert_eq!(decode_json(&serde_json::to_vec(&message).unwrap()), Ok(message));
    }

    #[test]
    fn arbitrary_bytes_never_panic(body in vec(any::<u8>(), 0..200)) {
        decode_as_everything(&body);
    }

    #[test]
    fn near_messages_never_panic(body in near_message()) {
        decode_as_everything(body.as_bytes());
    }

    #[test]
    fn arbitrary_queries_never_panic(query in any::<String>(), tail in "(max_results|run_ids|order_by|%[0-9a-f]{0,2}|[&=;+.]){0,12}") {
        for query in [query, tail] {
            let _ = decode_query::<SearchExperiments>(&query);
            let _ = decode_query::<GetMetricHistoryBulkInterval>(&query);
            let _ = decode_query::<SearchDatasets>(&query);
            let _ = decode_query::<LogBatch>(&query);
        }
    }
}
