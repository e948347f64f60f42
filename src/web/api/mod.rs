//! `/api/v1`: for programs, with tokens. One table of operations is served and described; each hands what is done to `review`.

mod audit;
mod caller;
mod catalog;
mod changes;
mod document;
mod entries;
mod entry;
mod entry_acts;
mod entry_list;
mod exception;
mod exceptions;
mod explain;
mod gate;
mod lists;
mod operation;
mod people;
mod problem;
mod reader;
mod repeated;
mod reports;
mod schema;
mod sources;
mod values;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    extract::{RawPathParams, Request, rejection::RawPathParamsRejection},
    http::{
        Method, StatusCode,
        header::{ALLOW, CONTENT_TYPE},
    },
    response::IntoResponse,
    routing::{MethodFilter, MethodRouter, get},
};
use serde_json::Value;

use self::{
    caller::Pace,
    operation::Operation,
    problem::{Kind, Problem},
    schema::Known,
};
use crate::app::App;

const BASE: &str = "/api/v1";

/// What all requests share.
struct Api {
    known: Known,
    document: Value,
    pace: Pace,
}

fn operations() -> Vec<Operation> {
    [
        entry_list::operations(),
        entries::operations(),
        entry_acts::operations(),
        exceptions::operations(),
        catalog::operations(),
        people::operations(),
        sources::operations(),
        explain::operations(),
        audit::operations(),
        reports::operations(),
        changes::operations(),
    ]
    .concat()
}

/// Method and address of everything here.
pub(super) fn routes() -> impl Iterator<Item = (String, String)> {
    let described = ["/api".to_owned(), format!("{BASE}/openapi.json")].map(|path| ("GET".to_owned(), path));
    described.into_iter().chain(operations().into_iter().map(|one| (one.method.to_string(), format!("{BASE}{}", one.path))))
}

/// The API, its document and the page that shows it.
pub(super) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let operations = operations();
    let known = document::known(&operations);
    let document = document::document(&operations, &known);
    let api = Arc::new(Api { known, document, pace: Pace::default() });
    let mut paths: BTreeMap<&'static str, Vec<Operation>> = BTreeMap::new();
    for operation in operations {
        paths.entry(operation.path).or_default().push(operation);
    }
    let mut inner = Router::new().route("/openapi.json", described(&api));
    for (path, operations) in paths {
        inner = inner.route(path, methods(app, &api, operations));
    }
    let unknown = async || Problem::new(Kind::NotFound, "The API has no such address; /api shows those it has.");
    let shown = api.clone();
    let page = get(async move || reader::page(&shown.document));
    Router::new().nest(BASE, inner.fallback(unknown)).route("/api", page)
}

fn described(api: &Arc<Api>) -> MethodRouter<Arc<App>> {
    let text: Arc<str> = api.document.to_string().into();
    get(async move || ([(CONTENT_TYPE, "application/json")], text.to_string())).fallback(wrong_method("GET, HEAD, OPTIONS".to_owned()))
}

/// All methods of one path.
fn methods(app: &Arc<App>, api: &Arc<Api>, operations: Vec<Operation>) -> MethodRouter<Arc<App>> {
    let mut allowed: Vec<&str> = operations.iter().map(|one| one.method.as_str()).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.push("OPTIONS");
    let mut router = MethodRouter::new().fallback(wrong_method(allowed.join(", ")));
    for operation in operations {
        let Ok(filter) = MethodFilter::try_from(operation.method.clone()) else { continue };
        let shared = (app.clone(), api.clone(), Arc::new(operation));
        router = router.on(filter, async move |named: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
            gate::answer(shared, named_in(named), request).await
        });
    }
    router
}

/// What stands in the path where it has a parameter.
fn named_in(named: Result<RawPathParams, RawPathParamsRejection>) -> Result<String, Problem> {
    let named = named.map_err(|_| Problem::not_found())?;
    Ok(named.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default())
}

/// Says which methods there are: to whoever asks, and to whoever takes another.
fn wrong_method(
    allowed: String,
) -> impl Fn(Method) -> std::pin::Pin<Box<dyn Future<Output = axum::response::Response> + Send>> + Clone + Send {
    move |method| {
        let allowed = allowed.clone();
        Box::pin(async move {
            if method == Method::OPTIONS {
                return (StatusCode::NO_CONTENT, [(ALLOW, allowed)]).into_response();
            }
            let problem = Problem::new(Kind::Method, format!("Here are: {allowed}."));
            ([(ALLOW, allowed)], problem).into_response()
        })
    }
}
