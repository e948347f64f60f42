//! `rules fmt`: lays rule files out evenly. Comments and meaning stay; a file for which that cannot be said is left alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::NaiveDate;

use super::{Outcome, answer, complain, drawn, paint, rules};
use crate::{
    app::rule_files,
    config::Config,
    model::words::counted,
    settling::inspection::inspect,
    store::rule_sets::Files,
    yaml::{diagnostic::Source, layout::laid_out},
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of rule files; the configured one, or `rules`, if none is given.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Only says which files would change, with exit code 3 if there are any.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args, config: Option<&Config>) -> anyhow::Result<Outcome> {
    let folder = rules::folder(args.rules.as_deref(), config);
    let (mut changed, mut refused, files) = (0, 0, rule_files(&folder)?);
    for (name, text) in &files {
        let path = folder.join(name.trim_start_matches("rules/"));
        let source = Source::new(path.display().to_string(), text);
        match laid_out(&source) {
            Ok(Ok(even)) if even == *text => {}
            Ok(Ok(even)) if moves_an_allow(&files, name, &even, rules::today(config)) => {
                refused += 1;
                complain(&format!(
                    "{}: laid out, a `# kalends: allow …` would no longer stand beside what it is about; put it on a line of its own above \
                     that rule. The file is left as it is",
                    source.name
                ));
            }
            Ok(Ok(even)) => {
                changed += 1;
                answer(&source.name);
                if !args.check {
                    replace(&path, &even)?;
                }
            }
            Ok(Err(stuck)) => {
                refused += 1;
                let (line, column) = source.position(stuck.at);
                complain(&format!("{}:{line}:{column}: {}. The file is left as it is", source.name, stuck.why));
            }
            Err(findings) => {
                refused += 1;
                for finding in findings {
                    drawn(&finding.draw(&source, paint()));
                }
            }
        }
    }
    let done = if args.check { "would change" } else { "changed" };
    answer(&format!("{changed} of {} {done}", counted(files.len(), "file", "files")));
    Ok(if refused > 0 || (args.check && changed > 0) { Outcome::Findings } else { Outcome::Done })
}

/// Whether findings would come or go: a comment that allows one is about the lines beside it.
fn moves_an_allow(files: &Files, name: &str, even: &str, today: NaiveDate) -> bool {
    let found = |replaced: Option<&str>| {
        let text = |file: &str, text: &str| Source::new(file, replaced.filter(|_| file == name).unwrap_or(text));
        let sources: Vec<_> = files.iter().map(|(file, now)| text(file, now)).collect();
        let mut codes: Vec<_> = inspect(&sources, today, None).findings.iter().map(|(_, finding)| finding.code).collect();
        codes.sort_unstable();
        codes
    };
    found(None) != found(Some(even))
}

/// At once, so that nobody reads half a file. A link stays one, and who may read the file stays.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || {
        let path = fs::canonicalize(path)?;
        let beside = path.with_extension("yaml.new");
        fs::write(&beside, text)?;
        fs::set_permissions(&beside, fs::metadata(&path)?.permissions())?;
        fs::rename(&beside, &path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
