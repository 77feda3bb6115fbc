//! Codecs beside H.264 and AAC-LC, as ffmpeg encodes, multiplexes and pushes them, through every output that
//! carries them; and what the others say.

use std::path::Path;
use std::process::Command;

use m3u8_rs::MasterPlaylist;
use smooth::boxes::build;

use crate::harness::{END, Origin, Parts, Response, STREAM};

const ON: (&str, &str) = ("formats", "m3u8-aapl;m3u8-cmaf;mpd-time-csf");
const CMAF: &str = "Manifest(format=m3u8-cmaf).m3u8";
const DASH: &str = "Manifest(format=mpd-time-csf).mpd";
const APPLE: &str = "Manifest(format=m3u8-aapl).m3u8";

const HEVC: &str =
    "-c:v libx265 -preset ultrafast -x265-params keyint=50:min-keyint=50:scenecut=0:log-level=error";
const AVC: &str = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -sc_threshold 0";

/// Eight seconds of a test picture and of a tone, as a push stream in a file.
fn encoded(folder: &Path, options: &str) -> Vec<u8> {
    let command = format!(
        "-loglevel error -nostdin -y -f lavfi -i testsrc2=size=160x96:rate=25:duration=8 \
         -f lavfi -i sine=sample_rate=48000:duration=8 -b:v 80k {options} -f ismv push.ismv"
    );
    let run = Command::new("ffmpeg").args(command.split_whitespace()).current_dir(folder).output();
    let run = run.expect("ffmpeg is needed: apt install ffmpeg");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    std::fs::read(folder.join("push.ismv")).unwrap()
}

/// Hash of each packet of the first stream of `kind`, as ffprobe reads them, without remarks.
fn packets(url: &str, kind: &str) -> Vec<String> {
    let options = ["-show_packets", "-show_data_hash", "MD5", "-show_entries", "packet=data_hash"];
    let mut lines = probed(url, kind, &options);
    // Not what lies beside the data.
    lines.retain(|line| line.starts_with("MD5:"));
    lines
}

fn probed(url: &str, kind: &str, options: &[&str]) -> Vec<String> {
    let run = Command::new("ffprobe")
        .args(["-v", "warning", "-select_streams", &format!("{kind}:0"), "-of", "csv=p=0"])
        .args(options)
        .arg(url)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&run.stderr), "", "{url}");
    let text = String::from_utf8(run.stdout).unwrap();
    text.lines().map(|l| l.trim_matches(',').to_owned()).filter(|l| !l.is_empty()).collect()
}

/// What ffprobe says of the first stream of `kind`.
fn facts(url: &str, kind: &str, entries: &str) -> String {
    // HLS lists a stream for its programme too.
    probed(url, kind, &["-show_entries", &format!("stream={entries}")]).swap_remove(0)
}

async fn ready(data: &[u8]) -> Origin {
    let origin = Origin::with(&[ON], |_| {}).await;
    assert_eq!(origin.post(STREAM, data, 1 << 16).await.status, 200);
    assert!(!origin.ended().await.is_live);
    origin
}

impl Origin {
    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/live.isml/{path}", self.port())
    }

    async fn variants(&self, path: &str) -> MasterPlaylist {
        let response = self.get(&format!("/live.isml/{path}")).await;
        assert_eq!(response.status, 200, "{}", response.text());
        m3u8_rs::parse_master_playlist_res(&response.body).unwrap()
    }

    async fn refused(&self, path: &str) -> Response {
        let response = self.get(&format!("/live.isml/{path}")).await;
        assert_eq!(response.status, 415, "{}", response.text());
        assert!(response.text().contains("unsupported-media"), "{}", response.text());
        response
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hevc_and_dolby_sound_of_ffmpeg_come_out_as_they_went_in() {
    let folder = tempfile::tempdir().unwrap();
    // ffmpeg has to see sound before it can describe it, and puts the live server manifest before `ftyp` then.
    let options =
        "-c:a eac3 -ac 6 -b:a 192k -metadata:s:a:0 language=eng -movflags isml+frag_keyframe+delay_moov";
    let data = encoded(folder.path(), &format!("{HEVC} {options}"));
    let origin = ready(&data).await;
    let pushed = folder.path().join("push.ismv");
    let pushed = pushed.to_str().unwrap();
    assert_eq!(facts(pushed, "v", "profile,level"), "Main,30");

    let master = origin.variants(CMAF).await;
    let [variant, _key_frames] = &master.variants[..] else { panic!("{master:?}") };
    assert_eq!(variant.codecs.as_deref(), Some("hvc1.1.6.L30.90,ec-3"));
    // The bitrates are in the manifest alone.
    assert_eq!(variant.average_bandwidth, Some(272_000));
    assert_eq!(master.alternatives[0].channels.as_deref(), Some("6"));
    let mpd = origin.get(&format!("/live.isml/{DASH}")).await.text();
    assert!(mpd.contains(r#"codecs="hvc1.1.6.L30.90""#) && mpd.contains(r#"codecs="ec-3""#), "{mpd}");

    let (pictures, sounds) = (packets(pushed, "v"), packets(pushed, "a"));
    assert_eq!((pictures.len(), sounds.len()), (200, 250));
    for path in [CMAF, DASH] {
        let url = origin.address(path);
        assert_eq!(facts(&url, "v", "codec_name,profile,codec_tag_string,width"), "hevc,Main,hvc1,160");
        assert_eq!(facts(&url, "a", "codec_name,sample_rate,channels"), "eac3,48000,6");
        assert!(packets(&url, "v") == pictures, "{path}");
        assert!(packets(&url, "a") == sounds, "{path}");
    }
    let refused = origin.refused(APPLE).await.text();
    assert!(refused.contains("HVC1, EC-3") && refused.contains("format=m3u8-cmaf"), "{refused}");
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_whose_sound_transport_streams_would_lose_are_not_shown_silently() {
    let folder = tempfile::tempdir().unwrap();
    let options = format!("{AVC} -c:a eac3 -b:a 96k -movflags isml+frag_keyframe+delay_moov");
    let data = encoded(folder.path(), &options);
    let origin = ready(&data).await;
    assert!(origin.refused(APPLE).await.text().contains("H264, EC-3"));
    let master = origin.variants(CMAF).await;
    assert!(master.variants[0].codecs.as_deref().unwrap().ends_with(",ec-3"), "{master:?}");
    origin.stop().await;

    // What nothing carries is said to be so, not to be late.
    let mut parts = Parts::of(&data);
    parts.tracks.tracks.retain(|t| t.id == 1);
    parts.tracks.tracks[0].level.fourcc = "WVC1".to_owned();
    let media: Vec<u8> = parts
        .fragments
        .iter()
        .filter(|f| f.track_id == 1)
        .flat_map(|f| [&f.moof[..], &f.mdat].concat())
        .collect();
    let header = live(&parts);
    let origin = ready(&[header, media, END.to_vec()].concat()).await;
    for path in [APPLE, CMAF, DASH] {
        let refused = origin.refused(path).await.text();
        assert!(refused.contains("WVC1") && !refused.contains("ask for"), "{path}: {refused}");
    }
    origin.stop().await;
}

/// A header of the live server manifest alone.
fn live(parts: &Parts) -> Vec<u8> {
    let manifest = smooth::smil::live::LiveServerManifest { tracks: parts.tracks.tracks.clone() };
    let text = smooth::smil::live::write(&manifest);
    let size = u32::try_from(text.len() + 28).unwrap();
    [&size.to_be_bytes()[..], b"uuid", &smooth::boxes::uuid::LIVE_SERVER_MANIFEST, &[0; 4], text.as_bytes()]
        .concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn high_efficiency_aac_is_called_so_in_every_output() {
    let folder = tempfile::tempdir().unwrap();
    let options = format!("{AVC} -c:a aac -ar 24000 -ac 2 -b:a 48k -movflags isml+frag_keyframe");
    let data = encoded(folder.path(), &options);
    // No free encoder writes spectral band replication, so only the description says that there is some: the
    // explicit signalling of ISO/IEC 14496-3 1.6.6, 24 kHz below 48 kHz. Decoders play frames without it.
    let mut parts = Parts::of(&data);
    let sound = parts.tracks.tracks.iter_mut().find(|t| t.id == 2).unwrap();
    sound.level.fourcc = "AACH".to_owned();
    sound.level.private_data = vec![0x2b, 0x11, 0x88, 0x00];
    sound.level.sampling_rate = 48_000;
    let header = build::push_header(&parts.tracks.tracks).unwrap();
    let origin = ready(&[&header[..], &data[parts.head.len()..]].concat()).await;

    let pushed = folder.path().join("push.ismv");
    let pushed = pushed.to_str().unwrap();
    let (pictures, sounds) = (packets(pushed, "v"), packets(pushed, "a"));
    // The first frame is priming, and ends before the broadcast begins.
    assert_eq!((pictures.len(), sounds.len()), (200, 189));
    for path in [APPLE, CMAF] {
        let codecs = origin.variants(path).await.variants[0].codecs.clone().unwrap();
        assert!(codecs.starts_with("avc1.") && codecs.ends_with(",mp4a.40.5"), "{path}: {codecs}");
    }
    let mpd = origin.get(&format!("/live.isml/{DASH}")).await.text();
    assert!(mpd.contains(r#"codecs="mp4a.40.5" audioSamplingRate="48000""#), "{mpd}");
    for path in [CMAF, DASH] {
        let url = origin.address(path);
        assert_eq!(facts(&url, "a", "codec_name,sample_rate,channels"), "aac,48000,2");
        assert!(packets(&url, "v") == pictures && packets(&url, "a") == sounds[1..], "{path}");
    }
    // ADTS says the rate of the core, and leaves the rest to be found (1.6.5.2).
    let url = origin.address(APPLE);
    assert_eq!(facts(&url, "a", "codec_name,sample_rate,channels"), "aac,24000,2");
    assert_eq!((packets(&url, "v").len(), packets(&url, "a").len()), (200, 189));
    origin.stop().await;
}
