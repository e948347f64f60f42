//! A fake that runs: its thread, its routes, what is checked before a request reaches the calendars, and the handle to it.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Request as HttpRequest, Response},
};
use chrono::{DateTime, Utc};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    calendar::Calendar,
    control::Control,
    faults::{Closed, Fault, Kind, On, html, respond},
    google, graph,
    oauth::{self, Query, now},
    state::{Consent, Policy, Request, State},
};

const BODY_MAX: usize = 16 << 20;
const HELP: &str = "<h1>A calendar provider on loopback</h1><p>POST /_control with JSON such as {\"act\": \"account\", \"email\": \"dana@northwind.example\"}; \
    acts: account, calendar, drop-calendar, add, edit, cancel, delete, fault, expire, revoke, consent, policy, approve. \
    GET /_control/fired, /_control/requests, /_control/accounts.</p>";

/// Whose fake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    Google,
    Outlook,
}

/// A running fake. Clones are handles to the same one; it ends with the last.
#[derive(Clone, Debug)]
pub struct Fake {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _stop: Arc<watch::Sender<bool>>,
}

impl Fake {
    /// Starts one on 127.0.0.1; port 0 is any free one.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start(vendor: Vendor, port: u16) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::new(vendor)));
        let (stop, mut stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let shared = state.clone();
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                loop {
                    tokio::select! {
                        accepted = listener.accept() => {
                            if let Ok((stream, _)) = accepted {
                                tokio::spawn(connection(stream, shared.clone()));
                            }
                        }
                        ended = stopped.changed() => {
                            if ended.is_err() {
                                return;
                            }
                        }
                    }
                }
            });
        });
        Ok(Self { address, state, _stop: Arc::new(stop) })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Makes an account with its main calendar, whose id this is.
    #[must_use]
    pub fn account(&self, email: &str) -> String {
        let mut state = self.lock();
        let id = if state.vendor == Vendor::Google { email.to_owned() } else { state.fresh("AAMkCal") };
        let calendar = Calendar::new(if state.vendor == Vendor::Google { email } else { "Calendar" }, email, true);
        state.calendars.insert(id.clone(), calendar);
        state.accounts.insert(email.to_owned(), vec![id.clone()]);
        id
    }

    /// A further calendar of an account.
    #[must_use]
    pub fn calendar(&self, email: &str, name: &str) -> String {
        let mut state = self.lock();
        let id = if state.vendor == Vendor::Google { state.fresh("c_") + "@group.calendar.google.com" } else { state.fresh("AAMkCal") };
        let calendar = Calendar::new(name, email, false);
        state.calendars.insert(id.clone(), calendar);
        state.accounts.entry(email.to_owned()).or_default().push(id.clone());
        id
    }

    /// A calendar goes, or is no longer shared.
    pub fn drop_calendar(&self, email: &str, id: &str) {
        let mut state = self.lock();
        state.accounts.entry(email.to_owned()).or_default().retain(|own| own != id);
    }

    /// A person's client inserts an event, as the vendor's API takes it. Says its id.
    #[must_use]
    pub fn add(&self, calendar: &str, event: &Value) -> String {
        let mut state = self.lock();
        match state.vendor {
            Vendor::Google => google::add(&mut state, calendar, event),
            Vendor::Outlook => graph::add(&mut state, calendar, event),
        }
    }

    /// Many at once.
    pub fn seed(&self, calendar: &str, events: &[Value]) {
        events.iter().for_each(|event| drop(self.add(calendar, event)));
    }

    /// Changes an event, or one occurrence of a series.
    pub fn edit(&self, calendar: &str, id: &str, patch: &Value) {
        let mut state = self.lock();
        match state.vendor {
            Vendor::Google => google::edit(&mut state, calendar, id, patch),
            Vendor::Outlook => graph::edit(&mut state, calendar, id, patch),
        }
    }

    /// Puts something into an event that no client could: what a vendor's own fault would look like.
    pub fn poison(&self, calendar: &str, id: &str, patch: &Value) {
        let mut state = self.lock();
        let item = state.calendars.get_mut(calendar).and_then(|calendar| calendar.items.get_mut(id));
        item.into_iter().for_each(|item| crate::calendar::merge(&mut item.body, patch));
    }

    /// Where the consent page last sent someone.
    #[must_use]
    pub fn last_redirect(&self) -> Option<String> {
        self.lock().last_redirect.clone()
    }

    /// The organiser calls an event off.
    pub fn cancel(&self, calendar: &str, id: &str) {
        let vendor = self.lock().vendor;
        match vendor {
            Vendor::Google => self.delete(calendar, id),
            Vendor::Outlook => self.edit(calendar, id, &json!({ "isCancelled": true })),
        }
    }

    /// Deletes an event, or one occurrence of a series.
    pub fn delete(&self, calendar: &str, id: &str) {
        let mut state = self.lock();
        match state.vendor {
            Vendor::Google => google::delete(&mut state, calendar, id),
            Vendor::Outlook => graph::delete(&mut state, calendar, id),
        }
    }

    /// Ids of the occurrences of a series in a window.
    #[must_use]
    pub fn instances(&self, calendar: &str, id: &str, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<String> {
        let state = self.lock();
        let item = state.calendars.get(calendar).and_then(|calendar| calendar.items.get(id));
        let found = item.map(|item| item.instances(id, from, until)).unwrap_or_default();
        let is_all_day = item.is_some_and(|item| item.is_all_day);
        let named = |original: DateTime<Utc>| match state.vendor {
            Vendor::Google if is_all_day => format!("{id}_{}", original.format("%Y%m%d")),
            Vendor::Google => format!("{id}_{}", original.format("%Y%m%dT%H%M%SZ")),
            Vendor::Outlook => format!("{id}~{}", original.timestamp()),
        };
        found.into_iter().filter_map(|one| one.original.map(named)).collect()
    }

    /// What the consent page does from now on.
    pub fn consent(&self, consent: Consent) {
        self.lock().consent = consent;
    }

    /// Every access token handed out so far ends.
    pub fn expire_tokens(&self) {
        self.lock().grants.expire();
    }

    /// An account takes its grants back.
    pub fn revoke(&self, email: &str) {
        self.lock().grants.revoke(email);
    }

    /// Someone types in the code of the device flow.
    pub fn approve(&self, user_code: &str, email: &str) {
        oauth::approve(&mut self.lock(), user_code, email);
    }

    /// How it behaves.
    pub fn set(&self, policy: Policy) {
        self.lock().policy = policy;
    }

    /// How it behaves now.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.lock().policy.clone()
    }

    /// Has something go wrong.
    pub fn fault(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// How often each fault and each trap really happened.
    #[must_use]
    pub fn fired(&self) -> BTreeMap<String, u32> {
        self.lock().fired.clone()
    }

    /// Faults that still wait for their requests.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.lock().faults.iter().map(|fault| fault.times).sum()
    }

    /// Lets go of the faults that did not happen yet.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    pub fn clear_requests(&self) {
        self.lock().requests.clear();
    }

    /// Refreshes granted, and refused for want of a grant.
    #[must_use]
    pub fn refreshes(&self) -> (u32, u32) {
        let state = self.lock();
        (state.grants.granted, state.grants.refused)
    }

    /// Every secret ever handed out.
    #[must_use]
    pub fn all_tokens(&self) -> Vec<String> {
        self.lock().grants.issued.clone()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn connection(stream: tokio::net::TcpStream, state: Arc<Mutex<State>>) {
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

fn query(text: &str) -> Query {
    pairs(text).into_iter().collect()
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

async fn handle(request: HttpRequest<Incoming>, state: Arc<Mutex<State>>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), BODY_MAX).await.unwrap_or_default();
    let (path, text) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let (kind, fault) = {
        let mut state = lock(&state);
        let kind = kind(state.vendor, head.method.as_str(), &path, &text);
        (kind, kind.and_then(|kind| state.fault(kind)))
    };
    if let Some(Kind::Delay(ms)) = fault.as_ref().map(|fault| &fault.kind) {
        #[expect(clippy::disallowed_methods, reason = "a slow answer is what was asked for")]
        tokio::time::sleep(Duration::from_millis(*ms)).await;
    }
    let vendor = lock(&state).vendor;
    let instead = fault.as_ref().and_then(|fault| fault.kind.instead(vendor));
    let mut response = match instead {
        Some(instead) => instead,
        None => answer(&state, head.method.as_str(), &path, &text, &head.headers, &body, kind).await,
    };
    if let Some(fault) = fault.filter(|fault| fault.kind.instead(vendor).is_none()) {
        let (parts, real) = response.into_parts();
        let mut bytes = to_bytes(real, BODY_MAX * 4).await.unwrap_or_default();
        if fault.kind == Kind::Replay {
            bytes = replayed(&bytes, &lock(&state).last_page).into();
        }
        response = fault.kind.spoil(&bytes, Response::from_parts(parts, Body::from(bytes.clone())));
    }
    if kind == Some(On::List) {
        let (parts, real) = response.into_parts();
        let bytes = to_bytes(real, BODY_MAX * 4).await.unwrap_or_default();
        lock(&state).last_page = serde_json::from_slice(&bytes).unwrap_or_default();
        response = Response::from_parts(parts, Body::from(bytes));
    }
    let entry = Request { method: head.method.to_string(), path, query: text, status: response.status().as_u16(), at: now() };
    lock(&state).requests.push(entry);
    response
}

/// A page that says again what the one before it said.
fn replayed(page: &Bytes, before: &Value) -> String {
    let mut json: Value = serde_json::from_slice(page).unwrap_or_default();
    for key in ["items", "value"] {
        let again = before[key].as_array().cloned().unwrap_or_default();
        json.get_mut(key).and_then(Value::as_array_mut).into_iter().for_each(|list| list.extend(again.iter().cloned()));
    }
    json.to_string()
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

async fn answer(
    state: &Arc<Mutex<State>>,
    method: &str,
    path: &str,
    text: &str,
    headers: &HeaderMap,
    body: &Bytes,
    kind: Option<On>,
) -> Response<Body> {
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
        ("GET", "/.well-known/openid-configuration") => respond(200, &discovery(&base)),
        _ => api(state, method, path, text, headers, body, &base, kind).await,
    }
}

fn discovery(base: &str) -> Value {
    json!({ "issuer": base, "authorization_endpoint": format!("{base}/o/oauth2/v2/auth"), "token_endpoint": format!("{base}/token"),
        "device_authorization_endpoint": format!("{base}/device/code"), "revocation_endpoint": format!("{base}/revoke"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"], "code_challenge_methods_supported": ["S256"] })
}

/// The calendars themselves, for whoever carries a token.
#[expect(clippy::too_many_arguments, reason = "a request has these parts")]
async fn api(
    state: &Arc<Mutex<State>>,
    method: &str,
    path: &str,
    text: &str,
    headers: &HeaderMap,
    body: &Bytes,
    base: &str,
    kind: Option<On>,
) -> Response<Body> {
    let root = if lock(state).vendor == Vendor::Google { "/calendar/v3/" } else { "/v1.0/" };
    let Some(rest) = path.strip_prefix(root) else { return html(404, "<h1>404</h1>") };
    let segments: Vec<String> = rest.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let (vendor, account) = {
        let state = lock(state);
        (state.vendor, token.and_then(|token| state.grants.account(token)))
    };
    let Some((email, scope)) = account else {
        return Kind::Unauthorized.instead(vendor).unwrap_or_default();
    };
    if !scope.to_lowercase().contains("calendar") {
        return Kind::ScopeInsufficient403.instead(Vendor::Google).unwrap_or_default();
    }
    let most = {
        let mut state = lock(state);
        let busy = state.in_flight.entry(email.clone()).or_default();
        *busy += 1;
        let busy = *busy;
        state.policy.concurrency.is_some_and(|most| busy > most)
    };
    if kind.is_some() {
        // Requests overlap only if they take time.
        tokio::task::yield_now().await;
    }
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut state = lock(state);
    let response = match (vendor, most) {
        (Vendor::Outlook, true) => {
            state.fire("mailbox-concurrency-exceeded");
            Kind::MailboxConcurrency429.instead(vendor).unwrap_or_default()
        }
        (Vendor::Google, _) => google::serve(&mut state, &email, method, &segments, &query(text), &json),
        (Vendor::Outlook, _) => graph::serve(&mut state, &email, method, &segments, &query(text), &json, headers, base),
    };
    state.in_flight.entry(email).and_modify(|busy| *busy -= 1);
    response
}

fn control(state: &Arc<Mutex<State>>, method: &str, path: &str, body: &Bytes) -> Response<Body> {
    let handle =
        Fake { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), state: state.clone(), _stop: Arc::new(watch::channel(false).0) };
    match (method, path) {
        ("GET", "/_control/fired") => respond(200, &json!(handle.fired())),
        ("GET", "/_control/requests") => respond(200, &json!(handle.requests())),
        ("GET", "/_control/accounts") => respond(200, &json!(lock(state).accounts)),
        ("POST", _) => match serde_json::from_slice::<Control>(body) {
            Ok(act) => respond(200, &act.apply(&handle)),
            Err(error) => respond(400, &json!({ "error": error.to_string() })),
        },
        _ => respond(404, &json!({ "error": "see GET /" })),
    }
}
