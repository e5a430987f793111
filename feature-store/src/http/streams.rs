//! Bytes that a thread writes and an answer sends.

use std::io::{self, ErrorKind, Write};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many chunks wait to be sent.
const WAITING: usize = 8;

/// How large a chunk is, at least.
const CHUNK_BYTES: usize = 64 * 1024;

/// The end that sends; an error breaks the answer off.
pub(super) type Chunks = Receiver<io::Result<Bytes>>;

/// Both ends.
pub(super) fn pipe() -> (Sender<io::Result<Bytes>>, Chunks) {
    channel(WAITING)
}

/// Takes what a thread writes.
pub(super) fn writer(sender: Sender<io::Result<Bytes>>) -> Box<dyn Write + Send> {
    Box::new(Pipe { sender, chunk: Vec::new() })
}

/// An answer of a first chunk and all that come, for which `kept` is kept.
pub(super) fn body(first: Option<Bytes>, chunks: Chunks, kept: impl Send + 'static) -> Body {
    let state = (first, chunks, kept);
    Body::from_stream(stream::unfold(state, |(first, mut chunks, kept)| async {
        let chunk = match first {
            Some(first) => Ok(first),
            None => chunks.recv().await?,
        };
        Some((chunk, (None, chunks, kept)))
    }))
}

/// Sends chunks when they are large enough, and what is left when it is flushed: what a failure leaves behind is not sent.
struct Pipe {
    sender: Sender<io::Result<Bytes>>,
    chunk: Vec<u8>,
}

impl Pipe {
    fn send(&mut self) -> io::Result<()> {
        let chunk = std::mem::take(&mut self.chunk);
        let sent = self.sender.blocking_send(Ok(chunk.into()));
        sent.map_err(|_| io::Error::new(ErrorKind::BrokenPipe, "the caller is gone"))
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() { Ok(()) } else { self.send() }
    }
}
