//! A started store, and the real program as the second process on its file.

use crate::world::World;
use jiff::tz::TimeZone;
use server::config::Place;
use server::{
    activity::Limits,
    auth::token::Token,
    clock::Clock,
    store::{Actor, Missing, NewAccount, SessionStart, Settings, SqlStore},
};
use std::time::{Duration, Instant};

const PEOPLE: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_equals_the_file_within_a_second_of_another_process() {
    let world = World::new();
    let limits = Limits { idle: 3_600_000, lifetime: 43_200_000 };
    let settings = Settings { patience: Duration::from_secs(10), ..Settings::new(TimeZone::UTC, limits) };
    let store = SqlStore::open(&Place::File(world.path("data/usm.db")), Missing::Create, settings).await.expect("a database");
    let clock = Clock::system(0);
    let people = (0..PEOPLE).map(|number| NewAccount { user_name: format!("lab{number}"), ..NewAccount::default() });
    let people = store.create_accounts(Actor::CommandLine, people.collect(), clock.now()).await.expect("accounts");
    let background = store.start(clock.clone());
    store.loaded().await;
    for round in 0..5 {
        let start = |account| SessionStart {
            account,
            token: Token::new().expect("random bytes").hash(),
            created_at: clock.now(),
            last_seen_at: clock.now(),
            ip: String::new(),
            user_agent: String::new(),
        };
        store.begin_demo_sessions(people.iter().copied().map(start).collect()).await.expect("sessions");
        assert_eq!(world.ok(&["session", "end", "--user-name", "^lab"]), "Ended 200 sessions of 200 users.\n");
        let ended = Instant::now();
        let followed = || store.directory().read().expect("no panic").as_ref().expect("loaded").contents();
        loop {
            if followed() == store.load_directory(0).await.expect("the file").contents() {
                break;
            }
            assert!(ended.elapsed() < Duration::from_secs(1), "round {round}: the list is behind");
            tokio::task::yield_now().await;
        }
        assert_eq!(followed().1, [], "round {round}");
    }
    background.stop().await;
}
