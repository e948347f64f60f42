//! `staff set`: what is said of a person after she was added, and what becomes of her days.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use super::super::{Outcome, answer, book};
use crate::{
    app::{
        App,
        person::{Changed, Wanted},
    },
    capture::pass::DAYS_BACK,
    model::{
        entry::{EntryStatus, Origin},
        staff::Working,
        words::counted,
    },
    store::entries::EntryFilter,
};

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
pub(crate) struct Set {
    /// One of her addresses.
    #[arg(value_name = "EMAIL")]
    of: String,
    /// Her name.
    #[arg(long, group = "change")]
    name: Option<String>,
    /// IANA zone of her days. Days before `--from` stay in the one they are in, and approved time stays whatever it is.
    #[arg(long, group = "change")]
    timezone: Option<Tz>,
    /// The first day in that zone; today if none is given. From her first day or an earlier one on, the zone is another from the beginning.
    #[arg(long, value_name = "DATE", requires = "timezone")]
    from: Option<NaiveDate>,
    /// How long she works on each weekday, such as mon-thu=8h,fri=6h. It is so on all of her days whose books are open.
    #[arg(long, group = "change")]
    working: Option<Working>,
    /// Nothing before this date becomes time.
    #[arg(long, value_name = "DATE", group = "change")]
    first_day: Option<NaiveDate>,
    /// A further address of hers: what it is invited to is hers. Once for each.
    #[arg(long, value_name = "EMAIL", group = "change")]
    add_address: Vec<String>,
    /// An address that is hers no more. Once for each.
    #[arg(long, value_name = "EMAIL", group = "change")]
    remove_address: Vec<String>,
    /// The address that names her in lists; added if it is not hers yet.
    #[arg(long, group = "change")]
    email: Option<String>,
}

pub(crate) async fn set(app: &App, args: &Set) -> anyhow::Result<Outcome> {
    let person = book::person(app, &args.of).await?;
    let wanted = Wanted {
        name: args.name.clone(),
        zone: args.timezone,
        from: args.from,
        working: args.working,
        first_day: args.first_day,
        added: args.add_address.clone(),
        removed: args.remove_address.clone(),
        email: args.email.clone(),
    };
    let changed = app.set_person(&book::actor(), person.id, &wanted).await?;
    if changed.before == changed.after {
        answer(&format!("{} is so already; nothing was changed", person.email()));
        return Ok(Outcome::Done);
    }
    for line in told(&changed).into_iter().chain(of_first_day(app, &changed).await?) {
        answer(&line);
    }
    let days = counted(changed.days, "day of hers is", "days of hers are");
    match (changed.days, changed.reads_anew) {
        (0, false) => {}
        (_, false) => answer(&format!("{days} derived again: kalends sync")),
        (_, true) => answer(&format!("{days} derived again, and her calendars read anew: kalends sync")),
    }
    Ok(Outcome::Done)
}

/// What is so now.
fn told(changed: &Changed) -> Vec<String> {
    let Changed { before, after, locked_through, .. } = changed;
    let mut told = Vec::new();
    if before.name != after.name {
        told.push(format!("{} is called {}", after.email(), after.name));
    }
    if before.addresses != after.addresses {
        told.push(format!("{} is her address{}", after.email(), others(&after.addresses)));
        told.push(format!("whose events are hers is looked at again {DAYS_BACK} days back; what is older stays as it is"));
    }
    if before.addresses.iter().any(|address| !after.has_address(address)) {
        told.push("whoever was signed in as her has to sign in again".to_owned());
    }
    if before.zones != after.zones {
        told.push(format!("{}: time zone {}", after.email(), after.zones));
    }
    if before.working != after.working {
        let open = locked_through.map_or_else(String::new, |through| format!(" after {through}"));
        told.push(format!("{} works {}, on all of her days{open}", after.email(), after.working));
    }
    if before.first_day != after.first_day {
        told.push(format!("{}: her time counts from {}", after.email(), after.first_day));
    }
    told
}

fn others(addresses: &[String]) -> String {
    if addresses.len() > 1 { format!(", and so is {}", addresses[1..].join(", ")) } else { String::new() }
}

/// What another first day does to what stands, or cannot do.
async fn of_first_day(app: &App, changed: &Changed) -> anyhow::Result<Option<String>> {
    let Changed { before, after, locked_through, .. } = changed;
    let read = after.zones.date_of(app.config.clock.now()) - Days::new(DAYS_BACK);
    if after.first_day < before.first_day {
        let is_read = read <= after.first_day;
        let told = format!("calendars are read from {read} on: of the days before, only what was read already becomes time");
        return Ok((!is_read).then_some(told));
    }
    let open = locked_through.map_or(before.first_day, |through| before.first_day.max(through + Days::new(1)));
    let filter = EntryFilter { from: open, to: after.first_day - Days::new(1), staff: Some(after.id), status: None };
    let there = app.store.read().await?.entries(&filter).await?;
    let is_draft = |status| matches!(status, EntryStatus::Draft | EntryStatus::Rejected);
    let drafts = there.iter().filter(|entry| is_draft(entry.status) && entry.body.origin == Origin::Calendar).count();
    let told = match (drafts, there.len() - drafts) {
        (0, 0) => return Ok(None),
        (drafts, 0) => format!("{} before it will go", counted(drafts, "draft", "drafts")),
        (drafts, others) => format!(
            "{} before it will go; {} that someone wrote or submitted stay there",
            counted(drafts, "draft", "drafts"),
            counted(others, "entry", "entries")
        ),
    };
    Ok(Some(told))
}
