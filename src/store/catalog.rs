//! Clients and projects as records: one that leaves the files is closed at that date, never deleted (SEMANTICS S6).

use chrono::NaiveDate;
use sqlx::QueryBuilder;

use super::{
    Error, Tx,
    codec::{Json, Plain},
};
use crate::model::catalog::{Catalog, Client, Closed, Project};

const ROWS: usize = 1_000;

impl Tx {
    /// Brings the records in line with a catalog, as of `today`. Only differing rows are written.
    pub(crate) async fn sync_catalog(&mut self, catalog: &Catalog, today: NaiveDate) -> Result<(), Error> {
        const CLIENT: &str = " on conflict (key) do update set body = excluded.body, closed_on = null \
            where catalog_client.body <> excluded.body or catalog_client.closed_on is not null";
        const PROJECT: &str = " on conflict (code) do update set client = excluded.client, body = excluded.body, closed_on = null \
            where catalog_project.body <> excluded.body or catalog_project.client <> excluded.client \
            or catalog_project.closed_on is not null";
        let clients: Vec<&Client> = catalog.clients.values().collect();
        for part in clients.chunks(ROWS) {
            on!(self, |conn| QueryBuilder::new("insert into catalog_client (key, body) ")
                .push_values(part, |mut row, client| {
                    let body = Json(Client { projects: std::collections::BTreeMap::new(), ..(*client).clone() });
                    row.push_bind(&client.key).push_bind(body);
                })
                .push(CLIENT)
                .build()
                .execute(conn)
                .await
                .map(drop))?;
        }
        let projects: Vec<_> = catalog.projects().collect();
        for part in projects.chunks(ROWS) {
            on!(self, |conn| QueryBuilder::new("insert into catalog_project (code, client, body) ")
                .push_values(part, |mut row, (client, project)| {
                    row.push_bind(&project.code).push_bind(&client.key).push_bind(Json((*project).clone()));
                })
                .push(PROJECT)
                .build()
                .execute(conn)
                .await
                .map(drop))?;
        }
        let codes: Vec<&str> = catalog.projects().map(|(_, project)| project.code.as_str()).collect();
        self.close_others("catalog_project", "code", &codes, today).await?;
        self.close_others("catalog_client", "key", &catalog.clients.keys().map(String::as_str).collect::<Vec<_>>(), today).await
    }

    /// Records that left the files, each open until the day it left or its own last date.
    pub(crate) async fn closed_records(&mut self) -> Result<Closed, Error> {
        const CLIENTS: &str = "select body from catalog_client where closed_on is not null order by key";
        const PROJECTS: &str = "select client, body, closed_on from catalog_project where closed_on is not null order by code";
        let clients: Vec<Json<Client>> = on!(self, |conn| sqlx::query_scalar(CLIENTS).fetch_all(conn).await)?;
        let projects: Vec<(String, Json<Project>, Plain<NaiveDate>)> = on!(self, |conn| sqlx::query_as(PROJECTS).fetch_all(conn).await)?;
        let closed = |(client, project, on): (String, Json<Project>, Plain<NaiveDate>)| {
            let until = Some(project.0.until.map_or(on.0, |until| until.min(on.0)));
            (client, Project { until, ..project.0 })
        };
        Ok(Closed { clients: clients.into_iter().map(|body| body.0).collect(), projects: projects.into_iter().map(closed).collect() })
    }

    async fn close_others(&mut self, table: &str, key: &str, keep: &[&str], today: NaiveDate) -> Result<(), Error> {
        on!(self, |conn| {
            let mut query = QueryBuilder::new("update ");
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
