//! The requests of one connection. They are written once; before each is sent, only the digits of its step and
//! time are replaced, in place: a body of a thousand metrics costs microseconds.

use std::io::Write;

use super::http::Outgoing;

/// Steps have seven digits, so that replacing one does not move what follows.
const FIRST_STEP: u64 = 1_000_000;
/// Times have thirteen, in ms since epoch; where the seeded runs end.
const FIRST_TIME_MS: u64 = 1_767_225_600_000;

/// A body in the making.
#[derive(Default)]
pub(super) struct Draft {
    text: String,
    steps: Vec<(usize, u64)>,
    times: Vec<usize>,
}

impl Draft {
    /// Adds text.
    pub(super) fn push(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Adds the request's step, `offset` later.
    pub(super) fn push_step(mut self, offset: u64) -> Self {
        self.steps.push((self.text.len(), offset));
        self.text.push_str(&FIRST_STEP.to_string());
        self
    }

    /// Adds the request's time.
    pub(super) fn push_time(mut self) -> Self {
        self.times.push(self.text.len());
        self.text.push_str(&FIRST_TIME_MS.to_string());
        self
    }

    /// Requests that send this body to `path`; the step grows by `stride` from one to the next.
    pub(super) fn post(self, path: &str, stride: u64) -> Requests {
        let head = head("POST", path, self.text.len());
        Requests {
            steps: self.steps.iter().map(|(at, offset)| (at + head.len(), *offset)).collect(),
            times: self.times.iter().map(|at| at + head.len()).collect(),
            bytes: (head + &self.text).into_bytes(),
            stride,
            n_sent: 0,
            block: Vec::new(),
            n_blocks: 0,
        }
    }
}

/// What a connection sends, one request after the other.
pub(super) struct Requests {
    bytes: Vec<u8>,
    steps: Vec<(usize, u64)>,
    times: Vec<usize>,
    stride: u64,
    n_sent: u64,
    block: Vec<u8>,
    n_blocks: usize,
}

impl Requests {
    /// The same `GET` again and again.
    pub(super) fn get(path: &str) -> Self {
        Self { bytes: head("GET", path, 0).into_bytes(), ..Draft::default().post(path, 0) }
    }

    /// The same file sent again and again.
    pub(super) fn put(path: &str, block: Vec<u8>, n_blocks: usize) -> Self {
        let bytes = head("PUT", path, block.len() * n_blocks).into_bytes();
        Self { bytes, block, n_blocks, ..Draft::default().post(path, 0) }
    }

    /// The next request.
    pub(super) fn next(&mut self) -> Outgoing<'_> {
        let step = FIRST_STEP + self.n_sent * self.stride;
        for (at, offset) in &self.steps {
            // Seven digits fit seven digits until ten million steps were logged.
            let _ = write!(&mut self.bytes[*at..*at + 7], "{}", step + offset);
        }
        let time = (FIRST_TIME_MS + self.n_sent).to_string();
        for at in &self.times {
            self.bytes[*at..*at + time.len()].copy_from_slice(time.as_bytes());
        }
        self.n_sent += 1;
        Outgoing { head: &self.bytes, block: &self.block, n_blocks: self.n_blocks }
    }
}

fn head(method: &str, path: &str, n_bytes: usize) -> String {
    let content = match method {
        "GET" => String::new(),
        "PUT" => format!("Content-Type: application/octet-stream\r\nContent-Length: {n_bytes}\r\n"),
        _ => format!("Content-Type: application/json\r\nContent-Length: {n_bytes}\r\n"),
    };
    format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n{content}\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(outgoing: &Outgoing<'_>) -> String {
        String::from_utf8_lossy(outgoing.head).into_owned()
    }

    #[test]
    fn each_request_has_the_next_step_and_time() {
        let draft = Draft::default().push("[").push_step(0).push(",").push_step(9).push(",").push_time();
        let mut requests = draft.push("]").post("/x", 10);
        assert!(text(&requests.next()).ends_with("\r\n\r\n[1000000,1000009,1767225600000]"));
        assert!(text(&requests.next()).ends_with("\r\n\r\n[1000010,1000019,1767225600001]"));
    }

    #[test]
    fn the_head_tells_the_length_of_the_body() {
        assert!(text(&Draft::default().push("{}").post("/x", 0).next()).contains("Content-Length: 2\r\n"));
        assert!(text(&Requests::put("/x", vec![0; 10], 3).next()).contains("Content-Length: 30\r\n"));
        assert!(text(&Requests::get("/x?y=1").next()).starts_with("GET /x?y=1 HTTP/1.1\r\nHost: "));
    }
}
