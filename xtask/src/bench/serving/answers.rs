//! Right answers: raw onnxruntime's predictions, found again in whatever a server wraps them in.

use serde_json::Value;

/// Relative to the larger of the value and one: batches of other sizes add up in another order.
const TOLERANCE: f32 = 1e-5;
/// So many floats in a row are taken for a column of an Arrow stream and not for chance.
const RUN: usize = 8;

/// How an answer holds its predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// MLflow's: numbers somewhere below `predictions`; of the open protocol, below `outputs`.
    Json,
    /// A binary tensor: the last bytes of the body.
    Oip,
    /// An Arrow stream with a column of them, in one batch or several.
    Arrow,
}

/// Whether `body` holds `wanted`.
pub(super) fn is_right(kind: Kind, body: &[u8], wanted: &[f32]) -> bool {
    match kind {
        Kind::Json => serde_json::from_slice(body).is_ok_and(|body| json_is_right(&body, wanted)),
        Kind::Oip => tail_is_right(body, wanted),
        Kind::Arrow => stream_is_right(body, wanted),
    }
}

fn json_is_right(body: &Value, wanted: &[f32]) -> bool {
    let mut found = Vec::new();
    match (body.get("predictions"), body.pointer("/outputs/0/data")) {
        (Some(part), _) | (None, Some(part)) => collect(part, &mut found),
        (None, None) => return false,
    }
    // scikit-learn answers with the probabilities of both classes; the second is the score.
    let width = found.len() / wanted.len().max(1);
    let is_whole = width > 0 && found.len() == width * wanted.len();
    is_whole && found.chunks(width).zip(wanted).all(|(row, wanted)| is_near(row[width - 1], *wanted))
}

fn collect(value: &Value, found: &mut Vec<f32>) {
    match value {
        Value::Number(number) => found.extend(number.to_string().parse::<f32>()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn tail_is_right(body: &[u8], wanted: &[f32]) -> bool {
    let start = body.len().checked_sub(wanted.len() * 4);
    start.is_some_and(|start| {
        floats(&body[start..]).zip(wanted).all(|(found, wanted)| is_near(found, *wanted))
    })
}

/// Buffers of a stream begin at multiples of 8 bytes.
fn stream_is_right(body: &[u8], wanted: &[f32]) -> bool {
    let (mut at, mut rest) = (0, wanted);
    while at < body.len() && !rest.is_empty() {
        let same =
            floats(&body[at..]).zip(rest).take_while(|(found, wanted)| is_near(*found, **wanted)).count();
        if same >= RUN.min(rest.len()) {
            rest = &rest[same..];
            at = (at + same * 4).next_multiple_of(8);
        } else {
            at += 8;
        }
    }
    rest.is_empty()
}

/// As they are stored: little-endian, in single precision.
pub(super) fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

fn is_near(found: f32, wanted: f32) -> bool {
    (found - wanted).abs() <= TOLERANCE * wanted.abs().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(floats: &[f32]) -> Vec<u8> {
        floats.iter().flat_map(|float| float.to_le_bytes()).collect()
    }

    #[test]
    fn predictions_are_found_in_any_shape() {
        let is_right = |body: &str| is_right(Kind::Json, body.as_bytes(), &[0.25, 0.5]);
        assert!(is_right(r#"{"predictions":[0.25,0.5]}"#));
        assert!(is_right(r#"{"predictions":[{"score":0.25},{"score":0.500001}]}"#));
        assert!(is_right(r#"{"predictions":[[0.75,0.25],[0.5,0.5]]}"#));
        assert!(!is_right(r#"{"predictions":[0.25]}"#));
        assert!(!is_right(r#"{"predictions":[0.25,0.6]}"#));
        assert!(!is_right(r#"{"error_code":"X"}"#));
    }

    #[test]
    fn a_binary_tensor_ends_the_body() {
        let body = [b"{}".to_vec(), bytes(&[1.0, 2.0])].concat();
        assert!(is_right(Kind::Oip, &body, &[1.0, 2.0]));
        assert!(!is_right(Kind::Oip, &body, &[1.0, 2.5]));
        assert!(!is_right(Kind::Oip, b"{}", &[1.0]));
    }

    #[test]
    fn a_column_may_come_in_batches() {
        let wanted: Vec<f32> = (1_u8..=40).map(f32::from).collect();
        let body =
            [vec![0; 16], bytes(&wanted[..20]), vec![9; 24], bytes(&wanted[20..]), vec![0; 8]].concat();
        assert!(is_right(Kind::Arrow, &body, &wanted));
        assert!(!is_right(Kind::Arrow, &body, &[wanted.clone(), vec![41.0]].concat()));
    }
}
