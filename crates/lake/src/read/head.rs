//! A file that is read from its start to its end, with its first bytes known beforehand.

use std::io::{BufReader, Chain, Cursor, Read};

use crate::Error;
use crate::storage::files::{InputFile, Opened};

/// How much of a file is looked at to know its columns.
const HEAD_BYTES: u64 = 1024 * 1024;

/// What is read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// The first bytes of a file, and the rest of it.
pub(crate) struct Head {
    bytes: Vec<u8>,
    rest: Box<dyn Read + Send>,
}

/// All bytes of a file.
pub(crate) type Whole = BufReader<Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>>;

impl Head {
    pub(crate) fn read(mut source: Box<dyn Read + Send>, uri: &str) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        source.by_ref().take(HEAD_BYTES).read_to_end(&mut bytes).map_err(Error::io(uri))?;
        Ok(Head { bytes, rest: source })
    }

    pub(crate) fn of_file(file: &InputFile) -> Result<Self, Error> {
        let source: Box<dyn Read + Send> = match file.open()? {
            Opened::Local(file) => Box::new(file),
            Opened::Object(object) => Box::new(object.reader(0)),
        };
        Head::read(source, &file.uri)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The first bytes without a line that may go on behind them.
    pub(crate) fn whole_lines(&self) -> &[u8] {
        if (self.bytes.len() as u64) < HEAD_BYTES {
            return &self.bytes;
        }
        let end = self.bytes.iter().rposition(|byte| *byte == b'\n').map_or(self.bytes.len(), |end| end + 1);
        &self.bytes[..end]
    }

    /// The whole file, from behind the first `n_bytes`.
    pub(crate) fn behind(self, n_bytes: usize) -> Whole {
        let mut start = Cursor::new(self.bytes);
        start.set_position(n_bytes as u64);
        BufReader::with_capacity(BUFFER_BYTES, start.chain(self.rest))
    }
}
