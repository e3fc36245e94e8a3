//! Pairs of homes and phones behind NATs as surveys found them: how many of them punch through.

use std::sync::{Arc, Mutex};

use underpass_core::{Duration, Instant, RelayReason};
use underpass_sim::oracle::{Oracle, Reach};
use underpass_sim::random::Draws;
use underpass_sim::scenario::Scenario;
use underpass_sim::scenario::build::{At, Expect, Node};
use underpass_sim::scenario::model::{NodeId, SessionState};
use underpass_sim::trace::{Observation, Watch, Way};
use underpass_sim::{Simulation, units::Probability};

/// Whose NATs are drawn, as a scenario file calls them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// Homes on a fixed line.
    Household,
    /// Phones in a mobile network.
    Phone,
}

/// What came of so many pairs. All of them talked, or there would be no figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Punched {
    /// Pairs.
    pub pairs: u32,
    /// Of these, those that came to a direct path both ways.
    pub direct: u32,
    /// Of these, those that needed one attempt.
    pub at_first: u32,
}

/// Long enough for a second attempt, which comes about a minute after the first, and a third after two more.
const LASTS: Duration = Duration::from_secs(240);
/// From anybody to the middle of the network, one way: so round trips are 20 to 320 ms, as between cities
/// (those in `scenarios/scale/cities.toml` are 9 to 328 ms).
const DISTANCE_MIN_MS: u64 = 5;
const DISTANCE_MAX_MS: u64 = 80;
/// Every second home has its computer on Wi-Fi, the others on the router's cable. A choice.
const ON_WIFI: (u64, u64) = (1, 2);

/// Runs so many pairs, each with a relay of its own, all drawn by their numbers.
///
/// # Panics
/// If one of the pairs did not talk within ten seconds, or lost a message; or if it came to a direct path
/// and the oracle says that it cannot, or the other way round.
pub fn measure(who: [Who; 2], pairs: u32) -> Punched {
    (0..pairs).fold(Punched::default(), |all, number| {
        let scenario = pair(who, number);
        let Course { attempts, .. } = run(&scenario);
        let verdict = Oracle::new(&scenario, Instant::ORIGIN).with_relays(CALLER, CALLEE);
        let can_be_direct = verdict.reach <= Reach::Punched;
        assert_eq!(attempts.is_some(), can_be_direct, "{who:?}, {number}: {verdict}");
        Punched {
            pairs: all.pairs + 1,
            direct: all.direct + u32::from(attempts.is_some()),
            at_first: all.at_first + u32::from(attempts == Some(1)),
        }
    })
}

/// One of them, who both know a relay, calls the other and goes on talking.
fn pair(who: [Who; 2], number: u32) -> Scenario {
    let draws = Draws::new(1);
    let [caller, callee] = ["caller", "callee"].map(|name| format!("{name}-{number}"));
    let place = |name: &str, who: Who| {
        let stream = draws.stream(&["place", name]);
        let delay_ms = DISTANCE_MIN_MS + stream.below(0, DISTANCE_MAX_MS - DISTANCE_MIN_MS + 1);
        let on_wifi = Probability::ratio(ON_WIFI.0, ON_WIFI.1).expect("a share of one");
        let (population, preset) = match who {
            Who::Household if on_wifi.hits(stream.draw(1)) => ("households", "wifi"),
            Who::Household => ("households", "dsl"),
            Who::Phone => ("phones", "lte"),
        };
        let link = format!("{{ preset = \"{preset}\", delay = \"{delay_ms}ms\" }}");
        let population = format!("\"{population}\"");
        move |node: Node| node.set("population", &population).set("link", &link).peers(["relay"])
    };
    let secs = Duration::from_secs;
    Scenario::build("Two that were drawn")
        .duration(LASTS)
        .seed_list([u64::from(number)])
        .node("relay", |node| node.set("relay", "true").set("link", "{ preset = \"datacenter\" }"))
        .node(&caller, place(&caller, who[0]))
        .node(&callee, place(&callee, who[1]))
        .send(At(secs(3)).message(&caller, &callee).times(45, secs(5)))
        .expect(Expect::session(&caller, &callee, SessionState::Active).by(secs(13)))
        .expect(Expect::all_delivered(&caller, &callee))
        .finish()
        .unwrap_or_else(|report| panic!("{report}"))
}

/// How a pair came to its path.
#[derive(Clone, Copy, Default)]
struct Course {
    /// How often each end began an attempt.
    begun: [u32; 2],
    /// Which end sends directly now.
    is_direct: [bool; 2],
    /// The attempts until both did.
    attempts: Option<u32>,
}

const CALLER: NodeId = NodeId(1);
const CALLEE: NodeId = NodeId(2);

#[derive(Clone, Default)]
struct Follow(Arc<Mutex<Course>>);

impl Watch for Follow {
    fn observed(&mut self, _: Instant, node: NodeId, observation: &Observation) {
        let (end, other) = match node {
            CALLER => (0, CALLEE),
            CALLEE => (1, CALLER),
            _ => return,
        };
        let mut course = self.0.lock().expect("nobody panics with it");
        match *observation {
            Observation::Why { peer, why: RelayReason::Trying } if peer == other => {
                course.begun[end] += 1;
            }
            Observation::Route { peer, way } if peer == other => {
                course.is_direct[end] = matches!(way, Some(Way::Direct(_)));
                if course.is_direct == [true; 2] {
                    // What one end alone has seen of an attempt counts.
                    let begun = course.begun[0].max(course.begun[1]);
                    course.attempts.get_or_insert(begun);
                }
            }
            _ => {}
        }
    }
}

fn run(scenario: &Scenario) -> Course {
    let follow = Follow::default();
    let course = Arc::clone(&follow.0);
    Simulation::new(scenario).checker(follow).run().assert_passed();
    let course = course.lock().expect("nobody panics with it");
    *course
}
