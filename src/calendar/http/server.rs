//! Servers on loopback for tests: one that answers what it is told, one that nobody must reach.

use std::{
    future::Future,
    sync::{Arc, Mutex, atomic::AtomicUsize, atomic::Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{interval, timeout},
};

/// A server that keeps what it was asked.
pub(crate) struct Server {
    pub(crate) port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// One that says the same to everybody, and hangs up.
    pub(crate) async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<Vec<u8>> = Arc::new(answer.into());
        Self::doing(move |_, mut stream| {
            let answer = Arc::clone(&answer);
            async move { drop(stream.write_all(&answer).await) }
        })
        .await
    }

    /// One that takes the head of a request, and does what it likes with the connection.
    pub(crate) async fn doing<F: Future<Output = ()> + Send>(act: impl Fn(String, TcpStream) -> F + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (port, heads) = (listener.local_addr().expect("bound").port(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (act, kept) = (act.clone(), Arc::clone(&kept));
                tokio::spawn(async move {
                    let head = head(&mut stream).await;
                    kept.lock().expect("sound").push(head.clone());
                    act(head, stream).await;
                });
            }
        });
        Self { port, heads }
    }

    /// One that was there a moment ago.
    pub(crate) async fn closed() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self { port: listener.local_addr().expect("bound").port(), heads: Arc::default() }
    }

    pub(crate) fn url(&self, path: &str) -> url::Url {
        format!("http://{}{path}", self.name()).parse().expect("an address")
    }

    /// As the configuration would name it.
    pub(crate) fn name(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("sound").clone()
    }
}

async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).to_ascii_lowercase()
}

/// Sends the same piece over and over, at most so often; how many bytes the other side took before it hung up.
pub(crate) async fn drip(stream: &mut TcpStream, piece: &[u8], every: Duration, most: usize) -> usize {
    let (mut clock, mut sent) = (interval(every), 0);
    while sent < most {
        clock.tick().await;
        match stream.write_all(piece).await {
            Ok(()) => sent += piece.len(),
            Err(_) => break,
        }
    }
    sent
}

/// A listener that counts whoever comes.
pub(crate) struct Canary {
    pub(crate) port: u16,
    seen: Arc<AtomicUsize>,
}

impl Canary {
    /// Listens on both loopback addresses, on one port.
    pub(crate) async fn new() -> Self {
        let v4 = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (port, seen) = (v4.local_addr().expect("bound").port(), Arc::new(AtomicUsize::new(0)));
        let v6 = TcpListener::bind(("::1", port)).await;
        for listener in std::iter::once(v4).chain(v6) {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    seen.fetch_add(1, Ordering::SeqCst);
                    // What connects and is no HTTP must not keep it from the next.
                    drop(timeout(Duration::from_millis(200), head(&mut stream)).await);
                    drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await);
                }
            });
        }
        Self { port, seen }
    }

    /// Connections so far. One that carried no byte would be too many already.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}
