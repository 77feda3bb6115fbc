//! What is broadcast: pictures in levels whose fragments have an exact size.

use std::net::SocketAddr;

use smooth::Span;
use smooth::boxes::build;
use smooth::manifest::{Kind, QualityLevel};
use smooth::smil::live::Track;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Ticks of a fragment: two seconds.
pub(crate) const DURATION: u64 = 20_000_000;

/// Samples of a fragment: 24 pictures a second.
const SAMPLES: u32 = 48;

/// An encoder's connection, with a level for each size of fragments.
pub(crate) struct Encoder {
    stream: TcpStream,
    sizes: Vec<usize>,
    next: u64,
}

impl Encoder {
    /// Begins to push into `point` (an absolute path), with fragments of `sizes` bytes of media.
    pub(crate) async fn start(server: SocketAddr, point: &str, sizes: &[usize]) -> Self {
        let mut stream = TcpStream::connect(server).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let head = format!(
            "POST {point}/Streams(load) HTTP/1.1\r\nHost: load\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let tracks: Vec<_> = sizes.iter().zip(1..).map(|(&size, id)| track(id, size)).collect();
        let mut encoder = Self { stream, sizes: sizes.to_vec(), next: 0 };
        encoder.send(&build::push_header(&tracks).unwrap()).await;
        encoder
    }

    /// Pushes one fragment of every level. Returns its start.
    pub(crate) async fn push(&mut self) -> u64 {
        let time = self.next;
        self.next += DURATION;
        for (&size, id) in self.sizes.clone().iter().zip(1..) {
            self.send(&fragment(id, time, size)).await;
        }
        time
    }

    async fn send(&mut self, bytes: &[u8]) {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.stream.write_all(&chunk).await.unwrap();
    }
}

/// Path below the publishing point of the fragment at `time` of the level with fragments of `size` bytes.
pub(crate) fn path(size: usize, time: u64) -> String {
    format!("QualityLevels({})/Fragments(video={time})", bitrate(size))
}

fn bitrate(size: usize) -> u32 {
    u32::try_from(size * 4).unwrap()
}

fn track(id: u32, size: usize) -> Track {
    let mut track = Track::new(id, Kind::Video);
    track.name = "video".to_owned();
    track.level = QualityLevel {
        bitrate: bitrate(size),
        fourcc: "H264".to_owned(),
        // A parameter set of the Main profile.
        private_data: vec![
            0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0x40, 0, 0, 0, 1, 0x68, 0xce,
            0x3c, 0x80,
        ],
        width: 640,
        height: 360,
        nal_length: 4,
        ..QualityLevel::default()
    };
    track
}

fn fragment(track_id: u32, time: u64, size: usize) -> Vec<u8> {
    let size = u32::try_from(size).unwrap();
    let sample = |index| build::Sample {
        duration: DURATION as u32 / SAMPLES,
        size: if index == 0 { size - size / SAMPLES * (SAMPLES - 1) } else { size / SAMPLES },
        flags: if index == 0 { build::SYNC_SAMPLE } else { build::DEPENDENT_SAMPLE },
        composition_offset: 0,
    };
    let samples: Vec<_> = (0..SAMPLES).map(sample).collect();
    let sequence = (time / DURATION) as u32;
    let span = Span { time, duration: DURATION };
    let moof = build::fragment(&build::FragmentSpec { sequence, track_id, span, samples: &samples });
    // Bytes that are different everywhere, as media is.
    let media = (0..size).map(|n| n.wrapping_mul(2_654_435_761).wrapping_add(sequence).to_be_bytes()[0]);
    [moof, build::mdat_header(size).to_vec(), media.collect()].concat()
}
