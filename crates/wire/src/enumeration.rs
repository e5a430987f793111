//! Enumerations: written as names, read as names or as protobuf's numbers.
//!
//! The original silently drops a name it does not know; here that is an error, because a run that was asked
//! to become `finished` must not be answered with "done" and stay running.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::number::{Int64, integer_text};

/// Declares an enumeration with its wire names and numbers.
macro_rules! enumeration {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal, $number:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value with this name, exactly as it is written on the wire.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }

            fn from_number(number: i64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::enumeration::read(deserializer, Self::from_name, Self::from_number)
            }
        }
    };
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NameOrNumber<'a> {
    #[serde(borrow)]
    Name(Cow<'a, str>),
    Number(Int64),
}

/// Reads a name, a number, or a number as text.
pub(crate) fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    from_name: fn(&str) -> Option<T>,
    from_number: fn(i64) -> Option<T>,
) -> Result<T, D::Error> {
    let known = match NameOrNumber::deserialize(deserializer)? {
        NameOrNumber::Name(name) => from_name(&name).or_else(|| integer_text(&name).and_then(from_number)),
        NameOrNumber::Number(Int64(number)) => from_number(number),
    };
    known.ok_or_else(|| D::Error::custom("not one of the allowed values"))
}

enumeration! {
    /// Which experiments or runs a search looks at.
    pub enum ViewType {
        /// Those that are not deleted.
        ActiveOnly = "ACTIVE_ONLY", 1;
        /// Those that are deleted.
        DeletedOnly = "DELETED_ONLY", 2;
        /// All.
        All = "ALL", 3;
    }
}

enumeration! {
    /// The state of a run.
    pub enum RunStatus {
        /// It goes on.
        Running = "RUNNING", 1;
        /// It will start later.
        Scheduled = "SCHEDULED", 2;
        /// It ended well.
        Finished = "FINISHED", 3;
        /// It ended with an error.
        Failed = "FAILED", 4;
        /// Somebody ended it.
        Killed = "KILLED", 5;
    }
}

enumeration! {
    /// The state of a logged model.
    pub enum LoggedModelStatus {
        /// Not known.
        Unspecified = "LOGGED_MODEL_STATUS_UNSPECIFIED", 0;
        /// Its files are being written.
        Pending = "LOGGED_MODEL_PENDING", 1;
        /// Its files are all there.
        Ready = "LOGGED_MODEL_READY", 2;
        /// Writing its files failed.
        UploadFailed = "LOGGED_MODEL_UPLOAD_FAILED", 3;
    }
}

enumeration! {
    /// The state of a model version.
    pub enum ModelVersionStatus {
        /// Its files are being written.
        PendingRegistration = "PENDING_REGISTRATION", 1;
        /// Writing its files failed.
        FailedRegistration = "FAILED_REGISTRATION", 2;
        /// Its files are all there.
        Ready = "READY", 3;
    }
}

enumeration! {
    /// Whether a webhook is sent events.
    pub enum WebhookStatus {
        /// It is.
        Active = "ACTIVE", 1;
        /// It is not, until somebody changes that.
        Disabled = "DISABLED", 2;
    }
}

enumeration! {
    /// What an event is about.
    pub enum WebhookEntity {
        /// Not said.
        Unspecified = "ENTITY_UNSPECIFIED", 0;
        /// A registered model.
        RegisteredModel = "REGISTERED_MODEL", 1;
        /// A version of one.
        ModelVersion = "MODEL_VERSION", 2;
        /// A tag of a version.
        ModelVersionTag = "MODEL_VERSION_TAG", 3;
        /// An alias of a version.
        ModelVersionAlias = "MODEL_VERSION_ALIAS", 4;
        /// A prompt.
        Prompt = "PROMPT", 5;
        /// A version of one.
        PromptVersion = "PROMPT_VERSION", 6;
        /// A tag of a prompt.
        PromptTag = "PROMPT_TAG", 7;
        /// A tag of a version of a prompt.
        PromptVersionTag = "PROMPT_VERSION_TAG", 8;
        /// An alias of a version of a prompt.
        PromptAlias = "PROMPT_ALIAS", 9;
        /// What MLflow's gateway may spend.
        BudgetPolicy = "BUDGET_POLICY", 10;
    }
}

enumeration! {
    /// What happened to it.
    pub enum WebhookAction {
        /// Not said.
        Unspecified = "ACTION_UNSPECIFIED", 0;
        /// It is new.
        Created = "CREATED", 1;
        /// It changed.
        Updated = "UPDATED", 2;
        /// It is gone.
        Deleted = "DELETED", 3;
        /// It was given a value, its first or another.
        Set = "SET", 4;
        /// A limit was passed.
        Exceeded = "EXCEEDED", 5;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, to_string};

    use super::*;

    #[test]
    fn names_and_numbers_are_read_and_names_are_written() {
        for text in [r#""FINISHED""#, "3", "3.0", r#""3""#] {
            assert_eq!(from_str::<RunStatus>(text).unwrap(), RunStatus::Finished, "{text}");
        }
        assert_eq!(to_string(&RunStatus::Finished).unwrap(), r#""FINISHED""#);
    }

    #[test]
    fn unknown_names_and_numbers_are_rejected() {
        for text in [r#""finished""#, "99", r#""""#, "true", "[]", "null"] {
            assert!(from_str::<RunStatus>(text).is_err(), "{text}");
        }
    }
}
