//! `rules check` and `rules test`: everything there is to say of the files, and how their own tests go. Need no book.

use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::{Format, Outcome, Shape, answer, complain, findings};
use crate::{
    app::{App, explain, rule_files},
    clock::Clock,
    config::Config,
    model::words::counted,
    rules::{RuleSet, lint::History},
    settling::{
        activation::digest,
        inspection::{Inspected, history, inspect},
        rule_tests::{Coverage, TestResult, coverage, run_tests},
    },
    store::rule_sets::Files,
    yaml::{
        code::{Code, Level},
        diagnostic::Source,
    },
};

/// The folder that was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Folder {
    /// The folder of rule files, `.yaml` or `.yml`; the configured one, or `rules`, if none is given.
    #[arg(long)]
    rules: Option<PathBuf>,
}

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    folder: Folder,
    /// Shows notes too, such as rules without a test.
    #[arg(long)]
    notes: bool,
    /// Exits with code 3 for warnings too.
    #[arg(long)]
    strict: bool,
    /// Asks the book too: which rules gave nothing in so many days, which guards hid client meetings, which names never came up.
    #[arg(long, value_name = "DAYS", num_args = 0..=1, default_missing_value = "90", value_parser = clap::value_parser!(u64).range(1..=3660))]
    pub(super) history: Option<u64>,
    /// Says what a code means, and checks nothing.
    #[arg(long, value_name = "CODE")]
    pub(super) explain: Option<String>,
}

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    #[command(flatten)]
    folder: Folder,
    /// Says which rules, and which of their alternatives, no test reaches.
    #[arg(long)]
    coverage: bool,
    /// Prints a test made from an entry, event or exception of the book, by the end of its id, as the rules have it now.
    #[arg(long, value_name = "ID", conflicts_with = "coverage")]
    pub(super) from_event: Option<String>,
}

/// The folder that was typed, or configured, or `rules`.
pub(super) fn folder(typed: Option<&Path>, config: Option<&Config>) -> PathBuf {
    typed.map(Path::to_path_buf).or_else(|| config.map(|config| config.rules.clone())).unwrap_or_else(|| "rules".into())
}

/// What these files are called once they are active: with the policy of the configuration, or of one that says nothing.
pub(super) fn name(files: &Files, config: Option<&Config>) -> String {
    digest(files, &config.map(|config| config.policy.clone()).unwrap_or_default())
}

/// The day on which rules are looked at.
pub(super) fn today(config: Option<&Config>) -> NaiveDate {
    config.map_or_else(Clock::system, |config| config.clock.clone()).now().date_naive()
}

pub(crate) fn check(args: &Check, config: Option<&Config>, shape: Shape) -> anyhow::Result<Outcome> {
    if let Some(code) = &args.explain {
        return meaning(code);
    }
    let folder = folder(args.folder.rules.as_deref(), config);
    let files = rule_files(&folder)?;
    show(&read(&folder, &files, today(config), None), &name(&files, config), args, shape)
}

/// The same with what the book knows of the rules.
pub(crate) async fn check_with_book(app: &App, args: &Check, days: u64, shape: Shape) -> anyhow::Result<Outcome> {
    let (folder, today) = (folder(args.folder.rules.as_deref(), Some(&app.config)), today(Some(&app.config)));
    let files = rule_files(&folder)?;
    let (inspected, name) = (read(&folder, &files, today, None), name(&files, Some(&app.config)));
    let Some(set) = &inspected.set else { return show(&inspected, &name, args, shape) };
    let seen = history(&app.store, set, (today - Days::new(days - 1), today)).await?;
    show(&read(&folder, &files, today, Some(&seen)), &name, args, shape)
}

fn show(inspected: &Inspected, name: &str, args: &Check, shape: Shape) -> anyhow::Result<Outcome> {
    let Inspected { set, findings: found } = inspected;
    match shape {
        Shape::Json => {
            let name = set.as_ref().map(|_| name);
            answer(&serde_json::to_string_pretty(&json!({ "rule_set": name, "findings": findings::to_json(found) }))?);
        }
        Shape::Sarif => answer(&serde_json::to_string_pretty(&findings::sarif(found))?),
        Shape::Github => answer(&findings::github(found)),
        Shape::Table => tell(inspected, name, args),
    }
    let least = if args.strict { Level::Warning } else { Level::Error };
    Ok(if found.iter().any(|(_, finding)| finding.level >= least) { Outcome::Findings } else { Outcome::Done })
}

fn tell(inspected: &Inspected, name: &str, args: &Check) {
    let Inspected { set, findings: found } = inspected;
    findings::tell(found, if args.notes { Level::Note } else { Level::Warning });
    let Some(set) = set.as_ref().filter(|_| inspected.count(Level::Error) == 0) else {
        return complain(&findings::refusal(found));
    };
    let hint = if !args.notes && inspected.count(Level::Note) > 0 { " (--notes shows them)" } else { "" };
    let (clients, projects) = (set.catalog.clients.len(), set.catalog.projects().count());
    let size = [(set.len(), "rule", "rules"), (clients, "client", "clients"), (projects, "project", "projects")];
    let size = size.map(|(number, one, many)| counted(number, one, many)).join(", ");
    answer(&format!("{size}: {}{hint}. Rule set {}", findings::summary(found), &name[..12]));
}

/// The section of the reference on one code.
fn meaning(typed: &str) -> anyhow::Result<Outcome> {
    let code = Code::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(typed));
    let Some(code) = code else { anyhow::bail!("there is no code `{typed}`: codes are R001, Y001, K001 and so on") };
    answer(&format!("{code}: {}\n\n{}", code.title(), code.help()));
    Ok(Outcome::Done)
}

pub(crate) fn test(args: &Test, config: Option<&Config>, format: Format) -> anyhow::Result<Outcome> {
    let folder = folder(args.folder.rules.as_deref(), config);
    let Some(set) = load(&folder, &rule_files(&folder)?, today(config)) else { return Ok(Outcome::Findings) };
    let results = run_tests(&set);
    let covered = args.coverage.then(|| coverage(&set));
    let failed: Vec<_> = results.iter().filter(|result| !result.differences.is_empty()).collect();
    if format == Format::Json {
        let tests: Vec<_> = results.iter().map(result_json).collect();
        let told = covered.map_or_else(|| json!(tests), |covered| json!({ "tests": tests, "coverage": coverage_json(&set, &covered) }));
        answer(&serde_json::to_string_pretty(&told)?);
    } else {
        for result in &failed {
            complain(&result.told());
        }
        if let Some(covered) = &covered {
            answer(&coverage_text(&set, covered));
        }
        answer(&format!("{}, {} failed", counted(results.len(), "test", "tests"), failed.len()));
    }
    Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Findings })
}

/// A test to put under `tests`, from what is in the book.
pub(crate) async fn test_from_event(app: &App, args: &Test, id: &str) -> anyhow::Result<Outcome> {
    let folder = folder(args.folder.rules.as_deref(), Some(&app.config));
    let Some(set) = load(&folder, &rule_files(&folder)?, today(Some(&app.config))) else { return Ok(Outcome::Findings) };
    answer(&explain::test_of(&mut app.store.read().await?, &set, id).await?);
    Ok(Outcome::Done)
}

/// All files of a folder as a rule set; errors are drawn, and then there is none.
pub(super) fn load(folder: &Path, files: &Files, today: NaiveDate) -> Option<RuleSet> {
    match read(folder, files, today, None).taken() {
        Ok(set) => Some(set),
        Err(found) => {
            findings::tell(&found, Level::Error);
            complain(&findings::refusal(&found));
            None
        }
    }
}

fn read(folder: &Path, files: &Files, today: NaiveDate, history: Option<&History>) -> Inspected {
    // Named as one types them here, not as the book keeps them.
    let name = |name: &String| folder.join(name.trim_start_matches("rules/")).display().to_string();
    let files: Vec<_> = files.iter().map(|(file, text)| Source::new(name(file), text)).collect();
    inspect(&files, today, history)
}

fn result_json(result: &TestResult) -> Value {
    let differences = result.differences.iter().map(|one| json!({ "field": one.field, "expected": one.expected, "got": one.got }));
    json!({ "name": result.name, "at": result.spot.to_string(), "passed": result.differences.is_empty(),
        "differences": differences.collect::<Vec<_>>() })
}

fn coverage_json(set: &RuleSet, Coverage(covered): &Coverage) -> Vec<Value> {
    let at = |rule: &str| set.place(rule).map(ToString::to_string);
    covered
        .iter()
        .map(|one| json!({ "rule": one.rule, "at": at(&one.rule), "tests": one.tests, "alternatives": one.alternatives, "missed": one.missed }))
        .collect()
}

fn coverage_text(set: &RuleSet, Coverage(covered): &Coverage) -> String {
    let who = |rule: &str| set.place(rule).map_or_else(|| rule.to_owned(), |spot| format!("{rule} ({spot})"));
    let never = covered.iter().filter(|one| one.tests == 0).map(|one| format!("no test reaches {}", who(&one.rule)));
    let reached = covered.iter().filter(|one| one.tests > 0);
    let missed = reached.flat_map(|one| one.missed.iter().map(|path| format!("no test fits {path} of {}", who(&one.rule))));
    let rules = covered.iter().filter(|one| one.tests > 0).count();
    let alternatives: usize = covered.iter().map(|one| one.alternatives).sum();
    let fitted = alternatives - covered.iter().map(|one| one.missed.len()).sum::<usize>();
    let sum =
        format!("{rules} of {} rules and {fitted} of {} are tested", covered.len(), counted(alternatives, "alternative", "alternatives"));
    never.chain(missed).chain([sum]).collect::<Vec<_>>().join("\n")
}
