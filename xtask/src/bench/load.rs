//! The load: a thread per connection sends a request, reads the answer, sends the next. What is slow is then the
//! server and not the queue in front of it.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use super::http::{Answer, Connection};
use super::latencies::Latencies;
use super::requests::Requests;

/// A connection gives up after so many failures in a row: the server is gone.
const PATIENCE: u32 = 10;
/// Bytes of a refusal that are shown.
const EXCERPT: usize = 300;

/// What makes an answer right, beside its status of 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing else.
    Status,
    /// The list of this name has as many entries as the other server's, and all answers have one length.
    Rows(&'static str),
    /// The object of this name has as many fields as the other server's.
    Fields(&'static str),
    /// This many bytes.
    Bytes(usize),
}

/// How long to load.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) warm_up: Duration,
    pub(super) measure: Duration,
}

/// What the connections saw together.
#[derive(Default)]
pub(super) struct Measured {
    /// Requests per second.
    pub(super) rate: f64,
    pub(super) latencies: Latencies,
    pub(super) n_errors: u32,
    pub(super) first_error: Option<String>,
    /// Entries of the list that `Check::Rows` names, or of the object that `Check::Fields` does.
    pub(super) n_entries: Option<usize>,
}

/// Loads the server on `port` with one connection per member of `requests`.
pub(super) fn run(port: u16, requests: Vec<Requests>, check: Check, times: Times) -> Result<Measured> {
    let barrier = Barrier::new(requests.len());
    let seen: Vec<Result<Seen>> = thread::scope(|scope| {
        let start = |requests| scope.spawn(|| Caller::new(port, requests, check).call(times, &barrier));
        let callers: Vec<_> = requests.into_iter().map(start).collect();
        let join = |caller: thread::ScopedJoinHandle<'_, Result<Seen>>| {
            caller.join().unwrap_or_else(|_| Err(anyhow!("a connection's thread panicked")))
        };
        callers.into_iter().map(join).collect()
    });
    let mut measured = Measured::default();
    for seen in seen {
        measured.add(seen?);
    }
    measured.latencies.sort();
    Ok(measured)
}

impl Measured {
    fn add(&mut self, seen: Seen) {
        // Each connection's own time: a long request that ends late does not make the others look slow.
        self.rate += f64::from(seen.n_right) / seen.elapsed.as_secs_f64();
        self.latencies.append(seen.latencies);
        self.n_errors += seen.n_errors;
        self.first_error = self.first_error.take().or(seen.first_error);
        self.n_entries = self.n_entries.or(seen.n_entries);
    }
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    elapsed: Duration,
    n_right: u32,
    latencies: Vec<Duration>,
    n_errors: u32,
    first_error: Option<String>,
    n_entries: Option<usize>,
    n_bytes: Option<usize>,
}

struct Caller {
    port: u16,
    requests: Requests,
    check: Check,
    seen: Seen,
}

impl Caller {
    fn new(port: u16, requests: Requests, check: Check) -> Self {
        Self { port, requests, check, seen: Seen::default() }
    }

    fn call(mut self, times: Times, barrier: &Barrier) -> Result<Seen> {
        let opened = self.warm_up(times.warm_up);
        // Reached also after a failure, or the others would wait for ever.
        barrier.wait();
        let mut connection = opened?;
        let started = Instant::now();
        let mut n_failed_in_a_row = 0;
        while started.elapsed() < times.measure && n_failed_in_a_row < PATIENCE {
            let sent = Instant::now();
            let result = self.exchange(&mut connection);
            match result {
                Ok(()) => {
                    self.seen.latencies.push(sent.elapsed());
                    self.seen.n_right += 1;
                    n_failed_in_a_row = 0;
                }
                Err(error) => {
                    n_failed_in_a_row += 1;
                    self.seen.n_errors += 1;
                    self.seen.first_error.get_or_insert(format!("{error:#}"));
                }
            }
        }
        self.seen.elapsed = started.elapsed();
        Ok(self.seen)
    }

    /// Calls for a while, at least twice. What fails here does not count, as long as there is a first answer.
    fn warm_up(&mut self, at_least: Duration) -> Result<Connection> {
        let started = Instant::now();
        let mut connection = Connection::open(self.port).context("cannot connect")?;
        let body = self.first_answer(&mut connection)?;
        match self.check {
            Check::Status => {}
            Check::Bytes(n_bytes) => self.seen.n_bytes = Some(n_bytes),
            Check::Rows(list) => {
                self.seen.n_entries = Some(n_rows(&body, list)?);
                self.seen.n_bytes = Some(body.len());
            }
            Check::Fields(object) => self.seen.n_entries = Some(n_fields(&body, object)?),
        }
        let mut n_calls = 1;
        while n_calls < 2 || started.elapsed() < at_least {
            let _ = self.exchange(&mut connection);
            n_calls += 1;
        }
        Ok(connection)
    }

    /// The answer that tells what the following must look like. A server that is called for the first time since
    /// it stood still may close a connection; one that refuses means it.
    fn first_answer(&mut self, connection: &mut Connection) -> Result<Vec<u8>> {
        // Of a file, the length is enough.
        let is_file = matches!(self.check, Check::Bytes(_));
        let mut n_failed = 0;
        loop {
            let mut body = Vec::new();
            let mut see = |piece: &[u8]| {
                if !is_file {
                    body.extend_from_slice(piece);
                }
            };
            match connection.exchange(&self.requests.next(), &mut see) {
                Ok(answer) if answer.status == 200 => return Ok(body),
                Ok(answer) => return Err(anyhow!("{}: {}", answer.status, String::from_utf8_lossy(&body))),
                Err(error) if n_failed == 2 => return Err(error.into()),
                Err(_) => connection.reopen()?,
            }
            n_failed += 1;
        }
    }

    fn exchange(&mut self, connection: &mut Connection) -> Result<()> {
        let mut start = Vec::new();
        let mut see = |piece: &[u8]| start.extend(piece.iter().take(EXCERPT - start.len()));
        match connection.exchange(&self.requests.next(), &mut see) {
            Ok(answer) => self.judge(&answer, &start),
            Err(error) => {
                connection.reopen()?;
                Err(error.into())
            }
        }
    }

    fn judge(&self, answer: &Answer, start: &[u8]) -> Result<()> {
        let (status, n_bytes) = (answer.status, answer.n_bytes);
        ensure!(status == 200, "an answer of status {status}: {}", String::from_utf8_lossy(start));
        let wanted = self.seen.n_bytes.unwrap_or(n_bytes);
        ensure!(n_bytes == wanted, "an answer of {n_bytes} bytes, expected {wanted}");
        Ok(())
    }
}

fn n_rows(body: &[u8], list: &str) -> Result<usize> {
    let body: serde_json::Value = serde_json::from_slice(body).context("the answer is not JSON")?;
    // MLflow leaves an empty list out.
    Ok(body.get(list).and_then(serde_json::Value::as_array).map_or(0, Vec::len))
}

fn n_fields(body: &[u8], object: &str) -> Result<usize> {
    let body: serde_json::Value = serde_json::from_slice(body).context("the answer is not JSON")?;
    let fields = body.get(object).and_then(serde_json::Value::as_object);
    Ok(fields.with_context(|| format!("the answer has no {object}"))?.len())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;

    /// A server of one connection that answers its requests in turn, the last answer for ever.
    fn serve(answers: &'static [&'static str]) -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let stream = listener.accept().unwrap().0;
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            for n in 0.. {
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                let answer = answers[n.min(answers.len() - 1)];
                if (&stream).write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        });
        port
    }

    fn load(answers: &'static [&'static str], check: Check) -> Result<Measured> {
        let times = Times { warm_up: Duration::ZERO, measure: Duration::from_millis(100) };
        run(serve(answers), vec![Requests::get("/x")], check, times)
    }

    const TWO_RUNS: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"runs\":[{},1]}";
    const NO_RUNS: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    const REFUSED: &str = "HTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\nno";

    #[test]
    fn right_answers_are_counted_and_timed() {
        let measured = load(&[TWO_RUNS], Check::Rows("runs")).unwrap();
        assert_eq!((measured.n_errors, measured.n_entries), (0, Some(2)));
        assert!(measured.rate > 0.0 && measured.latencies.len() > 0);
    }

    #[test]
    fn an_answer_of_another_length_is_an_error() {
        let measured = load(&[TWO_RUNS, TWO_RUNS, NO_RUNS], Check::Rows("runs")).unwrap();
        assert!(measured.n_errors > 0 && measured.latencies.len() == 0);
    }

    #[test]
    fn a_refusal_is_an_error_and_not_fast() {
        let measured = load(&[NO_RUNS, NO_RUNS, REFUSED], Check::Status).unwrap();
        assert!(measured.n_errors > 0 && measured.n_errors <= PATIENCE && measured.rate <= 0.0);
        assert_eq!(measured.first_error.unwrap(), "an answer of status 400: no");
    }

    #[test]
    fn a_server_that_refuses_from_the_start_ends_the_scenario() {
        assert!(load(&[REFUSED], Check::Status).err().unwrap().to_string().contains("400: no"));
    }

    #[test]
    fn a_missing_list_has_no_rows() {
        assert_eq!(n_rows(b"{}", "runs").unwrap(), 0);
    }

    #[test]
    fn an_object_is_known_by_its_fields() {
        assert_eq!(n_fields(br#"{"model_version":{"name":"a","version":"1"}}"#, "model_version").unwrap(), 2);
        assert!(n_fields(b"{}", "model_version").is_err());
    }
}
