//! What became of the rows of a feature table, and of the spine's rows that looked for one.

/// Numbers of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "all of them are numbers")]
pub(crate) struct Counts {
    /// Of the table: all that were read.
    pub(crate) n_rows: u64,
    /// Of the table: those that do not say since when they hold or were known.
    pub(crate) n_never_known: u64,
    /// Of the table: those with a null in their key.
    pub(crate) n_without_key: u64,
    /// Of the table: those of keys that the spine does not have.
    pub(crate) n_other_keys: u64,
    /// Of the spine: those with a row.
    pub(crate) n_matched: u64,
    /// Of the spine: those whose row was too old.
    pub(crate) n_expired: u64,
    /// Of the spine: those for which there was none.
    pub(crate) n_missing: u64,
    /// Of the spine: those for which there was a row that held and was not known yet.
    pub(crate) n_not_yet_known: u64,
    /// Of these: those that got nothing.
    pub(crate) n_missing_not_yet_known: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Counts) {
        self.n_rows += other.n_rows;
        self.n_never_known += other.n_never_known;
        self.n_without_key += other.n_without_key;
        self.n_other_keys += other.n_other_keys;
        self.n_matched += other.n_matched;
        self.n_expired += other.n_expired;
        self.n_missing += other.n_missing;
        self.n_not_yet_known += other.n_not_yet_known;
        self.n_missing_not_yet_known += other.n_missing_not_yet_known;
    }
}
