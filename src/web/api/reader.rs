//! The document as a page for people: server-rendered, without script.

use maud::{Markup, html};
use serde_json::Value;

use super::{BASE, problem::Kind};
use crate::web::pages::layout::plain;

/// The page.
pub(super) fn page(document: &Value) -> Markup {
    let paths = || document["paths"].as_object().into_iter().flatten();
    plain(
        "API",
        &html! {
            p { (text(&document["info"], "description")) }
            p { "The same for programs: " a href=(format!("{BASE}/openapi.json")) { "openapi.json" } " (OpenAPI 3.1). A token is made with "
                code { "kalends tokens add NAME --staff EMAIL --scope entries:read" } " and sent as "
                code { "Authorization: Bearer kal_…" } "." }
            nav aria-label="Operations" { ul {
                @for (path, methods) in paths() { @for (method, one) in methods.as_object().into_iter().flatten() {
                    li { a href=(format!("#{}", text(one, "operationId"))) { (method.to_uppercase()) " " (path) } " – " (text(one, "summary")) }
                } }
            } }
            @for (path, methods) in paths() { @for (method, one) in methods.as_object().into_iter().flatten() {
                (operation(path, method, one))
            } }
            h2 { "Schemas" }
            @for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
                section #(format!("schema-{name}")) { h3 { (name) } p { (text(schema, "description")) } (fields(schema)) }
            }
            h2 { "Problems" }
            dl { @for kind in Kind::ALL {
                @let (name, status, title) = kind.told();
                dt #(name) { (status) " " (title) }
                dd { code { "/api#" (name) } }
            } }
        },
    )
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

fn operation(path: &str, method: &str, one: &Value) -> Markup {
    let parameters = one["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        section #(text(one, "operationId")) {
            h2 { (method.to_uppercase()) " " code { (path) } }
            p { (text(one, "summary")) ". " (text(one, "description")) }
            @if !parameters.is_empty() {
                table {
                    caption { "Parameters" }
                    thead { tr { th scope="col" { "Name" } th scope="col" { "In" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
                    tbody { @for parameter in parameters { tr {
                        th scope="row" { code { (text(parameter, "name")) } @if parameter["required"] == true { " (needed)" } }
                        td { (text(parameter, "in")) }
                        td { (kind(&parameter["schema"])) }
                        td { (text(parameter, "description")) }
                    } } }
                }
            }
            @let body = &one["requestBody"]["content"]["application/json"]["schema"];
            @if !body.is_null() { p { "Body: " (kind(body)) } }
            ul { @for (status, answer) in one["responses"].as_object().into_iter().flatten() { (answered(status, answer)) } }
        }
    }
}

fn answered(status: &str, answer: &Value) -> Markup {
    let problem = answer["$ref"].as_str().and_then(|name| name.rsplit('/').next());
    let schema = &answer["content"]["application/json"]["schema"];
    html! { li {
        (status) " "
        @match problem {
            Some(name) => a href=(format!("#{name}")) { (name) },
            None if schema.is_null() => (text(answer, "description")),
            None => (kind(schema)),
        }
    } }
}

/// A schema in a few words.
fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return html! { a href=(format!("#schema-{name}")) { (name) } };
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        return html! { (words.join(" | ")) };
    }
    if let Some(choice) = schema["oneOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null")) {
        return html! { (kind(choice)) " or null" };
    }
    if schema["type"] == "array" {
        return html! { "list of " (kind(&schema["items"])) };
    }
    let kinds: Vec<_> = match &schema["type"] {
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let format = schema["format"].as_str().map_or_else(String::new, |format| format!(" ({format})"));
    html! { (kinds.join(" or ")) (format) }
}

fn fields(schema: &Value) -> Markup {
    let required = |name: &String| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    html! { table {
        thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
        tbody { @for (name, field) in schema["properties"].as_object().into_iter().flatten() { tr {
            th scope="row" { code { (name) } @if required(name) { " (always)" } }
            td { (kind(field)) }
            td { (text(field, "description")) }
        } } }
    } }
}
