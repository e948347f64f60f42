//! What speaks HTTP to people and programs: pages, the API, and the page a provider sends people back to. Decides nothing: that is
//! `review` and `grants`.

mod api;
pub(crate) mod connect;
mod guard;
pub(crate) mod loopback;
mod oidc;
mod page;
mod pages;
mod server;
pub(crate) mod signin;

use std::sync::Arc;

use axum::{Router, middleware};

use crate::app::App;

pub(crate) use server::serve;

/// Everything that is served.
pub(crate) fn router(app: Arc<App>) -> Router {
    let forms = middleware::from_fn_with_state(app.clone(), guard::forms);
    let pages = pages::router().merge(signin::leaving()).layer(forms);
    let headers = middleware::from_fn_with_state(app.clone(), guard::headers);
    pages
        .merge(signin::router())
        .merge(oidc::router())
        .merge(pages::assets())
        .merge(api::router(&app))
        .with_state(app.clone())
        .merge(connect::router(app))
        .layer(headers)
}
