//! Many daemons, one grant: each renewal happens once, on both databases, at a server that ends the grant if a token is used twice.

use chrono::{DateTime, Utc};
use kalends_fakes::{Consent, Fake, Policy, Rotation, Vendor, browse};
use secrecy::ExposeSecret;
use url::Url;

use super::{
    OAuth,
    connect::{Return, accept, begin, exchange},
    keys::generate,
    refresh::{NoAccess, Vault},
};
use crate::{
    calendar::api::Api,
    clock::Clock,
    config::{
        KeySource,
        providers::{App, Apps, Client},
    },
    model::{
        connection::{ConnectionStatus, Provider},
        day::Zones,
        exception::ExceptionStatus,
        ids::{self, ConnectionId, DaemonId, StaffId},
        staff::{Staff, Working},
    },
    store::{Store, tests::on_each_database},
};

const DANA: &str = "dana@northwind.example";
const DAEMONS: usize = 4;
const EXPIRIES: u32 = 100;

struct Scene {
    fake: Fake,
    connection: ConnectionId,
    vaults: Vec<Vault>,
    store: Store,
}

fn now() -> DateTime<Utc> {
    "2026-03-10T12:00:00Z".parse().expect("an instant")
}

fn app(fake: &Fake) -> App {
    let url = |path: &str| Url::parse(&format!("{}{path}", fake.base())).expect("an address");
    App {
        provider: Provider::Google,
        client: Client {
            id: "app".to_owned(),
            secret: None,
            authorize_url: url("/o/oauth2/v2/auth"),
            token_url: url("/token"),
            device_url: None,
        },
        revoke_url: None,
        api_url: url("/calendar/v3/"),
    }
}

impl Scene {
    /// A connected account, and daemons that share nothing but the book and the keys.
    async fn begin(store: Store, rotation: Rotation) -> Self {
        store.migrate().await.expect("a schema");
        let fake = Fake::start(Vendor::Google, 0).expect("a port");
        fake.set(Policy { rotation, ..fake.policy() });
        fake.consent(Consent::Auto { email: None, withhold: Vec::new() });
        let _calendar = fake.account(DANA);
        let app = app(&fake);
        let (clock, source) = (Clock::standing(now()), KeySource::Given(generate().into()));
        let apps = Apps { google: Some(app.clone()), outlook: None };
        let api = Api::new(&clock);
        let vault = || Vault::new(&store, &source, &apps, &api, &clock, DaemonId(ids::fresh()));
        let vaults: Vec<_> = (0..DAEMONS).map(|_| vault()).collect();
        let (zones, addresses) = (Zones::only(chrono_tz::UTC), vec![DANA.to_owned()]);
        let zones = Zones::dated(vec![(now().date_naive(), zones.on(now().date_naive()))]).expect("a zone");
        let first_day = now().date_naive();
        let staff = Staff {
            id: StaffId(ids::fresh()),
            name: "Dana".into(),
            addresses,
            zones,
            working: Working::default(),
            first_day,
            last_day: None,
        };
        let mut tx = store.write().await.expect("a transaction");
        tx.insert_staff(&staff).await.expect("a person");
        tx.commit().await.expect("kept");
        let oauth = OAuth::new(&app.client, &api).expect("an app");
        // Nothing listens there: what the browser is sent to is what is wanted.
        let redirect = Url::parse(&format!("{}/nowhere", fake.base())).expect("an address");
        let begun = begin(&app, &oauth, &redirect, None).expect("begun");
        let address = begun.url.to_string();
        tokio::task::spawn_blocking(move || browse(&address)).await.expect("ran").expect("a page");
        let landed = fake.requests().into_iter().rev().find(|request| request.path == "/nowhere").expect("it came back");
        let back = Return::of(&Url::parse(&format!("http://x/?{}", landed.query)).expect("an address"));
        assert_eq!(back.state.as_deref(), Some(begun.state.expose_secret()));
        let tokens = exchange(&app.client.authorize_url, &oauth, &redirect, &begun.verifier, back).await.expect("tokens");
        let connected =
            accept(&store, &vaults[0], &api, &app, &staff, (&tokens, false), ("ops@firm.example", now())).await.expect("connected");
        Self { fake, connection: connected.connection.id, vaults, store }
    }

    /// Every daemon, in two tasks each, finds its token refused at the same time.
    async fn all_refused(&self, version: i64) -> Vec<Result<(String, i64), NoAccess>> {
        let mut tasks = tokio::task::JoinSet::new();
        for vault in self.vaults.iter().flat_map(|vault| [vault.clone(), vault.clone()]) {
            let connection = self.connection;
            tasks.spawn(async move {
                let access = vault.access(connection, Some(version)).await?;
                Ok((access.token.expose_secret().to_owned(), access.version))
            });
        }
        tasks.join_all().await
    }
}

on_each_database! {
    async fn a_hundred_expiries_are_a_hundred_refreshes_however_many_daemons_see_them(store: Store) {
        let scene = Scene::begin(store, Rotation::Strict).await;
        for version in 1..=i64::from(EXPIRIES) {
            scene.fake.expire_tokens();
            let answers: Vec<_> = scene.all_refused(version).await.into_iter().map(|one| one.expect("access")).collect();
            assert!(answers.iter().all(|one| *one == answers[0]), "all have the same token");
            assert_eq!(answers[0].1, version + 1);
        }
        assert_eq!(scene.fake.refreshes(), (EXPIRIES, 0));
        assert!(!scene.fake.fired().contains_key("refresh-token-reused"));
    }

    async fn a_token_that_lives_no_time_at_all_is_renewed_once_and_used(store: Store) {
        let scene = Scene::begin(store, Rotation::Strict).await;
        for access_seconds in [30, 0] {
            scene.fake.set(Policy { access_seconds, ..scene.fake.policy() });
            let before = scene.fake.refreshes().0;
            let version = scene.vaults[0].access(scene.connection, Some(1)).await.expect("access").version;
            scene.vaults[0].access(scene.connection, Some(version)).await.expect("access");
            assert!(scene.fake.refreshes().0 - before <= 2, "{} refreshes", scene.fake.refreshes().0 - before);
        }
    }

    async fn a_grant_that_ended_is_asked_about_once_and_never_tried_again(store: Store) {
        let scene = Scene::begin(store, Rotation::None).await;
        scene.fake.revoke(DANA);
        for _ in 0..3 {
            let answers = scene.all_refused(1).await;
            assert!(answers.iter().all(|one| matches!(one, Err(NoAccess::Ended))), "{}", answers.len());
        }
        assert_eq!(scene.fake.refreshes(), (0, 1));
        let mut tx = scene.store.read().await.expect("begun");
        assert_eq!(tx.connections().await.expect("one")[0].status, ConnectionStatus::NeedsReconnect);
        let open = tx.exceptions(ExceptionStatus::Open).await.expect("exceptions");
        assert_eq!(open.iter().map(|one| one.reasons[0].reason.as_str()).collect::<Vec<_>>(), ["needs-reconnect"]);
    }
}
