//! `demo --providers`: two accounts at providers that run beside it, a week of what happens to calendars and to tokens, and what the book
//! makes of it. Nothing leaves this machine.

use anyhow::{Context, ensure};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use kalends_fakes::{Consent, Fake, Vendor, browse};
use serde_json::{Value, json};

use super::{Outcome, answer, book, demo::Args, entries, exceptions, setup};
use crate::{
    app::App,
    cli::Format,
    grants::{
        OAuth,
        connect::{accept, begin, exchange},
    },
    model::{
        connection::Provider,
        day::Zones,
        exception::ExceptionStatus,
        ids::{self, StaffId},
        staff::{Staff, Working},
        words::counted,
    },
    settling::activation::Active,
    store::entries::EntryFilter,
    web::loopback::Loopback,
};

const DANA: &str = "dana@northwind.example";
const EVA: &str = "eva@northwind.example";

/// The week, and where it happens.
struct Week {
    google: Fake,
    outlook: Fake,
    at_google: String,
    at_outlook: String,
    monday: NaiveDate,
}

pub(super) async fn run(args: &Args, today: NaiveDate) -> anyhow::Result<Outcome> {
    let folder = args.dir.join("providers");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let week = Week::begin(today)?;
    let now = today.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(20);
    let config = setup::write(&folder, &format!("{}\nclock: {}\nfour_eyes: false\n{}", setup::CONFIG, now.to_rfc3339(), week.apps()))?;
    super::keys::make(&book::configuration(&config)?)?;
    let app = book::open(&config).await?;
    people(&app, week.monday).await?;
    let active = book::first(&app).await?;
    week.tell(&app, &active).await?;
    app.store.close().await;
    Ok(Outcome::Done)
}

async fn people(app: &App, monday: NaiveDate) -> anyhow::Result<()> {
    let mut tx = app.store.write().await?;
    for (name, email) in [("Dana Voss", DANA), ("Eva Lind", EVA)] {
        let zones = Zones::dated(vec![(monday, chrono_tz::Europe::Berlin)]).context("a zone")?;
        let (id, name, addresses) = (StaffId(ids::fresh()), name.to_owned(), vec![email.to_owned()]);
        tx.insert_staff(&Staff { id, name, addresses, zones, working: Working::default(), first_day: monday, last_day: None }).await?;
    }
    Ok(tx.commit().await?)
}

impl Week {
    fn begin(today: NaiveDate) -> anyhow::Result<Self> {
        let (google, outlook) = (Fake::start(Vendor::Google, 0)?, Fake::start(Vendor::Outlook, 0)?);
        let (at_google, at_outlook) = (google.account(DANA), outlook.account(EVA));
        for (fake, email) in [(&google, DANA), (&outlook, EVA)] {
            fake.consent(Consent::Auto { email: Some(email.to_owned()), withhold: Vec::new() });
        }
        let monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()) + 7);
        Ok(Self { google, outlook, at_google, at_outlook, monday })
    }

    /// The lines of the configuration that lead to the fakes instead of the companies.
    fn apps(&self) -> String {
        let (google, outlook) = (self.google.base(), self.outlook.base());
        let entra = format!("{outlook}/common/oauth2/v2.0");
        format!(
            "providers:\n  google:\n    client_id: demo\n    authorize_url: {google}/o/oauth2/v2/auth\n    token_url: {google}/token\n    \
                device_url: {google}/device/code\n    revoke_url: {google}/revoke\n    api_url: {google}/calendar/v3/\n  outlook:\n    \
                client_id: demo\n    authorize_url: {entra}/authorize\n    token_url: {entra}/token\n    device_url: {entra}/devicecode\n    \
                api_url: {outlook}/v1.0/\n"
        )
    }

    fn at(&self, day: u64, hour: i64) -> DateTime<Utc> {
        (self.monday + Days::new(day)).and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(hour)
    }

    fn google_event(&self, title: &str, (day, hour, hours): (u64, i64, i64), guests: &[&str]) -> Value {
        let time = |at: DateTime<Utc>| json!({ "dateTime": at.to_rfc3339(), "timeZone": "Europe/Berlin" });
        let guests: Vec<_> = guests.iter().map(|email| json!({ "email": email, "responseStatus": "accepted" })).collect();
        let start = self.at(day, hour);
        let mut event = json!({ "summary": title, "start": time(start), "end": time(start + TimeDelta::hours(hours)) });
        if !guests.is_empty() {
            event["attendees"] = json!(guests);
        }
        event
    }

    fn outlook_event(&self, title: &str, (day, hour, hours): (u64, i64, i64)) -> Value {
        let time = |at: DateTime<Utc>| json!({ "dateTime": at.format("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": "UTC" });
        let start = self.at(day, hour);
        json!({ "subject": title, "start": time(start), "end": time(start + TimeDelta::hours(hours)) })
    }

    async fn tell(&self, app: &App, active: &Active) -> anyhow::Result<()> {
        answer("\n1. Dana allows Google, Eva allows Outlook");
        for (provider, email) in [(Provider::Google, DANA), (Provider::Outlook, EVA)] {
            self.connect(app, provider, email).await?;
        }
        let kickoff = self.google.add(&self.at_google, &self.google_event("[ACME-15] Kickoff", (0, 8, 2), &[DANA, "tom@acme.example"]));
        let _quiet = self.google.add(&self.at_google, &self.google_event("Untitled chat", (1, 9, 1), &[]));
        let mut standup = self.outlook_event("Standup", (0, 7, 1));
        let range = json!({ "type": "numbered", "startDate": self.monday.to_string(), "numberOfOccurrences": 5 });
        standup["recurrence"] = json!({ "pattern": { "type": "daily", "interval": 1 }, "range": range });
        let standup = self.outlook.add(&self.at_outlook, &standup);
        let _workshop = self.outlook.add(&self.at_outlook, &self.outlook_event("ACME-15 workshop", (2, 12, 3)));
        self.step(app, active, "2. The first reading").await?;
        self.show(app).await?;

        let moved = self.google_event("x", (3, 13, 2), &[]);
        self.google.edit(&self.at_google, &kickoff, &json!({ "start": moved["start"], "end": moved["end"] }));
        let occurrences = self.outlook.instances(&self.at_outlook, &standup, self.at(0, 0), self.at(7, 0));
        let second = occurrences.get(1).context("the series has a second day")?;
        self.outlook.delete(&self.at_outlook, second);
        self.step(app, active, "3. The kickoff moves to Thursday, and one stand-up of the series is deleted").await?;
        self.step(app, active, "4. Nothing happens: one request for each calendar").await?;

        self.google.expire_tokens();
        let _late = self.google.add(&self.at_google, &self.google_event("ACME-15 review", (4, 9, 1), &[]));
        self.step(app, active, "5. Google's access token has expired, and an event came meanwhile").await?;
        answer(&format!("   Google renewed {} token", self.google.refreshes().0));

        self.outlook.expire_tokens();
        self.outlook.revoke(EVA);
        self.step(app, active, "6. Eva takes her grant back").await?;
        self.show(app).await?;
        answer("\nWhat waits for a person");
        exceptions::list(app, ExceptionStatus::Open, Format::Table).await?;
        Ok(())
    }

    /// What a person and her browser do, up to the page that says it worked.
    async fn connect(&self, app: &App, provider: Provider, email: &str) -> anyhow::Result<()> {
        let staff = book::person(app, email).await?;
        let registered = app.config.apps.of(provider).context("configured above")?;
        let oauth = OAuth::new(&registered.client, &app.api)?;
        let loopback = Loopback::bind(provider).await?;
        let redirect = loopback.address.clone();
        let begun = begin(registered, &oauth, &redirect, Some(email))?;
        let url = begun.url.to_string();
        let browser = tokio::task::spawn_blocking(move || browse(&url));
        let (back, tell) = loopback.hit(begun.state).await?;
        let tokens = exchange(&registered.client.authorize_url, &oauth, &redirect, &begun.verifier, back).await?;
        let now = app.config.clock.now();
        let connected = accept(&app.store, &app.vault, &app.api, registered, &staff, (&tokens, false), (&book::actor(), now)).await?;
        ensure!(tell.send(Ok("Kalends reads your calendars.".to_owned())).is_ok(), "the browser left");
        let (status, _) = browser.await??;
        ensure!(status == 200, "the browser ended at status {status}");
        let names: Vec<_> = connected.added.iter().map(|calendar| calendar.name.as_str()).collect();
        answer(&format!("   {} at {}: reading {}", connected.connection.email, provider.title(), names.join(", ")));
        Ok(())
    }

    async fn step(&self, app: &App, active: &Active, title: &str) -> anyhow::Result<()> {
        self.google.clear_requests();
        self.outlook.clear_requests();
        let synced = app.sync(active, None).await?;
        answer(&format!("\n{title}"));
        for (source, captured) in &synced.calendars {
            let told = captured
                .refused
                .as_ref()
                .map_or_else(|| format!("{} changed, {} removed", captured.saved, captured.removed), |why| format!("not read: {why}"));
            answer(&format!("   {}: {told}", source.calendar.name));
        }
        let (google, outlook) = (self.google.requests().len(), self.outlook.requests().len());
        let settled = synced.settled;
        let (entries, asked) = (settled.entries, settled.exceptions);
        let (entries, asked) = (counted(entries, "entry", "entries"), counted(asked, "exception", "exceptions"));
        answer(&format!("   {entries} and {asked} changed; requests: {google} to Google, {outlook} to Outlook"));
        Ok(())
    }

    async fn show(&self, app: &App) -> anyhow::Result<()> {
        let filter = EntryFilter { from: self.monday, to: self.monday + Days::new(6), staff: None, status: None };
        let all = app.store.read().await?.entries(&filter).await?;
        let emails = entries::emails(app).await?;
        let rows = all.iter().map(|entry| entries::row(entry, emails.get(&entry.staff).map_or("", String::as_str)));
        answer(&book::table(["id", "date", "time", "h", "staff", "project", "bill", "status"], rows));
        Ok(())
    }
}
