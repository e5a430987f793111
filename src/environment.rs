//! The variables that are no flags of ours: those by which other programs, too, find object stores.

use forebay_tracking::StoreSettings;

/// What the environment says about object stores.
pub(crate) fn object_stores() -> StoreSettings {
    #[expect(clippy::disallowed_methods, reason = "this is where the configuration is read")]
    let variable = |name: &str| std::env::var(name).ok();
    let set = |name: &&str| Some(((*name).to_owned(), variable(name)?));
    StoreSettings::new(StoreSettings::NAMES.iter().filter_map(set))
}
