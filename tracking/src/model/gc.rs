//! What `forebay gc` is asked for: which of the deleted things, and how long they must have been deleted.

use forebay_core::invalid::Invalid;

use super::experiment::ExperimentId;
use super::logged_model::LoggedModelId;
use super::run::RunId;

/// What is asked for, as the command line has it: lists are separated by commas.
#[derive(Debug, Clone, Default)]
pub struct GcRequest {
    /// How long ago something must have been deleted, as in `1d2h3m4s`.
    pub older_than: Option<String>,
    /// Runs; none for all deleted ones.
    pub run_ids: Option<String>,
    /// Experiments; none for all deleted ones.
    pub experiment_ids: Option<String>,
    /// Logged models; none for all deleted ones.
    pub logged_model_ids: Option<String>,
}

/// Milliseconds in a unit, in the order in which units are written.
const UNITS: [(char, f64); 4] = [('d', 86_400_000.0), ('h', 3_600_000.0), ('m', 60_000.0), ('s', 1_000.0)];

/// Longest age, in milliseconds: a hundred thousand years.
const MAX_AGE_MS: f64 = 36_500_000.0 * 86_400_000.0;

/// What a request names. A kind of which nothing is named is taken whole, as far as it is old enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) age: Option<Age>,
    pub(crate) runs: Option<Vec<RunId>>,
    pub(crate) experiments: Option<Vec<ExperimentId>>,
    pub(crate) models: Option<Vec<LoggedModelId>>,
}

impl TryFrom<GcRequest> for Selection {
    type Error = Invalid;

    fn try_from(req: GcRequest) -> Result<Self, Invalid> {
        let experiments = listed(req.experiment_ids);
        let parsed = experiments.map(|ids| ids.iter().map(|id| ExperimentId::parse(id)).collect());
        Ok(Selection {
            age: req.older_than.filter(|text| !text.is_empty()).map(Age::parse).transpose()?,
            runs: listed(req.run_ids).map(|ids| ids.into_iter().map(RunId::new).collect()),
            experiments: parsed.transpose()?,
            models: listed(req.logged_model_ids).map(|ids| ids.into_iter().map(LoggedModelId::new).collect()),
        })
    }
}

/// The ids of a list with commas, each once; an empty list is none.
fn listed(text: Option<String>) -> Option<Vec<String>> {
    let text = text.filter(|text| !text.is_empty())?;
    let mut ids: Vec<String> = Vec::new();
    for id in text.split(',').map(str::trim) {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    Some(ids)
}

/// How long something must have been deleted, as in `1d2h3m4s`; fractions are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Age {
    /// ≥ 0.
    pub(crate) ms: i64,
    text: String,
}

impl Age {
    fn parse(text: String) -> Result<Self, Invalid> {
        let mut rest = text.as_str();
        let mut ms = 0.0;
        for (unit, unit_ms) in UNITS {
            let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            let number = &rest[..rest.len() - behind.len()];
            if let Some(next) = behind.strip_prefix(unit).filter(|_| !number.is_empty()) {
                ms += number.parse::<f64>().map_err(|_| unreadable(&text))? * unit_ms;
                rest = next;
            }
        }
        if !rest.is_empty() || ms > MAX_AGE_MS {
            return Err(unreadable(&text));
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is bounded, and a part of a millisecond is none"
        )]
        Ok(Age { ms: ms as i64, text })
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

fn unreadable(text: &str) -> Invalid {
    Invalid::message(format!(
        "Could not parse any time information from '{text}'. Examples of valid strings: '8h', '2d8h5m20s', '2m4s'"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Option<i64> {
        Age::parse(text.to_owned()).ok().map(|age| age.ms)
    }

    #[test]
    fn an_age_is_read_as_mlflow_reads_it() {
        for (text, expected) in [
            ("8h", 8 * 3_600_000),
            ("1d2h3m4s", 93_784_000),
            ("1.5d", 129_600_000),
            ("2m4s", 124_000),
            (".5s", 500),
            ("0s", 0),
        ] {
            assert_eq!(ms(text), Some(expected), "{text}");
        }
        for text in ["5", "h", "4s2m", "1d 2h", "-1d", "1e9d", "1.2.3d", "٣d", "99999999999d", "1w"] {
            assert_eq!(ms(text), None, "{text}");
        }
    }

    #[test]
    fn lists_name_each_id_once() {
        let req = GcRequest {
            run_ids: Some("a,b, a".to_owned()),
            experiment_ids: Some(String::new()),
            ..GcRequest::default()
        };
        let selection = Selection::try_from(req).unwrap();
        assert_eq!(selection.runs.unwrap(), ["a", "b"].map(|id| RunId::new(id.to_owned())));
        assert_eq!(selection.experiments, None);
        let req = GcRequest { experiment_ids: Some("1,x".to_owned()), ..GcRequest::default() };
        assert!(Selection::try_from(req).unwrap_err().to_string().contains("Invalid experiment ID 'x'"));
    }
}
