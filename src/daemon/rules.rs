//! Watches the folder of the rule files. What it holds is a proposal whenever it changed: it is read over and over and compared by content,
//! so that files that were renamed over others, and folders that a link now leads to, are seen like any other change.
//!
//! Why no notifications: they hang on inodes, and are lost when a folder is swapped. A folder of rules is read in a millisecond.

use std::time::Duration;

use tracing::{info, warn};

use super::Daemon;
use crate::{
    app::{App, rule_files},
    model::audit::DERIVATION,
    settling::reload::{Ask, Refusal, Reloaded},
    store::rule_sets::Files,
    yaml::diagnostic::Paint,
};

/// A change has to stand for so long before it counts: who saves several files saves them within it.
const LOOK: Duration = Duration::from_secs(1);

/// What was seen in the folder. Pure.
#[derive(Debug, Default)]
struct Watched {
    /// What was proposed last, or stood there at first.
    known: Option<Files>,
    /// What was seen for the first time at the last look.
    fresh: Option<Files>,
}

impl Watched {
    /// What the folder holds now, if that is a change that has stood since the last look.
    fn look(&mut self, files: Files) -> Option<Files> {
        if self.known.as_ref() == Some(&files) {
            self.fresh = None;
            return None;
        }
        if self.fresh.as_ref() != Some(&files) {
            self.fresh = Some(files);
            return None;
        }
        self.fresh = None;
        self.known = Some(files.clone());
        Some(files)
    }

    /// What was proposed last had no answer, so it is a change as before.
    fn unanswered(&mut self) {
        self.known = None;
    }
}

impl Daemon {
    /// Reads the folder again at once, as SIGHUP asks for, whether it changed or not.
    pub(crate) fn reload_rules(&self) {
        self.reload.notify_one();
    }

    pub(super) async fn watch_rules(&self, first: Option<Files>) {
        let mut watched = Watched { known: first, fresh: None };
        let mut is_readable = true;
        while !self.is_stopping() {
            let asked = tokio::select! {
                () = self.reload.notified() => true,
                () = self.rest(LOOK) => false,
            };
            let proposed = match self.rule_files().await {
                Ok(files) if asked => {
                    watched = Watched { known: Some(files.clone()), fresh: None };
                    Some(files)
                }
                Ok(files) => {
                    is_readable = true;
                    watched.look(files)
                }
                // Said once: a folder that is being swapped is there again at the next look.
                Err(error) => {
                    if std::mem::replace(&mut is_readable, false) || asked {
                        warn!("The rule files cannot be read; the rules that are active stay: {error:#}");
                    }
                    None
                }
            };
            if let Some(files) = proposed
                && !propose(&self.app, files, Ask::Asked).await
            {
                watched.unanswered();
            }
        }
    }

    async fn rule_files(&self) -> anyhow::Result<Files> {
        let folder = self.app.config.rules.clone();
        tokio::task::spawn_blocking(move || rule_files(&folder)).await?
    }
}

/// At the start: what the folder holds is proposed if it changed while no daemon ran. What was active once and is not now was replaced on
/// purpose, maybe by a daemon with another folder: two of these must not take turns (S6).
pub(crate) async fn first_look(app: &App) -> Option<Files> {
    match rule_files(&app.config.rules) {
        Ok(files) => propose(app, files.clone(), Ask::Found).await.then_some(files),
        Err(error) => {
            warn!("The rule files cannot be read: {error:#}");
            None
        }
    }
}

/// Makes files the active set, or says why not. The set in the book goes on then. Says whether there was an answer: where the book gave
/// none, as when someone else wrote to it, the files are a proposal as before.
async fn propose(app: &App, files: Files, ask: Ask) -> bool {
    let folder = app.config.rules.display();
    match app.reload_files(files, &app.config.rules, DERIVATION, ask).await {
        Ok(Reloaded::Same(_)) => {}
        Ok(Reloaded::Active(set, days)) => info!(days, "The rules of {folder} are active: rule set {}.", &set.digest[..12]),
        Ok(Reloaded::Replaced(set)) => warn!(
            "The rules of {folder} were active once and are not now; {} stays. Make them active with: kalends rules reload",
            &set.digest[..12]
        ),
        Ok(Reloaded::Refused(refusal)) => refused(&refusal, &folder.to_string()),
        Err(error) => {
            warn!("The rules of {folder} cannot be made active now and are tried again; those that are stay: {error:#}");
            return false;
        }
    }
    true
}

fn refused(refusal: &Refusal, folder: &str) {
    warn!("The rules of {folder} were not made active; those that are stay. {}:\n{}", refusal.summary(), refusal.told(Paint::Plain));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Files {
        Files::from([("rules/rules.yaml".to_owned(), text.to_owned())])
    }

    #[test]
    fn a_change_counts_once_it_has_stood() {
        let mut watched = Watched { known: Some(files("one")), fresh: None };
        let looks = ["one", "tw", "two", "two", "two", "one", "two", "one", "one"];
        let proposed: Vec<_> = looks.into_iter().map(|text| watched.look(files(text)).is_some()).collect();
        assert_eq!(proposed, [false, false, false, true, false, false, false, false, true]);
    }

    #[test]
    fn what_had_no_answer_is_proposed_again() {
        let mut watched = Watched { known: Some(files("one")), fresh: None };
        let mut propose = |answered: bool| {
            let proposed: Vec<_> = (0..3).map(|_| watched.look(files("two")).is_some()).collect();
            if !answered {
                watched.unanswered();
            }
            proposed
        };
        assert_eq!((propose(false), propose(true)), (vec![false, true, false], vec![false, true, false]));
        assert_eq!(propose(true), [false; 3]);
    }
}
