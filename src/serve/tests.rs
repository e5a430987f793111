//! Callers that keep still: on a clock that runs as soon as nothing else does, so no test waits a minute.

use std::net::SocketAddr;

use axum::http::{StatusCode, Uri};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;

/// More than all buffers between the two ends hold.
const LONG: usize = 64 * 1024 * 1024;

struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Serving {
    async fn start(n_seats: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer);
        let no_room = Router::new().fallback(StatusCode::SERVICE_UNAVAILABLE);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, router, no_room, Seats::new(n_seats), async {
            drop(stopped.await);
        }));
        Serving { address, stop, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// How a new caller's short request is answered.
    async fn status(&self) -> String {
        let mut caller = self.connect().await;
        ask(&mut caller, "/").await;
        let mut begun = [0; 12];
        caller.read_exact(&mut begun).await.unwrap();
        String::from_utf8_lossy(&begun[9..]).into_owned()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

async fn answer(uri: Uri) -> Vec<u8> {
    vec![b'x'; if uri.path() == "/long" { LONG } else { 1 }]
}

async fn ask(stream: &mut TcpStream, path: &str) {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
}

/// Lets the test's clock go on, which it does when nothing else is to be done.
async fn let_pass(time: Duration) {
    drop(tokio::time::timeout(time, pending::<()>()).await);
}

/// What comes until the server closes; a reset is an end too.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_ends_after_a_minute() {
    let serving = Serving::start(1).await;
    let mut slow = serving.connect().await;
    ask(&mut slow, "/long").await;
    let mut begun = [0; 12];
    slow.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");
    // The only seat is free again when the slow reader's connection was given up.
    let_pass(MAX_SILENCE * 9 / 10).await;
    assert_eq!(serving.status().await, "503");
    let_pass(MAX_SILENCE / 5).await;
    assert_eq!(serving.status().await, "200");
    assert!(rest(&mut slow).await.len() < LONG);
    serving.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_and_a_connection_without_any_are_closed() {
    let serving = Serving::start(2).await;
    let (mut half, mut silent) = (serving.connect().await, serving.connect().await);
    half.write_all(b"GET / HTTP/1.1\r\nhost: local").await.unwrap();
    let began = Instant::now();
    rest(&mut half).await;
    rest(&mut silent).await;
    assert!((HEAD..2 * HEAD).contains(&began.elapsed()), "{:?}", began.elapsed());
    serving.stop().await;
}

#[tokio::test]
async fn half_a_head_does_not_hold_up_the_end() {
    let serving = Serving::start(1).await;
    let mut half = serving.connect().await;
    half.write_all(b"GET / HTTP/1.1\r\nhost: local").await.unwrap();
    let began = Instant::now();
    serving.stop().await;
    rest(&mut half).await;
    assert!(began.elapsed() < HEAD / 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn those_for_whom_there_is_no_room_are_told_so() {
    let serving = Serving::start(1).await;
    let mut served = serving.connect().await;
    ask(&mut served, "/").await;
    let mut begun = [0; 12];
    served.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");
    let mut other = serving.connect().await;
    ask(&mut other, "/").await;
    other.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 503");
    serving.stop().await;
}
