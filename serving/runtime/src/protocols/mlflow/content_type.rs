//! Which kind of body a `Content-Type` tells, as strict as the original is.

use crate::protocols::ndjson;

/// A body that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentType {
    Json,
    Csv,
    Parquet,
    Arrow,
}

/// Each with its name.
const NAMES: [(&str, ContentType); 4] = [
    ("application/json", ContentType::Json),
    ("text/csv", ContentType::Csv),
    ("application/vnd.apache.parquet", ContentType::Parquet),
    ("application/vnd.apache.arrow.stream", ContentType::Arrow),
];

impl ContentType {
    /// Reads the header. Case counts in names; the only parameter is `charset`, the only one of these UTF-8.
    pub(super) fn read(header: Option<&str>) -> Result<Self, String> {
        let header = header.unwrap_or_default();
        let mut parts = header.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let parameters: Vec<(&str, &str)> =
            parts.map(|part| part.split_once('=').unwrap_or((part, ""))).collect();
        let is_charset = |(key, _): &&(&str, &str)| *key == "charset";
        // Of several, the last counts.
        if parameters
            .iter()
            .rfind(is_charset)
            .is_some_and(|(_, charset)| !charset.eq_ignore_ascii_case("utf-8"))
        {
            return Err("The scoring server only supports UTF-8".to_owned());
        }
        let unknown: Vec<&str> =
            parameters.iter().filter(|parameter| !is_charset(parameter)).map(|(key, _)| *key).collect();
        if !unknown.is_empty() {
            return Err(format!("Unrecognized content type parameters: {}.", unknown.join(", ")));
        }
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, content_type)| *content_type).ok_or_else(|| {
            let known = NAMES.iter().map(|(known, _)| *known).chain([ndjson::CONTENT_TYPES[0]]);
            let names = known.map(|known| format!("'{known}'")).collect::<Vec<_>>().join(", ");
            format!("This predictor only supports the following content types: Types: [{names}]. Got '{header}'.")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_that_can_be_read_are_told_by_name() {
        assert_eq!(ContentType::read(Some("application/json")), Ok(ContentType::Json));
        assert_eq!(ContentType::read(Some("text/csv; charset=UTF-8")), Ok(ContentType::Csv));
        assert_eq!(ContentType::read(Some("application/vnd.apache.arrow.stream")), Ok(ContentType::Arrow));
    }

    #[test]
    fn anything_else_is_told_with_what_came() {
        for header in [
            None,
            Some("Application/JSON"),
            Some("application/json;"),
            Some("application/json; charset=\"utf-8\""),
            Some("text/csv; charset=latin-1"),
            Some("text/csv; header=present"),
        ] {
            assert!(ContentType::read(header).is_err(), "{header:?}");
        }
        let other = ContentType::read(Some("image/png")).unwrap_err();
        assert!(other.contains("'application/x-ndjson'") && other.contains("Got 'image/png'"), "{other}");
    }
}
