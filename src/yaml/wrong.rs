//! A value that cannot stand where it does, in words for whoever wrote it: what serde says of types becomes what may be written there.

use super::{code::Code, diagnostic::Diagnostic, positions::Positions, schema::example, suggestion};

/// Says what is wrong with the value at a path.
pub(super) fn value(positions: &Positions, at: &str, error: &str) -> Diagnostic {
    let (code, message, label) = told(at, error);
    Diagnostic::new(code, positions.value(at), message, label)
}

/// The same on one line, for what stands in no file.
pub(super) fn in_words(at: &str, error: &str) -> String {
    let (_, message, label) = told(at, error);
    format!("{message}: {label}")
}

fn told(at: &str, error: &str) -> (Code, String, String) {
    if let Some(word) = error.strip_prefix("unknown variant `").and_then(|rest| rest.split('`').next()) {
        return (Code::UnknownWord, format!("`{word}` is not known here"), suggestion(error, word));
    }
    let mistake = error.strip_prefix("invalid type: ").or_else(|| error.strip_prefix("invalid value: "));
    let (message, label) = match mistake.and_then(|rest| rest.split_once(", expected ")) {
        Some((found, expected)) => {
            let expected = Expected::of(expected);
            (format!("expected {}", expected.words()), found_instead(at, found, &expected))
        }
        None if CHRONO.iter().any(|told| error.starts_with(told)) => {
            ("this is no date or time".to_owned(), "write it as 2026-01-31, or as 2026-01-31T09:00:00Z".to_owned())
        }
        None if error.starts_with("an empty list") => {
            ("an empty list matches nothing".to_owned(), "name at least one, or take the key away".to_owned())
        }
        None => match FORMS.iter().find(|(begins, _)| error.starts_with(begins)) {
            Some((_, message)) => ((*message).to_owned(), written(at, &Expected::Text(message)).unwrap_or_else(|| of(at))),
            None => (error.to_owned(), of(at)),
        },
    };
    (Code::WrongType, message, label)
}

fn of(at: &str) -> String {
    format!("the value of {at}")
}

/// What `chrono` says of text that it cannot read.
const CHRONO: &[&str] = &["input contains invalid characters", "premature end of input", "input is out of range", "trailing input"];

/// What others say of theirs, and what it means.
const FORMS: &[(&str, &str)] = &[
    ("failed to parse timezone", "this is no time zone"),
    ("invalid socket address", "this is no address with a port"),
    ("invalid IP address", "this is no IP address"),
    ("relative URL", "this is no address"),
    ("empty host", "this is no address"),
    ("invalid port number", "this is no address"),
    ("invalid IPv4", "this is no address"),
    ("invalid IPv6", "this is no address"),
    ("invalid domain", "this is no address"),
    ("invalid international", "this is no address"),
];

/// What ought to stand there.
#[derive(Clone, Copy)]
enum Expected<'a> {
    Flag,
    List,
    Keys,
    /// With how far it goes.
    Number(&'a str),
    /// Text of some form, or one of several things.
    Text(&'a str),
}

impl<'a> Expected<'a> {
    /// What serde calls it.
    fn of(expected: &'a str) -> Self {
        match expected {
            "a boolean" => Self::Flag,
            "a sequence" => Self::List,
            "a map" => Self::Keys,
            "u8" => Self::Number("a whole number from 0 to 255"),
            "u16" => Self::Number("a whole number from 0 to 65535"),
            "u32" | "u64" | "usize" => Self::Number("a whole number from 0 on"),
            "a nonzero usize" => Self::Number("a whole number from 1 on"),
            "a string" => Self::Text("a text"),
            "path string" => Self::Text("a path"),
            "a Value::Tagged enum" => Self::Text("a word"),
            "a formatted date string" => Self::Text("a date"),
            "an RFC 3339 formatted date and time string" => Self::Text("a time"),
            "an IANA timezone string" => Self::Text("a time zone"),
            "a string representing an URL" => Self::Text("an address"),
            "socket address" => Self::Text("an address with a port"),
            "IP address" => Self::Text("an IP address"),
            other if other.starts_with("struct ") => Self::Keys,
            other => Self::Text(other),
        }
    }

    fn words(&self) -> &'a str {
        match self {
            Self::Flag => "true or false",
            Self::List => "a list",
            Self::Keys => "keys with values",
            Self::Number(words) | Self::Text(words) => words,
        }
    }

    /// Whether a value in an example is of its kind.
    fn is(&self, value: &str) -> bool {
        match self {
            Self::Flag => value.starts_with("true") || value.starts_with("false"),
            Self::List => value.starts_with('['),
            Self::Keys => value.starts_with('{'),
            Self::Number(_) => value.starts_with(|char: char| char.is_ascii_digit()),
            Self::Text(words) => words.contains('{') || !value.starts_with('{'),
        }
    }
}

/// How the reference writes it.
fn written(at: &str, expected: &Expected<'_>) -> Option<String> {
    if at.is_empty() {
        return Some("lines of `key: value` belong here".to_owned());
    }
    example(at, |value| expected.is(value)).map(|example| format!("write it as `{example}`"))
}

/// What stands there instead, and how it becomes what it should be.
fn found_instead(at: &str, found: &str, expected: &Expected<'_>) -> String {
    let value = found.split(['`', '"']).nth(1).unwrap_or_default();
    let kind = found.split(' ').next().unwrap_or_default();
    let there = match kind {
        "string" => format!("this is the text `{value}`"),
        "boolean" => format!("this is the flag `{value}`"),
        "integer" | "floating" => format!("this is the number `{value}`"),
        "sequence" => "this is a list".to_owned(),
        "map" => "this is a key with a value".to_owned(),
        _ => format!("this is {}", found.replace('"', "`")),
    };
    let is_text = matches!(expected, Expected::Text(words) if words.contains("text"));
    let hint = match (kind, expected, value.to_lowercase().as_str()) {
        ("string", Expected::Flag, "yes" | "on" | "y") => Some("write true".to_owned()),
        ("string", Expected::Flag, "no" | "off" | "n") => Some("write false".to_owned()),
        ("string", Expected::List, _) => {
            let of_keys = written(at, expected).filter(|hint| hint.contains("[{"));
            Some(of_keys.unwrap_or_else(|| format!("write [{value}]")))
        }
        ("boolean" | "integer" | "floating", ..) if is_text => Some("put it in quotes".to_owned()),
        ("sequence", ..) if is_text => Some("put text that begins with `[` in quotes".to_owned()),
        ("map", ..) if is_text => Some("put text that has `: ` in it in quotes".to_owned()),
        _ => written(at, expected),
    };
    hint.map_or_else(|| there.clone(), |hint| format!("{there}: {hint}"))
}
