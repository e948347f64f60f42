//! `serve` and `doctor`: the daemon, and what keeps hours from coming in.

use std::sync::Arc;

use anyhow::Context;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind},
    sync::watch,
};
use tracing::{error, info, warn};

use super::{Format, Outcome, access, answer, connections, sources};
use crate::{
    app::{App, health::STRANGE, rules::Folder},
    config::Config,
    daemon::{self, Alone, Daemon},
    model::{
        audit,
        connection::{Connection, ConnectionStatus, Provider},
        ids,
        principal::{Reviews, Role},
        staff::Staff,
        words::counted,
    },
    web,
};

/// Keeps every calendar current until SIGTERM or SIGINT.
pub(crate) async fn serve(config: Config) -> anyhow::Result<Outcome> {
    // Heard from the first moment on: who is told to stop while it starts, stops.
    let mut term = tokio::signal::unix::signal(SignalKind::terminate())?;
    let mut hangup = tokio::signal::unix::signal(SignalKind::hangup())?;
    let mut alone = Alone::with(&config.database)?;
    let mut app = App::open(config).await?;
    alone.opened()?;
    let listen = app.config.listen;
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}; set `listen` to another address"))?;
    // With port 0 only the listener knows where it is, and links have to say so.
    app.config.listen = listener.local_addr()?;
    let (app, listen) = (Arc::new(app), listener.local_addr()?);
    let rules = daemon::rules::first_look(&app).await;
    let (stop, stopping) = watch::channel(false);
    let daemon = Daemon::new(app.clone(), stopping.clone());
    let running = tokio::spawn({
        let daemon = daemon.clone();
        async move { daemon.run(rules).await }
    });
    let (pages, connections, proxies) = (web::router(app.clone()), app.config.connections, app.config.trusted_proxies.clone());
    let mut until = stopping.clone();
    let serving = tokio::spawn(async move {
        let ended = async move { drop(until.wait_for(|stop| *stop).await) };
        web::serve(listener, pages, (connections, &proxies), ended).await;
    });
    first_link(&app).await?;
    info!(
        "Kalends is running; people sign in at http://{listen}/, and connect at http://{listen}/connect/… with links from `kalends connect-link`."
    );
    notify(&[sd_notify::NotifyState::Ready]);
    let ended = signalled(&app, &daemon, &alone, (&mut term, &mut hangup)).await;
    notify(&[sd_notify::NotifyState::Stopping]);
    info!("Stopping: what is being read is ended first.");
    stop.send_replace(true);
    running.await?;
    serving.await?;
    app.store.close().await;
    info!(file = alone.holds_a_file(), "Stopped.");
    ended.map(|()| Outcome::Done)
}

/// At the first start nobody can give anyone rights: whoever was added first may, and signs in with a link that only the log has. Once
/// rights were given to anyone, only people give them.
async fn first_link(app: &App) -> anyhow::Result<()> {
    let now = app.config.clock.now();
    let mut tx = app.store.write().await?;
    let people = tx.staff().await?;
    let works = |one: &&Staff| one.last_day.is_none_or(|last| one.zones.date_of(now) <= last);
    let Some(first) = people.iter().filter(works).min_by_key(|one| one.id) else {
        info!("Nobody can sign in yet: add the first person with `kalends staff add ADDRESS`, and start again.");
        return Ok(());
    };
    // Of several daemons that start at once one gives the rights; the others wait here, and then see them.
    tx.lock_staff(first.id).await?;
    if tx.rights_were_given().await? {
        if !tx.has_admin().await? {
            info!("Nobody has the role admin; it is given with `kalends users set ADDRESS --role admin …`, which takes all of her roles.");
        }
        return Ok(());
    }
    let before = tx.principal(first.id).await?;
    tx.set_rights(first.id, &Role::ALL.iter().copied().collect(), &Reviews::Everyone).await?;
    let after = tx.principal(first.id).await?;
    let why = Some("the first start: nobody had been given a role".to_owned());
    tx.audit(&[access::on_rights(audit::DERIVATION, "rights", now, (&before, &after)).because(why)]).await?;
    tx.commit().await?;
    let link = web::signin::link(app, first.id).await?;
    info!("{} has all roles from now on and signs in once with {}", first.email(), link.expose_secret());
    Ok(())
}

/// Waits for the signal to stop; meanwhile the watchdog hears from us as long as the book takes writers, and SIGHUP has the rules read again.
///
/// # Errors
/// The book's file is another one, or none.
async fn signalled(app: &App, daemon: &Daemon, alone: &Alone, (term, hangup): (&mut Signal, &mut Signal)) -> anyhow::Result<()> {
    let mut beat = tokio::time::interval(std::time::Duration::from_secs(10));
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = hangup.recv() => daemon.reload_rules(),
            interrupt = tokio::signal::ctrl_c() => return Ok(interrupt?),
            _ = beat.tick() => {
                anyhow::ensure!(alone.has_its_book(), "the file of the book was taken away or replaced; start again with the one that is meant");
                match app.store.is_writable().await {
                    Ok(()) => notify(&[sd_notify::NotifyState::Watchdog]),
                    Err(error) => error!("The book cannot be written: {}", error.with_cause()),
                }
            }
        }
    }
}

/// Tells systemd, where there is one.
fn notify(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!("systemd cannot be told: {error}");
    }
}

/// Something that keeps hours from coming in, and what to do.
struct Finding {
    what: String,
    fix: String,
}

pub(crate) async fn doctor(app: &App, format: Format) -> anyhow::Result<Outcome> {
    let health = app.health().await?;
    let now = app.config.clock.now();
    let mut findings = Vec::new();
    let mut found = |what: String, fix: String| findings.push(Finding { what, fix });
    if health.people.is_empty() {
        let how = "compare `database` in kalends.yaml; if it is meant to be new: kalends staff add ADDRESS";
        found("nobody is in this book".to_owned(), how.to_owned());
    }
    let needs_key = health.connections.iter().any(|one| one.status != ConnectionStatus::Removed);
    if let Err(error) = app.vault.keys()
        && needs_key
    {
        found(error.to_string(), "kalends keys generate, or restore the key file from its copy".to_owned());
    }
    let works = |one: &&Connection| health.people.iter().any(|person| person.id == one.staff && !person.has_left(now));
    for one in health.connections.iter().filter(works) {
        let whose = health.email(one.staff);
        if one.status == ConnectionStatus::NeedsReconnect {
            let how = format!("kalends connect {} --staff {whose}, or send her: kalends connect-link --staff {whose}", one.provider);
            found(format!("{} at {} has to be connected again for {whose}", one.email, one.provider.title()), how);
        }
        if one.status == ConnectionStatus::Active && one.provider != Provider::Feed && app.config.apps.of(one.provider).is_none() {
            found(
                format!("{} is connected, but kalends.yaml names no app for it", one.provider),
                format!("set providers.{}.client_id", one.provider),
            );
        }
    }
    for (one, person) in health.strange(now) {
        let (email, whose) = (&one.email, person.email());
        found(
            format!("{email} at {} is connected for {whose}: {STRANGE}", one.provider.title()),
            format!(
                "if it is hers: kalends staff set {whose} --add-address {email}; if not: kalends connections remove {}",
                ids::short(one.id.0)
            ),
        );
    }
    for waiting in app.waiting(&health).await? {
        let how = "mend what keeps them from being read; what she knows to be right she can submit herself";
        found(format!("of {}, {}", health.email(waiting.staff), waiting.told()), how.to_owned());
    }
    for source in health.sources.iter().filter(|source| health.is_read(source, now)) {
        let Some(poll) = health.poll(source) else { continue };
        if let (Some(since), Some(failure)) = (poll.failing_since, &poll.failure) {
            let what = format!(
                "{} of {} fails since {}: {failure}",
                source.calendar.name,
                health.email(source.calendar.staff),
                connections::at(Some(since))
            );
            found(what, "it is tried again by itself; if it stays so, see: kalends calendar list".to_owned());
        }
        let unread = health.unread(source);
        if let [first, ..] = unread.as_slice() {
            let (whose, events) = (health.email(source.calendar.staff), counted(unread.len(), "event", "events"));
            found(
                format!("{events} of {} of {whose} cannot be read, so their hours are missing: {}", source.calendar.name, first.message),
                "write such hours by hand and dismiss the question, or have the event mended; see: kalends exceptions list".to_owned(),
            );
        }
        let lag = now - poll.due_at;
        if poll.failing_since.is_none() && source.last_success.is_some() && lag > app.config.polling.longest {
            let what = format!("{} should have been read {} ago", source.calendar.name, connections::length(lag));
            found(what, "is `kalends serve` running?".to_owned());
        }
    }
    let active = app.store.read().await?.active_digest().await?;
    match Folder::look(app, active.as_deref()) {
        Folder::Same => {}
        _ if active.is_none() => {}
        folder => found(format!("{} {}", app.config.rules.display(), folder.told()), "see: kalends rules status".to_owned()),
    }
    for (name, _, _, _, failure) in app.store.read().await?.jobs().await? {
        if let Some(failure) = failure {
            found(format!("the job {name} failed the last time: {failure}"), "mend its cause; it runs again at its next slot".to_owned());
        }
    }
    if format == Format::Json {
        let shown: Vec<_> = findings.iter().map(|one| json!({ "what": one.what, "fix": one.fix })).collect();
        answer(&serde_json::to_string_pretty(&shown)?);
    } else if findings.is_empty() {
        answer(&format!("nothing keeps hours from coming in ({})", counted(health.sources.len(), "calendar", "calendars")));
        for source in health.sources.iter().filter(|source| health.stands(source)) {
            answer(&sources::health(source, health.poll(source), now).join("\n"));
        }
    } else {
        answer(&findings.iter().map(|one| format!("{}\n  {}", one.what, one.fix)).collect::<Vec<_>>().join("\n"));
    }
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::Findings })
}
