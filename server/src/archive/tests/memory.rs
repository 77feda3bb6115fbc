//! Many publishing points that share one bound on memory.

use super::*;
use crate::publishing_point::registry::Registry;

/// A server with `channels` publishing points, and an encoder on each.
struct Server {
    _root: TempDir,
    registry: Arc<Registry>,
    channels: Vec<(Arc<PublishingPoint>, Seat)>,
}

impl Server {
    async fn start(channels: usize, definition: &Definition, most: u64) -> Self {
        let root = tempfile::tempdir().unwrap();
        for n in 0..channels {
            let file = root.path().join(format!("live{n}.isml"));
            std::fs::write(file, definition::write(definition)).unwrap();
        }
        let settings = Settings {
            root: root.path().to_owned(),
            archive_wait_ms: 60_000,
            max_memory_bytes: most,
            ..Settings::default()
        };
        let registry = Arc::new(Registry::new(Arc::new(settings)).unwrap());
        let mut open = Vec::new();
        for n in 0..channels {
            let point = registry.find(&format!("/live{n}.isml")).await.unwrap();
            let caller = Caller { event: None, stream: "Encoder1", peer: None, lineup: &[] };
            let seat = point.open(caller, &ladder()).unwrap();
            open.push((point, seat));
        }
        Self { _root: root, registry, channels: open }
    }

    /// Fragment `n` of all tracks of all channels, as the ingest does it. Returns the most that was used.
    async fn push(&self, n: u64) -> u64 {
        let mut most = 0;
        for (point, seat) in &self.channels {
            for (track, spec) in ladder().iter().enumerate() {
                let media = Arc::new(media(spec.id, n));
                let arrival = Arrival { time: (n * 20_000_000).cast_signed(), duration: 20_000_000, media };
                let outcome = point.accept(seat.session, seat.tracks[track], arrival).unwrap();
                assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
                most = most.max(self.registry.memory());
                self.registry.relieve();
                point.shown().await;
            }
        }
        most
    }
}

#[tokio::test]
async fn a_hundred_channels_keep_within_the_memory_of_all_and_serve_their_windows_from_disk() {
    const MOST: u64 = 1 << 20;
    let definition = Definition { manifest_window_length: 60, ..Definition::default() };
    let server = Server::start(100, &definition, MOST).await;
    for n in 0..40 {
        let most = server.push(n).await;
        assert!(most <= MOST, "{most} at {n}");
    }
    let (mut hot, mut cold) = (0, 0);
    for (point, _) in &server.channels {
        let snapshot = point.snapshot();
        assert_eq!(levels(&snapshot), vec![(10..40).collect::<Vec<_>>(); 3]);
        for entry in snapshot.streams.iter().flat_map(|s| &s.levels).flat_map(|l| l.entries.iter()) {
            *(if entry.media.is_some() { &mut hot } else { &mut cold }) += 1;
        }
        assert_eq!(point.archive().unwrap().missing, 0);
    }
    // Without the bound all were in memory: the live cache is as long as the window.
    assert!(hot >= 100 && cold >= 4500, "{hot} {cold}");
    // What is let go is let go of by what viewers see as well.
    let shown = server.channels.iter().map(|(point, _)| point.statistics().memory_bytes).sum::<u64>();
    assert!(shown <= MOST && server.registry.memory() == shown);
}

#[tokio::test]
async fn without_archives_the_oldest_of_all_channels_go() {
    const MOST: u64 = 200_000;
    let mut definition = Definition::default();
    definition.publishing.archives = false;
    let server = Server::start(10, &definition, MOST).await;
    for n in 0..40 {
        let most = server.push(n).await;
        assert!(most <= MOST, "{most} at {n}");
    }
    let oldest = |point: &PublishingPoint| chunks(&point.snapshot())[0][0];
    let oldest: Vec<_> = server.channels.iter().map(|(point, _)| oldest(point)).collect();
    let (first, last) = (oldest.iter().min().unwrap(), oldest.iter().max().unwrap());
    // All alike, whoever went over the bound.
    assert!((20..39).contains(first) && last - first <= 1, "{oldest:?}");
    for (point, _) in &server.channels {
        assert!(levels(&point.snapshot())[0].len() >= 2);
    }
}
