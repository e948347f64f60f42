//! `sign_in:`: the firm's own place to sign in, beside the providers of calendars. Its secret comes from outside the configuration.

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{providers::is_guarded, secret};

/// What `sign_in:` says.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "sign_in")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    /// As the provider writes it in its tokens: `OpenID` Connect compares it letter by letter.
    issuer: Option<String>,
    client_id: Option<String>,
    /// A file that holds the secret and nothing else.
    client_secret_file: Option<std::path::PathBuf>,
    /// What its button says.
    title: Option<String>,
    authorize_url: Option<Url>,
    token_url: Option<Url>,
}

/// Any `OpenID` Connect provider that the firm trusts to say who its people are.
#[derive(Clone, Debug)]
pub(crate) struct Firm {
    pub(crate) title: String,
    pub(crate) issuer: String,
    /// The same as an address.
    pub(crate) address: Url,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<SecretString>,
    /// Where people are sent, and where codes are traded in; it publishes both (`OpenID` Connect Discovery §4).
    pub(crate) endpoints: Option<(Url, Url)>,
}

impl Written {
    /// # Errors
    /// What is wrong, with the path of the setting.
    pub(super) fn firm(
        self,
        folder: &std::path::Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Firm>, (String, String)> {
        let wrong = |key: &str, message: &str| (format!("sign_in.{key}"), message.to_owned());
        let Some(issuer) = self.issuer else { return Ok(None) };
        let address = Url::parse(&issuer).map_err(|error| wrong("issuer", &format!("this is no address: {error}")))?;
        for (key, url) in
            [("issuer", Some(&address)), ("authorize_url", self.authorize_url.as_ref()), ("token_url", self.token_url.as_ref())]
        {
            if url.is_some_and(|url| !is_guarded(url)) {
                return Err(wrong(key, "who someone is travels over https only (http is for 127.0.0.1 and localhost)"));
            }
        }
        let client_id = self.client_id.ok_or_else(|| wrong("issuer", "say also what this program is called there: client_id"))?;
        let outside = secret::find("sign_in_client_secret", environment).map_err(|problem| wrong("client_id", &problem))?;
        let client_secret = match (self.client_secret_file, outside) {
            (_, Some(secret)) => Some(secret),
            (Some(file), None) => Some(secret::read(&folder.join(file)).map_err(|problem| wrong("client_secret_file", &problem))?),
            (None, None) => None,
        };
        let endpoints = match (self.authorize_url, self.token_url) {
            (Some(authorize), Some(token)) => Some((authorize, token)),
            (None, None) => None,
            _ => return Err(wrong("issuer", "say both authorize_url and token_url, or neither: then it is asked where they are")),
        };
        let title = self.title.or_else(|| address.host_str().map(str::to_owned)).unwrap_or_default();
        Ok(Some(Firm { title, issuer, address, client_id, client_secret, endpoints }))
    }
}
