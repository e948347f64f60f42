//! Serving with limits that axum has not: how long a head may take, how many connections there are at once, how long an answer takes.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request, http::StatusCode, response::IntoResponse};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tower::ServiceExt;

use super::places::Places;
use crate::config::Connections;

const HEAD: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(30);
/// How long answers that have begun may still take once the program is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
const HEAD_BYTES: usize = 64 << 10;
/// Those that are told that there are too many of them, at once; others are hung up on without a word.
const REFUSALS: usize = 64;
const REFUSAL: Duration = Duration::from_secs(1);
const TOO_MANY: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 10\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Cache-Control: no-store\r\nContent-Length: 64\r\nConnection: close\r\n\r\n\
    Too many connections from your address are open; try again soon.";

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Serves pages until it is told to stop; open requests are answered first.
pub(crate) async fn serve(
    listener: TcpListener,
    pages: Router,
    (connections, proxies): (Connections, &[IpAddr]),
    ended: impl Future<Output = ()> + Send + 'static,
) {
    let places = Places::new(connections, proxies);
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let mut open = JoinSet::new();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let mut ended = std::pin::pin!(ended);
    loop {
        let place = tokio::select! {
            place = places.any() => place,
            () = &mut ended => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut ended => break,
        };
        // Too many open files: those that are open end by themselves.
        let (Ok((stream, address)), Some(place)) = (accepted, place) else { continue };
        let Some(place) = places.take(address.ip(), place) else {
            if let Ok(turn) = refusals.clone().try_acquire_owned() {
                tokio::spawn(async move {
                    let _slow = tokio::time::timeout(REFUSAL, refuse(stream)).await;
                    drop(turn);
                });
            }
            continue;
        };
        let (pages, mut stopping) = (pages.clone(), stopping.clone());
        open.spawn(async move {
            let answer = service_fn(move |request| answer(pages.clone(), Peer(address.ip()), request));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
            let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), answer));
            tokio::select! {
                // Whoever hangs up is no error of ours.
                _gone = connection.as_mut() => {}
                () = async { drop(stopping.wait_for(|stop| *stop).await) } => {
                    connection.as_mut().graceful_shutdown();
                    let _gone = connection.await;
                }
            }
            drop(place);
        });
        while open.try_join_next().is_some() {}
    }
    stop.send_replace(true);
    let _cut = tokio::time::timeout(DRAIN, async { while open.join_next().await.is_some() {} }).await;
}

/// Says that there are too many. Only to whoever asked something, since an answer before that is none; and what is sent meanwhile is read
/// too, since hanging up on it would take the words back.
async fn refuse(mut stream: TcpStream) -> std::io::Result<()> {
    let mut rest = [0; 1024];
    let _asked = stream.read(&mut rest).await?;
    stream.write_all(TOO_MANY).await?;
    stream.shutdown().await?;
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

async fn answer(
    pages: Router,
    peer: Peer,
    request: hyper::Request<Incoming>,
) -> Result<axum::response::Response, std::convert::Infallible> {
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    match tokio::time::timeout(ANSWER, pages.oneshot(request)).await {
        Ok(answered) => answered,
        Err(_) => Ok((StatusCode::SERVICE_UNAVAILABLE, "It takes too long; try again.").into_response()),
    }
}
