//! The program with its book open: what commands and the daemon share.

pub(crate) mod explain;
pub(crate) mod feeds;
mod found;
pub(crate) mod health;
mod pace;
pub(crate) mod person;
mod reading;
pub(crate) mod rules;
pub(crate) mod sources;
pub(crate) mod unread;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::Context;
use tokio::sync::{Mutex, Semaphore};
use url::Url;

use crate::{
    calendar::{
        api::Api,
        http::{self, Guard, Web},
    },
    capture::{
        folders::{Stranger, take_in},
        pass::Captured,
    },
    config::Config,
    grants::refresh::Vault,
    model::{
        ids::{self, DaemonId},
        principal::Principal,
        staff::Source,
    },
    review::Desk,
    settling::{
        Settled,
        activation::{self, Active},
        reload::{Ask, Reloaded, Wish, reload},
        settle_due,
    },
    store::{Error, Store, rule_sets::Files},
};

/// Built once, for one book.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) api: Api,
    pub(crate) web: Web,
    /// The set in force, as it was last read: it is compiled once, not for each page.
    current: Mutex<Option<Arc<Active>>>,
    checked: Mutex<rules::LastChecked>,
    /// Whose turn it is with what takes its time.
    apart: Arc<Semaphore>,
}

/// What `sync` did.
#[derive(Debug, Default)]
pub(crate) struct Synced {
    pub(crate) calendars: Vec<(Source, Captured)>,
    pub(crate) settled: Settled,
    /// Files in drop folders that are nobody's.
    pub(crate) strangers: Vec<Stranger>,
    /// Calendars that someone else was reading.
    pub(crate) busy: Vec<Source>,
}

impl App {
    /// Opens the book and brings its schema up to date.
    pub(crate) async fn open(config: Config) -> anyhow::Result<Self> {
        let store = Store::open(&config.database).await?;
        store.migrate().await?;
        let api = Api::new(&config.clock);
        let vault = Vault::new(&store, &config.keys, &config.apps, &api, &config.clock, DaemonId(ids::fresh()));
        let web = Web::new(Guard { allowed: config.feeds.clone() }, http::Limits::default());
        Ok(Self {
            config,
            store,
            vault,
            api,
            web,
            current: Mutex::default(),
            checked: Mutex::default(),
            apart: Arc::new(Semaphore::new(1)),
        })
    }

    /// Reads calendars and settles everything that is due by now.
    pub(crate) async fn sync(&self, active: &Active, only: Option<&str>) -> anyhow::Result<Synced> {
        let strangers = take_in(&self.store).await?;
        let (health, now) = (self.health().await?, self.config.clock.now());
        let only = match only {
            Some(typed) => Some(self.store.read().await?.source_ending(typed).await?.calendar.id),
            None => None,
        };
        let mut synced = Synced { strangers, ..Synced::default() };
        // One that is paused is read by whoever names it.
        let is_read = |source: &Source| health.is_read(&Source { paused: source.paused && only.is_none(), ..source.clone() }, now);
        for source in health.sources.iter().filter(|source| only.is_none_or(|only| only == source.calendar.id) && is_read(source)) {
            match self.read_now(source.calendar.id).await {
                Ok(Some(captured)) => synced.calendars.push((source.clone(), captured)),
                Ok(None) | Err(Error::Outdated(_)) => synced.busy.push(source.clone()),
                Err(error) => return Err(error.into()),
            }
        }
        let nothing = synced.calendars.is_empty() && synced.busy.is_empty();
        anyhow::ensure!(
            only.is_none() || !nothing,
            "this calendar is read no more: it or its connection was removed, or its person works here no longer"
        );
        // By now, and not by when it began: reading made days due meanwhile.
        synced.settled = settle_due(&self.store, active.basis(self.config.clock.now()), self.vault.daemon).await?;
        Ok(synced)
    }

    /// Where someone acts, from what is in force.
    pub(crate) fn desk<'a>(&'a self, active: &'a Active, who: &'a Principal) -> Desk<'a> {
        Desk { store: &self.store, basis: active.basis(self.config.clock.now()), who, four_eyes: self.config.four_eyes }
    }

    /// How people reach a page: by the address outside where there is one, else where this program listens.
    pub(crate) fn address(&self, path: &str) -> anyhow::Result<Url> {
        let base = match &self.config.public_url {
            Some(url) => url.clone(),
            None => Url::parse(&format!("http://{}/", self.config.listen))?,
        };
        base.join(path).context("public_url in the configuration is no address that pages can be under")
    }

    /// The rules in force.
    ///
    /// # Errors
    /// If none are yet: `sync` and `serve` make the folder's the first.
    pub(crate) async fn current(&self) -> anyhow::Result<Arc<Active>> {
        let digest = self.store.read().await?.active_digest().await?.context("no rules are active yet; run: kalends sync")?;
        let mut current = self.current.lock().await;
        if let Some(active) = current.as_ref().filter(|active| active.digest == digest) {
            return Ok(active.clone());
        }
        let active = activation::active(&self.store).await?.context("no rules are active yet")?;
        Ok(current.insert(Arc::new(active)).clone())
    }

    /// Makes the rule files of a folder the active set, if nothing speaks against them.
    ///
    /// # Errors
    /// If the folder cannot be read, or the book.
    pub(crate) async fn reload(&self, folder: &Path, actor: &str, ask: Ask) -> anyhow::Result<Reloaded> {
        self.reload_files(rule_files(folder)?, folder, actor, ask).await
    }

    /// The same with files that were read already.
    pub(crate) async fn reload_files(&self, files: Files, folder: &Path, actor: &str, ask: Ask) -> anyhow::Result<Reloaded> {
        let wish = Wish { files, policy: &self.config.policy, actor, folder: &place(folder), ask };
        Ok(reload(&self.store, &wish, self.config.clock.now()).await?)
    }
}

/// A folder of this machine: on another one the same path is another folder.
pub(crate) fn place(folder: &Path) -> String {
    let host = hostname::get().unwrap_or_default();
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    format!("{}:{}", host.to_string_lossy(), folder.display())
}

/// The rule files of a folder, by path.
pub(crate) fn rule_files(folder: &Path) -> anyhow::Result<Files> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        // Editors keep locks and copies beside what they edit, under hidden names.
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !is_hidden && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            // A pipe would be waited for without end.
            let is_file = std::fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?.is_file();
            anyhow::ensure!(is_file, "{} is no file: take it out of the folder of rules", path.display());
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            // What is no UTF-8 becomes a mark that no file may have, so that it is told with all else and where it stands.
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let name = path.file_name().map(|name| format!("rules/{}", name.to_string_lossy()));
            files.insert(name.unwrap_or_default(), text);
        }
    }
    anyhow::ensure!(!files.is_empty(), "there is no .yaml or .yml file in {}", folder.display());
    Ok(files)
}
