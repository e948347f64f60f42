//! The program with its book open: what commands and, later, the daemon share.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;

use crate::{
    capture::{
        folders::{Stranger, take_in},
        pass::{Captured, capture},
    },
    config::Config,
    model::staff::Source,
    settling::{
        Settled,
        activation::{self, Active},
        settle_due,
    },
    store::{Error, Store, rule_sets::Files},
};

/// Built once, for one book.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) store: Store,
}

/// What `sync` did.
#[derive(Debug, Default)]
pub(crate) struct Synced {
    pub(crate) calendars: Vec<(Source, Captured)>,
    pub(crate) settled: Settled,
    /// Files in drop folders that are nobody's.
    pub(crate) strangers: Vec<Stranger>,
}

impl App {
    /// Opens the book and brings its schema up to date.
    pub(crate) async fn open(config: Config) -> anyhow::Result<Self> {
        let store = Store::open(&config.database).await?;
        store.migrate().await?;
        Ok(Self { config, store })
    }

    /// Reads calendars and settles everything that is due by now.
    pub(crate) async fn sync(&self, active: &Active, only: Option<&str>) -> anyhow::Result<Synced> {
        let now = self.config.clock.now();
        let strangers = take_in(&self.store).await?;
        let mut tx = self.store.read().await?;
        let (people, sources) = (tx.staff().await?, tx.calendars().await?);
        drop(tx);
        let mut synced = Synced { strangers, ..Synced::default() };
        for source in sources {
            let wanted = only.is_none_or(|typed| source.calendar.id.to_string().replace('-', "").ends_with(&typed.replace('-', "")));
            if let Some(staff) = people.iter().find(|person| person.id == source.calendar.staff).filter(|_| wanted) {
                let captured = capture(&self.store, &source, staff, now).await?;
                synced.calendars.push((source, captured));
            }
        }
        anyhow::ensure!(only.is_none() || !synced.calendars.is_empty(), "the book has no such calendar; see: kalends calendar list");
        synced.settled = settle_due(&self.store, active.basis(now)).await?;
        Ok(synced)
    }

    /// Makes a rule set the active one, if it differs from it. Says how many days became due.
    pub(crate) async fn activate(&self, next: &mut Active) -> anyhow::Result<Option<usize>> {
        loop {
            let before = match activation::active(&self.store).await? {
                Some(before) if before.digest == next.digest => {
                    *next = before;
                    return Ok(None);
                }
                before => before,
            };
            match activation::activate(&self.store, before.as_ref(), next, self.config.clock.now()).await {
                // Another command was quicker: look again at what is active now.
                Err(Error::Outdated(_)) => {}
                done => return Ok(Some(done?)),
            }
        }
    }
}

/// The rule files of a folder, by path.
pub(crate) fn rule_files(folder: &Path) -> anyhow::Result<Files> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.file_name().map(|name| format!("rules/{}", name.to_string_lossy()));
            files.insert(name.unwrap_or_default(), text);
        }
    }
    anyhow::ensure!(!files.is_empty(), "there is no .yaml file in {}", folder.display());
    Ok(files)
}
