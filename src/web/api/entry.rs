//! An entry as the API shows it.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{RefOr, schema::Schema},
};
use uuid::Uuid;

use super::lists::{utc, words};
use crate::{
    model::{
        entry::{Entry, EntryStatus, Origin},
        ids::StaffId,
        principal::Principal,
    },
    store::{Error, Tx},
};

/// A time entry.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Entry)]
pub(super) struct Shown {
    pub(super) id: Uuid,
    /// Counts its changes; the `ETag` is this number in quotation marks.
    #[schema(minimum = 1)]
    version: i64,
    /// The address of the person whose time it is.
    staff: String,
    /// The work day it is booked on, in its time zone.
    #[schema(format = "date")]
    date: String,
    #[schema(format = "date-time")]
    start: String,
    #[schema(format = "date-time")]
    end: String,
    /// IANA name.
    timezone: String,
    #[schema(minimum = 0)]
    seconds: i64,
    /// After the house's rounding.
    #[schema(minimum = 0)]
    rounded_seconds: i64,
    client: Option<String>,
    project: Option<String>,
    /// None too where these words are not for you to read.
    task: Option<String>,
    billable: Option<bool>,
    #[schema(schema_with = billable_words)]
    billable_status: &'static str,
    tags: Vec<String>,
    /// None too where these words are not for you to read.
    description: Option<String>,
    #[schema(schema_with = status_words)]
    status: &'static str,
    #[schema(schema_with = approval_words)]
    approval_status: &'static str,
    /// Held back by an open exception.
    held: bool,
    #[schema(schema_with = origin_words)]
    origin: &'static str,
    external_ref: Option<String>,
    /// The event it was derived from.
    event: Option<Uuid>,
    /// Which rule or person gave each field.
    #[schema(value_type = Object)]
    provenance: Value,
}

/// A page of entries.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryPage {
    pub(super) items: Vec<Shown>,
    /// Where the next page begins; null on the last.
    pub(super) next_cursor: Option<String>,
}

/// Entries, all of them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryList {
    pub(super) items: Vec<Shown>,
}

pub(super) fn status_words() -> Schema {
    words(EntryStatus::ALL.iter().map(|one| one.as_str()))
}

/// Any of them, each once.
pub(super) fn some_statuses() -> Schema {
    utoipa::openapi::ArrayBuilder::new().items(RefOr::T(status_words())).max_items(Some(6)).into()
}

fn origin_words() -> Schema {
    words(Origin::ALL.iter().map(|one| one.as_str()))
}

fn approval_words() -> Schema {
    words(["pending", "submitted", "approved", "rejected"])
}

fn billable_words() -> Schema {
    words(["billable", "nonBillable", "notApplicable"])
}

/// Who is who.
pub(super) struct Emails(HashMap<StaffId, String>);

impl Emails {
    pub(super) async fn read(tx: &mut Tx) -> Result<Self, Error> {
        Ok(Self(tx.staff().await?.into_iter().map(|one| (one.id, one.email().to_owned())).collect()))
    }

    pub(super) fn of(&self, staff: StaffId) -> String {
        self.0.get(&staff).cloned().unwrap_or_default()
    }
}

impl Shown {
    /// An entry as someone may read it.
    pub(super) fn new(entry: &Entry, who: &Principal, emails: &Emails) -> Self {
        let body = &entry.body;
        let reads = who.reads_words_of(entry.staff);
        let word = |words: &Option<String>| words.clone().filter(|_| reads);
        Self {
            id: entry.id.0,
            version: entry.version,
            staff: emails.of(entry.staff),
            date: body.date.to_string(),
            start: utc(body.start),
            end: utc(body.end),
            timezone: body.timezone.to_string(),
            seconds: body.seconds,
            rounded_seconds: body.rounded_seconds,
            client: body.client.clone(),
            project: body.project.clone(),
            task: word(&body.task),
            billable: body.billable,
            billable_status: body.billable_status(),
            tags: body.tags.clone(),
            description: word(&body.description),
            status: entry.status.as_str(),
            approval_status: entry.status.approval(),
            held: body.held,
            origin: body.origin.as_str(),
            external_ref: body.external_ref.clone(),
            event: body.event.map(|id| id.0),
            provenance: serde_json::to_value(&entry.provenance).unwrap_or_default(),
        }
    }
}
