//! Push streams whose boxes lie.

use crate::harness::{END, Origin, Parts, STREAM, capture};

fn sized(kind: &[u8; 4], size: u32, payload: &[u8]) -> Vec<u8> {
    [&size.to_be_bytes()[..], kind, payload].concat()
}

fn whole(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    sized(kind, u32::try_from(payload.len() + 8).unwrap(), payload)
}

/// The payload of the first box `kind` in `data`, which may lie in others.
fn place(data: &[u8], kind: &[u8; 4]) -> usize {
    data.windows(4).position(|w| w == kind).unwrap() + 4
}

/// Bytes of memory that this process has.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_counts_and_depths_that_lie_are_refused_and_cost_nothing() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    assert_eq!(origin.post(STREAM, &parts.stream(0..4), 1 << 16).await.status, 200);
    let before = origin.get("/live.isml/Manifest").await.text();

    let fragment = [&parts.fragments[16].moof[..], &parts.fragments[16].mdat].concat();
    let moof = parts.fragments[16].moof.len();
    let changed = |kind: &[u8; 4], offset: usize, value: u32| {
        let mut data = fragment.clone();
        let at = place(&data, kind) + offset;
        data[at..at + 4].copy_from_slice(&value.to_be_bytes());
        data
    };
    let large = |size: u64| [&1_u32.to_be_bytes()[..], b"moof", &size.to_be_bytes(), &[0; 64]].concat();
    let mut nested = whole(b"traf", &[]);
    for _ in 0..10_000 {
        nested = whole(b"traf", &nested);
    }
    let huge_mdat = [&fragment[..moof], &sized(b"mdat", 0xffff_ffff, &[0; 64])].concat();
    let huge_mdat_64 =
        [&fragment[..moof], &1_u32.to_be_bytes()[..], b"mdat", &(4_u64 << 30).to_be_bytes(), &[0; 64]]
            .concat();
    let short_mdat = [&fragment[..moof], &whole(b"mdat", &fragment[moof + 8..fragment.len() - 1])].concat();
    let no_traf = [whole(b"moof", &parts.fragments[16].moof[8..24]), fragment[moof..].to_vec()].concat();
    let streams: Vec<(&str, Vec<u8>, &[u16])> = vec![
        ("size 0", sized(b"moof", 0, &[0; 64]), &[400, 413, 415]),
        ("a 64-bit size of 2^63", large(1 << 63), &[400, 413, 415]),
        ("a 64-bit size of 8", large(8), &[400]),
        ("a size of 7", sized(b"moof", 7, &[0; 64]), &[400]),
        ("depth 10,000", whole(b"moof", &nested), &[400]),
        ("2^32-1 samples", changed(b"trun", 4, u32::MAX), &[400, 413, 415]),
        ("an mdat of 4 GB", huge_mdat, &[413]),
        ("an mdat of 4 GB in 64 bits", huge_mdat_64, &[413]),
        ("samples that are larger than their mdat", short_mdat, &[400]),
        ("a moof without traf", no_traf, &[400]),
        ("a track that the header does not have", changed(b"tfhd", 4, 4711), &[400]),
    ];
    let memory_before = memory();
    for (what, stream, allowed) in streams {
        let response = origin.post(STREAM, &[parts.head.clone(), stream].concat(), 1 << 14).await;
        assert!(allowed.contains(&response.status), "{what}: {} {}", response.status, response.text());
        assert_eq!(origin.get("/live.isml/Manifest").await.text(), before, "{what}");
    }
    // Less than any of the sizes that were announced.
    assert!(memory().saturating_sub(memory_before) < 1 << 30);
    let rest = [parts.stream(4..10), END.to_vec()].concat();
    assert_eq!(origin.post(STREAM, &rest, 1 << 16).await.status, 200);
    assert_eq!(origin.manifest().await.streams[0].chunks.len(), 10);
    origin.stop().await;
}
