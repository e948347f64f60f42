//! `kalends.yaml`: where the book and the rules are, and house policy. Read once; nothing here does anything.

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use crate::{
    clock::Clock,
    model::policy::{Policy, Rounding},
    store::Database,
    yaml::{
        self,
        diagnostic::{Diagnostic, Source},
    },
};

/// The file as it is typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "book")]
    database: String,
    #[serde(default = "rules")]
    rules: PathBuf,
    #[serde(default)]
    rounding: Rounding,
    locked_through: Option<NaiveDate>,
    /// A time at which everything stands still, for demonstrations.
    clock: Option<DateTime<Utc>>,
    #[serde(default = "yes")]
    four_eyes: bool,
}

fn yes() -> bool {
    true
}

fn book() -> String {
    "kalends.db".to_owned()
}

fn rules() -> PathBuf {
    "rules".into()
}

/// What the program runs with.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) database: Database,
    pub(crate) rules: PathBuf,
    /// Without the limits on a day, which rule files bring.
    pub(crate) policy: Policy,
    pub(crate) clock: Clock,
    /// Whether nobody approves her own time (S9).
    pub(crate) four_eyes: bool,
}

/// Reads a configuration; paths in it are relative to the folder it stands in.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read(source: &Source, folder: &Path, environment: impl Fn(&str) -> Option<String>) -> Result<Config, Vec<Diagnostic>> {
    // An empty file means every default.
    let text = if source.text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        "{}".to_owned()
    } else {
        source.text.clone()
    };
    let source = Source { name: source.name.clone(), text };
    let (file, _) = yaml::read::<File>(&source)?;
    let typed = environment("KALENDS_DATABASE").unwrap_or(file.database);
    let rules = environment("KALENDS_RULES").map_or(file.rules, PathBuf::from);
    Ok(Config {
        database: database(&typed, folder),
        rules: folder.join(rules),
        policy: Policy { rounding: file.rounding, day_limits: Vec::new(), locked_through: file.locked_through },
        clock: file.clock.map_or_else(Clock::system, Clock::standing),
        four_eyes: file.four_eyes,
    })
}

fn database(typed: &str, folder: &Path) -> Database {
    if typed.starts_with("postgres://") || typed.starts_with("postgresql://") {
        return Database::Postgres(typed.to_owned());
    }
    Database::Sqlite(folder.join(typed.strip_prefix("sqlite:").unwrap_or(typed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "kalends.yaml".into(), text: text.into() }
    }

    #[test]
    fn paths_are_those_of_the_file_and_the_environment_wins() {
        let given = source("database: books/time.db\nlocked_through: 2026-01-31\n");
        let config =
            read(&given, Path::new("/firm"), |name| (name == "KALENDS_RULES").then(|| "/etc/rules".to_owned())).expect("a configuration");
        assert_eq!(config.database, Database::Sqlite("/firm/books/time.db".into()));
        assert_eq!(config.rules, PathBuf::from("/etc/rules"));
        assert_eq!(config.policy.locked_through, NaiveDate::from_ymd_opt(2026, 1, 31));
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let found = read(&source("databas: x\nfour_eyes: maybe\n"), Path::new("."), |_| None).expect_err("mistakes");
        assert!(found.len() >= 2, "{found:?}");
    }
}
