//! Scripted faults: on which kind of request, how often, and what goes wrong. Counted is what really happened: a fault that finds nothing
//! to spoil waits for the next request.

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
    /// Over what the project may ask for in a minute, and over what one of its users may.
    RateLimit403,
    UserRateLimit403,
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

impl Fault {
    /// What it is counted as once it happened: what goes wrong, with what it carries, and on which requests.
    #[must_use]
    pub fn label(&self) -> String {
        let told = |json: Result<Value, serde_json::Error>| json.unwrap_or_default();
        let on = told(serde_json::to_value(self.on));
        let kind = match told(serde_json::to_value(&self.kind)) {
            Value::Object(map) => {
                map.iter().map(|(name, with)| format!("{name}({})", with.as_str().map_or(with.to_string(), str::to_owned))).collect()
            }
            name => name.as_str().unwrap_or_default().to_owned(),
        };
        format!("{kind} on {}", on.as_str().unwrap_or_default())
    }
}

/// Marks a response in whose place the connection is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed;

impl Kind {
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
            Self::UserRateLimit403 => google(403, "usageLimits", "userRateLimitExceeded", "User Rate Limit Exceeded"),
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

    /// What becomes of the real answer, whose body is `bytes`; none if there is nothing in it that this could spoil. `before` is the page
    /// that was listed last.
    pub(crate) fn spoil(&self, bytes: &Bytes, mut real: Response<Body>, before: &Value) -> Option<Response<Body>> {
        let json = || serde_json::from_slice::<Value>(bytes).ok().filter(|_| real.status() == StatusCode::OK);
        let spoilt = match self {
            Self::DropAfter => {
                real.extensions_mut().insert(Closed);
                return Some(real);
            }
            Self::Truncate if bytes.len() > 1 => {
                let half = bytes.slice(..bytes.len() / 2);
                let parts = [Ok(half), Err(std::io::Error::other("cut"))];
                Body::from_stream(futures_util::stream::iter(parts))
            }
            Self::ForeignNextLink => {
                let mut json = json()?;
                json.as_object_mut()?.remove("@odata.deltaLink");
                json["@odata.nextLink"] = json!("http://127.0.0.2:9/v1.0/me/calendarView/delta?$skiptoken=stolen");
                Body::from(json.to_string())
            }
            Self::Duplicates => {
                let mut json = json()?;
                let list = list(&mut json)?;
                let first = list.first()?.clone();
                list.push(first);
                Body::from(json.to_string())
            }
            Self::Replay => {
                let mut json = json()?;
                let again = ["items", "value"].iter().find_map(|key| before[*key].as_array()).filter(|again| !again.is_empty())?;
                list(&mut json)?.extend(again.iter().cloned());
                Body::from(json.to_string())
            }
            _ => return None,
        };
        real.headers_mut().remove(header::CONTENT_LENGTH);
        Some(Response::from_parts(real.into_parts().0, spoilt))
    }
}

/// What a page lists.
fn list(page: &mut Value) -> Option<&mut Vec<Value>> {
    let key = if page["items"].is_array() { "items" } else { "value" };
    page.get_mut(key)?.as_array_mut()
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
