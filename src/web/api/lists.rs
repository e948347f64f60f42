//! What lists have in common: pages by an opaque cursor, and people by id or address.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::openapi::schema::Schema;

use super::problem::{Kind, Misfit, Problem};
use crate::{
    model::{ids::StaffId, staff::Staff},
    store::{Error, Tx},
};

pub(super) const LIMIT: i64 = 50;

/// The place after which the next page begins, for a program to hand back as it is.
pub(super) fn cursor(place: &impl Serialize) -> Option<String> {
    Some(URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).ok()?))
}

/// The place that a cursor names.
pub(super) fn place<T: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let place = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let wrong = || Problem::misfits(Kind::Invalid, vec![Misfit::new("/cursor", "it is no cursor that this list gave out")]);
    place.map(Some).ok_or_else(wrong)
}

/// One more is asked for than is shown: whether there is a next page, and where it begins.
pub(super) fn page<T, P: Serialize>(rows: &mut Vec<T>, limit: i64, place: impl Fn(&T) -> P) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().and_then(|row| cursor(&place(row)))
}

/// The person with an id or an address.
pub(super) async fn person(tx: &mut Tx, named: &str) -> Result<Option<Staff>, Error> {
    let (people, named) = (tx.staff().await?, named.to_lowercase());
    let id = named.parse::<StaffId>().ok();
    Ok(people.into_iter().find(|one| Some(one.id) == id || one.has_address(&named)))
}

/// The person that a filter names; nobody has this id where there is no such person, so that the filter finds nothing.
pub(super) async fn filtered(tx: &mut Tx, named: Option<&str>) -> Result<Option<StaffId>, Error> {
    match named {
        Some(named) => Ok(Some(person(tx, named).await?.map_or(StaffId(uuid::Uuid::nil()), |one| one.id))),
        None => Ok(None),
    }
}

/// An instant as the API writes it.
pub(super) fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The schema of words that are one of a list.
pub(super) fn words<'a>(all: impl IntoIterator<Item = &'a str>) -> Schema {
    let schema = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::schema::Type::String);
    schema.enum_values(Some(all.into_iter().map(Value::from))).into()
}
