//! Reads web addresses that people typed in, without becoming their way into the network we stand in. Every hop is checked twice, as it is
//! written (`gate`) and as it resolves (`resolver`); sizes and times are bounded. Knows nothing of calendars, keeps nothing, logs nothing:
//! an address is a secret, and no error holds more of it than its host.

mod addresses;
mod body;
mod client;
mod gate;
mod redirect;
mod resolver;
mod retry_after;

#[cfg(test)]
mod body_tests;
#[cfg(test)]
pub(crate) mod server;
#[cfg(test)]
mod ssrf_tests;

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{
    Client, StatusCode,
    dns::Resolve,
    header::{AUTHORIZATION, HeaderMap},
};
use tokio::time::timeout;
use url::Url;

pub(crate) use self::{
    body::capped,
    client::api_client,
    gate::{Guard, Named},
    retry_after::retry_after,
};
use self::{
    client::{built, cause, ours, plain},
    gate::{Because, Gate},
    redirect::host,
    resolver::{PublicOnly, System},
};

/// Bounds on what a server may ask of us (SEMANTICS S25).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// After decompression.
    pub(crate) body_bytes: u64,
    pub(crate) connect: Duration,
    /// Until the first sign of life: some servers make a large calendar in silence. After it `grace` holds.
    pub(crate) read: Duration,
    /// From the first hop to the last byte.
    pub(crate) total: Duration,
    pub(crate) redirects: usize,
    /// Bytes per second that must come, on average over any `grace`.
    pub(crate) min_rate: u64,
    pub(crate) grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            body_bytes: 64 << 20,
            connect: seconds(5),
            read: seconds(45),
            total: Duration::from_mins(2),
            redirects: 5,
            min_rate: 1024,
            grace: seconds(10),
        }
    }
}

/// Why there is no answer. Each is something a caller does differently.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Nothing was asked, and nothing will be until a person changes the address or the configuration.
    #[error("{0}")]
    Forbidden(String),
    #[error("the address redirects more than {limit} times; open it in a browser, and use the address it ends at")]
    Redirects { limit: usize },
    #[error("the answer is larger than {limit} bytes; export less, or raise the limit")]
    TooLarge { limit: usize },
    #[error("{host} gave no answer within {} seconds; this may pass, and if it does not, publish less of that calendar", .after.as_secs())]
    Silent { host: String, after: Duration },
    #[error("{0} sends too slowly; this may pass")]
    TooSlow(String),
    #[error("the answer of {0}; this may pass")]
    CutOff(String),
    #[error("{host} cannot be reached ({cause}); check the address, and whether this machine may reach it")]
    Unreachable { host: String, cause: String },
}

/// An answer, whatever its status.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Where the last redirect led.
    #[cfg_attr(not(test), expect(dead_code, reason = "so far only tests ask where a chain ended"))]
    pub(crate) final_url: Url,
    pub(crate) body: Vec<u8>,
}

impl fmt::Debug for Response {
    /// Its address is a secret, and so is its body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Reads from the web what may be read. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Web {
    gate: Arc<Gate>,
    limits: Limits,
    /// Reaches public addresses only.
    public: Client,
    /// Reaches whatever a name stands for, since ops named it.
    named: Client,
}

impl Web {
    pub(crate) fn new(guard: Guard, limits: Limits) -> Self {
        Self::with(Gate::of(guard), limits, Arc::new(System))
    }

    fn with(gate: Gate, limits: Limits, names: Arc<dyn Resolve>) -> Self {
        let client = |names: Arc<dyn Resolve>| {
            built(|| plain().connect_timeout(limits.connect).read_timeout(limits.read).dns_resolver(Arc::clone(&names)))
        };
        let public = client(Arc::new(PublicOnly(Arc::clone(&names))));
        Self { gate: Arc::new(gate), limits, public, named: client(names) }
    }

    /// The same for someone who waits: everything takes at most this long.
    pub(crate) fn within(&self, total: Duration) -> Self {
        Self { limits: Limits { total, ..self.limits }, ..self.clone() }
    }

    /// Reads an address. A user and password in it are sent to its own server only.
    ///
    /// # Errors
    /// When there is no answer; any status is one.
    pub(crate) async fn get(&self, url: &Url, headers: HeaderMap) -> Result<Response, Error> {
        let slow = |_| Err(Error::TooSlow(host(url).to_owned()));
        timeout(self.limits.total, self.follow(url, headers)).await.unwrap_or_else(slow)
    }

    async fn follow(&self, url: &Url, mut headers: HeaderMap) -> Result<Response, Error> {
        let mut url = self.signed(url, &mut headers)?;
        for _ in 0..=self.limits.redirects {
            let response = self.hop(&url, &headers).await?;
            let Some(next) = redirect::next(&url, response.status(), response.headers())? else {
                return self.whole(url, response).await;
            };
            redirect::forget_secrets(&mut headers, &url, &next);
            url = next;
        }
        Err(Error::Redirects { limit: self.limits.redirects })
    }

    /// Moves the user and password of an address to where they are sent. reqwest undoes their percent-encoding.
    fn signed(&self, url: &Url, headers: &mut HeaderMap) -> Result<Url, Error> {
        self.gate.admit(url)?;
        let request = self.public.get(url.clone()).build().map_err(|error| unreachable(url, &error))?;
        if let Some(secret) = request.headers().get(AUTHORIZATION) {
            headers.entry(AUTHORIZATION).or_insert_with(|| secret.clone());
        }
        Ok(request.url().clone())
    }

    async fn hop(&self, url: &Url, headers: &HeaderMap) -> Result<reqwest::Response, Error> {
        let client = match self.gate.admit(url)? {
            Because::Public => &self.public,
            Because::Named => &self.named,
        };
        client.get(url.clone()).headers(headers.clone()).send().await.map_err(|error| match error.is_timeout() && !error.is_connect() {
            true => Error::Silent { host: host(url).to_owned(), after: self.limits.read },
            false => unreachable(url, &error),
        })
    }

    async fn whole(&self, final_url: Url, mut response: reqwest::Response) -> Result<Response, Error> {
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let body = body::paced(response, &self.limits).await?;
        Ok(Response { status, headers, final_url, body })
    }
}

fn unreachable(url: &Url, error: &reqwest::Error) -> Error {
    match ours(error) {
        Some(Error::Forbidden(why)) => Error::Forbidden(why.clone()),
        _ => Error::Unreachable { host: host(url).to_owned(), cause: cause(error) },
    }
}
