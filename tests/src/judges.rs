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
