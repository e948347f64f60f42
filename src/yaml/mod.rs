//! Files that people write: text in, typed values or diagnostics out. Rules and configuration both read through here.

pub(crate) mod block;
pub(crate) mod code;
pub(crate) mod diagnostic;
pub(crate) mod gate;
pub(crate) mod layout;
#[cfg(test)]
mod layout_tests;
pub(crate) mod positions;
mod reindent;
pub(crate) mod schema;
mod slips;
mod wrong;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use serde_yaml::Value;

use self::{
    code::Code,
    diagnostic::{Diagnostic, Source},
    positions::Positions,
};

/// Reads a file as a `T`.
///
/// # Errors
/// All findings, in the order of the file.
pub(crate) fn read<T: DeserializeOwned>(source: &Source) -> Result<(T, Positions), Vec<Diagnostic>> {
    match read_what_can_be(source) {
        (Some(read), findings) if findings.is_empty() => Ok(read),
        (_, findings) => Err(findings),
    }
}

/// Reads a file as a `T`. Every problem is reported: each one found is taken out, and the rest is read again. What could be read comes
/// with the findings, so that it can be looked at further.
pub(crate) fn read_what_can_be<T: DeserializeOwned>(source: &Source) -> (Option<(T, Positions)>, Vec<Diagnostic>) {
    let (positions, findings) = gate::pass(source);
    if !findings.is_empty() {
        return (None, findings);
    }
    let value: Value = match serde_yaml::from_str(&source.text) {
        Ok(value) => value,
        Err(error) => return (None, vec![syntax(source, &error)]),
    };
    // Nothing but comments: every key at its default.
    let value = if value.is_null() { Value::Mapping(serde_yaml::Mapping::new()) } else { value };
    let mut reading = Reading { value, lists: HashMap::new(), removed: HashSet::new() };
    let mut findings: Vec<Diagnostic> = Vec::new();
    let read = loop {
        let error = match serde_path_to_error::deserialize(&reading.value) {
            Ok(typed) => break Some(typed),
            Err(error) => error,
        };
        let (path, told) = (Steps::of(error.path()), error.inner().to_string());
        // A field that we took out ourselves, or that stands there misspelt, is no finding; what is around it then goes too.
        let original = reading.original(&path);
        let ours = missing(&told).is_some_and(|field| reading.removed.contains(&original.child(field).to_string()))
            || (told.starts_with("an empty list") && reading.lists.contains_key(&original.to_string()));
        if !ours {
            let finding = typed(&positions, &reading.original(&path), &told);
            if findings.contains(&finding) {
                break None;
            }
            findings.push(finding);
        }
        if let Some(near) = unknown(&told).and_then(|key| nearest(&told, key)) {
            reading.removed.insert(reading.original(&path).parent_of_unknown(&told).child(near).to_string());
        }
        if !reading.take_out(&path, unknown(&told)) {
            break None;
        }
    };
    findings.sort_by_key(|finding: &Diagnostic| finding.span.start);
    findings.dedup();
    (read.map(|read| (read, positions.without(reading.lists))), findings)
}

/// Reads JSON that someone typed as a `T`, whose keys stand in the reference as `place.key`.
///
/// # Errors
/// What is wrong first, in words of the reference.
pub(crate) fn read_json<T: DeserializeOwned>(text: &str, place: &str) -> Result<T, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("this is no JSON: {error}"))?;
    // A list would be taken for the values of the first keys.
    if !value.is_object() {
        return Err("keys with values belong here, as in {\"key\": \"value\"}".to_owned());
    }
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| {
        let (path, told) = (Steps::of(error.path()), error.inner().to_string());
        let told = told.rsplit_once(" at line ").map_or(told.as_str(), |(told, _)| told);
        let told = match (unknown(told), missing(told)) {
            (Some(key), _) => return format!("`{key}` is not known here: {}", suggestion(told, key)),
            (_, Some(key)) => format!("`{key}` is missing"),
            _ if path.0.is_empty() => told.to_owned(),
            _ => wrong::in_words(&format!("{place}.{path}"), told),
        };
        if path.0.is_empty() { told } else { format!("{path}: {told}") }
    })
}

fn syntax(source: &Source, error: &serde_yaml::Error) -> Diagnostic {
    let (start, told) = (error.location().map_or(0, |location| location.index()).min(source.text.len()), error.to_string());
    if told.contains("as u128") || told.contains("as i128") {
        return Diagnostic::new(Code::WrongType, start..start, "this number is too large", "put it in quotes, if it is a text");
    }
    Diagnostic::new(Code::Syntax, start..start, "this is not YAML", told)
}

/// Says what serde found, where it stands, and which name was probably meant.
fn typed(positions: &Positions, path: &Steps, error: &str) -> Diagnostic {
    let at = path.to_string();
    if let Some(key) = missing(error) {
        return Diagnostic::new(Code::MissingKey, positions.head(&at), format!("`{key}` is missing"), format!("add `{key}:` here"));
    }
    let Some(key) = unknown(error) else { return wrong::value(positions, &at, error) };
    let full = if path.ends_in(key) { at } else { path.child(key).to_string() };
    let label = suggestion(error, key);
    Diagnostic::new(Code::UnknownKey, positions.key(&full), format!("`{key}` is not known here"), label)
}

fn suggestion(error: &str, word: &str) -> String {
    let all = || known(error).collect::<Vec<_>>().join(", ");
    nearest(error, word).map_or_else(|| format!("known here: {}", all()), |near| format!("did you mean `{near}`?"))
}

fn missing(error: &str) -> Option<&str> {
    error.strip_prefix("missing field `")?.split('`').next()
}

fn unknown(error: &str) -> Option<&str> {
    error.strip_prefix("unknown field `")?.split('`').next()
}

/// The names that serde says would have been right.
fn known(error: &str) -> impl Iterator<Item = &str> {
    error.split('`').skip(3).step_by(2)
}

fn nearest<'a>(error: &'a str, key: &str) -> Option<&'a str> {
    let distance = |word: &&str| strsim::damerau_levenshtein(word, key);
    known(error).filter(|word| distance(word) <= 2).min_by_key(distance)
}

/// A path into a file, step by step.
#[derive(Clone, Debug, Default)]
struct Steps(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Steps {
    fn of(path: &serde_path_to_error::Path) -> Self {
        let step = |segment: &Segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        Self(path.iter().filter_map(step).collect())
    }

    fn child(&self, key: &str) -> Self {
        Self(self.0.iter().cloned().chain([Step::Key(key.to_owned())]).collect())
    }

    /// serde names some unknown keys in the path and others only in words.
    fn parent_of_unknown(&self, error: &str) -> Self {
        let mut parent = self.clone();
        if unknown(error).is_some_and(|key| self.ends_in(key)) {
            parent.0.pop();
        }
        parent
    }

    fn ends_in(&self, key: &str) -> bool {
        self.0.last() == Some(&Step::Key(key.to_owned()))
    }
}

impl std::fmt::Display for Steps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What is left of a file after the findings so far were taken out.
struct Reading {
    value: Value,
    /// Lists that lost elements, by their path in the file: where each element stood in the file.
    lists: HashMap<String, Vec<usize>>,
    /// Paths in the file of the values that were taken out.
    removed: HashSet<String>,
}

impl Reading {
    /// A path of what is left, as a path of the file.
    fn original(&self, path: &Steps) -> Steps {
        path.0.iter().fold(Steps::default(), |mut sum, step| {
            let step = match step {
                Step::Index(index) => {
                    let stood = self.lists.get(&sum.to_string()).and_then(|stood| stood.get(*index));
                    Step::Index(stood.copied().unwrap_or(*index))
                }
                key @ Step::Key(_) => key.clone(),
            };
            sum.0.push(step);
            sum
        })
    }

    /// Removes the value an error was about, or a key of it that is not known, so that the next error shows.
    fn take_out(&mut self, path: &Steps, unknown: Option<&str>) -> bool {
        let mut path = path.clone();
        if let Some(key) = unknown.filter(|key| !path.ends_in(key)) {
            path = path.child(key);
        }
        let original = self.original(&path);
        let Some(last) = path.0.pop() else { return false };
        let parent = path.0.iter().try_fold(&mut self.value, |value, step| match (value, step) {
            (Value::Mapping(map), Step::Key(key)) => map.get_mut(key.as_str()),
            (Value::Sequence(items), Step::Index(index)) => items.get_mut(*index),
            _ => None,
        });
        let removed = match (parent, &last) {
            (Some(Value::Mapping(map)), Step::Key(key)) => map.remove(key.as_str()).is_some(),
            (Some(Value::Sequence(items)), Step::Index(index)) if *index < items.len() => {
                let count = items.len();
                items.remove(*index);
                self.lists.entry(self.original(&path).to_string()).or_insert_with(|| (0..count).collect()).remove(*index);
                true
            }
            _ => false,
        };
        self.removed.insert(original.to_string());
        removed
    }
}
