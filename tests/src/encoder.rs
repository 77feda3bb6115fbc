//! ffmpeg as an encoder: pictures that carry a number, and sound.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::process::{Process, program};

/// One rendition of the picture.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    /// Pixels.
    pub size: (u32, u32),
    /// Bits per second.
    pub bitrate: u32,
}

/// Three renditions that two cores can make beside a browser.
pub const LIVE: [Level; 3] = [
    Level { size: (160, 90), bitrate: 80_000 },
    Level { size: (256, 144), bitrate: 160_000 },
    Level { size: (320, 180), bitrate: 300_000 },
];

/// What is encoded, and how.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The renditions.
    pub levels: Vec<Level>,
    /// Seconds; `None` for ever.
    pub seconds: Option<u32>,
    /// Pictures from key frame to key frame, of which there are 25 a second.
    pub gop: u32,
    /// Pictures in a row that are coded after one that shows later.
    pub b_frames: u32,
    /// Added to the number in the picture.
    pub number: f64,
    /// Whether each level is filled up to its bitrate at every moment.
    pub constant: bool,
    /// Sampling rate of the sound in Hz.
    pub sampling_rate: u32,
    /// The sound is a tone of so many Hz.
    pub tone: u32,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            levels: LIVE.to_vec(),
            seconds: None,
            gop: 50,
            b_frames: 2,
            number: 0.0,
            constant: false,
            sampling_rate: 48_000,
            tone: 440,
        }
    }
}

impl Recipe {
    /// The arguments between the speed of the input and the name of the output.
    ///
    /// The picture shows a number in eight squares along its lower edge, the lowest bit first, white for
    /// one: `number` plus the seconds since the start, modulo 256. So a page can read what it shows.
    fn arguments(&self, real_time: bool) -> Vec<String> {
        let mut args: Vec<String> =
            ["-hide_banner", "-loglevel", "warning", "-nostdin", "-y"].map(str::to_owned).into();
        let mut add = |words: &[&str]| args.extend(words.iter().map(|&word| word.to_owned()));
        let pace: &[&str] = if real_time { &["-re"] } else { &[] };
        add(pace);
        add(&["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"]);
        add(pace);
        add(&[
            "-f",
            "lavfi",
            "-i",
            &format!("sine=frequency={}:sample_rate={}", self.tone, self.sampling_rate),
        ]);
        if let Some(seconds) = self.seconds {
            add(&["-t", &seconds.to_string()]);
        }
        add(&["-filter_complex", &self.filters()]);
        for index in 0..self.levels.len() {
            add(&["-map", &format!("[v{index}]")]);
        }
        let frames = self.gop.to_string();
        add(&[
            "-map",
            "1:a",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-profile:v",
            "main",
            "-pix_fmt",
            "yuv420p",
        ]);
        add(&[
            "-g",
            &frames,
            "-keyint_min",
            &frames,
            "-sc_threshold",
            "0",
            "-threads:v",
            "1",
            "-bf",
            &self.b_frames.to_string(),
        ]);
        for (index, level) in self.levels.iter().enumerate() {
            let bitrate = level.bitrate.to_string();
            add(&[&format!("-b:v:{index}"), &bitrate, &format!("-maxrate:v:{index}"), &bitrate]);
            let buffer = if self.constant { level.bitrate / 4 } else { level.bitrate };
            add(&[&format!("-bufsize:v:{index}"), &buffer.to_string()]);
        }
        if self.constant {
            add(&["-x264-params", "nal-hrd=cbr:force-cfr=1:filler=1"]);
        }
        add(&["-c:a", "aac", "-b:a", "64k", "-ac", "2", "-metadata:s:a:0", "language=eng"]);
        args
    }

    fn filters(&self) -> String {
        let mut filters = "[0:v]drawbox=y=ih*3/4:h=ih/4:w=iw:c=black:t=fill".to_owned();
        for bit in 0..8 {
            let on = format!("mod(floor((t+{})/{})\\,2)", self.number, 1 << bit);
            filters += &format!(",drawbox=x=iw*{bit}/8:y=ih*3/4:w=iw/8:h=ih/4:c=white:t=fill:enable={on}");
        }
        let count = self.levels.len();
        filters += &format!(",split={count}");
        (0..count).for_each(|index| filters += &format!("[s{index}]"));
        for (index, Level { size: (width, height), .. }) in self.levels.iter().enumerate() {
            filters += &format!(";[s{index}]scale={width}:{height}:flags=fast_bilinear[v{index}]");
        }
        filters
    }

    /// Encodes into a fragmented file in memory, as fast as the machine can.
    #[must_use]
    pub fn file(&self) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.ismv");
        self.encode(&["-movflags", "isml+frag_keyframe", "-f", "ismv"], &path);
        std::fs::read(path).unwrap()
    }

    /// Encodes to `path`, as fast as the machine can, with the `muxer` that these arguments name.
    pub fn encode(&self, muxer: &[&str], path: &Path) {
        let output = Command::new(program("ffmpeg"))
            .args(self.arguments(false))
            .args(muxer)
            .arg(path)
            .output()
            .unwrap();
        assert!(output.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Pushes into a publishing point in real time, as an operator starts it: one POST with all tracks.
    /// `url` is the publishing point's, as `http://host/x.isml`.
    #[must_use]
    pub fn push(&self, url: &str) -> Process {
        self.push_with(&[], url)
    }

    /// Pushes as one of several encoders of the same broadcast, as `docs/broadcast.md` tells operators to: each
    /// begins when a key frame is due, counted from the Unix epoch, and says so in its times. The number in
    /// the picture is then that time's seconds.
    pub async fn push_aligned(&self, url: &str) -> Process {
        let interval = u64::from(self.gop) * 40;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let start = Duration::from_millis((now.as_millis() as u64 / interval + 1) * interval);
        tokio::time::sleep(start - now).await;
        let recipe = Self { number: start.as_secs_f64() % 256.0, ..self.clone() };
        recipe.push_with(&["-output_ts_offset", &format!("{}ms", start.as_millis())], url)
    }

    fn push_with(&self, options: &[&str], url: &str) -> Process {
        let mut command = Command::new(program("ffmpeg"));
        command.args(self.arguments(true)).args(["-movflags", "isml+frag_keyframe", "-f", "ismv"]);
        command.args(options).arg(format!("{url}/Streams(Encoder1)"));
        Process::run("ffmpeg", &mut command)
    }
}
