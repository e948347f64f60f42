//! What speaks HTTP to people and programs: pages, the API, and the page a provider sends people back to. Decides nothing: that is
//! `review` and `grants`.

mod api;
mod connect;
mod guard;
pub(crate) mod loopback;
mod oidc;
mod page;
mod pages;
mod places;
mod refused;
mod routes;
mod server;
pub(crate) mod signin;
mod violations;

use std::sync::Arc;

use axum::{Router, middleware};

use self::routes::Route;
use crate::app::App;

pub(crate) use server::serve;

/// What needs no session: signing in, what a provider sends people back to, what browsers report, and how pages look.
const OPEN: &[&[Route]] = &[signin::ROUTES, oidc::ROUTES, connect::ROUTES, violations::ROUTES, pages::ASSETS];

/// Method and address of everything that is served, for those who check who may ask for it.
#[must_use]
pub fn routes() -> Vec<(String, String)> {
    let of_pages = [pages::ROUTES, &[signin::LEAVING], OPEN].concat().concat();
    let of_pages = of_pages.into_iter().map(|route| (route.method.to_owned(), route.path.to_owned()));
    of_pages.chain(api::routes()).collect()
}

/// Everything that is served.
pub(crate) fn router(app: Arc<App>) -> Router {
    let forms = middleware::from_fn_with_state(app.clone(), guard::forms);
    let signed = routes::router(pages::ROUTES).merge(routes::router(&[signin::LEAVING]));
    let pages = signed.fallback(async || pages::Failure::NotFound).layer(forms);
    let headers = middleware::from_fn_with_state(app.clone(), guard::headers);
    pages.merge(routes::router(OPEN)).merge(api::router(&app)).with_state(app).layer(headers)
}
