//! The program with its book open: what commands and, later, the daemon share.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use sha2::{Digest, Sha256};

use crate::{
    capture::pass::{Captured, capture},
    config::Config,
    model::{policy::Policy, staff::Source as CalendarSource},
    rules::{self, RuleSet},
    settling::{
        Basis, Settled,
        activation::{Proposal, activate},
        settle_due,
    },
    store::{Store, rule_sets::Files},
    yaml::diagnostic::{Diagnostic, Source},
};

/// Under this name a kept rule set holds the policy it was used under; no rule file can be called so.
const POLICY: &str = "policy";

/// Built once, for one book.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) store: Store,
}

/// A rule set and the policy that goes with it.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) rules: RuleSet,
    pub(crate) policy: Policy,
    pub(crate) files: Files,
    pub(crate) digest: String,
}

/// What `sync` did.
#[derive(Debug, Default)]
pub(crate) struct Synced {
    pub(crate) calendars: Vec<(CalendarSource, Captured)>,
    pub(crate) settled: Settled,
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
        let mut tx = self.store.read().await?;
        let (people, sources) = (tx.staff().await?, tx.calendars().await?);
        drop(tx);
        let mut synced = Synced::default();
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

    /// Makes the rule files of the configured folder the active set if they differ from it. Says how many days became due.
    pub(crate) async fn activate(&self, next: &Active) -> anyhow::Result<Option<usize>> {
        let before = self.active().await?;
        if before.as_ref().is_some_and(|before| before.digest == next.digest) {
            return Ok(None);
        }
        let days = activate(&self.store, before.as_ref().map(Active::proposal).as_ref(), &next.proposal(), self.config.clock.now()).await?;
        Ok(Some(days))
    }

    /// The set that is active in the book.
    pub(crate) async fn active(&self) -> anyhow::Result<Option<Active>> {
        let Some((digest, files)) = self.store.read().await?.active_rule_set().await? else { return Ok(None) };
        let known = Policy { day_limits: Vec::new(), ..policy(&files)? };
        let active = Active::from_files(files, &known)
            .map_err(|_| anyhow::anyhow!("the active rule set {digest} cannot be read by this version"))?;
        Ok(Some(Active { digest, ..active }))
    }
}

fn policy(files: &Files) -> anyhow::Result<Policy> {
    let text = files.get(POLICY).context("the active rule set holds no policy")?;
    Ok(serde_json::from_str(text)?)
}

impl Active {
    /// A rule set from its files, under a policy.
    ///
    /// # Errors
    /// Every finding in every file.
    pub(crate) fn from_files(mut files: Files, policy: &Policy) -> Result<Self, Vec<(Source, Diagnostic)>> {
        let texts = files.iter().filter(|(name, _)| *name != POLICY);
        let rules = rules::load(texts.map(|(name, text)| Source::new(name, text)).collect())?;
        files.insert(POLICY.to_owned(), serde_json::to_string(policy).unwrap_or_default());
        let policy = Policy { day_limits: rules.day_limits.clone(), ..policy.clone() };
        let mut hash = Sha256::new();
        for (name, text) in &files {
            hash.update(format!("{}:{name}{}:{text}", name.len(), text.len()));
        }
        let digest = hash.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        Ok(Self { rules, policy, files, digest })
    }

    pub(crate) fn basis(&self, now: chrono::DateTime<chrono::Utc>) -> Basis<'_> {
        Basis { rules: &self.rules, policy: &self.policy, now }
    }

    fn proposal(&self) -> Proposal<'_> {
        Proposal { rules: &self.rules, policy: &self.policy, files: &self.files, digest: &self.digest }
    }
}

/// The rule files of a folder, by path.
pub(crate) fn rule_files(folder: &Path) -> anyhow::Result<Files> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.file_name().map(|name| format!("rules/{}", name.to_string_lossy()));
            files.insert(name.unwrap_or_default(), text);
        }
    }
    anyhow::ensure!(!files.is_empty(), "there is no .yaml file in {}", folder.display());
    Ok(files)
}
