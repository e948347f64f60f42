//! The one question a grant can raise: that its person connects again. Closed when she does.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::refresh::command;
use crate::{
    model::{
        connection::{Connection, Provider},
        exception::{Exception, ExceptionStatus, Question, Reason, Subject, SubjectKind, cleared, next_exception},
        ids::ConnectionId,
        staff::Staff,
    },
    store::{Error, Tx},
};

/// What Google gives an app whose consent screen is in testing.
const TESTING: TimeDelta = TimeDelta::days(7);

/// Asks a person to connect again, once, however often it is noticed.
pub(super) async fn needs_reconnect(
    tx: &mut Tx,
    connection: &Connection,
    staff: &Staff,
    why: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let message = format!(
        "{} no longer lets Kalends read the calendars of {} ({why}); nothing new comes from there until someone runs: {}{}",
        connection.provider.title(),
        connection.email,
        command(connection.provider, staff.email()),
        hint(connection, now)
    );
    let reason = Reason {
        reason: "needs-reconnect".to_owned(),
        holding: false,
        cause: json!({ "connection": connection.id, "version": connection.version }),
        evidence: json!({ "connection": connection.id }),
        message,
    };
    let subject = Subject { kind: SubjectKind::Connection, id: connection.id.0, segment: 0 };
    let before = standing(tx, connection).await?;
    let question = Question::new(subject, staff.zones.date_of(now), vec![reason], &tx.decisions_about(&[connection.id.0]).await?);
    let row = next_exception(staff.id, before.as_ref(), question, None, now);
    tx.save_exceptions(&row.into_iter().collect::<Vec<_>>()).await
}

/// Closes the question: she connected again, or nobody wants the connection any more.
pub(super) async fn connected(tx: &mut Tx, connection: &Connection, now: DateTime<Utc>) -> Result<(), Error> {
    let open = standing(tx, connection).await?.filter(|before| before.status != ExceptionStatus::Cleared);
    tx.save_exceptions(&open.iter().map(|one| cleared(one, None, now)).collect::<Vec<_>>()).await
}

async fn standing(tx: &mut Tx, connection: &Connection) -> Result<Option<Exception>, Error> {
    let ConnectionId(id) = connection.id;
    let all = tx.exceptions_about_sources(connection.staff).await?;
    Ok(all.into_iter().find(|exception| exception.subject.kind == SubjectKind::Connection && exception.subject.id == id))
}

/// Google's grants of seven days are a trap that nobody suspects.
fn hint(connection: &Connection, now: DateTime<Utc>) -> &'static str {
    let age = now - connection.connected_at;
    let is_week = (TESTING - TimeDelta::hours(12)..TESTING + TimeDelta::hours(12)).contains(&age);
    let was_told = connection.grant_until.is_some_and(|until| until - connection.connected_at <= TESTING);
    if connection.provider == Provider::Google && (is_week || was_told) {
        return ". Google ends the grants of an app after 7 days while its consent screen is in \"Testing\": publish the app, see README";
    }
    ""
}
