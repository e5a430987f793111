//! The requests of one connection. They are written once; before each is sent, only the digits of its step and
//! time are replaced, in place: a body of a thousand metrics costs microseconds. Those that are about many models
//! are written once for each.

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
        Requests::of_one(Request {
            steps: self.steps.iter().map(|(at, offset)| (at + head.len(), *offset)).collect(),
            times: self.times.iter().map(|at| at + head.len()).collect(),
            bytes: (head + &self.text).into_bytes(),
            stride,
            block: Vec::new(),
            n_blocks: 0,
        })
    }
}

/// What a connection sends, one request after the other.
pub(super) struct Requests {
    /// Sent in turn, and then from the first again; mostly there is one.
    turns: Vec<Request>,
    n_sent: u64,
    turn: usize,
}

struct Request {
    bytes: Vec<u8>,
    steps: Vec<(usize, u64)>,
    times: Vec<usize>,
    stride: u64,
    block: Vec<u8>,
    n_blocks: usize,
}

impl Requests {
    /// The same `GET` again and again.
    pub(super) fn get(path: &str) -> Self {
        Self::of_one(Request::plain(head("GET", path, 0)))
    }

    /// The same file sent again and again.
    pub(super) fn put(path: &str, block: Vec<u8>, n_blocks: usize) -> Self {
        let head = head("PUT", path, block.len() * n_blocks);
        Self::of_one(Request { block, n_blocks, ..Request::plain(head) })
    }

    /// All of these in turn, and then from the first again.
    pub(super) fn in_turn(all: impl IntoIterator<Item = Self>) -> Self {
        let turns = all.into_iter().flat_map(|requests| requests.turns).collect();
        Self { turns, n_sent: 0, turn: 0 }
    }

    /// Those of connection `number` out of `n_connections`: every so many-th, so that no two connections send the
    /// same. Where there are too few, each connection sends them all.
    pub(super) fn share(mut self, number: usize, n_connections: usize) -> Self {
        if self.turns.len() >= n_connections {
            self.turns = self.turns.into_iter().skip(number).step_by(n_connections).collect();
        }
        self
    }

    /// The next request.
    pub(super) fn next(&mut self) -> Outgoing<'_> {
        let (n_sent, turn) = (self.n_sent, self.turn);
        self.n_sent += 1;
        self.turn = (turn + 1) % self.turns.len();
        self.turns[turn].outgoing(n_sent)
    }

    fn of_one(request: Request) -> Self {
        Self { turns: vec![request], n_sent: 0, turn: 0 }
    }
}

impl Request {
    fn plain(head: String) -> Self {
        let bytes = head.into_bytes();
        Self { bytes, steps: Vec::new(), times: Vec::new(), stride: 0, block: Vec::new(), n_blocks: 0 }
    }

    fn outgoing(&mut self, n_sent: u64) -> Outgoing<'_> {
        let step = FIRST_STEP + n_sent * self.stride;
        for (at, offset) in &self.steps {
            // Seven digits fit seven digits until ten million steps were logged.
            let _ = write!(&mut self.bytes[*at..*at + 7], "{}", step + offset);
        }
        let time = (FIRST_TIME_MS + n_sent).to_string();
        for at in &self.times {
            self.bytes[*at..*at + time.len()].copy_from_slice(time.as_bytes());
        }
        Outgoing { head: &self.bytes, block: &self.block, n_blocks: self.n_blocks }
    }
}

/// `path` with `terms` as its query.
pub(super) fn with_query(path: &str, terms: &[(&str, &str)]) -> String {
    let terms: Vec<_> = terms.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("{path}?{}", terms.join("&"))
}

/// As a query holds it: every byte that may mean something else is written in hexadecimal.
fn encoded(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(one).collect()
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
    #[test]
    fn requests_go_round_and_their_steps_go_on() {
        let of = |name: &str| Draft::default().push(name).push_step(0).post("/x", 1);
        let mut requests = Requests::in_turn([of("a"), of("b")]);
        let bodies = [0; 3].map(|_| text(&requests.next()).rsplit("\r\n").next().map(str::to_owned));
        assert_eq!(bodies.map(Option::unwrap), ["a1000000", "b1000001", "a1000002"]);
    }

    #[test]
    fn each_connection_has_requests_of_its_own() {
        let all = || Requests::in_turn(["/0", "/1", "/2", "/3", "/4"].map(Requests::get));
        let mut second = all().share(1, 2);
        let paths = [0; 3].map(|_| text(&second.next()).split(' ').nth(1).map(str::to_owned));
        assert_eq!(paths.map(Option::unwrap), ["/1", "/3", "/1"]);
        assert_eq!(all().share(5, 6).turns.len(), 5);
    }

    #[test]
    fn a_query_holds_any_text() {
        let path = with_query("/x", &[("filter", "name LIKE '%a+ü%'"), ("max_results", "2")]);
        assert_eq!(path, "/x?filter=name%20LIKE%20%27%25a%2B%C3%BC%25%27&max_results=2");
    }
}
