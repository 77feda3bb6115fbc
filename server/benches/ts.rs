//! How fast samples become transport streams: `cargo bench -p silverlane --bench ts`.

mod samples;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use samples::Samples;

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("ts");
    for bits in [500_000, 3_000_000, 8_000_000] {
        Samples::new(bits).with(|make| {
            group.throughput(Throughput::Bytes(make().len() as u64));
            group.bench_function(format!("{} kbit", bits / 1000), |b| b.iter(|| black_box(make())));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
