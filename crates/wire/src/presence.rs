//! Presence: null means absent on the way in, and absent fields are left out on the way out.
//!
//! [`message!`] declares a struct with exactly these rules on every field, so that no field can miss one.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Tells whether a field has nothing to write.
pub trait Absent {
    /// True when the field is left out of the JSON.
    fn is_absent(&self) -> bool;
}

impl<T> Absent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Absent for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<K, V> Absent for BTreeMap<K, V> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// Reads a field; null reads as its default, as if it were not there.
pub(crate) fn null_is_absent<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Declares messages. A field of several words also names its camelCase twin: `run_id as "runId": …`.
macro_rules! message {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$field_meta:meta])* $field:ident $(as $twin:tt)?: $type:ty,)*
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub struct $name {$(
            $(#[$field_meta])*
            #[serde(
                $(alias = $twin,)?
                deserialize_with = "crate::presence::null_is_absent",
                skip_serializing_if = "crate::presence::Absent::is_absent"
            )]
            pub $field: $type,
        )*}
    )+};
}
pub(crate) use message;
