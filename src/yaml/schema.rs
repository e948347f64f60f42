//! Schemas for editors, of the files that people write: their shape is that of the types which read them, their words those of the
//! reference. So neither says what the program does not.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Every key of every file, with what it says and an example.
pub(crate) const REFERENCE: &str = include_str!("../../rules/REFERENCE.md");

/// The schema of a file whose own keys stand in the reference as `root.key`.
pub(crate) fn of<T: JsonSchema>(root: &str, title: &str) -> Value {
    // What editors know best.
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    schema["title"] = json!(title);
    describe(&mut schema, root);
    for (name, definition) in schema["definitions"].as_object_mut().into_iter().flatten() {
        describe(definition, name);
    }
    schema
}

/// A key without a value is refused wherever it stands.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(without_null),
        Value::Object(map) => {
            map.values_mut().for_each(without_null);
            map.retain(|key, value| !(key == "default" && value.is_null()));
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|one| one != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    map.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(parts)) = map.get_mut("anyOf") {
                parts.retain(|part| *part != json!({ "type": "null" }));
                if let [Value::Object(one)] = parts.as_slice() {
                    let one = one.clone();
                    map.remove("anyOf");
                    map.extend(one);
                }
            }
        }
        _ => {}
    }
}

/// Gives each key of a mapping the words of the reference.
fn describe(schema: &mut Value, place: &str) {
    for (key, property) in schema["properties"].as_object_mut().into_iter().flatten() {
        let Some((says, example)) = row(place, key) else { continue };
        let mut described = Map::new();
        described.insert("description".to_owned(), json!(says));
        described.insert("examples".to_owned(), json!(example.into_iter().collect::<Vec<_>>()));
        // What stands beside a reference is not read.
        if property.get("$ref").is_some() {
            *property = json!({ "allOf": [property.take()] });
        }
        if let Value::Object(map) = property {
            map.extend(described);
        }
    }
}

/// What the reference says of a key, and its value in the example there.
fn row(place: &str, key: &str) -> Option<(String, Option<Value>)> {
    let head = format!("| `{place}.{key}` | ");
    let row = REFERENCE.lines().find_map(|line| line.strip_prefix(&head))?;
    let (says, example) = row.trim_end_matches('|').trim_end().rsplit_once(" | ")?;
    let yaml = example.trim().trim_matches('`');
    let example = serde_yaml::from_str::<Value>(yaml).ok().and_then(|example| value(&example, key));
    Some((says.to_owned(), example))
}

/// An example of the reference for a value at a path such as `rules[0].when.attendees`, of which it is known what it should be.
pub(super) fn example(at: &str, fits: impl Fn(&str) -> bool) -> Option<&'static str> {
    let keys: Vec<&str> = at.split('.').map(|step| step.split('[').next().unwrap_or(step)).collect();
    let (key, around) = keys.split_last()?;
    let rows = REFERENCE.lines().filter_map(|line| {
        let (place, rest) = line.strip_prefix("| `")?.split_once('.')?;
        let (_, example) = rest.strip_prefix(key)?.strip_prefix("` | ")?.trim_end_matches([' ', '|']).rsplit_once(" | `")?;
        Some((place, example.trim_end_matches('`')))
    });
    let of_key = |example: &&str| example.split_once(&format!("{key}: ")).is_some_and(|(_, value)| at.ends_with(']') || fits(value));
    let rows: Vec<_> = rows.filter(|(_, example)| of_key(example)).collect();
    // The nearest key around it says which table it is of: `projects` that of `project`.
    let is_of = |parent: &str, place: &str| parent == place || parent.strip_suffix('s') == Some(place);
    let top = ["header", "clients", "config"];
    let near = match around {
        [] => rows.iter().find(|(place, _)| top.contains(place)),
        _ => around.iter().rev().find_map(|parent| rows.iter().find(|(place, _)| is_of(parent, place))),
    };
    near.or(rows.first().filter(|_| rows.len() == 1)).map(|(_, example)| *example)
}

/// The value of a key, wherever in a value it stands.
fn value(within: &Value, key: &str) -> Option<Value> {
    match within {
        Value::Object(map) => map.get(key).cloned().or_else(|| map.values().find_map(|one| value(one, key))),
        Value::Array(list) => list.iter().find_map(|one| value(one, key)),
        _ => None,
    }
}
