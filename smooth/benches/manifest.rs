//! A day of live television: 43 200 chunks of two seconds in each of three streams, 8 video levels.
//!
//! The chunks of video are all equal; those of audio alternate, as AAC frames do not divide two seconds.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use smooth::{
    Limits, Span,
    manifest::{Manifest, Version, read, write},
};

/// 20 November 2025 in ticks of 100 ns.
const ORIGIN: u64 = 17_635_968_000_000_000;
const CHUNKS: u64 = 43_200;

fn day(version: Version) -> Manifest {
    let level = |n: u32| {
        format!(
            "<QualityLevel Index='{n}' Bitrate='{}' FourCC='H264' MaxWidth='1280' MaxHeight='720' \
             CodecPrivateData='000000016742C01EDA02802DD0800000000168CE3C80'/>",
            (n + 1) * 500_000
        )
    };
    let levels: String = (0..8).map(level).collect();
    let url = "QualityLevels({bitrate})/Fragments(x={start time})";
    let xml = format!(
        "<SmoothStreamingMedia IsLive='TRUE' LookAheadFragmentCount='2' DVRWindowLength='864000000000'>\
         <StreamIndex Type='video' Url='{url}'>{levels}</StreamIndex>\
         <StreamIndex Type='audio' Url='{url}'><QualityLevel Bitrate='64000' FourCC='AACL'/></StreamIndex>\
         <StreamIndex Type='text' Url='{url}'><QualityLevel Bitrate='1000' FourCC='TTML'/></StreamIndex>\
         </SmoothStreamingMedia>"
    );
    let mut manifest = read(xml.as_bytes(), &Limits::default()).expect("a manifest");
    manifest.version = version;
    let durations = [[20_000_000; 3], [20_053_333, 20_053_333, 19_840_000], [20_000_000; 3]];
    for (stream, durations) in manifest.streams.iter_mut().zip(durations) {
        let mut time = ORIGIN;
        for duration in durations.into_iter().cycle().take(CHUNKS as usize) {
            assert!(stream.chunks.push(Span { time, duration }));
            time += duration;
        }
    }
    manifest
}

fn bench(c: &mut Criterion) {
    let limits = Limits::default();
    for (name, version) in [("2.0", Version::V2_0), ("2.2", Version::V2_2)] {
        let manifest = day(version);
        let text = write(&manifest);
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("read 24 h", |b| b.iter(|| read(black_box(text.as_bytes()), &limits)));
        group.bench_function("write 24 h", |b| b.iter(|| write(black_box(&manifest))));
        // As IIS writes it: every chunk with its time.
        let spelt = spell_times(&manifest, &text);
        assert_eq!(read(spelt.as_bytes(), &limits).as_ref(), Ok(&manifest));
        group.throughput(Throughput::Bytes(spelt.len() as u64));
        group.bench_function("read 24 h, every t", |b| b.iter(|| read(black_box(spelt.as_bytes()), &limits)));
        group.finish();
    }
}

fn spell_times(manifest: &Manifest, text: &str) -> String {
    let mut out = String::new();
    let mut streams = manifest.streams.iter();
    for line in text.lines().filter(|line| !line.starts_with("<c ")) {
        if line == "</StreamIndex>" {
            for (n, chunk) in streams.next().expect("a stream").chunks.iter().enumerate() {
                out.push_str(&format!("<c n=\"{n}\" t=\"{}\" d=\"{}\"/>\r\n", chunk.time, chunk.duration));
            }
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

criterion_group!(benches, bench);
criterion_main!(benches);
