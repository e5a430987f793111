//! HTTP/1.1 as far as a load generator needs it: one kept-alive connection that sends prepared bytes and reads
//! answers through one buffer, so that measuring costs the server little of the machine they share.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any answer of either server takes.
const TIMEOUT: Duration = Duration::from_mins(3);
const BUFFER: usize = 256 * 1024;

/// The bytes of one request; `block` follows `head` `n_blocks` times, so that a long body needs no long buffer.
pub(super) struct Outgoing<'a> {
    pub(super) head: &'a [u8],
    pub(super) block: &'a [u8],
    pub(super) n_blocks: usize,
}

/// What is known of an answer once its body was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) n_bytes: usize,
    closes: bool,
}

/// A connection to a server on this machine.
pub(super) struct Connection {
    port: u16,
    incoming: Incoming<TcpStream>,
}

impl Connection {
    /// Connects.
    pub(super) fn open(port: u16) -> io::Result<Self> {
        Ok(Self { port, incoming: Incoming::new(connect(port)?) })
    }

    /// Sends one request and reads its whole answer, handing the body's pieces to `see`.
    pub(super) fn exchange(
        &mut self,
        request: &Outgoing<'_>,
        see: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Answer> {
        self.incoming.source.write_all(request.head)?;
        for _ in 0..request.n_blocks {
            self.incoming.source.write_all(request.block)?;
        }
        let answer = self.incoming.answer(see)?;
        if answer.closes {
            self.reopen()?;
        }
        Ok(answer)
    }

    /// Connects anew, after a failure or a server's `Connection: close`.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        self.incoming = Incoming::new(connect(self.port)?);
        Ok(())
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// How long a body is.
enum Framing {
    Bytes(usize),
    Chunked,
}

/// The reading side: what was received and not yet looked at is `buffer[start..end]`.
struct Incoming<R> {
    source: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<R: Read> Incoming<R> {
    fn new(source: R) -> Self {
        Self { source, buffer: vec![0; BUFFER].into_boxed_slice(), start: 0, end: 0 }
    }

    fn answer(&mut self, see: &mut dyn FnMut(&[u8])) -> io::Result<Answer> {
        let status = status_of(&self.line()?)?;
        let mut framing = Framing::Bytes(0);
        let mut closes = false;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            let Some((name, value)) = line.split_once(':') else { break };
            match (name, value.trim()) {
                ("content-length", value) => framing = Framing::Bytes(number(value, 10)?),
                ("transfer-encoding", "chunked") => framing = Framing::Chunked,
                ("connection", "close") => closes = true,
                _ => {}
            }
        }
        let n_bytes = match framing {
            Framing::Bytes(n_bytes) => self.body(n_bytes, see)?,
            Framing::Chunked => self.chunks(see)?,
        };
        Ok(Answer { status, n_bytes, closes })
    }

    fn chunks(&mut self, see: &mut dyn FnMut(&[u8])) -> io::Result<usize> {
        let mut n_bytes = 0;
        loop {
            let line = self.line()?;
            let size = number(line.split(';').next().unwrap_or_default().trim(), 16)?;
            if size == 0 {
                // Trailers end with an empty line, as a head does.
                while !self.line()?.is_empty() {}
                return Ok(n_bytes);
            }
            n_bytes += self.body(size, see)?;
            self.line()?;
        }
    }

    fn body(&mut self, n_bytes: usize, see: &mut dyn FnMut(&[u8])) -> io::Result<usize> {
        let mut missing = n_bytes;
        while missing > 0 {
            if self.start == self.end {
                self.fill()?;
            }
            let here = missing.min(self.end - self.start);
            see(&self.buffer[self.start..self.start + here]);
            self.start += here;
            missing -= here;
        }
        Ok(n_bytes)
    }

    /// The next line, without its end.
    fn line(&mut self) -> io::Result<String> {
        loop {
            let waiting = &self.buffer[self.start..self.end];
            if let Some(length) = waiting.iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8_lossy(&waiting[..length]).trim_end().to_owned();
                self.start += length + 1;
                return Ok(line);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        match self.source.read(&mut self.buffer[self.end..])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            received => {
                self.end += received;
                Ok(())
            }
        }
    }
}

fn status_of(line: &str) -> io::Result<u16> {
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
    status.ok_or_else(|| io::Error::other(format!("not an answer's first line: {line:?}")))
}

fn number(text: &str, radix: u32) -> io::Result<usize> {
    usize::from_str_radix(text, radix).map_err(|_| io::Error::other(format!("not a length: {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<(Answer, String)> {
        let mut body = Vec::new();
        let answer = Incoming::new(text.as_bytes()).answer(&mut |piece| body.extend_from_slice(piece))?;
        Ok((answer, String::from_utf8_lossy(&body).into_owned()))
    }

    #[test]
    fn a_body_of_known_length_is_read_to_its_end() {
        let (answer, body) = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello rest").unwrap();
        assert_eq!(answer, Answer { status: 200, n_bytes: 5, closes: false });
        assert_eq!(body, "hello");
    }

    #[test]
    fn chunks_are_put_together() {
        let text =
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfore\r\n3;x=y\r\nbay\r\n0\r\n\r\n";
        let (answer, body) = read(text).unwrap();
        assert_eq!((answer.n_bytes, body.as_str()), (7, "forebay"));
    }

    #[test]
    fn a_server_that_closes_is_noticed() {
        let (answer, _) =
            read("HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").unwrap();
        assert_eq!(answer, Answer { status: 503, n_bytes: 0, closes: true });
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error() {
        assert!(read("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello").is_err());
        assert!(read("nonsense\r\n").is_err());
    }
}
