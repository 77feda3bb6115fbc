//! An encoder whose times a test commands: what ffmpeg made before, pushed in real time, and jumping as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::encoder::{Level, Recipe};
use crate::splitter::ismv::{boxes, child, tfxd, u32_at, u64_at};

/// The encoder. It goes off the air with this value.
#[derive(Debug)]
pub struct Studio {
    commands: Arc<Mutex<Commands>>,
    /// They end with it.
    _tasks: JoinSet<()>,
}

/// What the test wants, in ticks.
#[derive(Clone, Copy, Debug, Default)]
struct Commands {
    pictures: i64,
    sound: i64,
    silent: bool,
}

/// One chunk.
#[derive(Debug)]
struct Chunk {
    sound: bool,
    /// In ticks.
    time: u64,
    /// When it is complete, in ticks.
    end: u64,
    /// Where in `bytes` its `tfxd` has the time.
    at: usize,
    bytes: Vec<u8>,
}

/// Per second, in ffmpeg's `-f ismv`.
const TICKS: i64 = 10_000_000;

impl Studio {
    /// Encodes `seconds`, then goes on the air at the publishing point of [`crate::origin`].
    pub async fn start(address: SocketAddr, seconds: u32) -> Self {
        Self::started(&[address], seconds, 0).await
    }

    /// The same at several origins at once, where it has been on the air for `since` seconds.
    pub async fn started(origins: &[SocketAddr], seconds: u32, since: u32) -> Self {
        let levels = vec![Level { size: (320, 180), bitrate: 200_000 }];
        let recipe = Recipe { levels, seconds: Some(seconds), b_frames: 0, ..Recipe::default() };
        let file = tokio::task::spawn_blocking(move || recipe.file()).await.unwrap();
        let film = Arc::new(cut(&file));
        let commands = Arc::<Mutex<Commands>>::default();
        let mut tasks = JoinSet::new();
        for &address in origins {
            tasks.spawn(push(address, Arc::clone(&film), Arc::clone(&commands), since));
        }
        Self { commands, _tasks: tasks }
    }

    /// From the next chunks on, times are so many seconds later, or earlier.
    pub fn jump(&self, pictures: i64, sound: i64) {
        let mut commands = self.commands.lock().unwrap();
        commands.pictures += pictures * TICKS;
        commands.sound += sound * TICKS;
    }

    /// Keeps its chunks to itself, while its clock runs on; or sends them again.
    pub fn silence(&self, on: bool) {
        self.commands.lock().unwrap().silent = on;
    }
}

/// Pushes in real time, `since` seconds after the beginning.
async fn push(address: SocketAddr, film: Arc<(Vec<u8>, Vec<Chunk>)>, told: Arc<Mutex<Commands>>, since: u32) {
    let (header, chunks) = &*film;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let path = "/LiveSmoothStream.isml/Streams(Encoder1)";
    let request = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nTransfer-Encoding: chunked\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    send(&mut stream, header).await;
    let begun = Instant::now();
    for chunk in chunks {
        let due = Duration::from_nanos(chunk.end * 100).saturating_sub(Duration::from_secs(since.into()));
        tokio::time::sleep_until(begun + due).await;
        let now = *told.lock().unwrap();
        if now.silent {
            continue;
        }
        let shift = if chunk.sound { now.sound } else { now.pictures };
        let time = chunk.time.wrapping_add_signed(shift);
        let mut bytes = chunk.bytes.clone();
        bytes[chunk.at..chunk.at + 8].copy_from_slice(&time.to_be_bytes());
        if !send(&mut stream, &bytes).await {
            // The origin has let go of an encoder that was silent for long: it comes back.
            stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            send(&mut stream, header).await;
            send(&mut stream, &bytes).await;
        }
    }
    // It stays connected, as an encoder without a signal does.
    let _ = stream.read(&mut [0]).await;
}

/// One piece of a chunked body. False if the origin has gone away.
async fn send(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let piece = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    stream.write_all(&piece).await.is_ok()
}

/// The head of a file, and its chunks in the order in which they were complete.
fn cut(file: &[u8]) -> (Vec<u8>, Vec<Chunk>) {
    let top = boxes(file, 0, file.len());
    let first = top.iter().find(|found| found.kind == *b"moof").unwrap().start;
    let mut chunks = Vec::new();
    for pair in top.windows(2).filter(|pair| pair[0].kind == *b"moof") {
        let traf = child(file, pair[0], b"traf").unwrap();
        let track = u32_at(file, child(file, traf, b"tfhd").unwrap().start + 12);
        let at = tfxd(file, traf);
        let time = u64_at(file, at);
        chunks.push(Chunk {
            // Pictures are the first track.
            sound: track != 1,
            time,
            end: time.wrapping_add(u64_at(file, at + 8)),
            at: at - pair[0].start,
            bytes: file[pair[0].start..pair[1].end].to_vec(),
        });
    }
    chunks.sort_by_key(|chunk| chunk.end);
    (file[..first].to_vec(), chunks)
}
