//! People, calendars and grants as the API lists them: limited to what its reader may see, in pages by id.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{Error, Tx, sight::within};
use crate::model::{
    ids::{EventId, StaffId},
    principal::Principal,
};

/// Which records are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Listed {
    People,
    Calendars,
    Connections,
}

impl Listed {
    fn select(self) -> &'static str {
        match self {
            Self::People => "select id from (select id, id as staff from staff) listed where ",
            Self::Calendars => "select id from calendar where ",
            Self::Connections => "select id from connection where ",
        }
    }
}

impl Tx {
    /// A page of the ids of records that someone may see, of one person or of all, after the last one of the page before.
    pub(crate) async fn listed(
        &mut self,
        who: &Principal,
        what: Listed,
        staff: Option<StaffId>,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Uuid>, Error> {
        Ok(on!(self, |conn| {
            let mut query = QueryBuilder::new(what.select());
            query.push("id > ").push_bind(after.unwrap_or_default());
            if let Some(staff) = staff {
                query.push(" and staff = ").push_bind(staff.0);
            }
            within!(query, who, "staff");
            query.push(" order by id limit ").push_bind(limit).build_query_scalar().fetch_all(conn).await
        })?)
    }

    /// Whether someone may see a record.
    pub(crate) async fn is_listed(&mut self, who: &Principal, what: Listed, id: Uuid) -> Result<bool, Error> {
        let found: Option<Uuid> = on!(self, |conn| {
            let mut query = QueryBuilder::new(what.select());
            query.push("id = ").push_bind(id);
            within!(query, who, "staff");
            query.build_query_scalar().fetch_optional(conn).await
        })?;
        Ok(found.is_some())
    }

    /// Whose event it is, if its reader may see that.
    pub(crate) async fn event_seen(&mut self, who: &Principal, id: EventId) -> Result<Option<StaffId>, Error> {
        let staff: Option<Uuid> = on!(self, |conn| {
            let mut query = QueryBuilder::new("select staff from event where id = ");
            query.push_bind(id.0);
            within!(query, who, "staff");
            query.build_query_scalar().fetch_optional(conn).await
        })?;
        Ok(staff.map(StaffId))
    }
}
