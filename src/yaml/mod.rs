//! Files that people write: text in, typed values or diagnostics out. Rules and configuration both read through here.

pub(crate) mod diagnostic;
pub(crate) mod gate;

#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde_yaml::Value;

use self::{
    diagnostic::{Diagnostic, Source},
    gate::Positions,
};

/// Reads a file as a `T`. Every problem is reported: each one found is taken out, and the rest is read again.
///
/// # Errors
/// All findings, in the order of the file.
pub(crate) fn read<T: DeserializeOwned>(source: &Source) -> Result<(T, Positions), Vec<Diagnostic>> {
    // A byte order mark would become part of the first key.
    let source = Source { name: source.name.clone(), text: source.text.trim_start_matches('\u{feff}').to_owned() };
    let (positions, findings) = gate::pass(&source);
    if !findings.is_empty() {
        return Err(findings);
    }
    let mut value: Value = serde_yaml::from_str(&source.text).map_err(|error| vec![syntax(&source, &error)])?;
    let (mut findings, mut removed) = (Vec::new(), Vec::new());
    loop {
        match serde_path_to_error::deserialize(value.clone()) {
            Ok(typed) if findings.is_empty() => return Ok((typed, positions)),
            Ok(_) => break,
            Err(error) => {
                let told = error.inner().to_string();
                let path = error.path().to_string();
                let path = if path == "." { String::new() } else { path };
                if missing(&told).is_some_and(|field| removed.contains(&format!("{path}.{field}"))) {
                    // We took it out ourselves: what is around it cannot be read any further.
                    if !take_out(&mut value, &path, "") {
                        break;
                    }
                    continue;
                }
                let finding = typed(&positions, &path, &told);
                let again = findings.contains(&finding);
                findings.push(finding);
                if again || !take_out(&mut value, &path, &told) {
                    break;
                }
                removed.push(path);
            }
        }
    }
    findings.sort_by_key(|finding: &Diagnostic| finding.span.start);
    findings.dedup();
    Err(findings)
}

fn syntax(source: &Source, error: &serde_yaml::Error) -> Diagnostic {
    let start = error.location().map_or(0, |location| location.index()).min(source.text.len());
    Diagnostic { code: "yaml::syntax", message: "this is not YAML".into(), span: start..start, label: error.to_string(), also: None }
}

/// Says what serde found, where it stands, and which name was probably meant.
fn typed(positions: &Positions, path: &str, error: &str) -> Diagnostic {
    let Some(key) = unknown(error) else {
        return Diagnostic {
            code: "yaml::wrong-value",
            message: error.to_owned(),
            span: positions.value(path),
            label: path.to_owned(),
            also: None,
        };
    };
    let full = if path.is_empty() || path.rsplit('.').next() == Some(key) { path.to_owned() } else { format!("{path}.{key}") };
    let full = if full.is_empty() { key.to_owned() } else { full };
    let known: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    let near =
        known.iter().filter(|word| strsim::damerau_levenshtein(word, key) <= 2).min_by_key(|word| strsim::damerau_levenshtein(word, key));
    let label = near.map_or_else(|| format!("known here: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
    Diagnostic { code: "yaml::unknown-key", message: format!("`{key}` is not known here"), span: positions.key(&full), label, also: None }
}

fn missing(error: &str) -> Option<&str> {
    error.strip_prefix("missing field `")?.split('`').next()
}

fn unknown(error: &str) -> Option<&str> {
    error.strip_prefix("unknown field `")?.split('`').next()
}

/// Removes the value an error was about, so that the next one shows. Needs the place to exist.
fn take_out(value: &mut Value, path: &str, error: &str) -> bool {
    let mut steps: Vec<String> =
        path.replace('[', ".").replace(']', "").split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect();
    if let Some(key) = unknown(error).filter(|key| steps.last().map(String::as_str) != Some(*key)) {
        steps.push(key.to_owned());
    }
    let Some(last) = steps.pop() else { return false };
    let parent = steps.iter().try_fold(value, |value, step| match value {
        Value::Mapping(map) => map.get_mut(step.as_str()),
        Value::Sequence(items) => step.parse().ok().and_then(|index: usize| items.get_mut(index)),
        _ => None,
    });
    match parent {
        Some(Value::Mapping(map)) => map.remove(last.as_str()).is_some(),
        // Taking an element out of a list would move all later ones away from their positions.
        _ => false,
    }
}
