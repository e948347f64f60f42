//! `schema`: what may stand in a file, for editors.

use super::{Outcome, answer};
use crate::{config, rules};

/// A file that people write.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum File {
    /// A file of rules.
    Rules,
    /// clients.yaml.
    Clients,
    /// kalends.yaml.
    Config,
}

pub(crate) fn print(file: File) -> anyhow::Result<Outcome> {
    let [of_rules, of_clients] = rules::schemas();
    let schema = match file {
        File::Rules => of_rules,
        File::Clients => of_clients,
        File::Config => config::schema(),
    };
    answer(&serde_json::to_string_pretty(&schema)?);
    Ok(Outcome::Done)
}
