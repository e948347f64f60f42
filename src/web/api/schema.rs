//! Whether a value is what a schema of the document says: every difference, each with where it is. What is checked is what is written
//! there, so that the two cannot part.

use chrono::{DateTime, Datelike, NaiveDate};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::problem::Misfit;

/// Schemas that others refer to, by name.
pub(super) type Known = Map<String, Value>;

/// What a schema says once its reference is followed.
pub(super) fn resolved<'a>(known: &'a Known, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next());
    name.and_then(|name| known.get(name)).unwrap_or(schema)
}

/// Notes every place where a value is not what a schema says.
pub(super) fn check(known: &Known, schema: &Value, value: &Value, pointer: &str, found: &mut Vec<Misfit>) {
    let schema = resolved(known, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        return check_choices(known, choices, value, pointer, found);
    }
    let kinds = kinds(schema);
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind, value)) {
        let wanted = kinds.join(" or ");
        found.push(Misfit::new(pointer, format!("it is {} and should be {wanted}", kind(value))));
        return;
    }
    if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        found.push(Misfit::new(pointer, format!("it is not one of: {}", words.join(", "))));
    }
    match value {
        Value::String(text) => check_text(schema, text, pointer, found),
        Value::Number(_) => check_number(schema, value, pointer, found),
        Value::Array(items) => check_list(known, schema, items, pointer, found),
        Value::Object(fields) => check_fields(known, schema, fields, pointer, found),
        _ => {}
    }
}

/// Of several schemas the one that is not `null`, unless the value is.
fn check_choices(known: &Known, choices: &[Value], value: &Value, pointer: &str, found: &mut Vec<Misfit>) {
    let is_null = |choice: &&Value| choice["type"] == "null";
    if value.is_null() && choices.iter().any(|choice| is_null(&choice)) {
        return;
    }
    let mut best: Option<Vec<Misfit>> = None;
    for choice in choices.iter().filter(|choice| !is_null(choice)) {
        let mut misfits = Vec::new();
        check(known, choice, value, pointer, &mut misfits);
        if best.as_ref().is_none_or(|best| misfits.len() < best.len()) {
            best = Some(misfits);
        }
    }
    found.extend(best.unwrap_or_default());
}

fn kinds(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(some) => some.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is(kind_wanted: &str, value: &Value) -> bool {
    match kind_wanted {
        "integer" => value.is_i64(),
        other => kind(value) == other,
    }
}

fn check_text(schema: &Value, text: &str, pointer: &str, found: &mut Vec<Misfit>) {
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    if schema["minLength"].as_u64().is_some_and(|min| length < min) {
        found.push(Misfit::new(pointer, "it is empty or too short"));
    }
    if let Some(max) = schema["maxLength"].as_u64().filter(|max| length > *max) {
        found.push(Misfit::new(pointer, format!("it is longer than {max} characters")));
    }
    // No database keeps it, and no text has it.
    if text.contains('\0') {
        found.push(Misfit::new(pointer, "it holds a character that no text has (U+0000)"));
    }
    let four_digits = |year: i32| (1..=9998).contains(&year);
    let fits = match schema["format"].as_str() {
        Some("date") => text.len() == 10 && text.parse::<NaiveDate>().is_ok_and(|date| four_digits(date.year())),
        Some("date-time") => DateTime::parse_from_rfc3339(text).is_ok_and(|at| four_digits(at.to_utc().year())),
        Some("uuid") => text.len() == 36 && text.parse::<Uuid>().is_ok(),
        _ => true,
    };
    if !fits {
        found.push(Misfit::new(pointer, format!("it is no {}", schema["format"].as_str().unwrap_or_default())));
    }
}

fn check_number(schema: &Value, value: &Value, pointer: &str, found: &mut Vec<Misfit>) {
    let number = value.as_f64().unwrap_or_default();
    if let Some(min) = schema["minimum"].as_f64().filter(|min| number < *min) {
        found.push(Misfit::new(pointer, format!("it is less than {min}")));
    }
    if let Some(max) = schema["maximum"].as_f64().filter(|max| number > *max) {
        found.push(Misfit::new(pointer, format!("it is more than {max}")));
    }
}

fn check_list(known: &Known, schema: &Value, items: &[Value], pointer: &str, found: &mut Vec<Misfit>) {
    let length = u64::try_from(items.len()).unwrap_or(u64::MAX);
    if let Some(min) = schema["minItems"].as_u64().filter(|min| length < *min) {
        found.push(Misfit::new(pointer, format!("it has less than {min} items")));
    }
    if let Some(max) = schema["maxItems"].as_u64().filter(|max| length > *max) {
        found.push(Misfit::new(pointer, format!("it has more than {max} items")));
    }
    for (place, item) in items.iter().enumerate() {
        check(known, &schema["items"], item, &format!("{pointer}/{place}"), found);
    }
}

fn check_fields(known: &Known, schema: &Value, fields: &Map<String, Value>, pointer: &str, found: &mut Vec<Misfit>) {
    let below = |name: &str| format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            found.push(Misfit::new(below(name), "it is missing"));
        }
    }
    for (name, value) in fields {
        match schema["properties"].get(name) {
            Some(inner) => check(known, inner, value, &below(name), found),
            None if schema["additionalProperties"] == json!(false) => found.push(Misfit::new(below(name), "it is not known here")),
            None => {}
        }
    }
}

/// A parameter of an address as the value its schema asks for; what is no such value stays text, and is found then.
pub(super) fn parameter(known: &Known, schema: &Value, texts: &[String]) -> Value {
    let schema = resolved(known, schema);
    if kinds(schema).contains(&"array") {
        return Value::Array(texts.iter().map(|text| scalar(resolved(known, &schema["items"]), text)).collect());
    }
    match texts {
        [one] => scalar(schema, one),
        several => json!(several),
    }
}

fn scalar(schema: &Value, text: &str) -> Value {
    let kinds = kinds(schema);
    let number = || text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    match text {
        "true" | "false" if kinds.contains(&"boolean") => json!(text == "true"),
        _ if kinds.contains(&"integer") => number().map_or_else(|| json!(text), |number| json!(number)),
        _ => json!(text),
    }
}
