//! Everything a vendor remembers.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{Calendar, Occurrence},
    faults::{Fault, On},
    oauth::Grants,
    server::Vendor,
};

/// What becomes of refresh tokens when they are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// They stay (Google).
    #[default]
    None,
    /// A new one comes, the old one goes on working (Microsoft).
    Lenient,
    /// A new one comes; using an old one ends the whole grant (RFC 9700 §4.14.2).
    Strict,
}

/// What the consent page does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// Shows a page with the accounts and the scopes.
    #[default]
    Page,
    /// Agrees at once, for the account of the login hint, or this one; leaves these scopes out.
    Auto {
        email: Option<String>,
        withhold: Vec<String>,
    },
    Deny,
}

/// What an account may do with a calendar; the more the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Sees when, not what.
    FreeBusyReader,
    /// Sees everything but what is private.
    Reader,
    Writer,
    Owner,
}

impl Role {
    /// As Google writes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::FreeBusyReader => "freeBusyReader",
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Owner => "owner",
        }
    }

    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::FreeBusyReader, Self::Reader, Self::Writer, Self::Owner].into_iter().find(|role| role.word() == word)
    }
}

/// How the vendor behaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub rotation: Rotation,
    pub access_seconds: i64,
    /// Google: live refresh tokens of an account; the oldest dies silently.
    pub refresh_tokens_max: usize,
    /// Google's consent screen is in testing: grants end after a week.
    pub testing: bool,
    /// Most events of a page, whatever is asked for.
    pub page_max: usize,
    /// Every other page is empty.
    pub empty_pages: bool,
    pub no_refresh_token: bool,
    pub id_token: bool,
    /// Says who answers (RFC 9207).
    pub iss: bool,
    /// As whom it signs; as its vendor does if none is said.
    pub issuer: Option<String>,
    /// Requests of one account at the same time.
    pub concurrency: Option<usize>,
    /// Requests of one account, and of all together, within a minute.
    pub user_quota: Option<usize>,
    pub project_quota: Option<usize>,
    /// Google: more attendees than this are left out, whatever is asked for.
    pub attendees_max: Option<usize>,
    /// How long a code of the device flow can be typed in.
    pub device_seconds: i64,
}

impl Policy {
    pub(crate) fn of(vendor: Vendor) -> Self {
        let is_google = vendor == Vendor::Google;
        Self {
            rotation: if is_google { Rotation::None } else { Rotation::Lenient },
            access_seconds: 3599,
            refresh_tokens_max: 100,
            testing: false,
            page_max: 2500,
            empty_pages: false,
            no_refresh_token: false,
            id_token: true,
            iss: false,
            issuer: None,
            concurrency: if is_google { None } else { Some(4) },
            user_quota: None,
            project_quota: None,
            attendees_max: None,
            device_seconds: if is_google { 1800 } else { 900 },
        }
    }
}

/// A request that came.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub status: u16,
    pub at: DateTime<Utc>,
}

/// What a page token stands for: a list as it was when it was first asked for, and how much of it was shown. Pages share it, since a
/// token may be used again.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// The query it belongs to.
    pub(crate) query: String,
    pub(crate) list: List,
    pub(crate) from: usize,
    /// When the list began: what changes later is told by the token that follows it.
    pub(crate) clock: u64,
    pub(crate) was_empty: bool,
}

/// What is listed.
#[derive(Clone, Debug)]
pub(crate) enum List {
    Occurrences(Arc<Vec<Occurrence>>),
    /// Ready bodies.
    Bodies(Arc<Vec<serde_json::Value>>),
}

impl List {
    pub(crate) fn of_occurrences(list: Vec<Occurrence>) -> Self {
        Self::Occurrences(Arc::new(list))
    }

    pub(crate) fn of_bodies(list: Vec<serde_json::Value>) -> Self {
        Self::Bodies(Arc::new(list))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Occurrences(list) => list.len(),
            Self::Bodies(list) => list.len(),
        }
    }
}

impl Pending {
    /// The whole of a list that was not shown yet.
    pub(crate) fn new(query: String, list: List, clock: u64) -> Self {
        Self { query, list, from: 0, clock, was_empty: false }
    }

    /// The places that the next page shows, and what is left after it; every other page shows none if that is how the vendor behaves.
    pub(crate) fn page(&self, size: usize, may_be_empty: bool) -> (std::ops::Range<usize>, Option<Self>) {
        let len = self.list.len();
        let is_empty = may_be_empty && !self.was_empty && self.from < len;
        let until = if is_empty { self.from } else { (self.from + size).min(len) };
        (self.from..until, (until < len).then(|| Self { from: until, was_empty: is_empty, ..self.clone() }))
    }
}

/// One vendor's memory.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) vendor: Vendor,
    pub(crate) policy: Policy,
    pub(crate) consent: Consent,
    pub(crate) grants: Grants,
    /// By address: the ids of an account's calendars, the main one first.
    pub(crate) accounts: BTreeMap<String, Vec<String>>,
    pub(crate) calendars: HashMap<String, Calendar>,
    /// What an account may do with a calendar of another.
    pub(crate) shares: HashMap<(String, String), Role>,
    pub(crate) pages: HashMap<String, Pending>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) fired: BTreeMap<String, u32>,
    pub(crate) requests: Vec<Request>,
    pub(crate) in_flight: HashMap<String, usize>,
    /// Requests of the last minute, by whom.
    recent: VecDeque<(DateTime<Utc>, String)>,
    pub(crate) last_redirect: Option<String>,
    /// The body of the last page that was listed.
    pub(crate) last_page: serde_json::Value,
    next: u64,
}

impl State {
    pub(crate) fn new(vendor: Vendor) -> Self {
        Self {
            vendor,
            policy: Policy::of(vendor),
            consent: Consent::default(),
            grants: Grants::default(),
            accounts: BTreeMap::new(),
            calendars: HashMap::new(),
            shares: HashMap::new(),
            pages: HashMap::new(),
            faults: Vec::new(),
            fired: BTreeMap::new(),
            requests: Vec::new(),
            in_flight: HashMap::new(),
            recent: VecDeque::new(),
            last_redirect: None,
            last_page: serde_json::Value::Null,
            next: 0,
        }
    }

    /// A name nobody had before.
    pub(crate) fn fresh(&mut self, prefix: &str) -> String {
        self.next += 1;
        // Looks random enough for clients, and is the same in every run.
        let mixed = self.next.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17);
        format!("{prefix}{:06x}{mixed:016x}", self.next)
    }

    pub(crate) fn fire(&mut self, what: &str) {
        *self.fired.entry(what.to_owned()).or_default() += 1;
    }

    /// The fault that meets a request of these kinds, if its turn has come. Whether it came to anything is yet to be seen.
    pub(crate) fn take_fault(&mut self, on: On) -> Option<Fault> {
        let meets = |fault: &Fault| fault.times > 0 && (fault.on == on || fault.on == On::Any);
        let found = self.faults.iter_mut().find(|fault| meets(fault))?;
        if found.after > 0 {
            found.after -= 1;
            return None;
        }
        found.times -= 1;
        Some(Fault { times: 1, ..found.clone() })
    }

    /// A fault that came to nothing waits for the next request.
    pub(crate) fn give_back(&mut self, fault: Fault) {
        self.faults.insert(0, fault);
    }

    /// What an account may do with a calendar it has.
    pub(crate) fn role(&self, email: &str, calendar: &str) -> Role {
        let shared = self.shares.get(&(email.to_owned(), calendar.to_owned())).copied();
        let is_own = self.calendars.get(calendar).is_some_and(|calendar| calendar.owner == email);
        shared.unwrap_or(if is_own { Role::Owner } else { Role::Reader })
    }

    /// Notes a request of an account; the quota it is over, if any.
    pub(crate) fn over_quota(&mut self, email: &str, at: DateTime<Utc>) -> Option<&'static str> {
        let since = at - TimeDelta::minutes(1);
        self.recent.retain(|(when, _)| *when > since);
        let own = self.recent.iter().filter(|(_, whose)| whose == email).count();
        let over = |quota: Option<usize>, count: usize| quota.is_some_and(|quota| count >= quota);
        let found = match () {
            () if over(self.policy.user_quota, own) => Some("user-quota-exceeded"),
            () if over(self.policy.project_quota, self.recent.len()) => Some("project-quota-exceeded"),
            () => None,
        };
        // What is refused counts too, as long as there is any quota to count for.
        if self.policy.user_quota.is_some() || self.policy.project_quota.is_some() {
            self.recent.push_back((at, email.to_owned()));
        }
        found
    }

    /// Whose account keeps a calendar, and the calendar; `primary` is the main one.
    pub(crate) fn resolve(&self, email: &str, id: &str) -> Option<String> {
        let own = self.accounts.get(email)?;
        let wanted = if id == "primary" { own.first()? } else { own.iter().find(|own| *own == id)? };
        self.calendars.contains_key(wanted).then(|| wanted.clone())
    }
}
