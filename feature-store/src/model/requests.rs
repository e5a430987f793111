//! What is asked about definitions.

use forebay_core::invalid::Invalid;
use forebay_wire::features as wire;

use super::kind::Kind;
use super::name::Name;

/// One definition, or a version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Which {
    pub(crate) name: Name,
    /// None where only one kind has the name.
    pub(crate) kind: Option<Kind>,
    /// ≥ 1; none for the last one.
    pub(crate) version: Option<i64>,
}

impl TryFrom<wire::NamedFeatures> for Which {
    type Error = Invalid;

    fn try_from(message: wire::NamedFeatures) -> Result<Self, Invalid> {
        Ok(Which {
            name: name("name", message.name)?,
            kind: kind(message.kind)?,
            version: version(message.version.map(|version| version.0))?,
        })
    }
}

impl TryFrom<wire::GetServiceDefinitions> for Which {
    type Error = Invalid;

    fn try_from(message: wire::GetServiceDefinitions) -> Result<Self, Invalid> {
        Which::service("name", message.name, message.version.map(|version| version.0))
    }
}

impl Which {
    /// A feature service, whose name stands in the field `field`.
    pub(crate) fn service(field: &str, text: Option<String>, number: Option<i64>) -> Result<Self, Invalid> {
        Ok(Which { name: name(field, text)?, kind: Some(Kind::FeatureService), version: version(number)? })
    }
}

/// The kind that is asked for; none for all.
pub(crate) fn kind(text: Option<String>) -> Result<Option<Kind>, Invalid> {
    text.filter(|text| !text.is_empty()).map(|text| text.parse()).transpose()
}

fn name(field: &str, text: Option<String>) -> Result<Name, Invalid> {
    let text = text.filter(|text| !text.is_empty()).ok_or_else(|| Invalid::missing(field))?;
    Name::parse(&text).map_err(|reason| Invalid::value(field, &text, &reason))
}

fn version(number: Option<i64>) -> Result<Option<i64>, Invalid> {
    match number {
        Some(number) if number < 1 => Err(Invalid::value("version", &number, "versions begin with 1")),
        number => Ok(number),
    }
}
