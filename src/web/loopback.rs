//! The listener a browser comes back to on this machine (RFC 8252 §7.3): 127.0.0.1 only, a port of its own, one hit.

use std::{net::Ipv4Addr, sync::Arc};

use axum::{Router, extract::Query, http::StatusCode, response::Response, routing::get};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc, oneshot},
};
use url::Url;

use super::page::page;
use crate::{grants::connect::Return, model::connection::Provider};

const PATH: &str = "/callback";

/// A listener that nobody has hit yet.
pub(crate) struct Loopback {
    listener: TcpListener,
    /// Where the provider sends the browser.
    pub(crate) address: Url,
}

/// What came, and where to say how it ended.
pub(crate) type Hit = (Return, oneshot::Sender<Result<String, String>>);

impl Loopback {
    /// Listens. Microsoft registers `http://localhost` only, Google recommends the number.
    ///
    /// # Errors
    /// If no port is free.
    pub(crate) async fn bind(provider: Provider) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let host = if provider == Provider::Outlook { "localhost" } else { "127.0.0.1" };
        let address = Url::parse(&format!("http://{host}:{port}{PATH}")).map_err(std::io::Error::other)?;
        Ok(Self { listener, address })
    }

    /// Waits for the one hit that carries the state of this attempt; others are turned away. Then it listens no more.
    ///
    /// # Errors
    /// If listening fails.
    pub(crate) async fn hit(self, state: SecretString) -> std::io::Result<Hit> {
        let (send, mut received) = mpsc::channel::<Hit>(1);
        let slot = Arc::new(Mutex::new(Some(send)));
        let state = Arc::new(state);
        let router = Router::new().route(PATH, get(move |Query(back): Query<Return>| callback(back, state.clone(), slot.clone())));
        let server = tokio::spawn(async move { axum::serve(self.listener, router).await });
        let hit = received.recv().await;
        // The page that tells how it ended is still to be sent on the open connection; the listener itself goes with the task.
        let ended = hit.ok_or_else(|| std::io::Error::other("the listener ended"));
        match ended {
            Ok((back, tell)) => {
                let (told, wait) = oneshot::channel();
                tokio::spawn(async move {
                    let outcome: Result<String, String> = wait.await.unwrap_or_else(|_| Err("it ended unexpectedly".to_owned()));
                    let _unless_the_browser_left = tell.send(outcome);
                    #[expect(clippy::disallowed_methods, reason = "the last page has to reach the browser before its server ends")]
                    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                    server.abort();
                });
                Ok((back, told))
            }
            Err(error) => Err(error),
        }
    }
}

type Slot = Arc<Mutex<Option<mpsc::Sender<Hit>>>>;

async fn callback(back: Return, state: Arc<SecretString>, slot: Slot) -> Response {
    let given = back.state.clone().unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(state.expose_secret().as_bytes())) {
        return page(StatusCode::BAD_REQUEST, "This is not the page that was waited for", &["Begin again in the terminal."]);
    }
    let Some(send) = slot.lock().await.take() else {
        return page(StatusCode::GONE, "This page was already used", &["The terminal says how it ended."]);
    };
    let (tell, told) = oneshot::channel();
    if send.send((back, tell)).await.is_err() {
        return page(StatusCode::GONE, "Nobody waits any more", &["Begin again in the terminal."]);
    }
    match told.await.unwrap_or_else(|_| Err("the command ended".to_owned())) {
        Ok(words) => page(StatusCode::OK, "Connected", &[&words, "This page can be closed."]),
        Err(words) => page(StatusCode::BAD_REQUEST, "Not connected", &[&words]),
    }
}
