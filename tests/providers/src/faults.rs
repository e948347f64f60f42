//! Scripted faults: on which kind of request, how often, and what goes wrong. Each counts how often it really happened.

use axum::{
    body::{Body, Bytes},
    http::{Response, StatusCode, header},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::server::Vendor;

/// Which requests a fault meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// The token endpoint.
    Token,
    /// The list of calendars.
    Calendars,
    /// A whole window.
    List,
    /// What changed: a sync token, or a delta link.
    Changes,
    Any,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The connection is closed before anything happened.
    DropBefore,
    /// It happened, and the connection is closed without an answer.
    DropAfter,
    /// The answer takes so many milliseconds.
    Delay(u64),
    /// The answer breaks off in the middle.
    Truncate,
    /// Google's three kinds of 410.
    FullSyncRequired,
    UpdatedMinTooLongAgo,
    Deleted410,
    RateLimit403,
    /// With what `Retry-After` says, if anything.
    RateLimit429(Option<String>),
    Quota403,
    Unauthorized,
    ScopeInsufficient403,
    NotFound404,
    Error500,
    Html502,
    Html503,
    Html504,
    /// A sign-in page with status 200.
    NotJson200,
    /// The token endpoint refuses with this error.
    Token400(String),
    Token500,
    /// Graph's 410; with a `Location` or without.
    SyncStateNotFound(bool),
    Throttled429(Option<String>),
    MailboxConcurrency429,
    /// A next link to another host.
    ForeignNextLink,
    /// An item twice in a round.
    Duplicates,
    LifetimeValidation401,
    /// What the page before held stands on this one, too.
    Replay,
}

/// A fault that waits for its requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    pub on: On,
    pub kind: Kind,
    /// How often it happens.
    #[serde(default = "once")]
    pub times: u32,
    /// Requests of this kind that pass unharmed before it.
    #[serde(default)]
    pub after: u32,
}

fn once() -> u32 {
    1
}

/// Marks a response in whose place the connection is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed;

impl Kind {
    /// Its name, without what it carries.
    #[must_use]
    pub fn name(&self) -> String {
        match serde_json::to_value(self) {
            Ok(Value::String(name)) => name,
            Ok(Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// The answer in place of the real one; none if the fault lets the request through and only touches its answer.
    pub(crate) fn instead(&self, vendor: Vendor) -> Option<Response<Body>> {
        let google = |status: u16, domain: &str, reason: &str, message: &str| {
            let body = json!({ "error": { "errors": [{ "domain": domain, "reason": reason, "message": message }], "code": status, "message": message } });
            Some(respond(status, &body))
        };
        let graph = |status: u16, code: &str, message: &str| Some(respond(status, &graph_error(code, message)));
        match self {
            Self::DropBefore => {
                let mut closed = Response::new(Body::empty());
                closed.extensions_mut().insert(Closed);
                Some(closed)
            }
            Self::FullSyncRequired => {
                google(410, "calendar", "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
            }
            Self::UpdatedMinTooLongAgo => {
                google(410, "calendar", "updatedMinTooLongAgo", "The requested minimum modification time lies too far in the past.")
            }
            Self::Deleted410 => google(410, "global", "deleted", "Resource has been deleted"),
            Self::RateLimit403 => google(403, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
            Self::RateLimit429(after) => {
                google(429, "usageLimits", "rateLimitExceeded", "Rate Limit Exceeded").map(|one| later(one, after.as_ref()))
            }
            Self::Quota403 => google(403, "usageLimits", "quotaExceeded", "Calendar usage limits exceeded."),
            Self::Unauthorized if vendor == Vendor::Outlook => graph(401, "InvalidAuthenticationToken", "Access token is empty."),
            Self::Unauthorized => google(401, "global", "authError", "Invalid Credentials"),
            Self::ScopeInsufficient403 => {
                google(403, "global", "insufficientPermissions", "Request had insufficient authentication scopes.")
            }
            Self::NotFound404 if vendor == Vendor::Outlook => {
                graph(404, "ErrorItemNotFound", "The specified object was not found in the store.")
            }
            Self::NotFound404 => google(404, "global", "notFound", "Not Found"),
            Self::Error500 if vendor == Vendor::Outlook => graph(500, "InternalServerError", "An internal error occurred."),
            Self::Error500 => google(500, "global", "backendError", "Backend Error"),
            Self::Html502 => Some(html(502, "<html><title>502 Bad Gateway</title></html>")),
            Self::Html503 => Some(html(503, "<html><title>Service Unavailable</title></html>")),
            Self::Html504 => Some(html(504, "<html><title>Gateway Time-out</title></html>")),
            Self::NotJson200 => Some(html(200, "<!doctype html><html><title>Sign in</title></html>")),
            Self::Token400(error) => Some(respond(400, &json!({ "error": error, "error_description": "Scripted." }))),
            Self::Token500 => Some(respond(500, &json!({ "error": "internal_failure" }))),
            Self::SyncStateNotFound(located) => {
                let one = graph(410, "SyncStateNotFound", "The sync state generation is not found; generation=149;[highest=157].");
                one.map(|mut one| {
                    if *located {
                        one.headers_mut().insert(header::LOCATION, header::HeaderValue::from_static("/v1.0/me/calendarView/delta"));
                    }
                    one
                })
            }
            Self::Throttled429(after) => {
                graph(429, "ApplicationThrottled", "Application is over its request limit.").map(|one| later(one, after.as_ref()))
            }
            Self::MailboxConcurrency429 => graph(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
            Self::LifetimeValidation401 => graph(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."),
            Self::DropAfter | Self::Delay(_) | Self::Truncate | Self::ForeignNextLink | Self::Duplicates | Self::Replay => None,
        }
    }

    /// What becomes of the real answer.
    pub(crate) fn spoil(&self, bytes: &Bytes, mut real: Response<Body>) -> Response<Body> {
        match self {
            Self::DropAfter => {
                real.extensions_mut().insert(Closed);
                real
            }
            Self::Truncate => {
                let half = bytes.slice(..bytes.len() / 2);
                let parts = [Ok(half), Err(std::io::Error::other("cut"))];
                real.headers_mut().remove(header::CONTENT_LENGTH);
                let (head, _) = real.into_parts();
                Response::from_parts(head, Body::from_stream(futures_util::stream::iter(parts)))
            }
            Self::ForeignNextLink | Self::Duplicates => {
                let mut json: Value = serde_json::from_slice(bytes).unwrap_or_default();
                if *self == Self::ForeignNextLink {
                    if let Some(object) = json.as_object_mut() {
                        object.remove("@odata.deltaLink");
                    }
                    json["@odata.nextLink"] = json!("http://127.0.0.2:9/v1.0/me/calendarView/delta?$skiptoken=stolen");
                } else if let Some(first) = json["value"].get(0).cloned()
                    && let Some(list) = json["value"].as_array_mut()
                {
                    list.push(first);
                }
                real.headers_mut().remove(header::CONTENT_LENGTH);
                let (head, _) = real.into_parts();
                Response::from_parts(head, Body::from(json.to_string()))
            }
            _ => real,
        }
    }
}

fn later(mut response: Response<Body>, after: Option<&String>) -> Response<Body> {
    if let Some(value) = after.and_then(|after| header::HeaderValue::from_str(after).ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// A body in Graph's shape for errors.
pub(crate) fn graph_error(code: &str, message: &str) -> Value {
    let inner = json!({ "date": "2026-01-01T00:00:00", "request-id": "00000000-0000-0000-0000-000000000001", "client-request-id": "00000000-0000-0000-0000-000000000001" });
    json!({ "error": { "code": code, "message": message, "innerError": inner } })
}

/// JSON with a status.
pub(crate) fn respond(status: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// A page with a status.
pub(crate) fn html(status: u16, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
