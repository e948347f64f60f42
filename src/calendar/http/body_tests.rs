//! Answers that are too large, too slow, or not whole.

use std::{sync::Arc, time::Duration, time::Instant};

use tokio::{io::AsyncWriteExt, sync::mpsc};

use super::{
    server::{Server, drip},
    *,
};

const TICK: Duration = Duration::from_millis(1);

fn web(server: &Server, limits: Limits) -> Web {
    Web::new(Guard { allowed: vec![server.name().parse().expect("a server")] }, limits)
}

async fn get(server: &Server, limits: Limits) -> Result<Vec<u8>, Error> {
    web(server, limits).get(&server.url("/SECRET.ics"), HeaderMap::new()).await.map(|answer| answer.body)
}

fn megabytes(count: u64) -> Limits {
    Limits { body_bytes: count << 20, ..Limits::default() }
}

/// Zeros, compressed as hard as gzip can: 258 of them in 13 bits, so that 13 bytes more are 2,064 more. Written by hand, since a fixed
/// block (RFC 1951 §3.2.6) needs no library: one literal, then copies of the longest length from one byte back.
fn bomb(pieces: usize) -> (Vec<u8>, Vec<u8>) {
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let bits = "110".to_owned() + "00110000" + &"1100010100000".repeat(8 * 2);
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
    let packed: Vec<u8> = bits.as_bytes().chunks_exact(8).map(byte).collect();
    let (start, rest) = packed.split_at(packed.len() - 13);
    ([&header, start].concat(), rest.repeat(pieces))
}

/// Sends a bomb of so many bytes unpacked, and says how much of it was taken.
async fn bombing(unpacked: usize) -> (Server, mpsc::Receiver<usize>) {
    let (tell, told) = mpsc::channel(1);
    let server = Server::doing(move |_, mut stream| {
        let tell = tell.clone();
        async move {
            let (start, rest) = bomb(1000);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n").await);
            drop(stream.write_all(&start).await);
            let sent = drip(&mut stream, &rest, Duration::from_nanos(1), unpacked / 2064 * 13).await;
            assert!(tell.send(sent).await.is_ok());
        }
    })
    .await;
    (server, told)
}

#[tokio::test]
async fn a_bomb_stops_at_the_cap() {
    // A thousand times the size that would be enough, so that no buffer on the way could have taken it all.
    let (server, mut told) = bombing(8 << 30).await;
    let begun = Instant::now();
    let error = get(&server, megabytes(4)).await.expect_err("too large");
    assert!(matches!(error, Error::TooLarge { limit: 4_194_304 }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    let sent = told.recv().await.expect("it hung up");
    assert!(sent < (8 << 30) / 2064 * 13 / 2, "{sent} bytes were taken");
}

#[tokio::test]
async fn what_is_below_the_cap_is_unpacked() {
    // The stream has no end, so what was unpacked is cut off rather than too large: the bomb is a bomb.
    let (server, _told) = bombing(1 << 20).await;
    let error = get(&server, megabytes(4)).await.expect_err("no end");
    assert!(matches!(error, Error::CutOff(_)), "{error}");
    let whole = [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0];
    let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 25\r\n\r\n";
    let server = Server::saying([head.as_slice(), &whole].concat()).await;
    assert_eq!(get(&server, Limits::default()).await.expect("unpacked"), b"hello");
    let server = Server::saying([head.as_slice(), &whole[..20]].concat()).await;
    assert!(matches!(get(&server, Limits::default()).await, Err(Error::CutOff(_))));
}

#[tokio::test]
async fn an_endless_answer_stops_at_the_cap() {
    let server = Server::doing(|_, mut stream| async move {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await);
        let piece = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
        drip(&mut stream, &piece, Duration::from_nanos(1), usize::MAX).await;
    })
    .await;
    assert!(matches!(get(&server, megabytes(1)).await, Err(Error::TooLarge { .. })));
}

#[tokio::test]
async fn the_cap_itself_is_not_too_large() {
    let server = Server::saying([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b'x'; 1 << 20]].concat()).await;
    assert_eq!(get(&server, megabytes(1)).await.expect("whole").len(), 1 << 20);
    let limits = Limits { body_bytes: (1 << 20) - 1, ..Limits::default() };
    assert!(matches!(get(&server, limits).await, Err(Error::TooLarge { .. })));
}

async fn dripping(piece: &'static [u8], every: Duration) -> Server {
    Server::doing(move |_, mut stream| async move {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await);
        drip(&mut stream, piece, every, piece.len() * 100).await;
    })
    .await
}

#[tokio::test]
async fn a_byte_now_and_then_is_too_slow_and_enough_of_them_is_not() {
    let limits = Limits { min_rate: 1000, grace: Duration::from_millis(200), ..Limits::default() };
    let begun = Instant::now();
    let error = get(&dripping(b"x", 10 * TICK).await, limits).await.expect_err("slow");
    assert!(matches!(error, Error::TooSlow(_)) && begun.elapsed() < Duration::from_millis(900), "{error} {:?}", begun.elapsed());
    assert_eq!(get(&dripping(&[b'x'; 100], 5 * TICK).await, limits).await.expect("fast enough").len(), 10_000);
}

#[tokio::test]
async fn one_that_falls_asleep_later_is_too_slow_as_well() {
    let server = Server::doing(|_, mut stream| async move {
        drop(stream.write_all(&[b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'x'; 10_000]].concat()).await);
        drip(&mut stream, b"x", 10 * TICK, 500).await;
    })
    .await;
    let limits = Limits { min_rate: 1000, grace: Duration::from_millis(200), ..Limits::default() };
    assert!(matches!(get(&server, limits).await, Err(Error::TooSlow(_))));
}

#[tokio::test]
async fn silence_and_the_whole_of_it_have_a_limit() {
    let silent = Server::doing(|_, mut stream| async move { assert_eq!(drip(&mut stream, b"", 10 * TICK, 1).await, 0) }).await;
    let limits = Limits { read: Duration::from_millis(200), ..Limits::default() };
    let error = get(&silent, limits).await.expect_err("silent");
    assert!(matches!(&error, Error::Silent { after, .. } if *after == limits.read), "{error}");
    // As long as Exchange may take to make a large calendar, which is longer than a feed that began may pause.
    assert!(Limits::default().read >= Duration::from_secs(45) && Limits::default().total > Limits::default().read);
    let limits = Limits { total: Duration::from_millis(200), min_rate: 1, ..Limits::default() };
    assert!(matches!(get(&dripping(b"xx", 10 * TICK).await, limits).await, Err(Error::TooSlow(_))));
}

#[tokio::test]
async fn an_answer_that_ends_early_is_cut_off() {
    for answer in
        ["content-length: 100\r\n\r\nBEGIN", "transfer-encoding: chunked\r\n\r\n5\r\nBEGIN\r\n", "content-encoding: gzip\r\n\r\nBEGIN"]
    {
        let error = get(&Server::saying(format!("HTTP/1.1 200 OK\r\n{answer}")).await, Limits::default()).await.expect_err(answer);
        assert!(matches!(error, Error::CutOff(_)), "{answer}: {error}");
    }
}

#[tokio::test]
async fn a_hundred_thousand_headers_are_no_answer() {
    let server = Server::saying(format!("HTTP/1.1 200 OK\r\n{}\r\nBEGIN", "x-y: z\r\n".repeat(100_000))).await;
    let error = get(&server, Limits::default()).await.expect_err("too many");
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn no_error_holds_more_of_an_address_than_its_host() {
    let closed = Server::closed().await;
    let rude = Server::saying("SSH-2.0-SECRET\r\n").await;
    let mut texts = Vec::new();
    for server in [closed, rude] {
        let error = get(&server, Limits::default()).await.expect_err("no answer");
        texts.push(format!("{error} {error:?}"));
    }
    assert!(texts.iter().all(|text| !text.contains("SECRET") && text.contains("127.0.0.1")), "{texts:?}");
    assert!(texts[0].contains("Connection refused"), "{texts:?}");
}

#[tokio::test]
async fn the_client_for_providers_follows_nothing_and_reads_to_a_cap() {
    let server = Server::saying("HTTP/1.1 302 Go\r\nlocation: /x\r\ncontent-length: 4\r\n\r\nbody").await;
    let answer = async || api_client().get(server.url("/")).send().await.expect("an answer");
    assert_eq!(answer().await.status(), 302);
    assert_eq!(capped(answer().await, 4).await.expect("whole"), b"body");
    assert!(matches!(capped(answer().await, 3).await, Err(Error::TooLarge { limit: 3 })));
    assert!(server.heads()[0].contains(concat!("user-agent: kalends/", env!("CARGO_PKG_VERSION"))), "{:?}", server.heads());
}

#[test]
fn a_machine_without_certificates_still_gets_a_client() {
    let odd = Arc::new(std::sync::atomic::AtomicBool::new(true));
    // A client that cannot be built the first time, as where no root certificate is found.
    let client = built(|| {
        let is_first = odd.swap(false, std::sync::atomic::Ordering::SeqCst);
        if is_first { plain().user_agent("\n") } else { plain() }
    });
    assert!(client.get("http://a.example").build().is_ok());
}
