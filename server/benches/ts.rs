//! How fast samples become transport streams: `cargo bench -p silverlane --bench ts`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use server::deliver::hls::ts::{Audio, Frame, Picture, Program, Video, adts, mux};
use smooth::codec::aac;

/// Ten seconds of 25 pictures and 47 frames of sound a second, as `bits` a second of pictures.
fn segment(bits: usize) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mean = bits / 8 / 25;
    let picture = |i: usize| {
        // A key frame every two seconds takes eight times as much as others.
        let len = if i.is_multiple_of(50) { mean * 8 } else { mean * 42 / 49 };
        let mut data = u32::try_from(len).expect("a picture").to_be_bytes().to_vec();
        data.resize(len + 4, if i.is_multiple_of(50) { 0x65 } else { 0x41 });
        data
    };
    ((0..250).map(picture).collect(), (0..470).map(|i| vec![0x21; 320 + i % 40]).collect())
}

fn bench(c: &mut Criterion) {
    let config = aac::Config::read_asc(&[0x11, 0x90]).expect("AAC-LC");
    let header = adts::Header::new(&config).expect("AAC-LC");
    let parameter_sets = [0, 0, 0, 1, 0x67, 0x4d, 0x40, 0x1e, 0, 0, 0, 1, 0x68, 0xef].to_vec();
    let program = Program {
        video: Some(Video { parameter_sets, nal_length: 4 }),
        audio: Some(Audio { header, language: "eng".to_owned() }),
    };
    let mut group = c.benchmark_group("ts");
    for bits in [500_000, 3_000_000, 8_000_000] {
        let (pictures, frames) = segment(bits);
        let pictures: Vec<_> = (0_u64..)
            .zip(&pictures)
            .map(|(i, data)| Picture {
                data,
                dts: 900_000 + 3600 * i,
                pts: 907_200 + 3600 * i,
                sync: i.is_multiple_of(50),
            })
            .collect();
        let frames: Vec<_> =
            (0_u64..).zip(&frames).map(|(i, data)| Frame { data, pts: 900_000 + 1920 * i }).collect();
        let make = || mux(&program, 7, &pictures, &frames, 1_800_000).expect("a segment");
        group.throughput(Throughput::Bytes(make().len() as u64));
        group.bench_function(format!("{} kbit", bits / 1000), |b| b.iter(|| black_box(make())));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
