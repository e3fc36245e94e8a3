use super::*;

const MANY: u64 = 20_000;

fn drawn(population: Population) -> Vec<Vec<NatModel>> {
    let draws = Draws::new(1);
    (0..MANY).map(|who| population.draw(&draws, &format!("home-{who}"))).collect()
}

/// Within five standard deviations of a share of so many.
#[track_caller]
fn assert_share(count: usize, of: usize, share: Share) {
    let [count, of, share] = [count as i128, of as i128, i128::from(share.per_mille)];
    let off = (1000 * count - of * share).pow(2);
    assert!(off <= 25 * of * share * (1000 - share), "{count} of {of} for {share} per mille");
}

fn is_symmetric(model: &&NatModel) -> bool {
    model.observed_mapping() == Behaviour::AddressAndPortDependent
}

#[test]
fn households_are_drawn_by_their_shares() {
    let drawn = drawn(Population::Households);
    let routers: Vec<NatModel> = drawn.iter().map(|nats| nats[0]).collect();
    let carriers: Vec<NatModel> = drawn.iter().filter_map(|nats| nats.get(1).copied()).collect();
    let hairpins = routers.iter().filter(|model| model.hairpin != Hairpin::Off);
    assert_share(hairpins.count(), routers.len(), ROUTER_HAIRPIN);
    assert_share(routers.iter().filter(is_symmetric).count(), routers.len(), ROUTER_SYMMETRIC);
    assert_share(carriers.len(), routers.len(), LINE_CARRIER);
    let symmetric = carriers.iter().filter(is_symmetric).count();
    assert_share(symmetric, carriers.len(), LINE_CARRIER_SYMMETRIC);
}

#[test]
fn phones_are_drawn_by_their_shares() {
    let drawn = drawn(Population::Phones);
    let carriers: Vec<NatModel> = drawn.iter().flatten().copied().collect();
    assert_share(carriers.len(), drawn.len(), MOBILE_CARRIER);
    let symmetric = carriers.iter().filter(is_symmetric).count();
    assert_share(symmetric, carriers.len(), MOBILE_CARRIER_SYMMETRIC);
}

#[test]
fn who_is_drawn_depends_on_seed_and_name() {
    let draw = |seed, name: &str| Population::Households.draw(&Draws::new(seed), name);
    let names: Vec<String> = (0..100).map(|who| format!("home-{who}")).collect();
    let all = |seed| names.iter().map(|name| draw(seed, name)).collect::<Vec<_>>();
    assert_eq!(all(1), all(1));
    assert_ne!(all(1), all(2));
    assert!(all(1).iter().any(|nats| *nats != draw(1, "home-0")));
}

#[test]
fn populations_have_names() {
    assert_eq!(Population::named("households"), Some(Population::Households));
    assert_eq!(Population::named("martians"), None);
}

/// A draw is named by its trait: two traits of one name would go together.
#[test]
fn no_two_shares_have_one_name() {
    for (at, share) in SHARES.iter().enumerate() {
        assert!(SHARES[..at].iter().all(|other| other.name != share.name), "{}", share.name);
    }
}
