//! `demo`: a small agency with some weeks of calendars, and what Kalends makes of them.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::{Context, ensure};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use super::{Outcome, answer, book, demo_calendars, demo_providers, entries, explain, setup};
use crate::{
    app::App,
    clock::Clock,
    model::{
        day::Zones,
        entry::Entry,
        exception::{Exception, ExceptionStatus, rank},
        ids::{self, CalendarId, StaffId},
        staff::{Calendar, Privacy, Staff, Whose, Working},
    },
    settling::activation::Active,
    store::entries::EntryFilter,
    web,
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to put it.
    #[arg(long, default_value = "kalends-demo")]
    pub(super) dir: PathBuf,
    /// Show accounts at providers instead: connected, changed, renewed, taken back, against servers that run beside it.
    #[arg(long)]
    providers: bool,
    /// Then serve its pages, and print a one-time link to the reviewer's queue.
    #[arg(long, conflicts_with = "providers")]
    serve: bool,
    /// Where --serve listens.
    #[arg(long, default_value = "127.0.0.1:8721")]
    listen: std::net::SocketAddr,
    /// Throw an earlier demo there away and begin anew.
    #[arg(long)]
    fresh: bool,
}

/// Weeks of calendar the demo has.
const WEEKS: u64 = 5;

pub(crate) async fn run(args: &Args) -> anyhow::Result<Outcome> {
    let today = Clock::system().now().date_naive();
    if args.providers {
        return Box::pin(demo_providers::run(args, today)).await;
    }
    let midnight = today.and_time(NaiveTime::MIN).and_utc();
    let config = args.dir.join("kalends.yaml");
    if args.fresh && config.exists() {
        // Only what a demo made: its configuration says so.
        ensure!(is_demo(&config)?, "{} is not a demo's; nothing was removed", config.display());
        std::fs::remove_dir_all(&args.dir).with_context(|| format!("cannot remove {}", args.dir.display()))?;
    }
    if !config.exists() {
        make(args, today, midnight).await?;
    }
    let app = book::open(&config).await?;
    let stands = app.config.clock.now();
    if stands != midnight {
        answer(&format!("this demo stands at {}; begin anew with --fresh\n", stands.date_naive()));
    }
    let active = book::first(&app).await?;
    let synced = app.sync(&active, None).await?;
    show(&app, &active, args, stands.date_naive()).await?;
    let settled = synced.settled;
    answer(&format!("\nthis run wrote {} entries and {} exceptions", settled.entries, settled.exceptions));
    if args.serve {
        return serve_it(app, args.listen).await;
    }
    app.store.close().await;
    Ok(Outcome::Done)
}

/// Serves the demo's pages until it is interrupted. Nothing is polled: its time stands still.
async fn serve_it(mut app: App, listen: std::net::SocketAddr) -> anyhow::Result<Outcome> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}; choose another with --listen"))?;
    app.config.listen = listener.local_addr()?;
    let people = app.store.read().await?.staff().await?;
    let reviewer =
        people.iter().find(|one| one.email() == demo_calendars::REVIEWER).context("the demo has no reviewer; begin anew with --fresh")?;
    let link = web::signin::link(&app, reviewer.id).await?;
    answer(&format!(
        "\nSign in as {}, who reviews everyone's time (works once, for 30 minutes; Ctrl-C ends it):\n  {}",
        reviewer.name,
        link.expose_secret()
    ));
    let app = Arc::new(app);
    let ended = async { drop(tokio::signal::ctrl_c().await) };
    web::serve(listener, web::router(app.clone()), (app.config.connections, &app.config.trusted_proxies), ended).await;
    app.store.close().await;
    Ok(Outcome::Done)
}

fn is_demo(config: &std::path::Path) -> anyhow::Result<bool> {
    Ok(std::fs::read_to_string(config)?.contains("\nclock: "))
}

async fn make(args: &Args, today: NaiveDate, midnight: DateTime<Utc>) -> anyhow::Result<()> {
    let text = format!(
        "{}\n# The demo's clock stands still at the start of the day it was made on.\nclock: {}\n",
        setup::CONFIG,
        midnight.to_rfc3339()
    );
    let config = setup::write(&args.dir, &text)?;
    let folder = args.dir.join("calendars");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let folder = folder.canonicalize()?;
    let monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()) + 7 * WEEKS);
    let app = book::open(&config).await?;
    let mut tx = app.store.write().await?;
    for person in demo_calendars::people(monday) {
        let zones = Zones::dated(vec![(monday, person.zone)]).context("a zone")?;
        let addresses = vec![person.email.to_owned()];
        let staff = Staff {
            id: StaffId(ids::fresh()),
            name: person.name.to_owned(),
            addresses,
            zones,
            working: Working::default(),
            first_day: monday,
            last_day: None,
        };
        tx.insert_staff(&staff).await?;
        let (roles, reviews) = demo_calendars::rights(person.email);
        tx.set_rights(staff.id, &roles, &reviews).await?;
        for (name, text) in &person.calendars {
            let file = folder.join(format!("{name}.ics"));
            std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
            let calendar = Calendar {
                connection: None,
                id: CalendarId(ids::fresh()),
                staff: staff.id,
                name: (*name).to_owned(),
                location: file.display().to_string(),
                owner: person.email.to_owned(),
                whose: Whose::Mine,
                privacy: Privacy::Full,
                position: 0,
            };
            tx.insert_calendar(&calendar).await?;
        }
    }
    tx.commit().await?;
    app.store.close().await;
    Ok(())
}

async fn show(app: &App, active: &Active, args: &Args, today: NaiveDate) -> anyhow::Result<()> {
    let from = today - Days::new(u64::from(today.weekday().num_days_from_monday()) + 7 * WEEKS);
    let mut tx = app.store.read().await?;
    let all = tx.entries(&EntryFilter { from, to: today, staff: None, status: None }).await?;
    let open = tx.exceptions(ExceptionStatus::Open).await?;
    drop(tx);
    let emails = entries::emails(app).await?;
    let email = |staff: &StaffId| emails.get(staff).cloned().unwrap_or_default();
    answer(&format!("Hours per client, {from} to {today}\n{}", per_client(&all)));
    let week = today - Days::new(u64::from(today.weekday().num_days_from_monday()) + 7);
    let last: Vec<_> = all.iter().filter(|entry| (week..week + Days::new(7)).contains(&entry.body.date)).collect();
    let rows = last.iter().map(|entry| entries::row(entry, &email(&entry.staff)));
    let table = book::table(["id", "date", "time", "h", "staff", "project", "bill", "status"], rows);
    answer(&format!("\nDrafts of the week of {week}\n{table}"));
    answer(&format!("\nExceptions by reason\n{}", by_reason(&open)));
    if let Some(one) = open.iter().find(|one| one.reasons.first().is_some_and(|reason| reason.reason == "unknown-code")).or(open.first()) {
        let id = one.id.to_string();
        answer(&format!("\nOne of them explained (rules explain {})", ids::short(one.id.0)));
        let text = explain::told(app, active, &id).await?;
        answer(&text.lines().map(|line| format!("  {line}").trim_end().to_owned() + "\n").collect::<String>());
    }
    let config = args.dir.join("kalends.yaml");
    let program = std::env::args().next().unwrap_or_else(|| "kalends".to_owned());
    answer(&format!(
        "\nTry next, after: export KALENDS_CONFIG={}\n  {program} exceptions list\n  {program} exceptions resolve ID project=ACME-15\n  \
        {program} entries list --from {week} --to {today}\n  edit {}, then {program} sync",
        config.display(),
        args.dir.join("rules/clients.yaml").display()
    ));
    Ok(())
}

fn per_client(entries: &[Entry]) -> String {
    let mut sums: BTreeMap<&str, [i64; 3]> = BTreeMap::new();
    for entry in entries {
        let sum = sums.entry(entry.body.client.as_deref().unwrap_or("(not known yet)")).or_default();
        let column = if entry.body.held { 2 } else { usize::from(entry.body.billable != Some(true)) };
        sum[column] += entry.body.seconds;
    }
    let rows =
        sums.iter().map(|(client, sum)| [(*client).to_owned(), entries::hours(sum[0]), entries::hours(sum[1]), entries::hours(sum[2])]);
    book::table(["client", "billable", "not billable", "held"], rows)
}

fn by_reason(open: &[Exception]) -> String {
    let mut counts: BTreeMap<(usize, &str), [usize; 2]> = BTreeMap::new();
    for (place, reason) in open.iter().flat_map(|exception| exception.reasons.iter().enumerate()) {
        counts.entry((rank(&reason.reason), reason.reason.as_str())).or_default()[place.min(1)] += 1;
    }
    let row = |((_, reason), [leads, also]): (&(usize, &str), &[usize; 2])| [(*reason).to_owned(), leads.to_string(), also.to_string()];
    book::table(["reason", "leads", "also"], counts.iter().map(row))
}
