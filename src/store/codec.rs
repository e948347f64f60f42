//! How values stand in columns, where the two databases differ or know no such type.

use std::{error::Error, fmt::Display, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{
    Database, Decode, Encode, Postgres, Sqlite, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef},
    sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef},
};

/// An instant: `timestamptz`, or RFC 3339 text of fixed width, so that text sorts as time does.
#[derive(Clone, Copy, Debug)]
pub(super) struct At(pub(super) DateTime<Utc>);

/// A word, date, moment or zone: text in both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain<T>(pub(super) T);

/// A structure as JSON text, kept to the byte in both.
#[derive(Clone, Debug)]
pub(super) struct Json<T>(pub(super) T);

impl Type<Sqlite> for At {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for At {
    fn encode_by_ref(&self, to: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <String as Encode<'_, Sqlite>>::encode(self.0.to_rfc3339_opts(SecondsFormat::Micros, true), to)
    }
}

impl Decode<'_, Sqlite> for At {
    fn decode(value: SqliteValueRef<'_>) -> Result<Self, BoxDynError> {
        let text = <String as Decode<'_, Sqlite>>::decode(value)?;
        Ok(Self(DateTime::parse_from_rfc3339(&text)?.to_utc()))
    }
}

impl Type<Postgres> for At {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for At {
    fn encode_by_ref(&self, to: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <DateTime<Utc> as Encode<'_, Postgres>>::encode_by_ref(&self.0, to)
    }
}

impl Decode<'_, Postgres> for At {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        <DateTime<Utc> as Decode<'_, Postgres>>::decode(value).map(Self)
    }
}

/// What is text in both databases, by its two conversions.
macro_rules! as_text {
    ($name:ident, $to:path, $from:path, [$($write:tt)+], [$($read:tt)+]) => {
        impl<T, DB: Database> Type<DB> for $name<T>
        where
            String: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <String as Type<DB>>::type_info()
            }

            fn compatible(of: &DB::TypeInfo) -> bool {
                <String as Type<DB>>::compatible(of)
            }
        }

        impl<'q, T: $($write)+, DB: Database> Encode<'q, DB> for $name<T>
        where
            String: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, to: &mut <DB as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                <String as Encode<'q, DB>>::encode($to(&self.0)?, to)
            }
        }

        impl<'r, T: $($read)+, DB: Database> Decode<'r, DB> for $name<T>
        where
            String: Decode<'r, DB>,
        {
            fn decode(value: <DB as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
                $from(&<String as Decode<'r, DB>>::decode(value)?).map(Self)
            }
        }
    };
}

as_text!(Plain, to_plain, from_plain, [Display], [FromStr<Err: Error + Send + Sync + 'static>]);
as_text!(Json, to_json, from_json, [Serialize], [DeserializeOwned]);

#[expect(clippy::unnecessary_wraps, reason = "the same shape as its JSON twin, which can fail")]
fn to_plain<T: Display>(value: &T) -> Result<String, BoxDynError> {
    Ok(value.to_string())
}

fn from_plain<T: FromStr<Err: Error + Send + Sync + 'static>>(text: &str) -> Result<T, BoxDynError> {
    Ok(text.parse()?)
}

fn to_json<T: Serialize>(value: &T) -> Result<String, BoxDynError> {
    Ok(serde_json::to_string(value)?)
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, BoxDynError> {
    Ok(serde_json::from_str(text)?)
}
