//! A publishing point and its archive, on disks that behave and on some that do not.

mod dvr;
mod faults;
mod memory;
mod recovery;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use smooth::boxes::build::{self, FragmentSpec, Sample};
use smooth::manifest::{Kind, QualityLevel};
use smooth::smil::definition::{self, Definition};
use smooth::{Span, Timescale};
use tempfile::TempDir;

use super::disk::{Disk, System};
use super::{Archives, Media, Status, TrackId};
use crate::config::Settings;
use crate::publishing_point::PublishingPoint;
use crate::publishing_point::broadcast::{Arrival, Outcome};
use crate::publishing_point::encoder::{Caller, Seat};
use crate::publishing_point::snapshot::Snapshot;
use crate::publishing_point::track::TrackSpec;

/// The publishing point `/live.isml` on a server of its own.
struct Show {
    root: TempDir,
    archives: Arc<Archives>,
    point: PublishingPoint,
    seat: Option<Seat>,
}

/// Two levels of video and one of audio.
fn ladder() -> Vec<TrackSpec> {
    let spec = |id, kind, name: &str, bitrate, fourcc: &str, private_data: &[u8]| TrackSpec {
        id,
        kind,
        name: name.to_owned(),
        subtype: String::new(),
        language: String::new(),
        timescale: Timescale::DEFAULT,
        parent: None,
        manifest_output: false,
        display: (0, 0),
        level: QualityLevel {
            bitrate,
            fourcc: fourcc.to_owned(),
            private_data: private_data.to_vec(),
            ..QualityLevel::default()
        },
        protection: Vec::new(),
    };
    vec![
        spec(1, Kind::Video, "video", 100, "H264", SPS_PPS),
        spec(2, Kind::Video, "video", 200, "H264", SPS_PPS),
        spec(3, Kind::Audio, "audio", 64, "AACL", &[0x11, 0x90]),
    ]
}

const SPS_PPS: &[u8] = &[
    0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 2, 0x80, 0xbf, 0xe5, 0x40, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80,
];

/// The fragment of track `id` with number `n`: two seconds.
fn media(id: u32, n: u64) -> Media {
    let size = 40 + n as u32 % 7;
    let sample = Sample { duration: 20_000_000, size, flags: build::SYNC_SAMPLE, composition_offset: 0 };
    let span = Span { time: n * 20_000_000, duration: 20_000_000 };
    let moof = build::fragment(&FragmentSpec { sequence: n as u32, track_id: id, span, samples: &[sample] });
    let samples = (0..size).map(|i| (i as u64 * 31 + n * 7 + u64::from(id)) as u8);
    let mdat: Vec<u8> = build::mdat_header(size).into_iter().chain(samples).collect();
    Media::new(moof.into(), mdat.into())
}

impl Show {
    fn new(definition: &Definition) -> Self {
        Self::on(Arc::new(System), definition, |_| {})
    }

    fn on(disk: Arc<dyn Disk>, definition: &Definition, change: impl FnOnce(&mut Settings)) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("live.isml"), definition::write(definition)).unwrap();
        Self::at(root, disk, change)
    }

    fn at(root: TempDir, disk: Arc<dyn Disk>, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings =
            Settings { root: root.path().to_owned(), archive_wait_ms: 60_000, ..Settings::default() };
        change(&mut settings);
        let settings = Arc::new(settings);
        let archives = Arc::new(Archives::on(disk, Arc::clone(&settings), root.path()));
        let file = root.path().join("live.isml");
        let definition = crate::publishing_point::read_definition(&file, &settings).unwrap();
        let point = PublishingPoint::new("/live.isml".into(), file, definition, settings);
        let point = point.archived(Arc::clone(&archives));
        Self { root, archives, point, seat: None }
    }

    /// Ends as a server does that is told to, and begins on a disk that works.
    fn restarted(self) -> Self {
        self.archives.finish(Duration::from_secs(60));
        Self::at(self.root, Arc::new(System), |_| {})
    }

    /// The same archive in another place, where it may be damaged before it is taken up.
    fn copy(&self) -> Self {
        let root = tempfile::tempdir().unwrap();
        copy(self.root.path(), root.path());
        // Pointers name the place.
        let old = self.root.path().canonicalize().unwrap();
        let new = root.path().canonicalize().unwrap();
        for pointer in std::fs::read_dir(new.join("archives/.points")).unwrap() {
            let pointer = pointer.unwrap().path();
            let text = std::fs::read_to_string(&pointer).unwrap();
            std::fs::write(pointer, text.replace(old.to_str().unwrap(), new.to_str().unwrap())).unwrap();
        }
        Self::at(root, Arc::new(System), |_| {})
    }

    fn open(&mut self) {
        self.open_as(None, "Encoder1");
    }

    fn open_as(&mut self, event: Option<&str>, stream: &str) {
        self.seat =
            Some(self.point.open(Caller { event, stream, peer: None, lineup: &[] }, &ladder()).unwrap());
    }

    fn bring(&self, track: TrackId, n: u64) -> Outcome {
        let seat = self.seat.as_ref().unwrap();
        let arrival = Arrival {
            time: (n * 20_000_000).cast_signed(),
            duration: 20_000_000,
            media: Arc::new(media(ladder()[track].id, n)),
        };
        self.point.accept(seat.session, seat.tracks[track], arrival).unwrap()
    }

    /// All tracks' fragments `range`, each shown before the next comes.
    async fn push(&self, range: std::ops::Range<u64>) {
        for n in range {
            for track in 0..3 {
                self.bring(track, n);
                self.point.shown().await;
            }
        }
    }

    fn status(&self) -> Status {
        self.point.archive().unwrap()
    }

    /// Waits until the archive is as `wanted`.
    async fn until(&self, wanted: impl Fn(&Status) -> bool) -> Status {
        loop {
            let status = self.status();
            if wanted(&status) {
                return status;
            }
            tokio::task::yield_now().await;
        }
    }

    fn folder(&self) -> PathBuf {
        let runs = self.root.path().join("archives/live-isml");
        let runs: Vec<_> = std::fs::read_dir(runs).unwrap().map(|e| e.unwrap().path()).collect();
        let [run] = &runs[..] else { panic!("{runs:?}") };
        run.clone()
    }
}

/// Starts of the chunks of each stream, in numbers of fragments.
fn chunks(snapshot: &Snapshot) -> Vec<Vec<u64>> {
    let of = |s: &crate::publishing_point::snapshot::StreamView| {
        s.chunks.iter().map(|c| c.time / 20_000_000).collect()
    };
    snapshot.streams.iter().map(of).collect()
}

/// Numbers of the fragments of each level, each compared with what was pushed.
fn levels(snapshot: &Snapshot) -> Vec<Vec<u64>> {
    let mut all = Vec::new();
    for level in snapshot.streams.iter().flat_map(|s| &s.levels) {
        let mut numbers = Vec::new();
        for entry in level.entries.iter() {
            let n = entry.span.time / 20_000_000;
            let pushed = media(level.spec.id, n);
            let there = snapshot.media(level, entry).unwrap().expect("the fragment is listed");
            assert_eq!((&there.mdat, there.hash), (&pushed.mdat, entry.hash), "{n} of {}", level.spec.id);
            let served =
                |m: &Media| smooth::boxes::delivery::rewrite(&m.moof, entry.span, &[entry.span]).unwrap();
            assert_eq!(served(&there), served(&pushed));
            numbers.push(n);
        }
        all.push(numbers);
    }
    all
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
