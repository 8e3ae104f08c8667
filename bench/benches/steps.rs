//! The steps of the hot path, for people: `cargo bench -p ostrakon-bench`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("steps");
    for mut step in ostrakon_bench::steps::all() {
        group.throughput(Throughput::Elements(step.times.into()));
        group.bench_function(step.name, |bencher| bencher.iter(&mut step.call));
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
