//! Google and Microsoft on loopback, to connect to and to watch a daemon work without an account at either.
//!
//! `cargo run --example fake_providers -- --google-port P --outlook-port Q [--scenario FILE]`. A scenario is a JSON array of acts, each as
//! the control interface takes them, with `"at": "google"` or `"outlook"` beside it.
#![expect(clippy::print_stdout, reason = "an example that talks to the person who started it")]

use std::{error::Error, path::PathBuf};

use chrono::{Datelike, Days, TimeDelta, Utc};
use clap::Parser;
use kalends_fakes::{Control, Fake, Vendor};
use serde_json::{Value, json};

/// Fake calendar providers with state.
#[derive(Parser)]
struct Args {
    /// Where the fake Google listens on 127.0.0.1; 0 for any port.
    #[arg(long, default_value_t = 8081)]
    google_port: u16,
    /// Where the fake Microsoft listens on 127.0.0.1; 0 for any port.
    #[arg(long, default_value_t = 8082)]
    outlook_port: u16,
    /// What to begin with; two accounts with a week of events if none is given.
    #[arg(long)]
    scenario: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let (google, outlook) = (Fake::start(Vendor::Google, args.google_port)?, Fake::start(Vendor::Outlook, args.outlook_port)?);
    let acts: Vec<Value> = match &args.scenario {
        Some(file) => serde_json::from_str(&std::fs::read_to_string(file)?)?,
        None => Vec::new(),
    };
    for act in acts {
        let fake = if act["at"] == "outlook" { &outlook } else { &google };
        println!("{}", serde_json::from_value::<Control>(act)?.apply(fake));
    }
    if args.scenario.is_none() {
        week(&google, &outlook);
    }
    let (g, o) = (google.base(), outlook.base());
    println!("providers:");
    println!("  google:\n    client_id: example\n    authorize_url: {g}/o/oauth2/v2/auth\n    token_url: {g}/token");
    println!("    device_url: {g}/device/code\n    revoke_url: {g}/revoke\n    api_url: {g}/calendar/v3/");
    println!("  outlook:\n    client_id: example\n    authorize_url: {o}/common/oauth2/v2.0/authorize");
    println!("    token_url: {o}/common/oauth2/v2.0/token\n    device_url: {o}/common/oauth2/v2.0/devicecode\n    api_url: {o}/v1.0/");
    println!("# these lines lead kalends.yaml there; {g}/ and {o}/ say how to change their calendars; Ctrl-C ends them");
    loop {
        std::thread::park();
    }
}

fn week(google: &Fake, outlook: &Fake) {
    #[expect(clippy::disallowed_methods, reason = "the week is that of whoever looks")]
    let today = Utc::now().date_naive();
    let monday = today - Days::new(u64::from(today.weekday().num_days_from_monday()));
    let at = |day: u64, hour: i64| (monday + Days::new(day)).and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(hour);
    let (dana, eva) = (google.account("dana@northwind.example"), outlook.account("eva@northwind.example"));
    for day in 0..5 {
        let (start, end) = (at(day, 9), at(day, 10));
        let time = |at: chrono::DateTime<Utc>| json!({ "dateTime": at.to_rfc3339(), "timeZone": "Europe/Berlin" });
        let _id = google.add(&dana, &json!({ "summary": "[ACME-15] Design", "start": time(start), "end": time(end) }));
        let time = |at: chrono::DateTime<Utc>| json!({ "dateTime": at.format("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": "UTC" });
        let _id = outlook.add(&eva, &json!({ "subject": "Standup", "start": time(start), "end": time(end) }));
    }
}
