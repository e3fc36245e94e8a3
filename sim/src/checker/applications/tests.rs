use underpass_core::Instant;

use super::*;

const LAPTOP: NodeId = NodeId(0);
const SENSOR: NodeId = NodeId(1);

const SENT: (NodeId, Observation) = (LAPTOP, Observation::AppSent { number: 4, to: SENSOR });
const CAME: (NodeId, Observation) = (SENSOR, Observation::AppReceived { from: LAPTOP, number: 4 });
const ANEW: (NodeId, Observation) = (SENSOR, Observation::Started { incarnation: 1 });

fn ended(outcome: Outcome) -> (NodeId, Observation) {
    (LAPTOP, Observation::AppEnded { number: 4, to: SENSOR, outcome })
}

/// What the checker says when these were observed, one after the other.
fn complaint(observed: &[(NodeId, Observation)]) -> Option<String> {
    let mut checker = Applications {
        names: ["laptop", "sensor"].map(str::to_owned).into(),
        sent: BTreeMap::new(),
        lives: vec![0; 2],
        complaint: Complaint::default(),
    };
    for (node, observation) in observed {
        checker.observed(Instant::ORIGIN, *node, observation);
    }
    checker.violation()
}

#[test]
fn what_is_sent_comes_out_and_ends_as_is_said() {
    assert_eq!(complaint(&[SENT, CAME, ended(Outcome::Acked)]), None);
    assert_eq!(complaint(&[SENT, ended(Outcome::Failed)]), None);
    assert_eq!(complaint(&[SENT, ended(Outcome::Unknown), CAME]), None);
    assert_eq!(complaint(&[SENT, CAME, ANEW, CAME]), None);
}

#[test]
fn whatever_else_is_wrong() {
    let wrong: [(&[_], _); 7] = [
        (&[CAME], "came out and was not sent there"),
        (&[SENT, CAME, CAME], "came out twice"),
        (&[SENT, ended(Outcome::Failed), CAME], "came out after it had failed"),
        (&[ended(Outcome::Acked)], "ended and was never accepted"),
        (&[SENT, CAME, ended(Outcome::Acked), ended(Outcome::Acked)], "ended twice"),
        (&[SENT, ended(Outcome::Acked)], "was acked and had not come out"),
        (&[SENT, CAME, ended(Outcome::Failed)], "failed and had come out"),
    ];
    for (observed, wrong) in wrong {
        let expected = format!("applications: payload 4 from laptop to sensor {wrong} (at 0s)");
        assert_eq!(complaint(observed), Some(expected));
    }
}
