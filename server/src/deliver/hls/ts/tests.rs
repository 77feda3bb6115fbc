//! What comes out is taken apart by a reader that shares nothing with the writer.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What a reader finds in a segment.
#[derive(Debug, Default)]
struct Read {
    /// PES packets by PID, in order.
    units: BTreeMap<u16, Vec<Vec<u8>>>,
    /// Counters of packets with payload by PID.
    counters: BTreeMap<u16, Vec<u8>>,
    /// In 90 kHz.
    pcrs: Vec<u64>,
    /// Access units that say that decoding may start there, by PID.
    entries: BTreeMap<u16, usize>,
    packets: usize,
}

fn read(stream: &[u8]) -> Read {
    assert_eq!(stream.len() % 188, 0);
    let mut read = Read::default();
    for packet in stream.chunks(188) {
        read.packets += 1;
        assert_eq!(packet[0], 0x47);
        assert_eq!(packet[1] & 0xa0, 0, "transport error or priority");
        assert_eq!(packet[3] >> 6, 0, "scrambled");
        let pid = u16::from(packet[1] & 0x1f) << 8 | u16::from(packet[2]);
        let (begins, counter) = (packet[1] & 0x40 != 0, packet[3] & 15);
        let counters = read.counters.entry(pid).or_default();
        let mut payload = &packet[4..];
        if packet[3] & 0x20 != 0 {
            let len = usize::from(packet[4]);
            let field = &packet[5..5 + len];
            payload = &packet[5 + len..];
            if let Some((&flags, mut rest)) = field.split_first() {
                assert_eq!(flags & !0x50, 0, "flags {flags:#x}");
                if flags & 0x40 != 0 {
                    assert!(begins);
                    *read.entries.entry(pid).or_default() += 1;
                }
                if flags & 0x10 != 0 {
                    let bits = rest[..6].iter().fold(0, |bits: u64, &b| bits << 8 | u64::from(b));
                    assert_eq!(bits & 0x7fff, 0x7e00);
                    read.pcrs.push(bits >> 15);
                    rest = &rest[6..];
                }
                assert!(rest.iter().all(|&b| b == 0xff));
            }
        }
        if packet[3] & 0x10 == 0 {
            assert!(payload.is_empty() && !begins);
            assert_eq!(Some(&counter), counters.last(), "a packet without payload counts");
            continue;
        }
        assert!(!payload.is_empty());
        counters.push(counter);
        let units = read.units.entry(pid).or_default();
        if begins {
            units.push(Vec::new());
        }
        units.last_mut().unwrap().extend_from_slice(payload);
    }
    read
}

/// PTS, DTS and payload of a PES packet.
fn pes(unit: &[u8]) -> (u64, u64, &[u8]) {
    assert_eq!(unit[..3], [0, 0, 1]);
    let len = usize::from(u16::from_be_bytes([unit[4], unit[5]]));
    assert!(len == unit.len() - 6 || len == 0 && unit.len() > 65541, "{len} of {}", unit.len());
    let time = |b: &[u8]| {
        assert!(b[0] & b[2] & b[4] & 1 == 1);
        let part = |i: usize, mask: u8| u64::from(b[i] & mask);
        part(0, 0x0e) << 29
            | part(1, 0xff) << 22
            | part(2, 0xfe) << 14
            | part(3, 0xff) << 7
            | part(4, 0xfe) >> 1
    };
    let pts = time(&unit[9..]);
    let dts = if unit[7] == 0xc0 { time(&unit[14..]) } else { pts };
    (pts, dts, &unit[9 + usize::from(unit[8])..])
}

fn program(video: bool, audio: bool) -> Program {
    let lc = smooth::codec::aac::Config::read_asc(&[0x11, 0x90]).unwrap();
    Program {
        video: video
            .then(|| Video { parameter_sets: vec![0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2], nal_length: 4 }),
        audio: audio.then(|| Audio { header: adts::Header::new(&lc).unwrap(), language: "eng".to_owned() }),
    }
}

/// A sample of one NAL unit of `len` bytes.
fn sample(kind: u8, len: usize) -> Vec<u8> {
    let mut data = u32::try_from(len).unwrap().to_be_bytes().to_vec();
    data.extend((0..len).map(|i| if i == 0 { kind } else { (i % 251) as u8 }));
    data
}

/// `len` pictures, 25 a second, the first one a key frame, and frames of sound beside them.
fn media(pictures: &[Vec<u8>], frames: &[Vec<u8>]) -> (Vec<Picture<'static>>, Vec<Frame<'static>>) {
    let leak = |data: &Vec<u8>| -> &'static [u8] { Box::leak(data.clone().into_boxed_slice()) };
    let picture = |(i, data)| Picture {
        data: leak(data),
        dts: ORIGIN + 3600 * i as u64,
        pts: ORIGIN + 3600 * (i as u64 + 2),
        sync: i == 0,
    };
    let frame = |(i, data)| Frame { data: leak(data), pts: ORIGIN + 1920 * i as u64 };
    (pictures.iter().enumerate().map(picture).collect(), frames.iter().enumerate().map(frame).collect())
}

#[test]
fn the_layout_of_a_small_segment() {
    let (pictures, frames) = media(&[sample(0x65, 20), sample(0x41, 10)], &[vec![7; 9]]);
    let stream = mux(&program(true, true), 0x123, &pictures, &frames, ORIGIN + 7200).unwrap();
    let read = read(&stream);
    assert_eq!(read.counters[&0], [3]);
    assert_eq!(read.counters[&0x1000], [3]);
    let sixteen: Vec<_> = (0..16).collect();
    assert_eq!(read.counters[&0x100], sixteen);
    assert_eq!(read.counters[&0x101], sixteen);
    assert_eq!(read.packets, 2 + 32);
    let (pts, dts, first) = pes(&read.units[&0x100][0]);
    assert_eq!((pts, dts), (ORIGIN + 7200, ORIGIN));
    let mut expected = vec![0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 1];
    expected.extend_from_slice(&sample(0x65, 20)[4..]);
    assert_eq!(first, expected);
    let (_, _, second) = pes(&read.units[&0x100][1]);
    assert_eq!(second[..11], [0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x41]);
    let (_, _, sound) = pes(&read.units[&0x101][0]);
    assert_eq!(sound, [0xff, 0xf1, 0x4c, 0x80, 2, 0x1f, 0xfc, 7, 7, 7, 7, 7, 7, 7, 7, 7]);
    assert_eq!(read.entries[&0x100], 1);
    assert_eq!(read.pcrs, [ORIGIN - DELAY, ORIGIN + 3600 - DELAY]);
    // H.264, AAC in English; the pictures bring the clock.
    let map = &read.units[&0x1000][0];
    let streams = [0x1b, 0xe1, 0, 0xf0, 0, 0x0f, 0xe1, 1, 0xf0, 6, 0x0a, 4, b'e', b'n', b'g', 0];
    assert_eq!(map[9..13], [0xe1, 0, 0xf0, 0]);
    assert_eq!(map[13..29], streams);
}

#[test]
fn times_wrap_at_33_bits() {
    let data = sample(0x65, 5);
    let at = (1 << 33) - 100;
    let picture = |n: u64| Picture { data: &data, dts: at + n * 3600, pts: at + n * 3600 + 3600, sync: true };
    let (first, second) = (picture(0), picture(1));
    let stream = mux(&program(true, false), 0, &[first, second], &[], at + 7200).unwrap();
    let read = read(&stream);
    let times: Vec<_> = read.units[&0x100].iter().map(|u| (pes(u).0, pes(u).1)).collect();
    assert_eq!(times, [(3500, at), (7100, 3500)]);
}

#[test]
fn the_clock_is_there_every_100_ms_whatever_the_pictures_do() {
    let data = sample(0x65, 5000);
    // A picture a second, the next segment two seconds after the last.
    let pictures: Vec<_> = (0..5)
        .map(|i| Picture { data: &data, dts: ORIGIN + i * 90_000, pts: ORIGIN + i * 90_000, sync: true })
        .collect();
    let until = ORIGIN + 6 * 90_000;
    let frames: Vec<_> = (0..280).map(|i| Frame { data: &[1, 2, 3], pts: ORIGIN + i * 1920 }).collect();
    for (video, audio) in [(true, true), (true, false), (false, true)] {
        let (pictures, frames) =
            (if video { &pictures[..] } else { &[] }, if audio { &frames[..] } else { &[] });
        let read = read(&mux(&program(video, audio), 0, pictures, frames, until).unwrap());
        assert!(read.pcrs.windows(2).all(|w| w[0] < w[1] && w[1] - w[0] <= 9000), "{:?}", read.pcrs);
        assert!(until - DELAY - read.pcrs.last().unwrap() <= 9000);
    }
}

#[test]
fn sound_alone_brings_its_clock_without_packets_for_it_alone() {
    // 48 kHz, 44.1 kHz, 32 kHz, 24 kHz (the core of HE-AAC), 16 kHz.
    for step in [1920, 2090, 2880, 3840, 5760] {
        let frames: Vec<_> = (0..100).map(|i| Frame { data: &[7; 120], pts: ORIGIN + i * step }).collect();
        let stream = mux(&program(false, true), 0, &[], &frames, ORIGIN + 100 * step).unwrap();
        assert!(stream.chunks(188).all(|packet| packet[3] & 0x10 != 0), "{step}");
        let read = read(&stream);
        assert!(read.pcrs.windows(2).all(|w| w[1] - w[0] <= 9000), "{step} {:?}", read.pcrs);
        assert!(read.units[&0x101].len() <= 1 + 99_usize.div_ceil((9000 / step) as usize), "{step}");
    }
}

#[test]
fn hostile_times_and_lengths() {
    let data = sample(0x65, 5);
    let far = |dts| Picture { data: &data, dts, pts: dts, sync: true };
    let stream = mux(&program(true, false), 0, &[far(0), far(u64::MAX)], &[], u64::MAX).unwrap();
    assert!(stream.len() < 188 * 25_000);
    for cut in 1..data.len() {
        let broken = Picture { data: &data[..cut], ..far(0) };
        assert_eq!(mux(&program(true, false), 0, &[broken], &[], 1), Err(Error::NalUnit), "{cut}");
    }
    let long = vec![0; 8185];
    let frame = Frame { data: &long, pts: 0 };
    assert_eq!(mux(&program(false, true), 0, &[], &[frame], 1), Err(Error::Frame(8185)));
}

#[test]
fn delimiters_and_parameter_sets_are_there_once() {
    // The encoder's own delimiter goes, its own parameter sets stay, empty units go.
    let own = [sample(9, 2), sample(0x67, 3), sample(0x68, 3), sample(6, 0), sample(0x65, 4)].concat();
    let (pictures, _) = media(&[own, sample(0x41, 4), sample(0x65, 4)], &[]);
    let read = read(&mux(&program(true, false), 0, &pictures, &[], ORIGIN).unwrap());
    let kinds: Vec<Vec<u8>> = read.units[&0x100]
        .iter()
        .map(|u| pes(u).2.windows(5).filter(|w| w[..4] == [0, 0, 0, 1]).map(|w| w[4] & 0x1f).collect())
        .collect();
    assert_eq!(kinds, [vec![9, 7, 8, 5], vec![9, 1], vec![9, 7, 8, 5]]);
    assert_eq!(read.entries[&0x100], 2);
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    let size = prop_oneof![0_usize..6, 130_usize..200, 360_usize..380, 0_usize..4000, Just(70_000)];
    prop::collection::vec(size, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_byte_comes_back_and_the_counters_never_jump(
        pictures in sizes(), frames in prop::collection::vec(0_usize..900, 0..60), number: u64,
    ) {
        let pictures: Vec<_> = pictures.iter().map(|&len| sample(0x41, len)).collect();
        let frames: Vec<_> = frames.iter().map(|&len| vec![0x21; len]).collect();
        let (pictures, frames) = media(&pictures, &frames);
        let until = ORIGIN + 3600 * pictures.len() as u64;
        let program = program(true, true);
        let stream = mux(&program, number, &pictures, &frames, until).unwrap();
        prop_assert_eq!(&stream, &mux(&program, number, &pictures, &frames, until).unwrap());
        let read = read(&stream);
        for (pid, counters) in &read.counters {
            let first = if *pid == 0x100 || *pid == 0x101 { 0 } else { number };
            let expected = (0..).map(|i| (first.wrapping_add(i) & 15) as u8);
            prop_assert!(counters.iter().copied().eq(expected.take(counters.len())), "{pid:#x} {counters:?}");
            prop_assert!(*pid == 0 || *pid == 0x1000 || counters.len() % 16 == 0);
        }
        prop_assert_eq!(read.units[&0x100].len(), pictures.len());
        for (unit, picture) in read.units[&0x100].iter().zip(&pictures) {
            let (pts, dts, payload) = pes(unit);
            prop_assert_eq!((pts, dts), (picture.pts, picture.dts));
            let expected: &[u8] = if picture.data.len() > 4 { &picture.data[4..] } else { &[] };
            prop_assert!(payload.ends_with(expected));
            let sets = if picture.sync { 12 } else { 0 };
            let code = if expected.is_empty() { 0 } else { 4 };
            prop_assert_eq!(payload.len(), 6 + sets + code + expected.len());
        }
        let units = read.units.get(&0x101).map_or(&[][..], |u| u);
        let sound: Vec<u8> = units.iter().flat_map(|u| pes(u).2.to_vec()).collect();
        let expected: usize = frames.iter().map(|f| f.data.len() + 7).sum();
        prop_assert_eq!(sound.len(), expected);
        let mut rest = &sound[..];
        for frame in &frames {
            let len = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5] >> 5);
            prop_assert_eq!(len, frame.data.len() + 7);
            prop_assert_eq!(&rest[7..len], frame.data);
            rest = &rest[len..];
        }
        prop_assert!(read.pcrs.windows(2).all(|w| w[0] < w[1] && w[1] - w[0] <= 9000));
        // Packets are full but for the last of an access unit and those that make up the sixteen.
        let payload: usize = read.units.values().flatten().map(Vec::len).sum();
        prop_assert!(read.packets * 184 < payload + 200 * (pictures.len() + units.len() + 34));
    }
}
