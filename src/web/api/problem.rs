//! What went wrong, as RFC 9457 has it: one form for everything the API refuses, naming every bad field at once.

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    review::{Refusal, Why},
    store,
};

/// The kinds of problems: their name below `/api#`, their status and their title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Malformed,
    Unauthorized,
    Forbidden,
    NotFound,
    Method,
    Conflict,
    Gone,
    Stale,
    TooLarge,
    MediaType,
    Invalid,
    NeedsVersion,
    TooMany,
    Unavailable,
}

impl Kind {
    pub(super) const ALL: [Self; 14] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Method,
        Self::Conflict,
        Self::Gone,
        Self::Stale,
        Self::TooLarge,
        Self::MediaType,
        Self::Invalid,
        Self::NeedsVersion,
        Self::TooMany,
        Self::Unavailable,
    ];

    pub(super) fn told(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Malformed => ("malformed", 400, "The request cannot be read"),
            Self::Unauthorized => ("unauthorized", 401, "A token is needed"),
            Self::Forbidden => ("forbidden", 403, "This is not for you to do"),
            Self::NotFound => ("not-found", 404, "There is no such record"),
            Self::Method => ("method", 405, "This address does not take this method"),
            Self::Conflict => ("conflict", 409, "That does not go together with what stands"),
            Self::Gone => ("gone", 410, "It stands no more"),
            Self::Stale => ("stale", 412, "Someone else was quicker"),
            Self::TooLarge => ("too-large", 413, "The body is too large"),
            Self::MediaType => ("media-type", 415, "The body is not JSON"),
            Self::Invalid => ("invalid", 422, "Some values do not fit"),
            Self::NeedsVersion => ("needs-version", 428, "Say which version you saw"),
            Self::TooMany => ("too-many", 429, "Too many requests"),
            Self::Unavailable => ("unavailable", 503, "It does not work right now"),
        }
    }
}

/// One value that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Misfit {
    /// Where: a JSON pointer into the body, or `/name` of a parameter or header.
    pub(super) pointer: String,
    /// What is wrong with it.
    pub(super) detail: String,
}

impl Misfit {
    pub(super) fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// A problem as it is told (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Problem)]
pub(super) struct Told {
    /// Names the kind of problem; the page behind it says more.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    kind: String,
    title: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What happened this time, and what can be done.
    detail: String,
    /// Every value that does not fit.
    errors: Vec<Misfit>,
}

/// What the API refuses.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) kind: Kind,
    pub(super) detail: String,
    pub(super) errors: Vec<Misfit>,
    /// Seconds after which it is worth trying again.
    pub(super) wait: Option<u64>,
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), wait: None }
    }

    pub(super) fn not_found() -> Self {
        Self::new(Kind::NotFound, "It does not exist, or it is not for you to see.")
    }

    /// Values that do not fit, all of them.
    pub(super) fn misfits(kind: Kind, errors: Vec<Misfit>) -> Self {
        let told: Vec<_> = errors.iter().map(|one| format!("{}: {}", one.pointer, one.detail)).collect();
        Self { kind, detail: told.join("; "), errors, wait: None }
    }

    pub(super) fn invalid(pointer: &str, detail: impl Into<String>) -> Self {
        Self::misfits(Kind::Invalid, vec![Misfit::new(pointer, detail)])
    }

    /// The same for whoever may not read the record: nothing of how it stands.
    pub(super) fn unread(self) -> Self {
        match self.kind {
            Kind::Stale => Self::new(Kind::Stale, "It is another version now than the one you saw."),
            _ => self,
        }
    }

    /// The problem as JSON, for rows of an answer to many.
    pub(super) fn told(&self) -> Told {
        let (name, status, title) = self.kind.told();
        let (kind, title, detail, errors) = (format!("/api#{name}"), title.to_owned(), self.detail.clone(), self.errors.clone());
        Told { kind, title, status, detail, errors }
    }

    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.told().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(super) fn body(&self) -> Value {
        serde_json::to_value(self.told()).unwrap_or_default()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal.why() {
            Why::Unknown => return Self::not_found(),
            Why::Broken => return Self::from(anyhow::Error::from(refusal)),
            Why::Forbidden => Kind::Forbidden,
            Why::Stale => Kind::Stale,
            Why::Wrong => Kind::Invalid,
            Why::Gone => Kind::Gone,
            Why::Conflict => Kind::Conflict,
        };
        Self::new(kind, refusal.to_string())
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        Refusal::from(error).into()
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        tracing::warn!("The API cannot answer: {error:#}");
        Self { wait: Some(5), ..Self::new(Kind::Unavailable, error.to_string()) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body().to_string()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.kind == Kind::Unauthorized {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"kalends\""));
        }
        if let Some(seconds) = self.wait {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
