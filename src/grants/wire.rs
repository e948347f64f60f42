//! OAuth on the wire: the app of a provider, the `oauth2` crate over our HTTP client, and what its errors mean for a caller.

use oauth2::{
    AsyncHttpClient, AuthUrl, ClientId, ClientSecret, DeviceAuthorizationUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, RequestTokenError, StandardErrorResponse, StandardRevocableToken,
    StandardTokenIntrospectionResponse, StandardTokenResponse, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenType},
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::api::{self, Api},
    config::providers,
};

/// An answer of a token endpoint is a few kilobytes.
const BODY_BYTES_MAX: usize = 256 << 10;

/// What providers add to a token answer.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Extra {
    /// `OpenID` Connect: who it is.
    #[serde(default)]
    pub(crate) id_token: Option<String>,
    /// Google: the grant itself ends (time-based access, or a consent screen in testing).
    #[serde(default)]
    pub(crate) refresh_token_expires_in: Option<i64>,
}

impl std::fmt::Debug for Extra {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl ExtraTokenFields for Extra {}

pub(crate) type Tokens = StandardTokenResponse<Extra, BasicTokenType>;
type Client = oauth2::Client<
    BasicErrorResponse,
    Tokens,
    StandardTokenIntrospectionResponse<oauth2::EmptyExtraTokenFields, BasicTokenType>,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointMaybeSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Why a provider gave no tokens.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrantError {
    /// The grant has ended; only a person can renew it.
    #[error("the provider takes this grant no more ({0})")]
    Ended(String),
    /// The app is not registered as it is configured.
    #[error("the provider refuses the app itself ({0}); compare client id, secret and redirect address with its registration")]
    App(String),
    /// Nothing is known about the grant.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    #[error("the provider answered something else than tokens: {0}")]
    Odd(String),
}

/// The app of one provider, ready to speak.
pub(crate) struct OAuth {
    client: Client,
    pub(crate) http: Bridge,
}

/// The `oauth2` crate over our client: bodies are capped, redirects are not followed.
pub(crate) struct Bridge(Api);

/// The endpoint could not be spoken to.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BridgeError(String);

impl<'c> AsyncHttpClient<'c> for Bridge {
    type Error = BridgeError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, BridgeError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (status, body) = self.0.send_raw(request, BODY_BYTES_MAX).await.map_err(BridgeError)?;
            // A gateway's page says nothing about the grant, whatever it looks like.
            if status >= 500 || status == 429 {
                return Err(BridgeError(format!("it answered with status {status}")));
            }
            let mut response = HttpResponse::new(body);
            *response.status_mut() = oauth2::http::StatusCode::from_u16(status).map_err(|error| BridgeError(error.to_string()))?;
            Ok(response)
        })
    }
}

impl OAuth {
    /// This program as it is registered.
    ///
    /// # Errors
    /// If one of its addresses is none.
    pub(crate) fn new(known: &providers::Client, api: &Api) -> Result<Self, GrantError> {
        let odd = |error: oauth2::url::ParseError| GrantError::App(error.to_string());
        let mut client = oauth2::Client::new(ClientId::new(known.id.clone()))
            .set_auth_type(oauth2::AuthType::RequestBody)
            .set_auth_uri(AuthUrl::new(known.authorize_url.to_string()).map_err(odd)?)
            .set_token_uri(TokenUrl::new(known.token_url.to_string()).map_err(odd)?)
            .set_device_authorization_url_option(
                known.device_url.as_ref().map(|url| DeviceAuthorizationUrl::new(url.to_string())).transpose().map_err(odd)?,
            );
        if let Some(secret) = &known.secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        Ok(Self { client, http: Bridge(api.clone()) })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}

/// What a provider says, without the numbers that Microsoft puts after it for its own support.
fn sentence(text: &str) -> String {
    api::shortened(text.split(" Trace ID").next().unwrap_or(text))
}

/// What an error of a token endpoint means. Microsoft asks never to read more than `error`; its numbers only go into the message.
pub(crate) fn judged<T>(error: RequestTokenError<BridgeError, StandardErrorResponse<T>>) -> GrantError
where
    T: oauth2::ErrorResponseType + std::fmt::Display + 'static,
{
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let kind = answer.error().to_string();
            let told = answer.error_description().map_or_else(|| kind.clone(), |text| format!("{kind}: {}", sentence(text)));
            match kind.as_str() {
                "invalid_grant" | "interaction_required" | "consent_required" | "login_required" => GrantError::Ended(told),
                "server_error" | "temporarily_unavailable" | "internal_failure" | "slow_down" => GrantError::Unreachable(told),
                _ => GrantError::App(told),
            }
        }
        RequestTokenError::Request(error) => GrantError::Unreachable(error.0),
        // A page instead of JSON, or JSON that was cut: nothing is known of the grant.
        RequestTokenError::Parse(..) => GrantError::Unreachable("its answer cannot be read".to_owned()),
        RequestTokenError::Other(text) => GrantError::Odd(text),
    }
}
