//! What every request passes before its handler: token, pace, scope, parameters, version, body; and the key that makes a repetition
//! harmless.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, Method, Uri,
        header::{CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH},
    },
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::{
    Api,
    caller::{Caller, caller},
    operation::{Answer, Call, Operation, Shape},
    problem::{Kind, Misfit, Problem},
    repeated, schema,
};
use crate::{app::App, web::guard::BODY_MAX};

/// Answers a request to one operation.
pub(super) async fn answer(
    (app, api, operation): (Arc<App>, Arc<Api>, Arc<Operation>),
    named: Result<String, Problem>,
    request: axum::extract::Request,
) -> Response {
    match passed(&app, &api, &operation, named, request).await {
        Ok(answer) => answer.into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn passed(
    app: &Arc<App>,
    api: &Api,
    operation: &Operation,
    named: Result<String, Problem>,
    request: axum::extract::Request,
) -> Result<Answer, Problem> {
    let (parts, body) = request.into_parts();
    let Caller { token, who } = caller(app, &parts.headers).await?;
    api.pace.count(token, app.config.requests_a_minute)?;
    if !who.may(operation.scope) {
        return Err(Problem::new(Kind::Forbidden, format!("This token has not the scope {}.", operation.scope)));
    }
    let named = named?;
    let query = query(api, operation, &parts.uri)?;
    let seen = if operation.versioned { Some(version(&parts.headers)?) } else { None };
    let bytes = read(&parts.headers, body).await?;
    let repetition = match repeated::key(&parts.headers)? {
        Some(key) if operation.method == Method::POST => Some(repeated::Request::new(token, &key, (&parts.uri, &parts.headers), &bytes)),
        _ => None,
    };
    let body = match &operation.takes {
        Some(takes) => parsed(api, &takes.shape, takes.required, &parts.headers, &bytes)?,
        None => Value::Null,
    };
    let reads = who.may(operation.scope.reading());
    let call = Call { app: app.clone(), who, named, query, body, seen };
    let work = (operation.handler)(call);
    let answered = match repetition {
        Some(repetition) => repeated::once(app, repetition, work).await,
        None => work.await,
    };
    if reads || !operation.versioned { answered } else { unread(answered) }
}

/// What became of a record, for whoever may change it and not read it.
fn unread(answered: Result<Answer, Problem>) -> Result<Answer, Problem> {
    match answered {
        Ok(Answer { status: 200, version, .. }) => Ok(Answer { version, ..Answer::NOTHING }),
        Ok(answer) => Ok(answer),
        Err(problem) => Err(problem.unread()),
    }
}

/// The parameters of an address, as values. All that are wrong are told at once.
fn query(api: &Api, operation: &Operation, uri: &Uri) -> Result<Map<String, Value>, Problem> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        texts.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let nothing = Value::Object(Map::from_iter([("additionalProperties".to_owned(), Value::Bool(false))]));
    let schema = operation.query.as_ref().map_or(&nothing, Shape::inner);
    let values: Map<_, _> = texts
        .into_iter()
        .map(|(name, texts)| (name.clone(), schema::parameter(&api.known, &schema["properties"][&name], &texts)))
        .collect();
    let values = Value::Object(values);
    let mut found = Vec::new();
    schema::check(&api.known, schema, &values, "", &mut found);
    match values {
        Value::Object(values) if found.is_empty() => Ok(values),
        _ => Err(Problem::misfits(Kind::Malformed, found)),
    }
}

/// The version that whoever asks has seen.
fn version(headers: &HeaderMap) -> Result<i64, Problem> {
    let told = "Send `If-Match` with the ETag of the version you saw: nothing is changed that you did not see.";
    let Some(sent) = headers.get(IF_MATCH) else { return Err(Problem::new(Kind::NeedsVersion, told)) };
    let tag = sent.to_str().ok().and_then(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"'));
    let stale = || Problem::new(Kind::Stale, "That is the ETag of no version; an ETag is a number in quotation marks, such as \"3\".");
    tag.and_then(|tag| tag.parse().ok()).ok_or_else(stale)
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let large = || Problem::new(Kind::TooLarge, format!("A body has at most {BODY_MAX} bytes."));
    let told = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|length| length > BODY_MAX) {
        return Err(large());
    }
    axum::body::to_bytes(body, BODY_MAX).await.map_err(|_| large())
}

/// A body as its schema has it.
fn parsed(api: &Api, shape: &Shape, required: bool, headers: &HeaderMap, bytes: &Bytes) -> Result<Value, Problem> {
    if bytes.is_empty() && !required {
        return Ok(Value::Object(Map::new()));
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Kind::MediaType, "Send the body as JSON, with `Content-Type: application/json`."));
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let misfit = Misfit::new("", error.to_string());
        Problem { detail: format!("The body is no JSON: {error}"), ..Problem::misfits(Kind::Malformed, vec![misfit]) }
    })?;
    let mut found = Vec::new();
    schema::check(&api.known, &shape.schema, &value, "", &mut found);
    if found.is_empty() { Ok(value) } else { Err(Problem::misfits(Kind::Invalid, found)) }
}
