//! Listing a folder, which objects have only by the slashes in their keys.

use std::borrow::Cow;

use forebay_core::invalid::Invalid;
use object_store::ListResult;
use object_store::list::PaginatedListOptions;
use object_store::path::Path;

use super::bucket::{BucketStore, REQUEST, within};
use crate::artifacts::StoreError;
use crate::model::artifact::Entry;
use crate::model::artifact_path::ArtifactPath;

/// Most entries of a folder that are listed: an answer is put together in memory.
const MAX_ENTRIES: usize = 100_000;

impl BucketStore {
    /// The objects and folders in a folder, in the order of their names' bytes; none when there are none.
    pub(crate) async fn list(&self, folder: &ArtifactPath) -> Result<Vec<Entry>, StoreError> {
        let key = self.key(folder)?;
        let prefix = Some(format!("{key}/")).filter(|_| !key.is_root());
        let (mut entries, mut page_token) = (Vec::new(), None);
        loop {
            let options = PaginatedListOptions {
                delimiter: Some(Cow::Borrowed("/")),
                page_token,
                ..PaginatedListOptions::default()
            };
            let page = self.bucket.client.pages().list_paginated(prefix.as_deref(), options);
            let page = within(REQUEST, folder, page).await?;
            entries.extend(entries_of(page.result, &key));
            if entries.len() > MAX_ENTRIES {
                return Err(too_many(folder));
            }
            page_token = page.page_token;
            if page_token.is_none() {
                break;
            }
        }
        entries.sort_unstable();
        entries.dedup();
        Ok(entries)
    }
}

fn entries_of(page: ListResult, folder: &Path) -> impl Iterator<Item = Entry> {
    let folders = page.common_prefixes.into_iter().map(|path| (path, None));
    let objects = page.objects.into_iter().map(|object| (object.location, Some(object.size)));
    folders.chain(objects).filter_map(move |(path, size_bytes)| {
        // Some tools mark a folder by an empty object with its name and a slash.
        let name = path.filename().filter(|_| path != *folder)?;
        Some(Entry { name: name.to_owned(), size_bytes })
    })
}

fn too_many(folder: &ArtifactPath) -> StoreError {
    let folder = folder.as_str();
    Invalid::message(format!("The folder '{folder}' has more than {MAX_ENTRIES} entries: list its folders"))
        .into()
}
