//! `connect`, `connect-link` and `connections`: accounts at Google and Microsoft that may be read.

use std::io::BufRead;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::{Format, Outcome, answer, book, complain};
use crate::{
    app::{App, health::Health},
    config::providers,
    grants::{
        OAuth,
        connect::{self, Begun, Connected, Return, accept, begin, begin_device, exchange, finish_device},
        keys::digest,
    },
    model::{
        connection::{Connection, ConnectionStatus, Provider},
        ids::{self, ConnectionId},
        staff::{Source, Staff},
        words::counted,
    },
    web::loopback::Loopback,
};

/// How long a link works.
const LINK: TimeDelta = TimeDelta::minutes(30);

/// What was typed.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub(crate) struct Connect {
    /// `google` or `outlook`.
    provider: Provider,
    /// Address of the person whose calendars they are.
    #[arg(long)]
    staff: String,
    /// Shows a code to type in on any other device, for hosts without a browser.
    #[arg(long, conflicts_with = "paste")]
    device: bool,
    /// Asks for the address the browser ended at, for hosts whose browser is elsewhere.
    #[arg(long)]
    paste: bool,
    /// Only prints the provider's page instead of opening it.
    #[arg(long)]
    no_browser: bool,
    /// She has more than one account there, and both are meant.
    #[arg(long)]
    another_account: bool,
}

/// The app of a provider, or how to configure one.
fn registered(app: &App, provider: Provider) -> anyhow::Result<&providers::App> {
    app.config.apps.of(provider).with_context(|| {
        format!("kalends.yaml names no app for {provider}: set providers.{provider}.client_id; README says how to register one")
    })
}

pub(crate) async fn connect(app: &App, args: &Connect, format: Format) -> anyhow::Result<Outcome> {
    anyhow::ensure!(args.provider != Provider::Feed, "a feed is added with: kalends calendar add ics --url-file FILE");
    let staff = book::person(app, &args.staff).await?;
    let registered = registered(app, args.provider)?;
    // Without a key nothing could be kept, so nobody is sent anywhere.
    app.vault.keys()?;
    let oauth = OAuth::new(&registered.client, &app.api)?;
    let connected = match (args.device, args.paste) {
        (true, _) => by_device(app, registered, &oauth, &staff, args).await?,
        (_, true) => by_paste(app, registered, &oauth, &staff, args).await?,
        _ => by_browser(app, registered, &oauth, &staff, args).await?,
    };
    told(&connected, &staff, format)
}

async fn by_device(app: &App, registered: &providers::App, oauth: &OAuth, staff: &Staff, args: &Connect) -> anyhow::Result<Connected> {
    let begun = begin_device(registered, oauth).await?;
    let (page, code) = (begun.verification_uri().to_string(), begun.user_code().secret());
    complain(&format!("open {page} on any device and type in the code {code}; it works for {} minutes", begun.expires_in().as_secs() / 60));
    let tokens = finish_device(oauth, &begun).await?;
    Ok(accept(
        &app.store,
        &app.vault,
        &app.api,
        registered,
        staff,
        (&tokens, args.another_account),
        (&book::actor(), app.config.clock.now()),
    )
    .await?)
}

async fn by_browser(app: &App, registered: &providers::App, oauth: &OAuth, staff: &Staff, args: &Connect) -> anyhow::Result<Connected> {
    let loopback = Loopback::bind(args.provider).await.context("no port is free to listen on")?;
    let redirect = loopback.address.clone();
    let Begun { url, state, verifier } = begin(registered, oauth, &redirect, Some(staff.email()))?;
    complain(&format!("sign in and allow Kalends to read the calendars:\n  {url}"));
    if !args.no_browser {
        open(&url);
    }
    let (back, tell) = loopback.hit(state).await?;
    let done = async {
        let tokens = exchange(&registered.client.authorize_url, oauth, &redirect, &verifier, back).await?;
        accept(
            &app.store,
            &app.vault,
            &app.api,
            registered,
            staff,
            (&tokens, args.another_account),
            (&book::actor(), app.config.clock.now()),
        )
        .await
    };
    let done = done.await;
    let words = done.as_ref().map(|connected| format!("Kalends reads the calendars of {}.", connected.connection.email));
    // A browser that left is told nothing.
    let _is_there = tell.send(words.map_err(ToString::to_string)).is_ok();
    #[expect(clippy::disallowed_methods, reason = "the page that says how it ended is on its way")]
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    Ok(done?)
}

async fn by_paste(app: &App, registered: &providers::App, oauth: &OAuth, staff: &Staff, args: &Connect) -> anyhow::Result<Connected> {
    // Nothing listens there: the browser shows an error, and the address it shows is what is wanted.
    let host = if args.provider == Provider::Outlook { "localhost" } else { "127.0.0.1" };
    let redirect = Url::parse(&format!("http://{host}:9/callback"))?;
    let Begun { url, state, verifier } = begin(registered, oauth, &redirect, Some(staff.email()))?;
    complain(&format!(
        "open this page anywhere, sign in and allow it:\n  {url}\nthe browser ends at a page that cannot be reached; paste its whole address here:"
    ));
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("nothing was pasted")?;
    let pasted = Url::parse(line.trim()).context("what was pasted is no address; copy all of it, from http:// on")?;
    let back = Return::of(&pasted);
    let expected = secrecy::ExposeSecret::expose_secret(&state);
    let is_ours = bool::from(subtle::ConstantTimeEq::ct_eq(back.state.as_deref().unwrap_or_default().as_bytes(), expected.as_bytes()));
    anyhow::ensure!(is_ours, "this address is from another attempt; begin again");
    let tokens = exchange(&registered.client.authorize_url, oauth, &redirect, &verifier, back).await?;
    Ok(accept(
        &app.store,
        &app.vault,
        &app.api,
        registered,
        staff,
        (&tokens, args.another_account),
        (&book::actor(), app.config.clock.now()),
    )
    .await?)
}

/// The system's browser, or the one that `BROWSER` names. If there is none, the address was printed.
fn open(url: &Url) {
    let program = std::env::var("BROWSER").unwrap_or_else(|_| "xdg-open".to_owned());
    let quiet = std::process::Stdio::null;
    let opened = std::process::Command::new(program).arg(url.as_str()).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
    if opened.is_err() {
        complain("no browser was found; open the page yourself");
    }
}

fn told(connected: &Connected, staff: &Staff, format: Format) -> anyhow::Result<Outcome> {
    let Connected { connection, offered, added } = connected;
    if format == Format::Json {
        let calendars: Vec<_> = added.iter().map(|calendar| json!({ "id": calendar.id, "name": calendar.name })).collect();
        let offered: Vec<_> = offered.iter().map(|one| json!({ "id": one.id, "name": one.name, "owner": one.owner })).collect();
        let shown = json!({ "id": connection.id, "provider": connection.provider, "email": connection.email, "added": calendars, "offered": offered });
        answer(&serde_json::to_string_pretty(&shown)?);
        return Ok(Outcome::Done);
    }
    let mut lines = vec![format!("connected {} at {} for {}", connection.email, connection.provider.title(), staff.email())];
    if !staff.has_address(&connection.email) {
        let (email, hers) = (&connection.email, staff.email());
        lines.push(format!(
            "note: {email} is not known as hers, so only what names {hers} counts; if it is: kalends staff set {hers} --add-address {email}"
        ));
    }
    lines.extend(added.iter().map(|calendar| format!("reading {} from now on", calendar.name)));
    let others = offered.iter().filter(|one| added.iter().all(|calendar| calendar.location != one.id)).count();
    if others > 0 {
        let count = counted(others, "other calendar", "other calendars");
        lines.push(format!("{count} to choose from: kalends connections show {}", ids::short(connection.id.0)));
    }
    lines.push("next: kalends sync".to_owned());
    answer(&lines.join("\n"));
    Ok(Outcome::Done)
}

/// Prints a one-time link for each provider that is configured.
pub(crate) async fn link(app: &App, email: &str, format: Format) -> anyhow::Result<Outcome> {
    let staff = book::person(app, email).await?;
    let now = app.config.clock.now();
    let mut links = Vec::new();
    let mut tx = app.store.write().await?;
    for provider in [Provider::Google, Provider::Outlook].into_iter().filter(|provider| app.config.apps.of(*provider).is_some()) {
        let secret = Uuid::new_v4().simple().to_string() + &Uuid::new_v4().simple().to_string();
        tx.insert_connect_link(&digest(&secret), staff.id, provider, now + LINK).await?;
        let mut url = app.address(&format!("connect/{provider}"))?;
        url.query_pairs_mut().append_pair("link", &secret);
        links.push((provider, url));
    }
    anyhow::ensure!(!links.is_empty(), "kalends.yaml names no app: set providers.google.client_id or providers.outlook.client_id");
    tx.commit().await?;
    if format == Format::Json {
        let shown: serde_json::Map<_, _> = links.iter().map(|(provider, url)| (provider.to_string(), json!(url))).collect();
        answer(&serde_json::to_string_pretty(&shown)?);
    } else {
        let addresses: Vec<_> = links.iter().map(|(_, url)| url.to_string()).collect();
        answer(&addresses.join("\n"));
        complain(&format!("for {} only; each works once, for 30 minutes, while `kalends serve` runs", staff.email()));
    }
    Ok(Outcome::Done)
}

/// The calendars that are read with a grant.
fn calendars(health: &Health, id: ConnectionId) -> impl Iterator<Item = &Source> {
    health.sources.iter().filter(move |source| source.calendar.connection == Some(id) && source.removed_at.is_none())
}

fn last_success(health: &Health, id: ConnectionId) -> Option<DateTime<Utc>> {
    calendars(health, id).filter_map(|source| source.last_success).max()
}

/// A time as lists show it.
pub(super) fn at(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}

pub(crate) async fn list(app: &App, format: Format) -> anyhow::Result<Outcome> {
    let health = app.health().await?;
    let standing = health.connections.iter().filter(|one| one.status != ConnectionStatus::Removed);
    if format == Format::Json {
        let shown: Vec<_> = standing.map(|one| to_json(one, &health)).collect();
        answer(&serde_json::to_string_pretty(&shown)?);
        return Ok(Outcome::Done);
    }
    let rows = standing.map(|one| {
        let failing = calendars(&health, one.id).filter_map(|source| health.poll(source)).any(|poll| poll.failing_since.is_some());
        let whose = health.email(one.staff).split('@').next().unwrap_or_default().to_owned();
        let state = if failing && one.status == ConnectionStatus::Active { "failing".to_owned() } else { one.status.to_string() };
        [ids::short(one.id.0), whose, one.provider.to_string(), one.email.clone(), at(last_success(&health, one.id)), state]
    });
    answer(&book::table(["id", "staff", "provider", "account", "last read", "state"], rows));
    Ok(Outcome::Done)
}

fn to_json(one: &Connection, health: &Health) -> serde_json::Value {
    let calendars: Vec<_> = calendars(health, one.id).map(|source| json!(source.calendar.id)).collect();
    json!({ "id": one.id, "staff": health.email(one.staff), "provider": one.provider, "account": one.account, "email": one.email,
        "scopes": one.scopes, "status": one.status, "connected_at": one.connected_at, "token_refreshed_at": one.refreshed_at,
        "token_until": one.access_until, "grant_until": one.grant_until, "last_success": last_success(health, one.id), "calendars": calendars })
}

pub(crate) async fn show(app: &App, typed: &str, format: Format) -> anyhow::Result<Outcome> {
    let connection = app.store.read().await?.connection_ending(typed).await?;
    let health = app.health().await?;
    let offered = match app.config.apps.of(connection.provider).filter(|_| connection.status == ConnectionStatus::Active) {
        Some(registered) => connect::offered(&app.vault, &app.api, registered, &connection).await.map_err(|error| error.to_string()),
        None => Ok(Vec::new()),
    };
    if format == Format::Json {
        let mut shown = to_json(&connection, &health);
        let list =
            offered.iter().flatten().map(|one| json!({ "id": one.id, "name": one.name, "owner": one.owner, "primary": one.is_primary }));
        shown["offered"] = json!(list.collect::<Vec<_>>());
        answer(&serde_json::to_string_pretty(&shown)?);
        return Ok(Outcome::Done);
    }
    let now = app.config.clock.now();
    let age = connection.refreshed_at.unwrap_or(connection.connected_at);
    let mut lines = vec![
        format!("{} at {} for {}: {}", connection.email, connection.provider.title(), health.email(connection.staff), connection.status),
        format!("  connected {}, token {} old", at(Some(connection.connected_at)), length(now - age)),
    ];
    lines.extend(connection.grant_until.map(|until| format!("  the grant itself ends {}", at(Some(until)))));
    for source in calendars(&health, connection.id) {
        lines.extend(super::sources::health(source, health.poll(source), now));
    }
    match offered {
        Err(error) => lines.push(format!("  its calendars cannot be listed: {error}")),
        Ok(offered) => {
            let is_read = |id: &str| calendars(&health, connection.id).any(|source| source.calendar.location == id);
            for one in offered.iter().filter(|one| !is_read(&one.id)) {
                lines.push(format!("  not read: {} (of {})", one.name, one.owner));
            }
            lines.push(format!("read more: kalends calendar add account {} NAME", ids::short(connection.id.0)));
        }
    }
    answer(&lines.join("\n"));
    Ok(Outcome::Done)
}

/// A length of time in its largest unit.
pub(super) fn length(of: TimeDelta) -> String {
    match of.num_seconds().max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

pub(crate) async fn remove(app: &App, typed: &str) -> anyhow::Result<Outcome> {
    let connection = app.store.read().await?.connection_ending(typed).await?;
    anyhow::ensure!(connection.status != ConnectionStatus::Removed, "this connection is removed already");
    let revoked = app.disconnect(&book::actor(), &connection).await?;
    let there = match (connection.provider, revoked) {
        (Provider::Feed, _) => String::new(),
        (_, true) => format!("; {} was told", connection.provider.title()),
        (Provider::Outlook, _) => "; Microsoft lets only the person herself take it back, at https://myapps.microsoft.com".to_owned(),
        (_, false) => format!("; {} could not be told, she can take it back in her account", connection.provider.title()),
    };
    answer(&format!("removed the connection to {}{there}; no entry was touched", connection.email));
    Ok(Outcome::Done)
}
