//! `init` and `db`: a folder to begin with, and the book's schema.

use std::{
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};

use super::{Outcome, answer};
use crate::{app::App, config::Config, store::Store, yaml::schema::REFERENCE};

/// The example that ships with the program.
const RULES: &[(&str, &str)] = &[
    ("clients.yaml", include_str!("../../rules/clients.yaml")),
    ("rules.yaml", include_str!("../../rules/rules.yaml")),
    ("overrides.yaml", include_str!("../../rules/overrides.yaml")),
    ("internal.yaml", include_str!("../../rules/internal.yaml")),
    ("tags.yaml", include_str!("../../rules/tags.yaml")),
    ("REFERENCE.md", REFERENCE),
    ("suspicious.yaml", include_str!("../../rules/suspicious.yaml")),
    ("schema/rules.json", include_str!("../../rules/schema/rules.json")),
    ("schema/clients.json", include_str!("../../rules/schema/clients.json")),
    ("schema/config.json", include_str!("../../rules/schema/config.json")),
];

pub(super) const CONFIG: &str = include_str!("kalends.yaml");

pub(crate) fn init(folder: &Path) -> anyhow::Result<Outcome> {
    write(folder, CONFIG)?;
    let config = folder.join("kalends.yaml");
    answer(&format!(
        "made {}\nnext: kalends --config {} staff add you@your-firm.example --timezone Europe/Berlin",
        config.display(),
        config.display()
    ));
    Ok(Outcome::Done)
}

/// Writes a configuration and the example rules into a folder that has none.
pub(super) fn write(folder: &Path, config: &str) -> anyhow::Result<PathBuf> {
    let target = folder.join("kalends.yaml");
    ensure!(!target.exists(), "{} is there already; nothing was written", target.display());
    let rules = folder.join("rules");
    let schemas = rules.join("schema");
    std::fs::create_dir_all(&schemas).with_context(|| format!("cannot make {}", schemas.display()))?;
    for (name, text) in RULES {
        let file = rules.join(name);
        if !file.exists() {
            std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    std::fs::write(&target, config).with_context(|| format!("cannot write {}", target.display()))?;
    Ok(target)
}

pub(crate) fn migrate(_app: &App) -> Outcome {
    // Opening a book brings it up to date.
    answer("the book is up to date");
    Outcome::Done
}

/// The book as of now, in one file that only its owner reads.
pub(crate) async fn backup(app: &App, file: &Path) -> anyhow::Result<Outcome> {
    let new = std::fs::File::options().write(true).create_new(true).mode(0o600).open(file);
    drop(new.with_context(|| format!("cannot make {}", file.display()))?);
    if let Err(error) = app.store.copy_to(file).await {
        drop(std::fs::remove_file(file));
        return Err(error.into());
    }
    answer(&format!("the book is in {}; keep the file of keys elsewhere", file.display()));
    Ok(Outcome::Done)
}

pub(crate) async fn check(config: &Config) -> anyhow::Result<Outcome> {
    let store = Store::open(&config.database).await?;
    store.check().await?;
    answer("the book's schema is the one this program knows");
    Ok(Outcome::Done)
}
