//! Grants and their sealed secrets. Whoever writes tokens must have seen the ones before; whoever refreshes them claims that first.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Plain},
};
use crate::model::{
    connection::{Connection, ConnectionStatus, Provider, Sealed},
    ids::{ConnectionId, DaemonId, StaffId},
};

const SELECT: &str = "select id, staff, provider, account, email, scopes, status, version, access_until, grant_until, connected_at, \
    refreshed_at, pause_until, access_token, refresh_token, address from connection where ";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    staff: Uuid,
    provider: Plain<Provider>,
    account: String,
    email: String,
    scopes: String,
    status: Plain<ConnectionStatus>,
    version: i64,
    access_until: Option<At>,
    grant_until: Option<At>,
    connected_at: At,
    refreshed_at: Option<At>,
    pause_until: Option<At>,
    access_token: Option<Vec<u8>>,
    refresh_token: Option<Vec<u8>>,
    address: Option<Vec<u8>>,
}

impl Tx {
    /// Adds a grant, or puts a new one in place of the one this person had for the same account.
    pub(crate) async fn save_connection(&mut self, connection: &Connection, sealed: &Sealed) -> Result<(), Error> {
        const SQL: &str = "insert into connection (id, staff, provider, account, email, scopes, status, version, access_until, \
            grant_until, connected_at, access_token, refresh_token, address) \
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (id) do update set \
            email = excluded.email, scopes = excluded.scopes, status = excluded.status, version = connection.version + 1, \
            access_until = excluded.access_until, grant_until = excluded.grant_until, connected_at = excluded.connected_at, \
            access_token = excluded.access_token, refresh_token = excluded.refresh_token, address = excluded.address, \
            refreshing_by = null, refreshing_until = null, pause_until = null";
        on!(self, |conn| sqlx::query(SQL)
            .bind(connection.id.0)
            .bind(connection.staff.0)
            .bind(Plain(connection.provider))
            .bind(&connection.account)
            .bind(&connection.email)
            .bind(&connection.scopes)
            .bind(Plain(connection.status))
            .bind(connection.version)
            .bind(connection.access_until.map(At))
            .bind(connection.grant_until.map(At))
            .bind(At(connection.connected_at))
            .bind(&sealed.access_token)
            .bind(&sealed.refresh_token)
            .bind(&sealed.address)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// All grants, by person, in the order in which they were given.
    pub(crate) async fn connections(&mut self) -> Result<Vec<Connection>, Error> {
        let sql = format!("{SELECT} $1 is null or staff = $1 order by staff, id");
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(None::<Uuid>).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(|row| row.split().0).collect())
    }

    /// One grant with its secrets.
    pub(crate) async fn connection(&mut self, id: ConnectionId) -> Result<(Connection, Sealed), Error> {
        let sql = format!("{SELECT} id = $1");
        let row: Option<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(id.0).fetch_optional(conn).await)?;
        Ok(row.ok_or(Error::Missing("connection"))?.split())
    }

    /// The grant whose id ends so.
    pub(crate) async fn connection_ending(&mut self, ending: &str) -> Result<Connection, Error> {
        let sql = self.dialect("lower(hex(id)) like $1 limit 2", "replace(id::text, '-', '') like $1 limit 2");
        let rows: Vec<Row> =
            on!(self, |conn| sqlx::query_as(AssertSqlSafe(format!("{SELECT} {sql}"))).bind(super::ending(ending)).fetch_all(conn).await)?;
        super::only_one(rows, "connection").map(|row| row.split().0)
    }

    /// Claims the right to refresh the tokens of this version until a time. Says whether it was given.
    pub(crate) async fn claim_refresh(
        &mut self,
        id: ConnectionId,
        version: i64,
        by: DaemonId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let (free, lease) = (self.lease_is_free("refreshing_until"), self.lease_end());
        let sql = format!(
            "update connection set refreshing_by = $5, refreshing_until = {lease} \
                where id = $1 and version = $2 and status = 'active' and {free}"
        );
        let claimed = on!(self, |conn| sqlx::query(AssertSqlSafe(sql))
            .bind(id.0)
            .bind(version)
            .bind(At(now))
            .bind(At(until))
            .bind(by.0)
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(claimed == 1)
    }

    /// Gives the claim back without new tokens.
    pub(crate) async fn release_refresh(&mut self, id: ConnectionId, by: DaemonId) -> Result<(), Error> {
        const SQL: &str = "update connection set refreshing_by = null, refreshing_until = null where id = $1 and refreshing_by = $2";
        on!(self, |conn| sqlx::query(SQL).bind(id.0).bind(by.0).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Writes the tokens that follow those of `seen`.
    ///
    /// # Errors
    /// [`Error::Outdated`] if other tokens came in between, or the grant ended.
    pub(crate) async fn save_tokens(
        &mut self,
        id: ConnectionId,
        seen: i64,
        sealed: &Sealed,
        until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        const SQL: &str = "update connection set access_token = $3, refresh_token = $4, access_until = $5, refreshed_at = $6, \
            version = version + 1, refreshing_by = null, refreshing_until = null where id = $1 and version = $2 and status = 'active'";
        let written = on!(self, |conn| sqlx::query(SQL)
            .bind(id.0)
            .bind(seen)
            .bind(&sealed.access_token)
            .bind(&sealed.refresh_token)
            .bind(until.map(At))
            .bind(At(now))
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        super::all_written(written, 1, "tokens")
    }

    /// Puts the same secrets under another key.
    ///
    /// # Errors
    /// [`Error::Outdated`] if others came in between.
    pub(crate) async fn reseal_connection(&mut self, id: ConnectionId, seen: i64, sealed: &Sealed) -> Result<(), Error> {
        const SQL: &str = "update connection set access_token = $3, refresh_token = $4, address = $5 where id = $1 and version = $2";
        let written = on!(self, |conn| sqlx::query(SQL)
            .bind(id.0)
            .bind(seen)
            .bind(&sealed.access_token)
            .bind(&sealed.refresh_token)
            .bind(&sealed.address)
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        super::all_written(written, 1, "tokens")
    }

    /// Ends a grant: `needs-reconnect` if the provider did, `removed` if a person did, and then its secrets go. Only if it is still the
    /// one whose tokens were seen. Says whether it was.
    pub(crate) async fn end_connection(&mut self, id: ConnectionId, seen: i64, status: ConnectionStatus) -> Result<bool, Error> {
        const SQL: &str = "update connection set status = $3, access_token = null, access_until = null, \
            refresh_token = case when $4 then null else refresh_token end, address = case when $4 then null else address end, \
            version = version + 1, refreshing_by = null, refreshing_until = null where id = $1 and version = $2";
        let ended = on!(self, |conn| sqlx::query(SQL)
            .bind(id.0)
            .bind(seen)
            .bind(Plain(status))
            .bind(status == ConnectionStatus::Removed)
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(ended == 1)
    }

    /// Leaves the account in peace until a time.
    pub(crate) async fn pause_connection(&mut self, id: ConnectionId, until: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "update connection set pause_until = $2 where id = $1 and (pause_until is null or pause_until < $2)";
        on!(self, |conn| sqlx::query(SQL).bind(id.0).bind(At(until)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Keeps a one-time link for a person, by digest.
    pub(crate) async fn insert_connect_link(
        &mut self,
        digest: &str,
        staff: StaffId,
        provider: Provider,
        until: DateTime<Utc>,
    ) -> Result<(), Error> {
        const SQL: &str = "insert into connect_link (digest, staff, provider, until) values ($1, $2, $3, $4)";
        on!(self, |conn| sqlx::query(SQL).bind(digest).bind(staff.0).bind(Plain(provider)).bind(At(until)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Whose link this is, while it works.
    pub(crate) async fn connect_link(&mut self, digest: &str, provider: Provider, now: DateTime<Utc>) -> Result<Option<StaffId>, Error> {
        const SQL: &str = "select staff from connect_link where digest = $1 and provider = $2 and used_at is null and until > $3";
        let staff: Option<Uuid> =
            on!(self, |conn| sqlx::query_scalar(SQL).bind(digest).bind(Plain(provider)).bind(At(now)).fetch_optional(conn).await)?;
        Ok(staff.map(StaffId))
    }

    /// Uses a link up. Says whether it still worked.
    pub(crate) async fn use_connect_link(&mut self, digest: &str, now: DateTime<Utc>) -> Result<bool, Error> {
        const SQL: &str = "update connect_link set used_at = $2 where digest = $1 and used_at is null and until > $2";
        let used = on!(self, |conn| sqlx::query(SQL).bind(digest).bind(At(now)).execute(conn).await.map(|done| done.rows_affected()))?;
        Ok(used == 1)
    }

    /// Remembers an attempt to connect that waits for the provider, and forgets those that nobody finished.
    pub(crate) async fn insert_attempt(&mut self, digest: &str, attempt: &Attempt, now: DateTime<Utc>) -> Result<(), Error> {
        const OLD: &str = "delete from connect_attempt where until < $1";
        const SQL: &str = "insert into connect_attempt (digest, staff, provider, verifier, browser, until) values ($1, $2, $3, $4, $5, $6)";
        on!(self, |conn| sqlx::query(OLD).bind(At(now)).execute(conn).await.map(drop))?;
        on!(self, |conn| sqlx::query(SQL)
            .bind(digest)
            .bind(attempt.staff.0)
            .bind(Plain(attempt.provider))
            .bind(&attempt.verifier)
            .bind(&attempt.browser)
            .bind(At(attempt.until))
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Takes an attempt out: it is finished once, however it ends.
    pub(crate) async fn take_attempt(&mut self, digest: &str) -> Result<Option<Attempt>, Error> {
        const SQL: &str = "delete from connect_attempt where digest = $1 returning staff, provider, verifier, browser, until";
        type Row = (Uuid, Plain<Provider>, Vec<u8>, String, At);
        let row: Option<Row> = on!(self, |conn| sqlx::query_as(SQL).bind(digest).fetch_optional(conn).await)?;
        Ok(row.map(|(staff, provider, verifier, browser, until)| Attempt {
            staff: StaffId(staff),
            provider: provider.0,
            verifier,
            browser,
            until: until.0,
        }))
    }
}

/// An attempt to connect that waits for the provider to send the person back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) staff: StaffId,
    pub(crate) provider: Provider,
    /// PKCE's code verifier, sealed.
    pub(crate) verifier: Vec<u8>,
    /// Digest of the cookie of the browser it began in.
    pub(crate) browser: String,
    pub(crate) until: DateTime<Utc>,
}

impl Row {
    fn split(self) -> (Connection, Sealed) {
        let connection = Connection {
            id: ConnectionId(self.id),
            staff: StaffId(self.staff),
            provider: self.provider.0,
            account: self.account,
            email: self.email,
            scopes: self.scopes,
            status: self.status.0,
            version: self.version,
            access_until: self.access_until.map(|at| at.0),
            grant_until: self.grant_until.map(|at| at.0),
            connected_at: self.connected_at.0,
            refreshed_at: self.refreshed_at.map(|at| at.0),
            pause_until: self.pause_until.map(|at| at.0),
        };
        (connection, Sealed { access_token: self.access_token, refresh_token: self.refresh_token, address: self.address })
    }
}
