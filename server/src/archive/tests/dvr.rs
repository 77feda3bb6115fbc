//! A long broadcast with a short window, half in memory and half on disk.

use super::*;

#[tokio::test]
async fn two_hours_with_a_window_of_ten_minutes_take_no_more_memory_than_the_live_cache() {
    let definition =
        Definition { manifest_window_length: 600, live_cache_length: 60, ..Definition::default() };
    let mut show = Show::new(&definition);
    show.open();
    let mut most = 0;
    for n in 0..3600 {
        show.push(n..n + 1).await;
        // Full, and from then on level.
        if n >= 300 {
            most = most.max(show.point.statistics().memory_bytes);
        }
    }
    let snapshot = show.point.snapshot();
    assert_eq!(levels(&snapshot), vec![(3300..3600).collect::<Vec<_>>(); 3]);
    let entries = || snapshot.streams.iter().flat_map(|s| &s.levels).flat_map(|l| l.entries.iter());
    let hot = entries().filter(|e| e.media.is_some()).count();
    // A minute is 30 fragments of each track, and some are on their way to the disk.
    assert!((30 * 3..=33 * 3).contains(&hot), "{hot}");
    // 64 bytes for each that is known, and the media of the live cache with its overhead.
    let bound = 900 * 64 + 33 * 3 * (media(1, 6).size() + 512);
    assert!(most <= bound, "{most} of {bound}");
    // What lies in memory is on the disk as well, the same.
    for level in snapshot.streams.iter().flat_map(|s| &s.levels) {
        for entry in level.entries.iter().filter(|e| e.media.is_some() && e.place.is_some()) {
            let cold = crate::publishing_point::track::Entry { media: None, ..entry.clone() };
            let (hot, cold) = (entry.media.as_ref().unwrap(), snapshot.media(level, &cold).unwrap().unwrap());
            assert_eq!(hot.mdat, cold.mdat);
        }
    }
}
