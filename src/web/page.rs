//! The pages of the loopback listener: a few words each, from a server that has nothing else, so they bring no style.

use axum::{
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
    },
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, html};

/// A page with a heading and some sentences. It is not kept, not framed, and its address, which holds a code, is told to nobody.
pub(super) fn page(status: StatusCode, heading: &str, sentences: &[&str]) -> Response {
    let headers = [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; meta name="viewport" content="width=device-width"; title { (heading) } }
            body { main { h1 { (heading) } @for sentence in sentences { p { (sentence) } } } }
        }
    };
    (status, headers, page).into_response()
}
