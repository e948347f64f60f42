//! The `OpenAPI` document: made of the table of operations, so that it says what is served and nothing else.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{
    BASE,
    operation::{Operation, Shape},
    problem::{Kind, Told},
    repeated,
    schema::Known,
};

/// Every schema that an operation names.
pub(super) fn known(operations: &[Operation]) -> Known {
    let (mut asked, mut given) = (Known::new(), Known::new());
    for operation in operations {
        let takes = operation.takes.iter().map(|takes| &takes.shape).chain(&operation.query);
        takes.for_each(|shape| asked.extend(shape.others.iter().cloned()));
        operation.gives.1.iter().for_each(|shape| given.extend(shape.others.iter().cloned()));
    }
    given.extend(Shape::of::<Told>().others);
    asked.values_mut().for_each(without_null_characters);
    // What is answered has all its fields, null where there is nothing.
    for schema in given.values_mut().filter(|schema| schema["additionalProperties"] == json!(false)) {
        schema["required"] = schema["properties"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
    }
    given.extend(asked);
    given
}

/// No text holds U+0000: databases refuse it. Whoever makes up values should know.
fn without_null_characters(schema: &mut Value) {
    let is_text = schema["type"] == "string" || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("string")));
    if is_text && schema.get("enum").is_none() && schema.get("format").is_none() {
        schema["pattern"] = json!("^[^\\u0000]*$");
    }
    match schema {
        Value::Object(fields) => fields.values_mut().filter(|one| one.is_object()).for_each(without_null_characters),
        Value::Array(items) => items.iter_mut().for_each(without_null_characters),
        _ => {}
    }
}

/// The document.
pub(super) fn document(operations: &[Operation], known: &Known) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(format!("{BASE}{}", operation.path)).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_lowercase()] = described(operation, known);
    }
    let scheme = json!({ "type": "http", "scheme": "bearer", "description": "A token made with `kalends tokens add`, such as kal_…" });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Kalends",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0" },
            "description": "Time entries, the questions about them, and what they were made of. Lists come in pages; what changes a record \
                names the version that was seen in `If-Match`; problems are told as RFC 9457 has them.",
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": { "schemas": known, "securitySchemes": { "token": scheme }, "responses": problems() },
    })
}

fn described(operation: &Operation, known: &Known) -> Value {
    let mut shown = json!({
        "operationId": operation.name,
        "summary": operation.summary,
        "description": format!("Needs the scope `{}`.", operation.scope),
        "tags": [operation.path.split('/').nth(1).unwrap_or_default()],
        "security": [{ "token": [] }],
        "parameters": parameters(operation, known),
        "responses": responses(operation),
        "x-scope": operation.scope,
    });
    if let Some(takes) = &operation.takes {
        let content = json!({ "application/json": { "schema": takes.shape.schema } });
        shown["requestBody"] = json!({ "required": takes.required, "content": content });
    }
    shown
}

fn parameters(operation: &Operation, known: &Known) -> Vec<Value> {
    let mut all = Vec::new();
    if let Some(name) = operation.path_parameter() {
        let schema = if name == "id" {
            json!({ "type": "string", "format": "uuid" })
        } else {
            json!({ "type": "string", "minLength": 1, "maxLength": 200 })
        };
        all.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    if let Some(query) = operation.query.as_ref().and_then(|shape| known.get(shape.others.last()?.0.as_str())) {
        let required = |name: &String| query["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
        for (name, schema) in query["properties"].as_object().into_iter().flatten() {
            let mut schema = schema.clone();
            let told = schema.as_object_mut().and_then(|fields| fields.remove("description")).unwrap_or_default();
            // An address cannot say null.
            if let Some(kind) = schema["type"].as_array().and_then(|kinds| kinds.iter().find(|kind| **kind != "null")).cloned() {
                schema["type"] = kind;
            }
            let mut shown = json!({ "name": name, "in": "query", "required": required(name), "schema": schema });
            if told.is_string() {
                shown["description"] = told;
            }
            all.push(shown);
        }
    }
    if operation.versioned {
        let schema = json!({ "type": "string", "pattern": "^\"[0-9]{1,18}\"$" });
        all.push(json!({ "name": "If-Match", "in": "header", "required": true, "schema": schema, "description": "The ETag of the version that was seen." }));
    }
    if operation.method == Method::POST && operation.gives.0 < 300 {
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": repeated::LONGEST, "pattern": "^[!-~]+$" });
        let told = "The same request with the same key is done once, and answered alike for a day.";
        all.push(json!({ "name": "Idempotency-Key", "in": "header", "required": false, "schema": schema, "description": told }));
    }
    all
}

fn responses(operation: &Operation) -> Value {
    let mut all = Map::new();
    let mut refuses = vec![Kind::Malformed, Kind::Unauthorized, Kind::Forbidden, Kind::TooLarge, Kind::TooMany, Kind::Unavailable];
    refuses.extend(&operation.refuses);
    if operation.path_parameter().is_some() {
        refuses.push(Kind::NotFound);
    }
    if operation.versioned {
        refuses.extend([Kind::Stale, Kind::NeedsVersion]);
    }
    if operation.takes.is_some() {
        refuses.extend([Kind::MediaType, Kind::Invalid]);
    }
    if operation.method == Method::POST {
        // A key that was used for something else, or whose request is being worked on.
        refuses.extend([Kind::Invalid, Kind::Conflict]);
    }
    if operation.gives.0 == Kind::Conflict.told().1 {
        refuses.push(Kind::Conflict);
    } else {
        all.insert(operation.gives.0.to_string(), success(operation));
    }
    if operation.versioned && operation.gives.0 == 200 {
        let told = format!("Done; without the scope `{}` there is nothing to read.", operation.scope.reading());
        let etag = json!({ "schema": { "type": "string" }, "description": "Names this version." });
        all.insert("204".to_owned(), json!({ "description": told, "headers": { "ETag": etag } }));
    }
    for kind in refuses {
        let (name, status, _) = kind.told();
        all.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{name}") }));
    }
    Value::Object(all)
}

fn success(operation: &Operation) -> Value {
    let (status, shape) = &operation.gives;
    let mut shown = json!({ "description": if shape.is_some() { "Done." } else { "Done; there is nothing to say." } });
    if let Some(shape) = shape {
        shown["content"] = json!({ "application/json": { "schema": shape.schema } });
    }
    let mut headers = Map::new();
    if shape.as_ref().is_some_and(|shape| shape.inner()["properties"].get("version").is_some()) {
        headers.insert("ETag".to_owned(), json!({ "schema": { "type": "string" }, "description": "Names this version." }));
    }
    if *status == 201 {
        headers.insert("Location".to_owned(), json!({ "schema": { "type": "string", "format": "uri-reference" } }));
    }
    if !headers.is_empty() {
        shown["headers"] = Value::Object(headers);
    }
    shown
}

/// Every kind of problem, as an answer.
fn problems() -> Value {
    let mut all = Map::new();
    for kind in Kind::ALL {
        let (name, _, title) = kind.told();
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        let mut shown = json!({ "description": title, "content": { "application/problem+json": { "schema": schema } } });
        if kind == Kind::Unauthorized {
            shown["headers"] = json!({ "WWW-Authenticate": { "schema": { "type": "string" } } });
        }
        if matches!(kind, Kind::TooMany | Kind::Unavailable) {
            shown["headers"] = json!({ "Retry-After": { "schema": { "type": "integer" } } });
        }
        all.insert(name.to_owned(), shown);
    }
    Value::Object(all)
}
