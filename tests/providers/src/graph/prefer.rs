//! What a request prefers, and what of that an answer says it followed.

use axum::http::HeaderMap;

/// What a request prefers (RFC 7240).
#[derive(Clone, Debug)]
pub(super) struct Prefer {
    pub(super) is_immutable: bool,
    pub(super) zone: Option<String>,
    pub(super) page: Option<usize>,
    pub(super) is_text: bool,
    tracks: bool,
}

impl Prefer {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let all: Vec<String> = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
        let all = all.join(",");
        let value = |name: &str| {
            let found =
                all.split([',', ';']).map(str::trim).find(|part| part.to_lowercase().starts_with(&format!("{}=", name.to_lowercase())))?;
            found.split_once('=').map(|(_, value)| value.trim_matches('"').to_owned())
        };
        Self {
            is_immutable: value("IdType").is_some_and(|kind| kind.eq_ignore_ascii_case("ImmutableId")),
            zone: value("outlook.timezone"),
            page: value("odata.maxpagesize").and_then(|size| size.parse().ok()),
            is_text: value("outlook.body-content-type").is_some_and(|kind| kind == "text"),
            tracks: all.to_lowercase().contains("odata.track-changes"),
        }
    }

    /// What of it was followed; none if nothing was asked for.
    pub(super) fn applied(&self) -> Option<String> {
        let zone = self.zone.as_ref().map(|zone| format!("outlook.timezone=\"{zone}\""));
        let parts = [
            self.is_immutable.then(|| "IdType=\"ImmutableId\"".to_owned()),
            zone,
            self.page.map(|page| format!("odata.maxpagesize={page}")),
            self.is_text.then(|| "outlook.body-content-type=\"text\"".to_owned()),
            self.tracks.then(|| "odata.track-changes".to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}
