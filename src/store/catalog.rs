//! Clients and projects as records: one that leaves the files is closed at that date, never deleted (SEMANTICS S6).

use chrono::NaiveDate;

use super::{
    Error, Tx,
    codec::{Json, Plain},
};
use crate::model::catalog::{Catalog, Client};

impl Tx {
    /// Brings the records in line with a catalog, as of `today`. Only differing rows are written.
    pub(crate) async fn sync_catalog(&mut self, catalog: &Catalog, today: NaiveDate) -> Result<(), Error> {
        const CLIENT: &str = "insert into catalog_client (key, body) values ($1, $2) on conflict (key) do update \
            set body = excluded.body, closed_on = null \
            where catalog_client.body <> excluded.body or catalog_client.closed_on is not null";
        const PROJECT: &str = "insert into catalog_project (code, client, body) values ($1, $2, $3) on conflict (code) do update \
            set client = excluded.client, body = excluded.body, closed_on = null \
            where catalog_project.body <> excluded.body or catalog_project.client <> excluded.client \
            or catalog_project.closed_on is not null";
        for client in catalog.clients.values() {
            let body = Json(Client { projects: std::collections::BTreeMap::new(), ..client.clone() });
            on!(self, |conn| sqlx::query(CLIENT).bind(&client.key).bind(body).execute(conn).await.map(drop))?;
            for project in client.projects.values() {
                on!(self, |conn| sqlx::query(PROJECT)
                    .bind(&project.code)
                    .bind(&client.key)
                    .bind(Json(project.clone()))
                    .execute(conn)
                    .await
                    .map(drop))?;
            }
        }
        let codes: Vec<&str> = catalog.projects().map(|(_, project)| project.code.as_str()).collect();
        self.close_others("catalog_project", "code", &codes, today).await?;
        self.close_others("catalog_client", "key", &catalog.clients.keys().map(String::as_str).collect::<Vec<_>>(), today).await
    }

    async fn close_others(&mut self, table: &str, key: &str, keep: &[&str], today: NaiveDate) -> Result<(), Error> {
        on!(self, |conn| {
            let mut query = sqlx::QueryBuilder::new("update ");
            query.push(table).push(" set closed_on = ").push_bind(Plain(today)).push(" where closed_on is null and ");
            // Never empty, since `in ()` is no SQL: no record has an empty key.
            let mut list = query.push(key).push(" not in (''").separated("");
            for one in keep {
                list.push(", ").push_bind_unseparated(*one);
            }
            query.push(")").build().execute(conn).await.map(drop)
        })?;
        Ok(())
    }
}
