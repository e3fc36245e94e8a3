//! Payloads through a session, and through the bare cipher: sealed and opened, a batch at a time.
#![allow(missing_docs, reason = "criterion's macros make functions without any")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use underpass_benches::data_path::{BATCH, Bare, Session};

fn data_path(criterion: &mut Criterion) {
    for size in [64, 1152] {
        let mut group = criterion.benchmark_group(format!("data_path/{size}"));
        group.throughput(Throughput::Elements(BATCH as u64));
        let (mut session, mut bare) = (Session::new(size), Bare::new(size));
        group.bench_function("ours", |bencher| {
            bencher.iter(|| {
                session.seal();
                session.open();
            });
        });
        group.bench_function("bare", |bencher| {
            bencher.iter(|| {
                bare.seal();
                bare.open();
            });
        });
        group.finish();
    }
}

criterion_group!(benches, data_path);
criterion_main!(benches);
