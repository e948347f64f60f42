//! Findings about rule files, as people, programs, code scanners and pull requests want them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{drawn, paint};
use crate::{
    model::words::counted,
    rules::Found,
    yaml::{
        code::{Code, Level},
        diagnostic::{Diagnostic, Source},
    },
};

/// Draws those that are at least so bad.
pub(super) fn tell(findings: &[Found], least: Level) {
    for (source, finding) in findings.iter().filter(|(_, finding)| finding.level >= least) {
        drawn(&finding.draw(source, paint()));
    }
}

/// `2 errors, 1 warning`.
pub(super) fn summary(findings: &[Found]) -> String {
    let levels = [(Level::Error, "errors"), (Level::Warning, "warnings"), (Level::Note, "notes")];
    let parts = levels.into_iter().filter_map(|(level, many)| {
        let there = findings.iter().filter(|(_, finding)| finding.level == level).count();
        (there > 0).then(|| counted(there, level.as_str(), many))
    });
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

/// What is said where errors keep the files from being taken. Notes wait until there are none.
pub(super) fn refusal(findings: &[Found]) -> String {
    let bad: Vec<_> = findings.iter().filter(|(_, finding)| finding.level > Level::Note).cloned().collect();
    format!("{}; nothing was loaded", summary(&bad))
}

pub(super) fn to_json(findings: &[Found]) -> Vec<Value> {
    let one = |(source, finding): &Found| {
        let ((line, column), (end_line, end_column)) = (finding.position(source), source.position(finding.span.end));
        let also = finding.also.as_ref().map(|(span, label)| {
            let (line, column) = source.position(span.start);
            json!({ "line": line, "column": column, "label": label })
        });
        json!({ "code": finding.code.as_str(), "level": finding.level.as_str(), "message": finding.message, "label": finding.label,
            "file": source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column, "also": also })
    };
    findings.iter().map(one).collect()
}

/// What is said, with what to do.
fn whole(finding: &Diagnostic) -> String {
    format!("{}: {}", finding.message, finding.label)
}

/// SARIF 2.1.0, for code scanning.
pub(super) fn sarif(findings: &[Found]) -> Value {
    let codes: Vec<Code> = findings.iter().map(|(_, finding)| finding.code).collect::<BTreeSet<_>>().into_iter().collect();
    let rules: Vec<_> = codes
        .iter()
        .map(|code| {
            json!({ "id": code.as_str(), "shortDescription": { "text": code.title() }, "help": { "text": code.help() },
                "defaultConfiguration": { "level": code.level().as_str() } })
        })
        .collect();
    let results: Vec<_> = findings
        .iter()
        .map(|(source, finding)| {
            let also = finding.also.as_ref().map(|(span, label)| {
                let mut place = location(source, span);
                place["message"] = json!({ "text": label });
                place
            });
            json!({ "ruleId": finding.code.as_str(), "ruleIndex": codes.iter().position(|code| *code == finding.code),
                "level": finding.level.as_str(), "message": { "text": whole(finding) },
                "locations": [location(source, &finding.span)], "relatedLocations": also.into_iter().collect::<Vec<_>>() })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "kalends", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn location(source: &Source, span: &std::ops::Range<usize>) -> Value {
    let ((line, column), (end_line, end_column)) = (source.position(span.start), source.position(span.end));
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&source.name) },
        "region": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column },
    } })
}

/// A path as an address relative to where the command was run.
fn uri(name: &str) -> String {
    let path = std::path::Path::new(name).components().filter(|part| !matches!(part, std::path::Component::CurDir));
    let path = path.collect::<std::path::PathBuf>().display().to_string().replace('\\', "/");
    let Ok(mut url) = url::Url::parse("file:///") else { return path };
    url.set_path(&path);
    if path.starts_with('/') { url.to_string() } else { url.path().trim_start_matches('/').to_owned() }
}

/// Workflow commands of GitHub, which put each finding on its line of a pull request.
pub(super) fn github(findings: &[Found]) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let one = |(source, finding): &Found| {
        let ((line, column), (end_line, end_column)) = (finding.position(source), source.position(finding.span.end));
        let command = if finding.level == Level::Note { "notice" } else { finding.level.as_str() };
        // Columns are only understood within one line.
        let columns = if line == end_line { format!(",col={column},endColumn={end_column}") } else { String::new() };
        let title = property(&format!("{} {}", finding.code, finding.code.title()));
        format!(
            "::{command} file={},line={line},endLine={end_line}{columns},title={title}::{}",
            property(&source.name),
            data(&whole(finding))
        )
    };
    findings.iter().map(one).collect::<Vec<_>>().join("\n")
}
