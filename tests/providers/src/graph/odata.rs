//! What query options do to a list: `$filter`, `$orderby`, `$select`, `$count`. As much of them as clients of calendars use.

use std::cmp::Ordering;

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use crate::oauth::Query;

/// What is left of ready bodies, in their order.
///
/// # Errors
/// What cannot be understood.
pub(super) fn queried(mut bodies: Vec<Value>, query: &Query) -> Result<Vec<Value>, String> {
    if let Some(text) = query.get("$filter") {
        let words = words(text)?;
        let mut reader = Reader { words: &words, at: 0 };
        let filter = reader.any()?;
        if reader.at < words.len() {
            return Err(format!("Syntax error at '{}' in '{text}'.", words[reader.at]));
        }
        bodies.retain(|body| filter.holds(body));
    }
    if let Some(order) = query.get("$orderby") {
        let mut keys = Vec::new();
        for part in order.split(',') {
            match part.split_whitespace().collect::<Vec<_>>().as_slice() {
                [path] | [path, "asc"] => keys.push((path.to_owned(), false)),
                [path, "desc"] => keys.push((path.to_owned(), true)),
                _ => return Err(format!("Syntax error in '{order}'.")),
            }
        }
        bodies.sort_by(|a, b| {
            let by = |(path, is_down): &(&str, bool)| {
                let order = compared(field(a, path), field(b, path)).unwrap_or(Ordering::Equal);
                if *is_down { order.reverse() } else { order }
            };
            keys.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
    }
    Ok(bodies)
}

/// Adds how many there are, to those who ask.
pub(super) fn counted(list: &mut Value, query: &Query, count: usize) {
    if query.get("$count").is_some_and(|flag| flag == "true") {
        list["@odata.count"] = json!(count);
    }
}

/// The fields that were asked for.
pub(super) fn selected(body: Value, query: &Query) -> Value {
    let (Some(select), Some(object)) = (query.get("$select"), body.as_object()) else { return body };
    let wanted: Vec<&str> = select.split(',').map(|path| path.trim().split('/').next().unwrap_or_default()).collect();
    let keeps = |key: &str| key.starts_with("@odata") || key == "id" || wanted.contains(&key);
    object.iter().filter(|(key, _)| keeps(key)).map(|(key, value)| (key.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
}

fn field<'b>(body: &'b Value, path: &str) -> &'b Value {
    path.split('/').fold(body, |value, part| &value[part])
}

fn compared(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => {
            // Times are compared as times, however many digits they have.
            let time = |text: &str| NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y-%m-%dT%H:%M:%S%.f").ok();
            match (time(a), time(b)) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => Some(a.to_lowercase().cmp(&b.to_lowercase())),
            }
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        _ => None,
    }
}

enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare(String, String, Value),
    Call(String, String, String),
}

impl Filter {
    fn holds(&self, body: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(body)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(body)),
            Self::Not(inner) => !inner.holds(body),
            Self::Compare(path, operator, value) => {
                let order = compared(field(body, path), value);
                match operator.as_str() {
                    "eq" => order == Some(Ordering::Equal),
                    "ne" => order != Some(Ordering::Equal),
                    "lt" => order == Some(Ordering::Less),
                    "le" => order.is_some_and(Ordering::is_le),
                    "gt" => order == Some(Ordering::Greater),
                    _ => order.is_some_and(Ordering::is_ge),
                }
            }
            Self::Call(name, path, value) => {
                let text = field(body, path).as_str().unwrap_or_default().to_lowercase();
                match name.as_str() {
                    "contains" => text.contains(value),
                    "startswith" => text.starts_with(value),
                    _ => text.ends_with(value),
                }
            }
        }
    }
}

/// Words, brackets, commas; a text keeps its quotes.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | ',' => 1,
            '\'' => quoted(rest).ok_or_else(|| format!("There is an unterminated literal in '{text}'."))?,
            _ => rest.find([' ', '(', ')', ',']).unwrap_or(rest.len()),
        };
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(words)
}

/// How long a quoted text is; a quote in it is written twice.
fn quoted(text: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        at += text.get(at..)?.find('\'')? + 1;
        if !text[at..].starts_with('\'') {
            return Some(at);
        }
        at += 1;
    }
}

struct Reader<'w> {
    words: &'w [String],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<String, String> {
        let word = self.words.get(self.at).cloned().ok_or("The filter ends too early.")?;
        self.at += 1;
        Ok(word)
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.words.get(self.at).is_some_and(|next| next == word);
        self.at += usize::from(is_next);
        is_next
    }

    fn any(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.all()?];
        while self.takes("or") {
            parts.push(self.all()?);
        }
        Ok(Filter::Any(parts))
    }

    fn all(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.one()?];
        while self.takes("and") {
            parts.push(self.one()?);
        }
        Ok(Filter::All(parts))
    }

    fn one(&mut self) -> Result<Filter, String> {
        if self.takes("not") {
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        if self.takes("(") {
            let inner = self.any()?;
            return if self.takes(")") { Ok(inner) } else { Err("A bracket is not closed.".to_owned()) };
        }
        let word = self.next()?;
        if ["contains", "startswith", "endswith"].contains(&word.as_str()) && self.takes("(") {
            let path = self.next()?;
            let has_comma = self.takes(",");
            let value = self.next()?;
            if !has_comma || !self.takes(")") {
                return Err(format!("'{word}' wants a field and a text."));
            }
            return Ok(Filter::Call(word, path, literal(&value)?.as_str().unwrap_or_default().to_lowercase()));
        }
        let operator = self.next()?;
        if !["eq", "ne", "lt", "le", "gt", "ge"].contains(&operator.as_str()) {
            return Err(format!("'{operator}' is no operator."));
        }
        let value = self.next()?;
        Ok(Filter::Compare(word, operator, literal(&value)?))
    }
}

fn literal(word: &str) -> Result<Value, String> {
    if let Some(text) = word.strip_prefix('\'') {
        return Ok(json!(text.strip_suffix('\'').unwrap_or(text).replace("''", "'")));
    }
    // A time stands without quotes.
    let is_time = word.contains('T') && word.starts_with(|first: char| first.is_ascii_digit());
    if is_time { Ok(json!(word)) } else { serde_json::from_str(word).map_err(|_| format!("'{word}' is no literal.")) }
}
