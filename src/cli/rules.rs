//! `rules check`: reads the files and says everything that is wrong with them. Needs no database.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{Outcome, answer, complain};
use crate::{
    rules::{self, RuleSet},
    yaml::diagnostic::Source,
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of rule files.
    #[arg(long, default_value = "rules")]
    rules: PathBuf,
}

pub(crate) fn check(args: &Args) -> anyhow::Result<Outcome> {
    let Some(set) = load(&args.rules)? else { return Ok(Outcome::Findings) };
    let (clients, projects) = (set.catalog.clients.len(), set.catalog.projects().count());
    answer(&format!("{} rules, {clients} clients, {projects} projects: no findings. Rule set {}", set.len(), &set.digest[..12]));
    Ok(Outcome::Done)
}

pub(crate) fn test(args: &Args) -> anyhow::Result<Outcome> {
    let Some(set) = load(&args.rules)? else { return Ok(Outcome::Findings) };
    let results = set.run_tests();
    let failed: Vec<_> = results.iter().filter(|result| !result.differences.is_empty()).collect();
    for result in &failed {
        complain(&format!("FAIL {} ({})", result.name, result.file));
        result.differences.iter().for_each(|difference| complain(&format!("     {difference}")));
    }
    answer(&format!("{} tests, {} failed", results.len(), failed.len()));
    Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Findings })
}

/// All files of a folder as a rule set; findings are drawn, and then there is none.
fn load(folder: &Path) -> anyhow::Result<Option<RuleSet>> {
    let findings = match rules::load(read(folder)?) {
        Ok(set) => return Ok(Some(set)),
        Err(findings) => findings,
    };
    for (source, finding) in &findings {
        complain(&finding.draw(source));
    }
    complain(&format!("{} findings; nothing was loaded", findings.len()));
    Ok(None)
}

fn read(folder: &Path) -> anyhow::Result<Vec<Source>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut sources = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
            sources.push(Source::new(name, &text));
        }
    }
    anyhow::ensure!(!sources.is_empty(), "there is no .yaml file in {}", folder.display());
    Ok(sources)
}
