//! Handshakes, both sides, and their bare scalar multiplications.
#![allow(missing_docs, reason = "criterion's macros make functions without any")]

use criterion::{Criterion, criterion_group, criterion_main};
use underpass_benches::handshake::{Knowing, Meeting, bare_side};

fn handshake(criterion: &mut Criterion) {
    for (name, knowing) in [("ik", Knowing::TheKey), ("xx", Knowing::AnAddress)] {
        let mut group = criterion.benchmark_group(format!("handshake/{name}"));
        let mut meeting = Meeting::new();
        group.bench_function("ours", |bencher| bencher.iter(|| meeting.meet(knowing)));
        group.bench_function("bare", |bencher| {
            bencher.iter(|| {
                bare_side(knowing);
                bare_side(knowing);
            });
        });
        group.finish();
    }
}

criterion_group!(benches, handshake);
criterion_main!(benches);
