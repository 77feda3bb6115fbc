//! Files to serve: encoded once, then laid out as makers of presentations do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use smooth::Limits;
use smooth::boxes::{self, mfra};

/// A file of ffmpeg's `-f ismv`: eight seconds, pictures of 100 and 200 kbit/s (tracks 1 and 2), sound of
/// 64 kbit/s (track 3), fragments of two seconds.
pub(crate) fn ismv() -> &'static [u8] {
    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.ismv");
        let run = Command::new("ffmpeg")
            .args(["-loglevel", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25"])
            .args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "8"])
            .args(["-map", "0:v", "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast"])
            .args(["-b:v:0", "100k", "-b:v:1", "200k", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0"])
            .args(["-c:a", "aac", "-b:a", "64k", "-f", "ismv", "-movflags", "frag_keyframe"])
            .arg(&file)
            .status();
        assert!(run.expect("ffmpeg is needed: apt install ffmpeg").success());
        std::fs::read(&file).unwrap()
    });
    &FILE
}

pub(crate) const BITRATES: [(u32, &str, u32); 3] =
    [(1, "video", 100_000), (2, "video", 200_000), (3, "audio", 64_000)];

/// Where the `mfra` at the end of `file` begins.
pub(crate) fn index_at(file: &[u8]) -> usize {
    file.len() - usize::try_from(mfra::size_from_end(file).unwrap()).unwrap()
}

/// Start, duration and place of the fragments of each track, as the index says.
pub(crate) fn index(file: &[u8]) -> BTreeMap<u32, Vec<(u64, u64, usize)>> {
    let tracks = mfra::read(&file[index_at(file)..], &Limits::default()).unwrap();
    let mut found = BTreeMap::new();
    for track in tracks {
        let times: Vec<_> = track.entries.iter().map(|e| e.time).collect();
        let mut fragments = Vec::new();
        for (i, entry) in track.entries.iter().enumerate() {
            let offset = usize::try_from(entry.moof_offset).unwrap();
            let last = boxes::read_head(&file[offset..], &Limits::default()).unwrap().duration;
            let duration = times.get(i + 1).map_or(last, |next| next - entry.time);
            fragments.push((entry.time, duration, offset));
        }
        found.insert(track.track_id, fragments);
    }
    found
}

/// `file` with no more than the first `keep` fragments of each track in its index.
pub(crate) fn with_short_index(file: &[u8], keep: usize) -> Vec<u8> {
    let (media, index) = file.split_at(index_at(file));
    let mut kept = Vec::new();
    for track in boxes::walk(&index[8..index.len() - mfra::MFRO_LEN]).map(Result::unwrap) {
        // Version, track id, lengths of numbers, count; then the entries.
        let count = u32::from_be_bytes(track.payload[12..16].try_into().unwrap()) as usize;
        let length = (track.payload.len() - 16) / count;
        let entries = &track.payload[16..16 + keep * length];
        let count = u32::try_from(keep).unwrap().to_be_bytes();
        let size = u32::try_from(24 + entries.len()).unwrap().to_be_bytes();
        kept.extend([&size[..], b"tfra", &track.payload[..12], &count, entries].concat());
    }
    let size = u32::try_from(8 + kept.len() + mfra::MFRO_LEN).unwrap().to_be_bytes();
    let mfro = [&16_u32.to_be_bytes()[..], b"mfro", &[0; 4], &size].concat();
    [media, &size, b"mfra", &kept, &mfro].concat()
}

/// The client manifest as ffmpeg's `tools/ismindex` writes it.
pub(crate) fn ismc(file: &[u8]) -> String {
    let tracks = boxes::walk(file).map(Result::unwrap).find(|b| b.kind == *b"moov").unwrap();
    let tracks = boxes::moov::read(tracks.whole, &Limits::default()).unwrap();
    let index = index(file);
    let mut xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <SmoothStreamingMedia MajorVersion=\"2\" MinorVersion=\"0\" Duration=\"80000000\">\n"
        .to_owned();
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut all, b| {
            let _ = write!(all, "{b:02X}");
            all
        })
    };
    for kind in ["video", "audio"] {
        let levels: Vec<_> = BITRATES.iter().filter(|(_, k, _)| *k == kind).collect();
        let chunks = &index[&levels[0].0];
        let _ = writeln!(
            xml,
            "\t<StreamIndex Type=\"{kind}\" QualityLevels=\"{}\" Chunks=\"{}\" \
             Url=\"QualityLevels({{bitrate}})/Fragments({kind}={{start time}})\">",
            levels.len(),
            chunks.len()
        );
        for (i, (id, _, bitrate)) in levels.iter().enumerate() {
            let track = tracks.iter().find(|t| t.id == *id).unwrap();
            let _ = writeln!(
                xml,
                "\t\t<QualityLevel Index=\"{i}\" Bitrate=\"{bitrate}\" FourCC=\"{}\" MaxWidth=\"{}\" MaxHeight=\"{}\" \
                 SamplingRate=\"{}\" Channels=\"{}\" BitsPerSample=\"16\" PacketSize=\"4\" AudioTag=\"255\" \
                 CodecPrivateData=\"{}\" />",
                track.fourcc,
                track.width,
                track.height,
                track.sampling_rate,
                track.channels,
                hex(&track.private_data)
            );
        }
        let mut at = 0;
        for (n, (time, duration, _)) in chunks.iter().enumerate() {
            let t = if *time == at { String::new() } else { format!("t=\"{time}\" ") };
            let _ = writeln!(xml, "\t\t<c n=\"{n}\" d=\"{duration}\" {t}/>");
            at = time + duration;
        }
        xml += "\t</StreamIndex>\n";
    }
    xml + "</SmoothStreamingMedia>\n"
}

/// The server manifest as `ismindex` writes it; `src` is the file of each track.
pub(crate) fn ism(src: &[&str; 3], client: Option<&str>) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <smil xmlns=\"http://www.w3.org/2001/SMIL20/Language\">\n\t<head>\n"
        .to_owned();
    if let Some(client) = client {
        let _ = writeln!(xml, "\t\t<meta name=\"clientManifestRelativePath\" content=\"{client}\" />");
    }
    xml += "\t</head>\n\t<body>\n\t\t<switch>\n";
    for ((id, kind, bitrate), src) in BITRATES.iter().zip(src) {
        let _ = writeln!(
            xml,
            "\t\t\t<{kind} src=\"{src}\" systemBitrate=\"{bitrate}\">\n\
             \t\t\t\t<param name=\"trackID\" value=\"{id}\" valueType=\"data\" />\n\t\t\t</{kind}>"
        );
    }
    xml + "\t\t</switch>\n\t</body>\n</smil>\n"
}

/// Puts a presentation of one media file at `/film.ism`.
pub(crate) fn put(root: &Path, media: &[u8]) {
    std::fs::write(root.join("film.ismv"), media).unwrap();
    std::fs::write(root.join("film.ismc"), ismc(ismv())).unwrap();
    std::fs::write(root.join("film.ism"), ism(&["film.ismv"; 3], Some("film.ismc"))).unwrap();
}

/// `file` with every `tfxd` changed by `change`, which gets the box from its extended type on.
pub(crate) fn with_tfxd(file: &[u8], change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut file = file.to_vec();
    let mut at = 0;
    while let Some(found) = file[at..].windows(16).position(|w| w == boxes::uuid::TFXD) {
        at += found;
        change(&mut file[at..at + 36]);
        at += 36;
    }
    assert!(at > 0);
    file
}

/// UTF-16 with a byte order mark.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    let text = text.replace("utf-8", "utf-16");
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}
