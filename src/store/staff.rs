//! People: who they are, by which addresses and in which zones; and the sequence that every writer of their days takes first.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Json, Plain},
};
use crate::model::{
    day::Zones,
    ids::{DaemonId, StaffId},
    staff::{Staff, Working},
};

#[derive(sqlx::FromRow)]
struct StaffRow {
    id: Uuid,
    name: String,
    working: Json<Working>,
    first_day: Plain<NaiveDate>,
    last_day: Option<Plain<NaiveDate>>,
}

impl Tx {
    /// Adds a person.
    ///
    /// # Errors
    /// [`Error::Taken`] if someone has one of her addresses.
    pub(crate) async fn insert_staff(&mut self, staff: &Staff) -> Result<(), Error> {
        const PERSON: &str = "insert into staff (id, name, working, first_day, last_day) values ($1, $2, $3, $4, $5)";
        const ADDRESS: &str = "insert into staff_address (email, staff, position) values ($1, $2, $3)";
        const ZONE: &str = "insert into staff_zone (staff, first_day, zone) values ($1, $2, $3)";
        let (id, first_day, last_day) = (staff.id.0, Plain(staff.first_day), staff.last_day.map(Plain));
        on!(self, |conn| sqlx::query(PERSON)
            .bind(id)
            .bind(&staff.name)
            .bind(Json(staff.working))
            .bind(first_day)
            .bind(last_day)
            .execute(conn)
            .await
            .map(drop))?;
        for (email, position) in staff.addresses.iter().zip(0_i64..) {
            on!(self, |conn| sqlx::query(ADDRESS).bind(email).bind(id).bind(position).execute(conn).await.map(drop))?;
        }
        for (from, zone) in staff.zones.iter() {
            on!(self, |conn| sqlx::query(ZONE).bind(id).bind(Plain(from)).bind(Plain(zone)).execute(conn).await.map(drop))?;
        }
        Ok(())
    }

    /// Adds an address behind those a person has.
    ///
    /// # Errors
    /// [`Error::Taken`] if someone has it.
    pub(crate) async fn insert_address(&mut self, id: StaffId, email: &str) -> Result<(), Error> {
        const SQL: &str = "insert into staff_address (email, staff, position) \
            select $1, $2, coalesce(max(position) + 1, 0) from staff_address where staff = $2";
        on!(self, |conn| sqlx::query(SQL).bind(email).bind(id.0).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Everyone, by name.
    pub(crate) async fn staff(&mut self) -> Result<Vec<Staff>, Error> {
        self.people(None).await
    }

    /// One person.
    pub(crate) async fn staff_member(&mut self, id: StaffId) -> Result<Staff, Error> {
        self.people(Some(id.0)).await?.pop().ok_or(Error::Missing("person"))
    }

    async fn people(&mut self, only: Option<Uuid>) -> Result<Vec<Staff>, Error> {
        const PEOPLE: &str = "select id, name, working, first_day, last_day from staff where $1 is null or id = $1 order by name, id";
        const ADDRESSES: &str = "select staff, email from staff_address where $1 is null or staff = $1 order by staff, position";
        const ZONES: &str = "select staff, first_day, zone from staff_zone where $1 is null or staff = $1 order by staff, first_day";
        let rows: Vec<StaffRow> = on!(self, |conn| sqlx::query_as(PEOPLE).bind(only).fetch_all(conn).await)?;
        let addresses: Vec<(Uuid, String)> = on!(self, |conn| sqlx::query_as(ADDRESSES).bind(only).fetch_all(conn).await)?;
        let zones: Vec<(Uuid, Plain<NaiveDate>, Plain<Tz>)> = on!(self, |conn| sqlx::query_as(ZONES).bind(only).fetch_all(conn).await)?;
        rows.into_iter().map(|row| row.person(&addresses, &zones)).collect()
    }

    /// Notes a person's last day.
    pub(crate) async fn end_staff(&mut self, id: StaffId, last_day: NaiveDate) -> Result<(), Error> {
        const SQL: &str = "update staff set last_day = $2 where id = $1";
        on!(self, |conn| sqlx::query(SQL).bind(id.0).bind(Plain(last_day)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Claims a person, whose days are then settled by one daemon; none if another has her. The fence is to be held by.
    pub(crate) async fn claim_staff(
        &mut self,
        id: StaffId,
        by: DaemonId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<i64>, Error> {
        let (free, lease) = (self.lease_is_free("lease_until"), self.lease_end());
        let sql = format!(
            "update staff set lease_by = $2, lease_until = {lease}, fence = fence + 1 \
                where id = $1 and ({free} or lease_by = $2) returning fence"
        );
        Ok(on!(self, |conn| sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(id.0)
            .bind(by.0)
            .bind(At(now))
            .bind(At(until))
            .fetch_optional(conn)
            .await)?)
    }

    /// Makes sure that a claim on a person is still the last one, and prolongs it.
    ///
    /// # Errors
    /// [`Error::Outdated`] if someone else claimed her since.
    pub(crate) async fn hold_staff(&mut self, id: StaffId, fence: i64, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<(), Error> {
        let lease = self.lease_end();
        let sql = format!("update staff set lease_until = {lease} where id = $1 and fence = $2");
        let held = on!(self, |conn| sqlx::query(AssertSqlSafe(sql))
            .bind(id.0)
            .bind(fence)
            .bind(At(now))
            .bind(At(until))
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        super::all_written(held, 1, "claims on this person")
    }

    /// Gives a claim on a person back.
    pub(crate) async fn release_staff(&mut self, id: StaffId, fence: i64) -> Result<(), Error> {
        const SQL: &str = "update staff set lease_by = null, lease_until = null where id = $1 and fence = $2";
        on!(self, |conn| sqlx::query(SQL).bind(id.0).bind(fence).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Takes a person's row for this transaction: whoever writes her days comes through here first, one after another (S13).
    pub(crate) async fn lock_staff(&mut self, id: StaffId) -> Result<i64, Error> {
        const SQL: &str = "update staff set seq = seq + 1 where id = $1 returning seq";
        let seq: Option<i64> = on!(self, |conn| sqlx::query_scalar(SQL).bind(id.0).fetch_optional(conn).await)?;
        seq.ok_or(Error::Missing("person"))
    }
}

impl StaffRow {
    fn person(self, addresses: &[(Uuid, String)], zones: &[(Uuid, Plain<NaiveDate>, Plain<Tz>)]) -> Result<Staff, Error> {
        let zones = zones.iter().filter(|zone| zone.0 == self.id).map(|(_, from, zone)| (from.0, zone.0)).collect();
        Ok(Staff {
            id: StaffId(self.id),
            addresses: addresses.iter().filter(|address| address.0 == self.id).map(|(_, email)| email.clone()).collect(),
            zones: Zones::dated(zones).ok_or(Error::Missing("zone of this person"))?,
            name: self.name,
            working: self.working.0,
            first_day: self.first_day.0,
            last_day: self.last_day.map(|day| day.0),
        })
    }
}
