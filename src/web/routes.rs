//! What is served, as one list: the router is made of it, and whoever checks who may walks it. What answers stands with its page.

use std::sync::Arc;

use axum::{Router, routing::MethodRouter};

use crate::app::App;

/// One method at one address, and what answers there.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    answer: fn() -> MethodRouter<Arc<App>>,
}

impl Route {
    /// Something to look at.
    pub(super) const fn get(path: &'static str, answer: fn() -> MethodRouter<Arc<App>>) -> Self {
        Self { method: "GET", path, answer }
    }

    /// Something to do.
    pub(super) const fn post(path: &'static str, answer: fn() -> MethodRouter<Arc<App>>) -> Self {
        Self { method: "POST", path, answer }
    }
}

/// What answers at these.
pub(super) fn router(routes: &[&[Route]]) -> Router<Arc<App>> {
    routes.iter().copied().flatten().fold(Router::new(), |router, route| router.route(route.path, (route.answer)()))
}
