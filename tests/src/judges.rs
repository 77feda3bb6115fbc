//! Judges that we did not write: ffprobe, and other players.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::process::{cache, program};

/// What ffprobe says of a file's bytes. Panics if it has anything to complain about.
#[must_use]
pub fn ffprobe(bytes: &[u8]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("judged.mp4");
    std::fs::write(&file, bytes).unwrap();
    let output = Command::new(program("ffprobe"))
        .args(["-hide_banner", "-loglevel", "warning", "-of", "json", "-show_streams", "-count_packets"])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && complaints.is_empty(), "ffprobe: {complaints}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What `ffmpeg` or `ffprobe` writes to its output. Panics if it fails, or has anything to complain about.
pub fn silently(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(program(name))
        .args(["-hide_banner", "-loglevel", "warning"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && complaints.is_empty(), "{name} {arguments:?}: {complaints}");
    String::from_utf8(output.stdout).unwrap()
}

/// What ffmpeg says, at its most talkative, while it reads the packets of a file.
#[must_use]
pub fn talk(path: &str) -> String {
    let output = Command::new(program("ffmpeg"))
        .args([
            "-hide_banner",
            "-loglevel",
            "debug",
            "-i",
            path,
            "-map",
            "0",
            "-c",
            "copy",
            "-f",
            "null",
            "-",
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// MD5 of each decoded frame of the stream `map` (as `0:v:0`) of `input`, in order.
#[must_use]
pub fn frames(input: &str, map: &str) -> Vec<String> {
    let list = silently(
        "ffmpeg",
        &["-xerror", "-i", input, "-map", map, "-fps_mode", "passthrough", "-f", "framemd5", "-"],
    );
    let sum = |line: &str| line.rsplit(',').next().unwrap_or_default().trim().to_owned();
    list.lines().filter(|line| !line.starts_with('#')).map(sum).collect()
}

/// The folder with the other players, as `scripts/test-setup.sh` leaves it: `rx-player/`, `dashjs/`,
/// `hls.js/` and `shaka-player/`.
#[must_use]
pub fn players() -> PathBuf {
    let folder = cache().join("judges/node_modules");
    for player in ["rx-player", "dashjs", "hls.js", "shaka-player"] {
        let there = folder.join(player).join("package.json").is_file();
        assert!(
            there,
            "{player} is not in {}: run `bash scripts/test-setup.sh`, which needs npm (or `make test`)",
            folder.display()
        );
    }
    folder
}

/// The script of axe-core, which judges pages by the rules of accessibility.
#[must_use]
pub fn axe() -> String {
    let file = cache().join("judges/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file).unwrap_or_else(|_| {
        panic!("axe-core is not in {}: run `bash scripts/test-setup.sh` (or `make test`)", file.display())
    })
}
