//! Bytes that a thread writes and an answer sends.

use std::io::{self, BufWriter, ErrorKind, Write};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How many chunks wait to be sent.
const WAITING: usize = 8;

/// How large a chunk is, about.
const CHUNK_BYTES: usize = 64 * 1024;

/// The end that sends; an error breaks the answer off.
pub(super) type Chunks = Receiver<io::Result<Bytes>>;

/// Both ends.
pub(super) fn pipe() -> (Sender<io::Result<Bytes>>, Chunks) {
    channel(WAITING)
}

/// Takes what a thread writes.
pub(super) fn writer(sender: Sender<io::Result<Bytes>>) -> Box<dyn Write + Send> {
    Box::new(BufWriter::with_capacity(CHUNK_BYTES, Pipe(sender)))
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

struct Pipe(Sender<io::Result<Bytes>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::Error::new(ErrorKind::BrokenPipe, "the caller is gone"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
