//! A page of a few words, and the headers that every page has.

use axum::{
    body::Body,
    http::{
        HeaderName, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
    },
    response::Response,
};

/// No script, no style, nothing from elsewhere; forms only go where `target` says, which a provider's address must be able to follow.
const POLICY: &str =
    "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https: http://127.0.0.1:* http://localhost:*";

/// Words as a page shows them.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, char| {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}

/// A page with a heading, and markup that was made here.
pub(super) fn page(status: StatusCode, heading: &str, markup: &str) -> Response {
    let heading = escaped(heading);
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{heading}</title><main><h1>{heading}</h1>{markup}</main></html>"
    );
    answer(status, &[(CONTENT_TYPE, "text/html; charset=utf-8")], Body::from(html))
}

/// An answer with the headers that all have: not kept, not framed, and the address, which may hold a code, is told to nobody.
pub(super) fn answer(status: StatusCode, headers: &[(HeaderName, &str)], body: Body) -> Response {
    let all = [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    let builder =
        headers.iter().chain(&all).fold(Response::builder().status(status), |builder, (name, value)| builder.header(name, *value));
    builder.body(body).unwrap_or_default()
}
