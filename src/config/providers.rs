//! The firm's apps at Google and Microsoft: client ids and where their services are. Secrets come from outside the configuration.

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::secret;
use crate::model::connection::Provider;

/// What `providers:` says of one of them. Every address can be changed: national clouds have their own, and tests.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "provider")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    client_id: Option<String>,
    /// A file that holds the secret and nothing else.
    client_secret_file: Option<std::path::PathBuf>,
    /// Microsoft: `common`, `organizations`, `consumers`, or the directory's id or domain.
    tenant: Option<String>,
    authorize_url: Option<Url>,
    token_url: Option<Url>,
    device_url: Option<Url>,
    revoke_url: Option<Url>,
    api_url: Option<Url>,
}

/// Both.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "providers")]
#[serde(deny_unknown_fields, default)]
pub(super) struct AllWritten {
    google: Option<Written>,
    outlook: Option<Written>,
}

/// What this program is called at an authorization server, and where that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<SecretString>,
    pub(crate) authorize_url: Url,
    pub(crate) token_url: Url,
    pub(crate) device_url: Option<Url>,
}

/// An app as it is registered with a provider.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) provider: Provider,
    pub(crate) client: Client,
    /// Microsoft has none.
    pub(crate) revoke_url: Option<Url>,
    /// Ends in a slash, so that paths can be joined to it.
    pub(crate) api_url: Url,
}

/// The apps that are configured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Apps {
    pub(crate) google: Option<App>,
    pub(crate) outlook: Option<App>,
}

impl Apps {
    /// The app for a provider; none for feeds, and for one that is not configured.
    pub(crate) fn of(&self, provider: Provider) -> Option<&App> {
        match provider {
            Provider::Google => self.google.as_ref(),
            Provider::Outlook => self.outlook.as_ref(),
            Provider::Feed => None,
        }
    }
}

impl AllWritten {
    /// The apps that have a client id.
    ///
    /// # Errors
    /// What is wrong, with the path of the setting.
    pub(super) fn apps(&self, folder: &std::path::Path, environment: impl Fn(&str) -> Option<String>) -> Result<Apps, (String, String)> {
        let app = |provider, written: Option<&Written>| written.map(|written| written.app(provider, folder, &environment)).transpose();
        Ok(Apps {
            google: app(Provider::Google, self.google.as_ref())?.flatten(),
            outlook: app(Provider::Outlook, self.outlook.as_ref())?.flatten(),
        })
    }
}

impl Written {
    fn app(
        &self,
        provider: Provider,
        folder: &std::path::Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<App>, (String, String)> {
        let path = |key: &str| format!("providers.{provider}.{key}");
        let Some(id) = self.client_id.clone() else { return Ok(None) };
        let outside = secret::find(&format!("{provider}_client_secret"), environment).map_err(|problem| (path("client_id"), problem))?;
        let secret = match (&self.client_secret_file, outside) {
            (_, Some(secret)) => Some(secret),
            (Some(file), None) => Some(secret::read(&folder.join(file)).map_err(|problem| (path("client_secret_file"), problem))?),
            (None, None) => None,
        };
        let [authorize, token, device, revoke, api] = self.defaults(provider);
        let url = |given: &Option<Url>, default: &str, key: &str| match given {
            Some(url) if is_guarded(url) => Ok(url.clone()),
            Some(_) => Err((path(key), "tokens travel over https only (http is for 127.0.0.1 and localhost)".to_owned())),
            None => Url::parse(default).map_err(|error| (path("tenant"), format!("{default} is no address: {error}"))),
        };
        let mut api_url = url(&self.api_url, &api, "api_url")?;
        if !api_url.path().ends_with('/') {
            api_url.set_path(&format!("{}/", api_url.path()));
        }
        Ok(Some(App {
            provider,
            client: Client {
                id,
                secret,
                authorize_url: url(&self.authorize_url, &authorize, "authorize_url")?,
                token_url: url(&self.token_url, &token, "token_url")?,
                device_url: Some(url(&self.device_url, &device, "device_url")?),
            },
            revoke_url: if revoke.is_empty() && self.revoke_url.is_none() {
                None
            } else {
                Some(url(&self.revoke_url, &revoke, "revoke_url")?)
            },
            api_url,
        }))
    }

    /// Authorize, token, device, revoke and API addresses as the providers publish them.
    fn defaults(&self, provider: Provider) -> [String; 5] {
        let tenant = self.tenant.as_deref().unwrap_or("common");
        let entra = |end: &str| format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/{end}");
        match provider {
            Provider::Outlook => {
                [entra("authorize"), entra("token"), entra("devicecode"), String::new(), "https://graph.microsoft.com/v1.0/".to_owned()]
            }
            _ => [
                "https://accounts.google.com/o/oauth2/v2/auth",
                "https://oauth2.googleapis.com/token",
                "https://oauth2.googleapis.com/device/code",
                "https://oauth2.googleapis.com/revoke",
                "https://www.googleapis.com/calendar/v3/",
            ]
            .map(str::to_owned),
        }
    }
}

/// Whether nobody on the way can read what is sent there.
pub(crate) fn is_guarded(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
