//! A fake that runs: its thread, and the handle to it.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

use crate::{
    calendar::{Calendar, merge},
    faults::Fault,
    google, graph,
    handling::{connection, lock},
    oauth,
    state::{Consent, Policy, Request, Role, State},
};

/// Whose fake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    Google,
    Outlook,
}

/// A running fake. Clones are handles to the same one; it ends with the last.
#[derive(Clone, Debug)]
pub struct Fake {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _stop: Arc<watch::Sender<bool>>,
}

impl Fake {
    /// Starts one on 127.0.0.1; port 0 is any free one.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn start(vendor: Vendor, port: u16) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::new(vendor)));
        let (stop, mut stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let shared = state.clone();
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                loop {
                    tokio::select! {
                        accepted = listener.accept() => {
                            if let Ok((stream, _)) = accepted {
                                tokio::spawn(connection(stream, shared.clone()));
                            }
                        }
                        ended = stopped.changed() => {
                            if ended.is_err() {
                                return;
                            }
                        }
                    }
                }
            });
        });
        Ok(Self { address, state, _stop: Arc::new(stop) })
    }

    /// A handle to a memory that some other fake serves.
    pub(crate) fn of(state: Arc<Mutex<State>>) -> Self {
        Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), state, _stop: Arc::new(watch::channel(false).0) }
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Makes an account with its main calendar, whose id this is.
    #[must_use]
    pub fn account(&self, email: &str) -> String {
        let mut state = self.lock();
        let id = if state.vendor == Vendor::Google { email.to_owned() } else { state.fresh("AAMkCal") };
        let calendar = Calendar::new(if state.vendor == Vendor::Google { email } else { "Calendar" }, email, true);
        state.calendars.insert(id.clone(), calendar);
        state.accounts.insert(email.to_owned(), vec![id.clone()]);
        id
    }

    /// A further calendar of an account.
    #[must_use]
    pub fn calendar(&self, email: &str, name: &str) -> String {
        let mut state = self.lock();
        let id = if state.vendor == Vendor::Google { state.fresh("c_") + "@group.calendar.google.com" } else { state.fresh("AAMkCal") };
        let calendar = Calendar::new(name, email, false);
        state.calendars.insert(id.clone(), calendar);
        state.accounts.entry(email.to_owned()).or_default().push(id.clone());
        id
    }

    /// A calendar goes, or is no longer shared.
    pub fn drop_calendar(&self, email: &str, id: &str) {
        let mut state = self.lock();
        state.accounts.entry(email.to_owned()).or_default().retain(|own| own != id);
        state.calendars.get_mut(id).into_iter().for_each(|calendar| calendar.rights += 1);
    }

    /// Lets another account see a calendar, or changes how much of it. What was known of who may see what is known no more: Google's sync
    /// tokens end.
    pub fn share(&self, calendar: &str, email: &str, role: Role) {
        let mut state = self.lock();
        state.shares.insert((email.to_owned(), calendar.to_owned()), role);
        state.calendars.get_mut(calendar).into_iter().for_each(|calendar| calendar.rights += 1);
        let own = state.accounts.entry(email.to_owned()).or_default();
        if !own.iter().any(|own| own == calendar) {
            own.push(calendar.to_owned());
        }
    }

    /// A person's client inserts an event, as the vendor's API takes it. Says its id.
    #[must_use]
    pub fn add(&self, calendar: &str, event: &Value) -> String {
        let mut state = self.lock();
        match state.vendor {
            Vendor::Google => google::add(&mut state, calendar, event),
            Vendor::Outlook => graph::add(&mut state, calendar, event),
        }
    }

    /// Many at once.
    pub fn seed(&self, calendar: &str, events: &[Value]) {
        events.iter().for_each(|event| drop(self.add(calendar, event)));
    }

    /// Changes an event, or one occurrence of a series.
    pub fn edit(&self, calendar: &str, id: &str, patch: &Value) {
        let mut state = self.lock();
        match state.vendor {
            Vendor::Google => google::edit(&mut state, calendar, id, patch),
            Vendor::Outlook => graph::edit(&mut state, calendar, id, patch),
        }
    }

    /// Puts something into an event that no client could: what a vendor's own fault would look like.
    pub fn poison(&self, calendar: &str, id: &str, patch: &Value) {
        let mut state = self.lock();
        let item = state.calendars.get_mut(calendar).and_then(|calendar| calendar.items.get_mut(id));
        item.into_iter().for_each(|item| merge(&mut item.body, patch));
    }

    /// Where the consent page last sent someone.
    #[must_use]
    pub fn last_redirect(&self) -> Option<String> {
        self.lock().last_redirect.clone()
    }

    /// The organiser calls an event off.
    pub fn cancel(&self, calendar: &str, id: &str) {
        let vendor = self.lock().vendor;
        match vendor {
            Vendor::Google => self.delete(calendar, id),
            Vendor::Outlook => self.edit(calendar, id, &json!({ "isCancelled": true })),
        }
    }

    /// Deletes an event, or one occurrence of a series.
    pub fn delete(&self, calendar: &str, id: &str) {
        let mut state = self.lock();
        match state.vendor {
            Vendor::Google => google::delete(&mut state, calendar, id),
            Vendor::Outlook => graph::delete(&mut state, calendar, id),
        }
    }

    /// Google: calls a series off, but not what was changed of it before.
    pub fn outlive(&self, calendar: &str, id: &str) {
        google::outlive(&mut self.lock(), calendar, id);
    }

    /// Ids of the occurrences of a series in a window.
    #[must_use]
    pub fn instances(&self, calendar: &str, id: &str, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<String> {
        let state = self.lock();
        let item = state.calendars.get(calendar).and_then(|calendar| calendar.items.get(id));
        let found = item.map(|item| item.instances(id, from, until)).unwrap_or_default();
        let is_all_day = item.is_some_and(|item| item.is_all_day);
        let named = |original: DateTime<Utc>| match state.vendor {
            Vendor::Google if is_all_day => format!("{id}_{}", original.format("%Y%m%d")),
            Vendor::Google => format!("{id}_{}", original.format("%Y%m%dT%H%M%SZ")),
            Vendor::Outlook => format!("{id}~{}", original.timestamp()),
        };
        found.into_iter().filter_map(|one| one.original.map(named)).collect()
    }

    /// What the consent page does from now on.
    pub fn consent(&self, consent: Consent) {
        self.lock().consent = consent;
    }

    /// Every access token handed out so far ends.
    pub fn expire_tokens(&self) {
        self.lock().grants.expire();
    }

    /// An account takes its grants back.
    pub fn revoke(&self, email: &str) {
        self.lock().grants.revoke(email);
    }

    /// Someone types in the code of the device flow.
    pub fn approve(&self, user_code: &str, email: &str) {
        oauth::approve(&mut self.lock(), user_code, email);
    }

    /// How it behaves.
    pub fn set(&self, policy: Policy) {
        self.lock().policy = policy;
    }

    /// Changes some of how it behaves.
    ///
    /// # Errors
    /// If a policy has no such field, or no such value; nothing is changed then.
    pub fn adjust(&self, patch: &Value) -> Result<(), serde_json::Error> {
        let mut state = self.lock();
        let mut policy = serde_json::to_value(&state.policy)?;
        merge(&mut policy, patch);
        state.policy = serde_json::from_value(policy)?;
        Ok(())
    }

    /// How it behaves now.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.lock().policy.clone()
    }

    /// Has something go wrong.
    pub fn fault(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// How often each fault and each trap really happened.
    #[must_use]
    pub fn fired(&self) -> BTreeMap<String, u32> {
        self.lock().fired.clone()
    }

    /// Faults that still wait for their requests.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.lock().faults.iter().map(|fault| fault.times).sum()
    }

    /// Lets go of the faults that did not happen yet.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    pub fn clear_requests(&self) {
        self.lock().requests.clear();
    }

    /// Refreshes granted, and refused for want of a grant.
    #[must_use]
    pub fn refreshes(&self) -> (u32, u32) {
        let state = self.lock();
        (state.grants.granted, state.grants.refused)
    }

    /// Every secret ever handed out.
    #[must_use]
    pub fn all_tokens(&self) -> Vec<String> {
        self.lock().grants.issued.clone()
    }
}
