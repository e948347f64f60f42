//! Who may do what, and how people and programs prove who they are. Secrets stand here as digests only.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Plain},
};
use crate::model::{
    ids::{StaffId, TokenId},
    principal::{Principal, Reviews, Role, Scope},
};

/// A session as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) staff: StaffId,
    pub(crate) csrf: String,
    pub(crate) began_at: DateTime<Utc>,
    pub(crate) seen_at: DateTime<Utc>,
}

/// A token of a program, without its secret.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) id: TokenId,
    pub(crate) name: String,
    pub(crate) staff: StaffId,
    pub(crate) scopes: BTreeSet<Scope>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) used_at: Option<DateTime<Utc>>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: Uuid,
    name: String,
    staff: Uuid,
    scopes: String,
    created_at: At,
    until: Option<At>,
    used_at: Option<At>,
    revoked_at: Option<At>,
}

const TOKEN: &str = "select id, name, staff, scopes, created_at, until, used_at, revoked_at from api_token";

/// An attempt to sign in at a provider.
#[derive(Clone, Debug)]
pub(crate) struct SignInAttempt {
    pub(crate) provider: String,
    pub(crate) verifier: Vec<u8>,
    pub(crate) browser: String,
    pub(crate) target: String,
    pub(crate) until: DateTime<Utc>,
}

impl Tx {
    /// What a person may do.
    pub(crate) async fn principal(&mut self, staff: StaffId) -> Result<Principal, Error> {
        const PERSON: &str = "select a.email, s.reviews_everyone from staff s join staff_address a on a.staff = s.id \
            where s.id = $1 order by a.position limit 1";
        const ROLES: &str = "select role from staff_role where staff = $1";
        const SCOPES: &str = "select staff from review_scope where reviewer = $1";
        let person: Option<(String, bool)> = on!(self, |conn| sqlx::query_as(PERSON).bind(staff.0).fetch_optional(conn).await)?;
        let (name, everyone) = person.ok_or(Error::Missing("person"))?;
        let roles: Vec<Plain<Role>> = on!(self, |conn| sqlx::query_scalar(ROLES).bind(staff.0).fetch_all(conn).await)?;
        let some: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(SCOPES).bind(staff.0).fetch_all(conn).await)?;
        let reviews = if everyone { Reviews::Everyone } else { Reviews::Only(some.into_iter().map(StaffId).collect()) };
        Ok(Principal { name, staff: Some(staff), roles: roles.into_iter().map(|role| role.0).collect(), reviews, scopes: None })
    }

    /// Everyone's roles, and whose time each reviews.
    pub(crate) async fn rights(&mut self) -> Result<BTreeMap<StaffId, (BTreeSet<Role>, Reviews)>, Error> {
        const ROLES: &str = "select staff, role from staff_role";
        const SCOPES: &str = "select reviewer, staff from review_scope";
        const EVERYONE: &str = "select id from staff where reviews_everyone";
        let roles: Vec<(Uuid, Plain<Role>)> = on!(self, |conn| sqlx::query_as(ROLES).fetch_all(conn).await)?;
        let scopes: Vec<(Uuid, Uuid)> = on!(self, |conn| sqlx::query_as(SCOPES).fetch_all(conn).await)?;
        let everyone: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(EVERYONE).fetch_all(conn).await)?;
        let mut rights: BTreeMap<StaffId, (BTreeSet<Role>, Reviews)> = BTreeMap::new();
        for (staff, role) in roles {
            rights.entry(StaffId(staff)).or_default().0.insert(role.0);
        }
        for (reviewer, staff) in scopes {
            if let Reviews::Only(some) = &mut rights.entry(StaffId(reviewer)).or_default().1 {
                some.insert(StaffId(staff));
            }
        }
        for staff in everyone {
            rights.entry(StaffId(staff)).or_default().1 = Reviews::Everyone;
        }
        Ok(rights)
    }

    /// Says what a person may do from now on. Her sessions end: a right that was taken is gone at once.
    pub(crate) async fn set_rights(&mut self, staff: StaffId, roles: &BTreeSet<Role>, reviews: &Reviews) -> Result<(), Error> {
        const GONE: [&str; 3] = [
            "delete from staff_role where staff = $1",
            "delete from review_scope where reviewer = $1",
            "delete from session where staff = $1",
        ];
        const ROLE: &str = "insert into staff_role (staff, role) values ($1, $2)";
        const SCOPE: &str = "insert into review_scope (reviewer, staff) values ($1, $2)";
        const EVERYONE: &str = "update staff set reviews_everyone = $2 where id = $1";
        // The row of the person first: two who set rights at once do so one after the other.
        let everyone = *reviews == Reviews::Everyone;
        on!(self, |conn| sqlx::query(EVERYONE).bind(staff.0).bind(everyone).execute(conn).await.map(drop))?;
        for sql in GONE {
            on!(self, |conn| sqlx::query(sql).bind(staff.0).execute(conn).await.map(drop))?;
        }
        for role in roles {
            on!(self, |conn| sqlx::query(ROLE).bind(staff.0).bind(Plain(*role)).execute(conn).await.map(drop))?;
        }
        if let Reviews::Only(some) = reviews {
            for one in some {
                on!(self, |conn| sqlx::query(SCOPE).bind(staff.0).bind(one.0).execute(conn).await.map(drop))?;
            }
        }
        Ok(())
    }

    /// Sets a password, as its hash, or takes it away. Sessions end.
    pub(crate) async fn set_password(&mut self, staff: StaffId, hash: Option<&str>) -> Result<(), Error> {
        const GONE: [&str; 2] = ["delete from password where staff = $1", "delete from session where staff = $1"];
        const SQL: &str = "insert into password (staff, hash) values ($1, $2)";
        for sql in GONE {
            on!(self, |conn| sqlx::query(sql).bind(staff.0).execute(conn).await.map(drop))?;
        }
        if let Some(hash) = hash {
            on!(self, |conn| sqlx::query(SQL).bind(staff.0).bind(hash).execute(conn).await.map(drop))?;
        }
        Ok(())
    }

    /// The hash of a person's password, by her address.
    pub(crate) async fn password(&mut self, email: &str) -> Result<Option<(StaffId, String)>, Error> {
        const SQL: &str = "select p.staff, p.hash from password p join staff_address a on a.staff = p.staff where a.email = $1";
        let row: Option<(Uuid, String)> = on!(self, |conn| sqlx::query_as(SQL).bind(email).fetch_optional(conn).await)?;
        Ok(row.map(|(staff, hash)| (StaffId(staff), hash)))
    }

    /// Whether there is anyone who can give others their rights.
    pub(crate) async fn has_admin(&mut self) -> Result<bool, Error> {
        const SQL: &str = "select exists (select 1 from staff_role where role = 'admin')";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL).fetch_one(conn).await)?)
    }

    /// Whether anyone was ever given more than the role everyone is added with, or told that she has no more.
    pub(crate) async fn rights_were_given(&mut self) -> Result<bool, Error> {
        const SQL: &str =
            "select exists (select 1 from staff_role where role <> 'staff') or exists (select 1 from audit where act = 'rights')";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL).fetch_one(conn).await)?)
    }

    /// Remembers a one-time link.
    pub(crate) async fn insert_sign_in_link(&mut self, digest: &str, staff: StaffId, until: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "insert into sign_in_link (digest, staff, until) values ($1, $2, $3)";
        on!(self, |conn| sqlx::query(SQL).bind(digest).bind(staff.0).bind(At(until)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Whose one-time link this is, if it still works.
    pub(crate) async fn sign_in_link(&mut self, digest: &str, now: DateTime<Utc>) -> Result<Option<StaffId>, Error> {
        const SQL: &str = "select staff from sign_in_link where digest = $1 and until > $2 and used_at is null";
        let staff: Option<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL).bind(digest).bind(At(now)).fetch_optional(conn).await)?;
        Ok(staff.map(StaffId))
    }

    /// Uses a one-time link up.
    pub(crate) async fn use_sign_in_link(&mut self, digest: &str, now: DateTime<Utc>) -> Result<bool, Error> {
        const SQL: &str = "update sign_in_link set used_at = $2 where digest = $1 and until > $2 and used_at is null";
        let done = on!(self, |conn| sqlx::query(SQL).bind(digest).bind(At(now)).execute(conn).await.map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// Remembers an attempt to sign in at a provider; those that are over go.
    pub(crate) async fn insert_sign_in_attempt(&mut self, state: &str, attempt: &SignInAttempt, now: DateTime<Utc>) -> Result<(), Error> {
        const OVER: &str = "delete from sign_in_attempt where until < $1";
        const SQL: &str =
            "insert into sign_in_attempt (digest, provider, verifier, browser, target, until) values ($1, $2, $3, $4, $5, $6)";
        on!(self, |conn| sqlx::query(OVER).bind(At(now)).execute(conn).await.map(drop))?;
        on!(self, |conn| sqlx::query(SQL)
            .bind(state)
            .bind(&attempt.provider)
            .bind(&attempt.verifier)
            .bind(&attempt.browser)
            .bind(&attempt.target)
            .bind(At(attempt.until))
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Takes an attempt out of the book: it is good for one return.
    pub(crate) async fn take_sign_in_attempt(&mut self, state: &str) -> Result<Option<SignInAttempt>, Error> {
        const SQL: &str = "delete from sign_in_attempt where digest = $1 returning provider, verifier, browser, target, until";
        let row: Option<(String, Vec<u8>, String, String, At)> =
            on!(self, |conn| sqlx::query_as(SQL).bind(state).fetch_optional(conn).await)?;
        let attempt = |(provider, verifier, browser, target, until): (String, Vec<u8>, String, String, At)| SignInAttempt {
            provider,
            verifier,
            browser,
            target,
            until: until.0,
        };
        Ok(row.map(attempt))
    }

    /// Who an account at a provider is here.
    pub(crate) async fn identity(&mut self, issuer: &str, subject: &str) -> Result<Option<StaffId>, Error> {
        const SQL: &str = "select staff from identity where issuer = $1 and subject = $2";
        let staff: Option<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL).bind(issuer).bind(subject).fetch_optional(conn).await)?;
        Ok(staff.map(StaffId))
    }

    /// From now on this account is that person.
    pub(crate) async fn save_identity(&mut self, issuer: &str, subject: &str, staff: StaffId) -> Result<(), Error> {
        const SQL: &str = "insert into identity (issuer, subject, staff) values ($1, $2, $3) \
            on conflict (issuer, subject) do update set staff = excluded.staff";
        on!(self, |conn| sqlx::query(SQL).bind(issuer).bind(subject).bind(staff.0).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Forgets which accounts are a person, and ends her sessions: whoever still has one of her addresses signs in again.
    pub(crate) async fn forget_sign_ins(&mut self, staff: StaffId) -> Result<(), Error> {
        const GONE: [&str; 2] = ["delete from identity where staff = $1", "delete from session where staff = $1"];
        for sql in GONE {
            on!(self, |conn| sqlx::query(sql).bind(staff.0).execute(conn).await.map(drop))?;
        }
        Ok(())
    }

    /// This account is nobody any more. Says whether it was someone.
    pub(crate) async fn forget_identity(&mut self, issuer: &str, subject: &str) -> Result<bool, Error> {
        const SQL: &str = "delete from identity where issuer = $1 and subject = $2";
        let gone = on!(self, |conn| sqlx::query(SQL).bind(issuer).bind(subject).execute(conn).await.map(|done| done.rows_affected()))?;
        Ok(gone > 0)
    }

    /// Begins a session.
    pub(crate) async fn insert_session(&mut self, digest: &str, staff: StaffId, csrf: &str, now: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "insert into session (digest, staff, csrf, began_at, seen_at) values ($1, $2, $3, $4, $4)";
        on!(self, |conn| sqlx::query(SQL).bind(digest).bind(staff.0).bind(csrf).bind(At(now)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// A session, however old.
    pub(crate) async fn session(&mut self, digest: &str) -> Result<Option<Session>, Error> {
        const SQL: &str = "select staff, csrf, began_at, seen_at from session where digest = $1";
        let row: Option<(Uuid, String, At, At)> = on!(self, |conn| sqlx::query_as(SQL).bind(digest).fetch_optional(conn).await)?;
        let session = |(staff, csrf, began_at, seen_at): (Uuid, String, At, At)| Session {
            staff: StaffId(staff),
            csrf,
            began_at: began_at.0,
            seen_at: seen_at.0,
        };
        Ok(row.map(session))
    }

    /// Notes that a session is in use.
    pub(crate) async fn touch_session(&mut self, digest: &str, now: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "update session set seen_at = $2 where digest = $1";
        on!(self, |conn| sqlx::query(SQL).bind(digest).bind(At(now)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Ends a session, and all that nobody has used since `idle`.
    pub(crate) async fn end_session(&mut self, digest: &str, idle: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "delete from session where digest = $1 or seen_at < $2";
        on!(self, |conn| sqlx::query(SQL).bind(digest).bind(At(idle)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Adds a token, by the digest of its secret.
    pub(crate) async fn insert_token(&mut self, token: &Token, digest: &str) -> Result<(), Error> {
        const SQL: &str = "insert into api_token (id, digest, name, staff, scopes, created_at, until) values ($1, $2, $3, $4, $5, $6, $7)";
        let scopes = token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
        on!(self, |conn| sqlx::query(SQL)
            .bind(token.id.0)
            .bind(digest)
            .bind(&token.name)
            .bind(token.staff.0)
            .bind(&scopes)
            .bind(At(token.created_at))
            .bind(token.until.map(At))
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// The token with a secret, by the secret's digest.
    pub(crate) async fn token(&mut self, digest: &str) -> Result<Option<Token>, Error> {
        let sql = format!("{TOKEN} where digest = $1");
        let row: Option<TokenRow> = on!(self, |conn| sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(digest).fetch_optional(conn).await)?;
        Ok(row.map(Token::from))
    }

    /// All tokens, newest first.
    pub(crate) async fn tokens(&mut self) -> Result<Vec<Token>, Error> {
        let sql = format!("{TOKEN} order by created_at desc, id");
        let rows: Vec<TokenRow> = on!(self, |conn| sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Token::from).collect())
    }

    /// Notes when a token was last used, to the minute: not every request is worth a write.
    pub(crate) async fn touch_token(&mut self, id: TokenId, now: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "update api_token set used_at = $2 where id = $1";
        on!(self, |conn| sqlx::query(SQL).bind(id.0).bind(At(now)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Makes a token useless.
    ///
    /// # Errors
    /// [`Error::Missing`] if none of that id still works.
    pub(crate) async fn revoke_token(&mut self, id: TokenId, now: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "update api_token set revoked_at = $2 where id = $1 and revoked_at is null";
        let done = on!(self, |conn| sqlx::query(SQL).bind(id.0).bind(At(now)).execute(conn).await.map(|done| done.rows_affected()))?;
        if done == 1 { Ok(()) } else { Err(Error::Missing("token that still works")) }
    }

    /// Counts an attempt in a bucket that empties itself once `since` has passed. Says how many there were before.
    pub(crate) async fn throttle(&mut self, bucket: &str, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<i64, Error> {
        const OLD: &str = "delete from throttle where since < $1";
        const SQL: &str = "insert into throttle (bucket, count, since) values ($1, 1, $2) on conflict (bucket) do update set \
            count = throttle.count + 1 returning count";
        on!(self, |conn| sqlx::query(OLD).bind(At(since)).execute(conn).await.map(drop))?;
        let count: i64 = on!(self, |conn| sqlx::query_scalar(SQL).bind(bucket).bind(At(now)).fetch_one(conn).await)?;
        Ok(count - 1)
    }

    /// Takes one attempt back: it was a good one.
    pub(crate) async fn unthrottle(&mut self, bucket: &str) -> Result<(), Error> {
        const SQL: &str = "update throttle set count = count - 1 where bucket = $1";
        on!(self, |conn| sqlx::query(SQL).bind(bucket).execute(conn).await.map(drop))?;
        Ok(())
    }
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: TokenId(row.id),
            name: row.name,
            staff: StaffId(row.staff),
            scopes: row.scopes.split(' ').filter_map(|word| word.parse().ok()).collect(),
            created_at: row.created_at.0,
            until: row.until.map(|at| at.0),
            used_at: row.used_at.map(|at| at.0),
            revoked_at: row.revoked_at.map(|at| at.0),
        }
    }
}
