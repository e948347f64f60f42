//! `rules fmt`: lays rule files out evenly. Comments and meaning stay; a file for which that cannot be said is left alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::{Outcome, answer, book, complain, paint, rules};
use crate::{
    app::rule_files,
    config::Config,
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
            Ok(Some(even)) if even == *text => {}
            Ok(Some(even)) => {
                changed += 1;
                answer(&source.name);
                if !args.check {
                    replace(&path, &even)?;
                }
            }
            Ok(None) => {
                refused += 1;
                complain(&format!("{}: it cannot be laid out without changing what it says, and is left as it is", source.name));
            }
            Err(findings) => {
                refused += 1;
                for finding in findings {
                    complain(&finding.draw(&source, paint()));
                }
            }
        }
    }
    let done = if args.check { "would change" } else { "changed" };
    answer(&format!("{changed} of {} {done}", book::count(files.len(), "file", "files")));
    Ok(if refused > 0 || (args.check && changed > 0) { Outcome::Findings } else { Outcome::Done })
}

/// At once, so that nobody reads half a file.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let beside = path.with_extension("yaml.new");
    fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)).with_context(|| format!("cannot write {}", path.display()))
}
