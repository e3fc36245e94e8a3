//! A handshake, both sides, and its bare scalar multiplications.
#![allow(missing_docs, reason = "criterion's macros make functions without any")]

use criterion::{Criterion, criterion_group, criterion_main};
use underpass_benches::handshake::{Meeting, bare_operations};

fn handshake(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("handshake");
    let mut meeting = Meeting::new();
    group.bench_function("ours", |bencher| bencher.iter(|| meeting.meet()));
    group.bench_function("bare", |bencher| bencher.iter(bare_operations));
    group.finish();
}

criterion_group!(benches, handshake);
criterion_main!(benches);
