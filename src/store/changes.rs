//! What changed, in the order in which it came to stand: others follow the book by it.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{Error, Tx, codec::At, sight::within};
use crate::model::{ids::StaffId, principal::Principal};

const ROWS: usize = 1_000;

/// A place in the feed: the transaction, and the change in it. Later ones come after it, whenever they began.
pub(crate) type Place = (i64, i64);

/// One record that changed: the version that stood after this change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) place: Place,
    pub(crate) kind: String,
    pub(crate) subject: Uuid,
    pub(crate) staff: StaffId,
    pub(crate) version: i64,
    pub(crate) at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    xid: i64,
    seq: i64,
    kind: String,
    subject: Uuid,
    staff: Uuid,
    version: i64,
    at: At,
}

impl Tx {
    /// Notes which versions this transaction writes.
    pub(super) async fn note_changes(&mut self, kind: &str, records: &[(Uuid, StaffId, i64)]) -> Result<(), Error> {
        for part in records.chunks(ROWS) {
            on!(self, |conn| QueryBuilder::new("insert into change (kind, subject, staff, version) ")
                .push_values(part, |mut row, (subject, staff, version)| {
                    row.push_bind(kind.to_owned()).push_bind(*subject).push_bind(staff.0).push_bind(*version);
                })
                .build()
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }

    /// What changed after a place of the feed, in the order of transactions. It stops before the first that may still commit: all before
    /// it have ended, so that nothing is ever put in front of what was read (S22).
    pub(crate) async fn changes_after(&mut self, who: &Principal, place: Place, limit: i64) -> Result<Vec<Change>, Error> {
        let head = self.dialect(
            "select xid, seq, kind, subject, staff, version, at from change where (xid, seq) > (",
            "select xid::text::bigint as xid, seq, kind, subject, staff, version, at from change \
                where xid < pg_snapshot_xmin(pg_current_snapshot()) and (xid, seq) > (",
        );
        // PostgreSQL has no number as wide as its transactions'.
        let cast = self.dialect("", "::text::xid8");
        let rows: Vec<Row> = on!(self, |conn| {
            let mut query = QueryBuilder::new(head);
            query.push_bind(place.0).push(cast).push(", ").push_bind(place.1).push(")");
            within!(query, who, "staff");
            query.push(" order by change.xid, seq limit ").push_bind(limit).build_query_as().fetch_all(conn).await
        })?;
        let change = |row: Row| Change {
            place: (row.xid, row.seq),
            kind: row.kind,
            subject: row.subject,
            staff: StaffId(row.staff),
            version: row.version,
            at: row.at.0,
        };
        Ok(rows.into_iter().map(change).collect())
    }
}
