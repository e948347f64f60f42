//! `rules check` and `rules test`: everything that is wrong with the files, and how their own tests go. Need no book.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Format, Outcome, answer, book, complain, paint};
use crate::{
    app::rule_files,
    config::Config,
    rules::{self, RuleSet},
    settling::rehearsal::{TestResult, run_tests},
    yaml::diagnostic::{Diagnostic, Source},
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of rule files; the configured one, or `rules`, if none is given.
    #[arg(long)]
    rules: Option<PathBuf>,
}

/// The folder that was typed, or configured, or `rules`.
pub(super) fn folder(typed: Option<&Path>, config: Option<&Config>) -> PathBuf {
    typed.map(Path::to_path_buf).or_else(|| config.map(|config| config.rules.clone())).unwrap_or_else(|| "rules".into())
}

pub(crate) fn check(args: &Args, config: Option<&Config>, format: Format) -> anyhow::Result<Outcome> {
    let folder = folder(args.rules.as_deref(), config);
    let (set, findings) = match read(&folder)? {
        Ok(set) => (Some(set), Vec::new()),
        Err(findings) => (None, findings),
    };
    if format == Format::Json {
        let shown: Vec<_> = findings.iter().map(|(source, finding)| finding_json(source, finding)).collect();
        answer(&serde_json::to_string_pretty(&json!({ "rule_set": set.as_ref().map(|set| &set.digest), "findings": shown }))?);
    } else if let Some(set) = &set {
        let (clients, projects) = (set.catalog.clients.len(), set.catalog.projects().count());
        answer(&format!("{} rules, {clients} clients, {projects} projects: no findings. Rule set {}", set.len(), &set.digest[..12]));
    } else {
        tell(&findings);
    }
    Ok(if set.is_some() { Outcome::Done } else { Outcome::Findings })
}

pub(crate) fn test(args: &Args, config: Option<&Config>, format: Format) -> anyhow::Result<Outcome> {
    let Some(set) = load(&folder(args.rules.as_deref(), config))? else { return Ok(Outcome::Findings) };
    let results = run_tests(&set);
    let failed: Vec<_> = results.iter().filter(|result| !result.differences.is_empty()).collect();
    if format == Format::Json {
        answer(&serde_json::to_string_pretty(&results.iter().map(result_json).collect::<Vec<_>>())?);
    } else {
        for result in &failed {
            complain(&result.told());
        }
        answer(&format!("{}, {} failed", book::count(results.len(), "test", "tests"), failed.len()));
    }
    Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Findings })
}

/// All files of a folder as a rule set; findings are drawn, and then there is none.
pub(super) fn load(folder: &Path) -> anyhow::Result<Option<RuleSet>> {
    match read(folder)? {
        Ok(set) => Ok(Some(set)),
        Err(findings) => {
            tell(&findings);
            Ok(None)
        }
    }
}

type Findings = Vec<(Source, Diagnostic)>;

fn read(folder: &Path) -> anyhow::Result<Result<RuleSet, Findings>> {
    let files = rule_files(folder)?;
    // Named as one types them here, not as the book keeps them.
    let name = |name: &String| folder.join(name.trim_start_matches("rules/")).display().to_string();
    Ok(rules::load(files.iter().map(|(file, text)| Source::new(name(file), text)).collect()))
}

fn tell(findings: &Findings) {
    for (source, finding) in findings {
        complain(&finding.draw(source, paint()));
    }
    complain(&format!("{}; nothing was loaded", book::count(findings.len(), "finding", "findings")));
}

fn finding_json(source: &Source, finding: &Diagnostic) -> Value {
    let (line, column) = finding.position(source);
    let also = finding.also.as_ref().map(|(span, label)| {
        let (line, column) = source.position(span.start);
        json!({ "line": line, "column": column, "label": label })
    });
    json!({ "code": finding.code, "message": finding.message, "label": finding.label, "file": source.name, "line": line,
        "column": column, "also": also })
}

fn result_json(result: &TestResult) -> Value {
    let differences = result.differences.iter().map(|one| json!({ "field": one.field, "expected": one.expected, "got": one.got }));
    json!({ "name": result.name, "at": result.spot.to_string(), "passed": result.differences.is_empty(),
        "differences": differences.collect::<Vec<_>>() })
}
