//! The variables that are no flags of ours: those by which other programs, too, find object stores and Python.

use forebay_tracking::StoreSettings;

use crate::ui::Surroundings;

/// What the environment says about object stores.
pub(crate) fn object_stores() -> StoreSettings {
    #[expect(clippy::disallowed_methods, reason = "this is where the configuration is read")]
    let variable = |name: &str| std::env::var(name).ok();
    let set = |name: &&str| Some(((*name).to_owned(), variable(name)?));
    StoreSettings::new(StoreSettings::NAMES.iter().filter_map(set))
}

/// What the environment says about where Python is; an empty variable says nothing.
pub(crate) fn surroundings() -> Surroundings {
    #[expect(clippy::disallowed_methods, reason = "this is where the configuration is read")]
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    Surroundings { virtual_env: variable("VIRTUAL_ENV"), path: variable("PATH"), home: variable("HOME") }
}
