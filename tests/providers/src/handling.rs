//! One request: its fault, its routes, and what is checked before it reaches the calendars.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Request as HttpRequest, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use crate::{
    control::Control,
    faults::{Closed, Fault, Kind, On, html, respond},
    google, graph,
    oauth::{self, Query, now},
    server::{Fake, Vendor},
    state::{Request, State},
};

const BODY_MAX: usize = 16 << 20;
const HELP: &str = "<h1>A calendar provider on loopback</h1><p>POST /_control with JSON such as {\"act\": \"account\", \"email\": \"dana@northwind.example\"}; \
    acts: account, calendar, drop-calendar, share, add, edit, cancel, delete, outlive, fault, expire, revoke, consent, policy, approve. \
    GET /_control/fired, /_control/requests, /_control/accounts.</p>";

pub(crate) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) async fn connection(stream: tokio::net::TcpStream, state: Arc<Mutex<State>>) {
    let service = service_fn(move |request: HttpRequest<Incoming>| {
        let state = state.clone();
        async move {
            let response = handle(request, state).await;
            match response.extensions().get::<Closed>() {
                Some(_) => Err(std::io::Error::other("closed as asked")),
                None => Ok(response),
            }
        }
    });
    // A connection that ends badly is the client's to notice.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

/// What is said twice is said with a comma.
fn query(text: &str) -> Query {
    pairs(text).into_iter().fold(Query::new(), |mut query, (key, value)| {
        query.entry(key).and_modify(|known| *known = format!("{known},{value}")).or_insert(value);
        query
    })
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let part = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(key), decoded(value))
    };
    text.split('&').filter(|pair| !pair.is_empty()).map(part).collect()
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (hex, bytes[at]) {
            (Some(byte), _) => {
                out.push(byte);
                at += 2;
            }
            (None, b'+') => out.push(b' '),
            (None, byte) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A request of an account, counted as long as it lasts.
struct Flight {
    state: Arc<Mutex<State>>,
    email: Option<String>,
    /// There were as many as there may be.
    is_over: bool,
}

impl Flight {
    fn begin(state: &Arc<Mutex<State>>, path: &str, headers: &HeaderMap) -> Self {
        let mut locked = lock(state);
        let account = bearer(headers).filter(|_| path.starts_with(root(locked.vendor))).and_then(|token| locked.grants.account(token));
        let email = account.map(|(email, _)| email);
        let busy = email.clone().map_or(0, |email| {
            let busy = locked.in_flight.entry(email).or_default();
            *busy += 1;
            *busy
        });
        let is_over = locked.policy.concurrency.is_some_and(|most| busy > most);
        drop(locked);
        Self { state: state.clone(), email, is_over }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(email) = self.email.take() {
            lock(&self.state).in_flight.entry(email).and_modify(|busy| *busy -= 1);
        }
    }
}

/// Where the API begins.
fn root(vendor: Vendor) -> &'static str {
    if vendor == Vendor::Google { "/calendar/v3/" } else { "/v1.0/" }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get("authorization").and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "))
}

async fn handle(request: HttpRequest<Incoming>, state: Arc<Mutex<State>>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), BODY_MAX).await.unwrap_or_default();
    let (path, text) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let flight = Flight::begin(&state, &path, &head.headers);
    let vendor = lock(&state).vendor;
    let kind = kind(vendor, head.method.as_str(), &path, &text);
    let response = if flight.is_over {
        lock(&state).fire("mailbox-concurrency-exceeded");
        Kind::MailboxConcurrency429.instead(vendor).unwrap_or_default()
    } else {
        let real = || answer(&state, head.method.as_str(), &path, &text, &head.headers, &body);
        faulty(&state, vendor, kind, real).await
    };
    drop(flight);
    let entry = Request { method: head.method.to_string(), path, query: text, status: response.status().as_u16(), at: now() };
    lock(&state).requests.push(entry);
    response
}

/// The real answer, or what the fault whose turn it is makes of it.
async fn faulty(state: &Arc<Mutex<State>>, vendor: Vendor, kind: Option<On>, real: impl FnOnce() -> Response<Body>) -> Response<Body> {
    let fault = kind.and_then(|kind| lock(state).take_fault(kind));
    if let Some(Fault { kind: Kind::Delay(ms), .. }) = &fault {
        #[expect(clippy::disallowed_methods, reason = "a slow answer is what was asked for")]
        tokio::time::sleep(Duration::from_millis(*ms)).await;
    }
    if let Some((fault, instead)) = fault.as_ref().and_then(|fault| Some((fault, fault.kind.instead(vendor)?))) {
        lock(state).fire(&fault.label());
        return instead;
    }
    let (parts, body) = real().into_parts();
    let bytes = to_bytes(body, BODY_MAX * 4).await.unwrap_or_default();
    let real = Response::from_parts(parts.clone(), Body::from(bytes.clone()));
    let mut state = lock(state);
    let spoilt = match &fault {
        Some(Fault { kind: Kind::Delay(_), .. }) => Some(real),
        Some(fault) => fault.kind.spoil(&bytes, real, &state.last_page),
        None => None,
    };
    match (fault, &spoilt) {
        (Some(fault), Some(_)) => state.fire(&fault.label()),
        (Some(fault), None) => state.give_back(fault),
        (None, _) => {}
    }
    if kind == Some(On::List) {
        state.last_page = serde_json::from_slice(&bytes).unwrap_or_default();
    }
    spoilt.unwrap_or_else(|| Response::from_parts(parts, Body::from(bytes)))
}

/// Which kind of request this is; control requests and pages are of none.
fn kind(vendor: Vendor, method: &str, path: &str, query: &str) -> Option<On> {
    let is_token = if vendor == Vendor::Google { path == "/token" } else { path.ends_with("/oauth2/v2.0/token") };
    match () {
        () if is_token => Some(On::Token),
        () if path.starts_with("/_control") || method != "GET" => None,
        () if path.ends_with("calendarList") || path.ends_with("me/calendars") => Some(On::Calendars),
        () if query.contains("syncToken=") || path.contains("delta") => Some(On::Changes),
        () if path.ends_with("/events") && query.contains("singleEvents=false") => Some(On::Changes),
        () if path.ends_with("/events") || path.ends_with("/calendarView") => Some(On::List),
        () => None,
    }
}

fn answer(state: &Arc<Mutex<State>>, method: &str, path: &str, text: &str, headers: &HeaderMap, body: &Bytes) -> Response<Body> {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1").to_owned();
    let base = format!("http://{host}");
    let form = || query(&String::from_utf8_lossy(body));
    let vendor = lock(state).vendor;
    let tail = path.rsplit('/').next().unwrap_or_default();
    let is_oauth = path.contains("/oauth2/v2.0/") || vendor == Vendor::Google && path.starts_with("/o/oauth2/");
    match (method, path) {
        ("GET", "/") => html(200, HELP),
        (_, path) if path.starts_with("/_control") => control(state, method, path, body),
        ("GET", _) if is_oauth => {
            let mut state = lock(state);
            let response = oauth::authorize(&mut state, &query(text), &base);
            state.last_redirect = response.headers().get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
            response
        }
        ("POST", "/token") => oauth::token(&mut lock(state), &form()),
        ("POST", "/device/code") => oauth::device(&mut lock(state), &form(), &base),
        ("POST", "/revoke") => {
            let token = form().get("token").cloned().or_else(|| query(text).get("token").cloned()).unwrap_or_default();
            match lock(state).grants.revoke_token(&token) {
                true => respond(200, &json!({})),
                false => respond(400, &json!({ "error": "invalid_token", "error_description": "Token expired or revoked" })),
            }
        }
        ("POST", _) if is_oauth && tail == "token" => oauth::token(&mut lock(state), &form()),
        ("POST", _) if is_oauth && tail == "devicecode" => oauth::device(&mut lock(state), &form(), &base),
        ("POST", _) if is_oauth => oauth::answered(&mut lock(state), &pairs(&String::from_utf8_lossy(body)), &base),
        ("GET", "/device") => {
            html(200, "<h1>Enter the code</h1><form method=post><input name=user_code><input name=email><button>Allow</button></form>")
        }
        ("POST", "/device") => {
            let form = form();
            let get = |key: &str| form.get(key).cloned().unwrap_or_default();
            oauth::approve(&mut lock(state), &get("user_code"), &get("email"));
            html(200, "<h1>Done</h1>")
        }
        ("GET", path) if path.ends_with("/.well-known/openid-configuration") => respond(200, &oauth::discovery(&lock(state), &base)),
        _ => api(state, method, path, text, headers, body, &base),
    }
}

/// The calendars themselves, for whoever carries a token.
fn api(state: &Arc<Mutex<State>>, method: &str, path: &str, text: &str, headers: &HeaderMap, body: &Bytes, base: &str) -> Response<Body> {
    let mut state = lock(state);
    let vendor = state.vendor;
    let Some(rest) = path.strip_prefix(root(vendor)) else { return html(404, "<h1>404</h1>") };
    let segments: Vec<String> = rest.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
    let Some((email, scope)) = bearer(headers).and_then(|token| state.grants.account(token)) else {
        return Kind::Unauthorized.instead(vendor).unwrap_or_default();
    };
    if !scope.to_lowercase().contains("calendar") {
        return Kind::ScopeInsufficient403.instead(Vendor::Google).unwrap_or_default();
    }
    if let Some(quota) = state.over_quota(&email, now()) {
        state.fire(quota);
        let refusal = match (vendor, quota) {
            (Vendor::Outlook, _) => Kind::Throttled429(Some("10".to_owned())),
            (Vendor::Google, "user-quota-exceeded") => Kind::UserRateLimit403,
            (Vendor::Google, _) => Kind::RateLimit403,
        };
        return refusal.instead(vendor).unwrap_or_default();
    }
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    match vendor {
        Vendor::Google => google::serve(&mut state, &email, method, &segments, &query(text), &json),
        Vendor::Outlook => graph::serve(&mut state, &email, method, &segments, &query(text), &json, headers, base),
    }
}

fn control(state: &Arc<Mutex<State>>, method: &str, path: &str, body: &Bytes) -> Response<Body> {
    let handle = Fake::of(state.clone());
    match (method, path) {
        ("GET", "/_control/fired") => respond(200, &json!(handle.fired())),
        ("GET", "/_control/requests") => respond(200, &json!(handle.requests())),
        ("GET", "/_control/accounts") => respond(200, &json!(lock(state).accounts)),
        ("POST", _) => match serde_json::from_slice::<Control>(body) {
            Ok(act) => {
                let done = act.apply(&handle);
                respond(if done["error"].is_null() { 200 } else { 400 }, &done)
            }
            Err(error) => respond(400, &json!({ "error": error.to_string() })),
        },
        _ => respond(404, &json!({ "error": "see GET /" })),
    }
}
