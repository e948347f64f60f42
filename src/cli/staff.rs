//! `staff`: the people whose time is recorded.

use std::collections::BTreeSet;

use anyhow::Context;
use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use serde_json::json;

use super::{Format, Outcome, answer, book};
use crate::{
    app::App,
    model::{
        audit::Act,
        day::Zones,
        ids::{self, StaffId},
        principal::{Reviews, Role},
        staff::{Source, Staff, Working},
    },
    store::Error,
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// Her address; further ones may follow.
    #[arg(required = true)]
    emails: Vec<String>,
    /// Her name; the part of the address before the @ if none is given.
    #[arg(long)]
    name: Option<String>,
    /// IANA zone of her days.
    #[arg(long, default_value = "UTC")]
    timezone: Tz,
    /// How long she works on each weekday, such as mon-thu=8h,fri=6h.
    #[arg(long, default_value = "mon-fri=8h")]
    working: Working,
    /// Nothing before this date becomes time; the first of this month if none is given.
    #[arg(long)]
    first_day: Option<NaiveDate>,
}

pub(crate) async fn add(app: &App, args: &Add) -> anyhow::Result<Outcome> {
    let addresses: Vec<String> = args.emails.iter().map(|email| email.to_lowercase()).collect();
    let first = addresses.first().context("an address is needed")?;
    anyhow::ensure!(addresses.iter().all(|email| email.contains('@')), "an address has an @: {}", addresses.join(" "));
    let today = app.config.clock.now().with_timezone(&args.timezone).date_naive();
    let first_day = args.first_day.or_else(|| today.with_day(1)).unwrap_or(today);
    let name = args.name.clone().unwrap_or_else(|| first.split('@').next().unwrap_or_default().to_owned());
    let zones = Zones::dated(vec![(first_day, args.timezone)]).context("a zone is needed")?;
    let staff = Staff { id: StaffId(ids::fresh()), name, addresses, zones, working: args.working, first_day, last_day: None };
    let mut tx = app.store.write().await?;
    match tx.insert_staff(&staff).await {
        Err(Error::Taken(_)) => anyhow::bail!("someone has one of these addresses already; see: kalends staff list"),
        done => done?,
    }
    // Her own time is hers to look after; everything else is given by `users set`.
    tx.set_rights(staff.id, &BTreeSet::from([Role::Staff]), &Reviews::default()).await?;
    tx.commit().await?;
    answer(&format!("added {}; her time counts from {first_day}, in {}", staff.email(), args.timezone));
    Ok(Outcome::Done)
}

pub(crate) async fn list(app: &App, format: Format) -> anyhow::Result<Outcome> {
    let people = app.store.read().await?.staff().await?;
    let zone = |staff: &Staff| staff.zones.on(app.config.clock.now().date_naive()).to_string();
    if format == Format::Json {
        let shown = people.iter().map(|staff| {
            json!({ "id": staff.id, "name": staff.name, "addresses": staff.addresses, "timezone": zone(staff), "first_day": staff.first_day, "last_day": staff.last_day })
        });
        answer(&serde_json::to_string_pretty(&shown.collect::<Vec<_>>())?);
    } else {
        let rows = people
            .iter()
            .map(|staff| [staff.email().to_owned(), staff.name.clone(), zone(staff), staff.first_day.to_string(), book::last_day(staff)]);
        answer(&book::table(["email", "name", "time zone", "first day", "last day"], rows));
    }
    Ok(Outcome::Done)
}

/// Adds an address. What her calendars said before is read anew, since it says more now.
pub(crate) async fn address(app: &App, email: &str, further: &str) -> anyhow::Result<Outcome> {
    let (staff, further, now) = (book::person(app, email).await?, further.to_lowercase(), app.config.clock.now());
    anyhow::ensure!(further.contains('@'), "an address has an @: {further}");
    anyhow::ensure!(!staff.has_address(&further), "{further} is known as hers already");
    let mut tx = app.store.write().await?;
    tx.lock_staff(staff.id).await?;
    match tx.insert_address(staff.id, &further).await {
        Err(Error::Taken(_)) => anyhow::bail!("someone else has this address; see: kalends staff list"),
        done => done?,
    }
    for source in tx.calendars().await?.into_iter().filter(|source| source.calendar.staff == staff.id) {
        tx.want_full(Some(source.calendar.id), now).await?;
        tx.update_calendar(&Source { digest: None, ..source }).await?;
    }
    tx.audit(&[Act::new(&book::actor(), "add-address", now, "staff", &staff.id).of(staff.id).to(json!(further))]).await?;
    tx.commit().await?;
    answer(&format!("{further} is an address of {} too; next: kalends sync", staff.email()));
    Ok(Outcome::Done)
}

/// Her last day is a fact like her first: what comes after it is no time, and once it has passed nobody reads her calendars, and she signs in no more.
pub(crate) async fn end(app: &App, email: &str, on: NaiveDate) -> anyhow::Result<Outcome> {
    let staff = book::person(app, email).await?;
    anyhow::ensure!(on >= staff.first_day, "her first day is {}; a last one before it makes no sense", staff.first_day);
    let now = app.config.clock.now();
    let mut tx = app.store.write().await?;
    tx.lock_staff(staff.id).await?;
    tx.end_staff(staff.id, on).await?;
    let after = staff.last_day.map_or(on, |before| before.min(on)).succ_opt().unwrap_or(on);
    let days = tx.days_with_work(staff.id, after).await?;
    tx.mark_due(staff.id, &days, crate::store::days::Due::Fresh, now).await?;
    tx.commit().await?;
    answer(&format!(
        "{} works until {on}; until then her calendars are read and she may sign in, and no entry up to that day was touched",
        staff.email()
    ));
    Ok(Outcome::Done)
}
