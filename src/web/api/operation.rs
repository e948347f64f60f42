//! What the API can do, as data: from one table come the routes, the checks before each handler, and the document.

use std::{pin::Pin, sync::Arc};

use axum::{
    body::Body,
    http::{
        HeaderValue, Method, StatusCode,
        header::{CONTENT_TYPE, ETAG, LOCATION},
    },
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::{
    BASE,
    problem::{Kind, Misfit, Problem},
};
use crate::{
    app::App,
    model::principal::{Principal, Scope},
    review::Desk,
    settling::activation::Active,
};

type Working = Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>>;
type Handler = Arc<dyn Fn(Call) -> Working + Send + Sync>;

/// A schema with those it refers to.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    pub(super) schema: Value,
    pub(super) others: Vec<(String, Value)>,
}

impl Shape {
    pub(super) fn of<T: ToSchema>() -> Self {
        let mut others = Vec::new();
        T::schemas(&mut others);
        others.push((T::name().into_owned(), <T as PartialSchema>::schema()));
        let others: Vec<_> = others.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect();
        Self { schema: serde_json::json!({ "$ref": format!("#/components/schemas/{}", T::name()) }), others }
    }

    /// The schema itself, not its name.
    pub(super) fn inner(&self) -> &Value {
        self.others.last().map_or(&self.schema, |(_, schema)| schema)
    }
}

/// What may stand in a body.
#[derive(Clone, Debug)]
pub(super) struct Takes {
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// One operation.
#[derive(Clone)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// Below `/api/v1`.
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) summary: &'static str,
    pub(super) scope: Scope,
    pub(super) query: Option<Shape>,
    pub(super) takes: Option<Takes>,
    /// Whether it must be said which version was seen.
    pub(super) versioned: bool,
    pub(super) gives: (u16, Option<Shape>),
    pub(super) refuses: Vec<Kind>,
    pub(super) handler: Handler,
}

impl Operation {
    pub(super) fn new<F, W>(method: Method, path: &'static str, name: &'static str, scope: Scope, handler: F) -> Self
    where
        F: Fn(Call) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        Self {
            method,
            path,
            name,
            summary: "",
            scope,
            query: None,
            takes: None,
            versioned: false,
            gives: (204, None),
            refuses: Vec::new(),
            handler: Arc::new(move |call| Box::pin(handler(call))),
        }
    }

    pub(super) fn says(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    pub(super) fn query<T: ToSchema>(self) -> Self {
        Self { query: Some(Shape::of::<T>()), ..self }
    }

    pub(super) fn takes<T: ToSchema>(self) -> Self {
        Self { takes: Some(Takes { shape: Shape::of::<T>(), required: true }), ..self }
    }

    pub(super) fn may_take<T: ToSchema>(self) -> Self {
        Self { takes: Some(Takes { shape: Shape::of::<T>(), required: false }), ..self }
    }

    pub(super) fn versioned(self) -> Self {
        Self { versioned: true, ..self }
    }

    pub(super) fn gives<T: ToSchema>(self, status: u16) -> Self {
        Self { gives: (status, Some(Shape::of::<T>())), ..self }
    }

    pub(super) fn refuses(self, kinds: &[Kind]) -> Self {
        Self { refuses: kinds.to_vec(), ..self }
    }

    /// The name of the parameter in its path.
    pub(super) fn path_parameter(&self) -> Option<&'static str> {
        Some(self.path.split_once('{')?.1.split_once('}')?.0)
    }
}

/// A request that passed every check before its handler.
pub(super) struct Call {
    pub(super) app: Arc<App>,
    pub(super) who: Principal,
    /// What stands in the path where the operation has a parameter.
    pub(super) named: String,
    pub(super) query: Map<String, Value>,
    pub(super) body: Value,
    pub(super) seen: Option<i64>,
}

impl Call {
    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        typed(Value::Object(self.query.clone()), Kind::Malformed)
    }

    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        typed(self.body.clone(), Kind::Invalid)
    }

    pub(super) fn id(&self) -> Result<Uuid, Problem> {
        self.named.parse().map_err(|_| Problem::not_found())
    }

    pub(super) async fn active(&self) -> Result<Arc<Active>, Problem> {
        Ok(self.app.current().await?)
    }

    pub(super) fn desk<'a>(&'a self, active: &'a Active) -> Desk<'a> {
        self.app.desk(active, &self.who)
    }
}

fn typed<T: DeserializeOwned>(value: Value, kind: Kind) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = error.path().iter().fold(String::new(), |pointer, step| format!("{pointer}/{step}"));
        Problem::misfits(kind, vec![Misfit::new(pointer, error.inner().to_string())])
    })
}

/// What an operation answers.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
    pub(super) version: Option<i64>,
}

impl Answer {
    pub(super) fn of(body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_value(body).map_err(|error| Problem::from(anyhow::Error::from(error)))?;
        Ok(Self { status: 200, body: Some(body), version: None })
    }

    pub(super) const NOTHING: Self = Self { status: 204, body: None, version: None };

    pub(super) fn version(self, version: i64) -> Self {
        Self { version: Some(version), ..self }
    }

    pub(super) fn created(self) -> Self {
        Self { status: 201, ..self }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let made = self.body.as_ref().and_then(|body| body["id"].as_str()).filter(|_| self.status == 201);
        let location = made.and_then(|id| HeaderValue::from_str(&format!("{BASE}/entries/{id}")).ok());
        let mut response = Response::new(self.body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string())));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if self.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(version) = self.version.and_then(|version| HeaderValue::from_str(&format!("\"{version}\"")).ok()) {
            headers.insert(ETAG, version);
        }
        if let Some(location) = location {
            headers.insert(LOCATION, location);
        }
        response
    }
}
