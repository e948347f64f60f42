//! What changed, in the order in which it came to stand: others follow the book by it.

use chrono::{DateTime, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{Error, Tx, codec::At, sight::within};
use crate::model::{ids::StaffId, principal::Principal};

const ROWS: usize = 1_000;

type Row = (i64, String, Uuid, Uuid, i64, At);

/// One record that changed: the last version before or at this place of the feed, or a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) seq: i64,
    pub(crate) kind: String,
    pub(crate) subject: Uuid,
    pub(crate) staff: StaffId,
    pub(crate) version: i64,
    pub(crate) at: DateTime<Utc>,
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

    /// What changed after a place of the feed, oldest first. It stops before the first transaction that may still commit, so that nothing
    /// is ever passed over (S22).
    pub(crate) async fn changes_after(&mut self, who: &Principal, seq: i64, limit: i64) -> Result<Vec<Change>, Error> {
        let settled = self.dialect("", " and xid < pg_snapshot_xmin(pg_current_snapshot())");
        let rows: Vec<Row> = on!(self, |conn| {
            let mut query = QueryBuilder::new("select seq, kind, subject, staff, version, at from change where seq > ");
            query.push_bind(seq).push(settled);
            within!(query, who, "staff");
            query.push(" order by seq limit ").push_bind(limit).build_query_as().fetch_all(conn).await
        })?;
        let change =
            |(seq, kind, subject, staff, version, at): Row| Change { seq, kind, subject, staff: StaffId(staff), version, at: at.0 };
        Ok(rows.into_iter().map(change).collect())
    }
}
