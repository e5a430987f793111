//! Writing an object in parts, which becomes visible when it is complete.

use std::io::{self, Write};

use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};
use tokio::task::JoinHandle;

use super::object::{Object, within_time};
use crate::Error;

/// Stores take parts of 5 MiB and more, up to 10,000 of them; parts grow so that any file fits.
const PART_BYTES: usize = 8 * 1024 * 1024;
const MAX_PART_BYTES: usize = 64 * 1024 * 1024;
const GROW_EVERY: usize = 1_000;

/// Begins and ends an upload that nobody sees, so that a bucket that is not there or not to be written to is an error
/// before there is anything to lose.
pub(crate) fn rehearse(object: &Object) -> Result<(), Error> {
    let object = stage(object);
    let (uri, key) = (object.uri(), object.key()?);
    let mut parts = object.ask(object.store.put_multipart(&key)).map_err(Error::store(&uri))?;
    // Not every store is asked anything before the first part.
    let sent = object.ask(parts.put_part(PutPayload::from_static(b"-")));
    let _ = object.ask(parts.abort());
    sent.map_err(Error::store(&uri))
}

/// Where an upload is rehearsed. All uploads to one name share their parts in Azure, where parts cannot be taken back either,
/// so that another name keeps them out of the way of a job that writes the object.
fn stage(object: &Object) -> Object {
    if object.is_azure() { object.at(format!("{}.rehearsal", object.key)) } else { object.clone() }
}

/// An object that is being written. One that has less than a part is put as a whole.
pub(crate) struct Upload {
    object: Object,
    /// None before the first part, and when it is complete or aborted.
    parts: Option<Box<dyn MultipartUpload>>,
    /// The part that is on its way, while the next one is filled.
    sending: Option<JoinHandle<Result<(), object_store::Error>>>,
    waiting: Vec<u8>,
    n_parts: usize,
}

impl Upload {
    pub(crate) fn start(object: &Object) -> Result<Self, Error> {
        object.key()?;
        let object = object.clone();
        Ok(Upload { object, parts: None, sending: None, waiting: Vec::new(), n_parts: 0 })
    }

    pub(crate) fn complete(mut self) -> Result<(), Error> {
        let uri = self.object.uri();
        if self.n_parts == 0 {
            let (key, payload) = (self.object.key()?, PutPayload::from(std::mem::take(&mut self.waiting)));
            let put = self.object.store.put(&key, payload);
            return self.object.ask(put).map(drop).map_err(Error::store(&uri));
        }
        let sent = if self.waiting.is_empty() { Ok(()) } else { self.send() };
        sent.and_then(|()| self.arrived()).map_err(Error::store(&uri))?;
        let Some(parts) = &mut self.parts else { return Ok(()) };
        self.object.ask(parts.complete()).map_err(Error::store(&uri))?;
        self.parts = None;
        Ok(())
    }

    /// Sends a part, when the one before it has arrived.
    fn send(&mut self) -> Result<(), object_store::Error> {
        self.arrived()?;
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => {
                let key = Key::parse(&self.object.key)?;
                none.insert(self.object.ask(self.object.store.put_multipart(&key))?)
            }
        };
        let payload = PutPayload::from(std::mem::take(&mut self.waiting));
        self.n_parts += 1;
        self.sending = Some(self.object.runtime.spawn(within_time(parts.put_part(payload))));
        Ok(())
    }

    /// Waits until the part that is on its way is there.
    fn arrived(&mut self) -> Result<(), object_store::Error> {
        let Some(sending) = self.sending.take() else { return Ok(()) };
        self.object.runtime.block_on(sending)?
    }

    fn part_bytes(&self) -> usize {
        (PART_BYTES * (1 + self.n_parts / GROW_EVERY)).min(MAX_PART_BYTES)
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= self.part_bytes() {
            self.send().map_err(io::Error::other)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    /// What is not complete is taken back, as far as the store answers.
    fn drop(&mut self) {
        if let Some(sending) = self.sending.take() {
            sending.abort();
        }
        if let Some(mut parts) = self.parts.take() {
            let _ = self.object.ask(parts.abort());
        }
    }
}
