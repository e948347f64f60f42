//! What is said to a form that comes without its session, or with the token of another. Script shows it where the form stands, so that
//! nothing has to be typed again.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::{Markup, html};

use super::{
    guard::Signed,
    pages::layout::{csrf, plain},
};

/// Her session ended since the page was shown. She signs in beside it, so that what she typed stays.
pub(super) fn signed_out() -> Response {
    let told = html! { "Nothing was done: you are signed out. " a href="/sign-in" target="_blank" { "Sign in again" } ", then come back here and send it once more." };
    refused(StatusCode::UNAUTHORIZED, "Sign in first", &told, &html! {})
}

/// The form of another session of hers, or of someone else's before her. Its page goes on with the token of this one.
pub(super) fn out_of_date(signed: &Signed) -> Response {
    let told = html! { "Nothing was done: this form is out of date, since you are now signed in as " bdi { (signed.who.name) } ". Send it once more if that is right." };
    refused(StatusCode::FORBIDDEN, "This form is out of date", &told, &csrf(signed))
}

fn refused(status: StatusCode, title: &str, told: &Markup, more: &Markup) -> Response {
    let page = html! { p role="alert" { (told) } (more) p { a href="/" { "Back to your pages" } } };
    (status, plain(title, &page)).into_response()
}
