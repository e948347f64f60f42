//! Opens what a command works on: the configuration, the book and the rules.

use std::{future::Future, path::Path};

use anyhow::Context;

use super::{complain, drawn, paint};
use crate::{
    app::{App, rule_files},
    config::{self, Config},
    model::{principal::Principal, staff::Staff, words::counted},
    settling::{
        activation::{self, Active},
        reload::{Ask, Reloaded},
    },
    yaml::{
        code::Level,
        diagnostic::{Diagnostic, Source},
    },
};

/// Runs what waits for the book.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}

/// The book that a configuration names.
pub(super) async fn open(path: &Path) -> anyhow::Result<App> {
    App::open(configuration(path)?).await
}

/// A configuration. Findings are drawn, and then it fails.
pub(super) fn configuration(path: &Path) -> anyhow::Result<Config> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {name}; make one with `kalends init DIR`, or name it with --config"))?;
    let source = Source::new(name, &text);
    let folder = path.parent().unwrap_or(Path::new("."));
    match config::read(&source, folder, |name| std::env::var(name).ok()) {
        Ok(config) => Ok(config),
        Err(findings) => Err(draw(findings)),
    }
}

fn draw(findings: impl IntoIterator<Item = (Source, Diagnostic)>) -> anyhow::Error {
    let errors = findings.into_iter().filter(|(_, finding)| finding.level == Level::Error);
    let drawn: Vec<_> = errors.map(|(source, finding)| drawn(&finding.draw(&source, paint()))).collect();
    anyhow::anyhow!("{}; nothing was changed", counted(drawn.len(), "error", "errors"))
}

/// Makes the rule files of the configured folder the active set if they changed, and so differ from it. A refusal is told, but for what follows of it.
///
/// # Errors
/// Of the book. A folder that cannot be read changes nothing, and is the inner error.
pub(super) async fn reload(app: &App) -> anyhow::Result<anyhow::Result<Reloaded>> {
    let files = match rule_files(&app.config.rules) {
        Ok(files) => files,
        Err(error) => return Ok(Err(error)),
    };
    let reloaded = app.reload_files(files, &app.config.rules, &actor(), Ask::Found).await?;
    match &reloaded {
        Reloaded::Refused(refusal) => drawn(&refusal.told(paint())),
        Reloaded::Replaced(active) => complain(&replaced(app, active)),
        Reloaded::Same(_) | Reloaded::Active(..) => {}
    }
    Ok(Ok(reloaded))
}

/// What is to be said where the folder holds what was put out of force on purpose, or by another folder.
fn replaced(app: &App, active: &Active) -> String {
    let (folder, stays) = (app.config.rules.display(), &active.digest[..12]);
    format!("the rules of {folder} were active once and are not now; {stays} stays. Make them active with: kalends rules reload")
}

/// The folder's set, for a book that has none yet.
pub(super) async fn first(app: &App) -> anyhow::Result<Active> {
    match reload(app).await?? {
        Reloaded::Same(active) | Reloaded::Active(active, _) | Reloaded::Replaced(active) => Ok(active),
        Reloaded::Refused(refusal) => anyhow::bail!("{}; nothing was changed", refusal.summary()),
    }
}

/// The set in force, as it is: what looks, and what acts on entries, makes no other one active.
pub(super) async fn active(app: &App) -> anyhow::Result<Active> {
    activation::active(&app.store).await?.context("no rules are active yet; run: kalends sync")
}

/// Who gives this command: an address in `KALENDS_ACTOR`, else the user's name.
pub(super) fn actor() -> String {
    let named = std::env::var("KALENDS_ACTOR").or_else(|_| std::env::var("USER"));
    named.unwrap_or_else(|_| "command line".to_owned()).to_lowercase()
}

/// A person's last day, for tables.
pub(super) fn last_day(staff: &Staff) -> String {
    staff.last_day.map_or_else(String::new, |day| day.to_string())
}

/// Whoever gives this command, as the book knows her.
pub(super) async fn operator(app: &App) -> anyhow::Result<Principal> {
    let name = actor();
    let people = app.store.read().await?.staff().await?;
    let staff = people.iter().find(|person| person.has_address(&name)).map(|person| person.id);
    Ok(Principal::operator(&name, staff))
}

/// The person with an address.
pub(super) async fn person(app: &App, email: &str) -> anyhow::Result<Staff> {
    let people = app.store.read().await?.staff().await?;
    let email = email.to_lowercase();
    let distance = |known: &&String| strsim::damerau_levenshtein(known, &email);
    let near = people.iter().flat_map(|person| &person.addresses).min_by_key(distance).filter(|near| distance(near) <= 3).cloned();
    people.into_iter().find(|person| person.has_address(&email)).with_context(|| match near {
        Some(near) => format!("nobody has the address {email}; did you mean {near}?"),
        None => format!("nobody has the address {email}; add her with: kalends staff add {email}"),
    })
}

/// A table that fits 80 columns.
pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(comfy_table::ContentArrangement::Dynamic).set_width(80);
    table.set_header(head).add_rows(rows);
    table.trim_fmt()
}
