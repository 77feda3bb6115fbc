//! One fragment against what the manifest says of it.

use smooth::boxes::{FragmentHead, read_head, walk};
use smooth::manifest::{Kind, Stream};
use smooth::{Limits, Span};

use super::report::Finding;

/// What is known about the fragment before it is read.
pub(super) struct Expected<'a> {
    pub(super) stream: &'a Stream,
    /// From the chunk list.
    pub(super) chunk: Span,
    /// The presentation is live and announces fragments.
    pub(super) announces: bool,
    pub(super) live: bool,
    pub(super) protected: bool,
}

/// What is wrong with the fragment in `body`. The flag says whether it can be played all the same.
pub(super) fn examine(body: &[u8], expected: &Expected<'_>) -> (bool, Vec<Finding>) {
    let mut findings = Vec::new();
    let (mut moof, mut media) = (None, None);
    for part in walk(body) {
        match part {
            Ok(part) if part.kind == *b"moof" => moof = moof.or(Some(part.whole)),
            Ok(part) if part.kind == *b"mdat" => media = media.or(Some(part.payload)),
            Ok(_) => {}
            Err(error) => findings.push(Finding::new(
                format!("the boxes of the fragment are broken: {error}"),
                "The server or a cache cuts answers short; fetch the address and compare its length",
            )),
        }
    }
    let (Some(moof), Some(media)) = (moof, media) else {
        findings.push(Finding::new(
            "the answer is not a fragment: moof or mdat is missing",
            "Look at what the address answers; a proxy may answer with a page of its own",
        ));
        return (false, findings);
    };
    match read_head(moof, &Limits::default()) {
        Ok(head) => {
            let playable = check_head(&head, media, expected, &mut findings);
            (playable, findings)
        }
        Err(error) => {
            findings.push(Finding::new(
                format!("the fragment cannot be read: {error}"),
                "The packager writes broken fragments; it needs moof > traf > tfhd, trun",
            ));
            (false, findings)
        }
    }
}

fn check_head(
    head: &FragmentHead,
    media: &[u8],
    expected: &Expected<'_>,
    findings: &mut Vec<Finding>,
) -> bool {
    let Expected { stream, chunk, .. } = expected;
    let mut playable = true;
    let mut find = |problem: String, remedy: &str| findings.push(Finding::new(problem, remedy));
    match head.span {
        Some(span) if span.time != chunk.time => find(
            format!("its tfxd says {}, the manifest {}", span.time, chunk.time),
            "Manifest and fragments are of different recordings; package both together",
        ),
        None if expected.live => {
            find("it has no tfxd".into(), "Live fragments must say their time; let the origin write it")
        }
        _ => {}
    }
    // Text may be rare, so servers hand it out as it comes.
    if expected.announces && head.look_ahead.is_empty() && stream.kind != Kind::Text {
        find(
            "it announces no later fragment (tfrf), although the manifest promises look-ahead".into(),
            "Players must load the manifest again and again; let the origin write tfrf",
        );
    }
    if head.samples == 0 {
        playable = false;
        find("it holds no samples".into(), "The encoder wrote an empty fragment; look at its input");
    }
    if stream.kind == Kind::Video && head.samples > 0 && !head.starts_with_sync {
        find(
            "it does not begin with a key frame".into(),
            "Cut at key frames, at the same times in all bitrates: ffmpeg … -g 50 -keyint_min 50 -sc_threshold 0",
        );
    }
    if head.size > 0 && head.size > media.len() as u64 {
        playable = false;
        find(
            format!("its samples take {} bytes, but it has {}", head.size, media.len()),
            "The fragment is cut short; look at the origin's storage and at caches on the way",
        );
    }
    let (listed, held) = (chunk.duration, head.duration);
    if listed > 0 && held > 0 && listed.abs_diff(held) > listed / 4 {
        find(
            format!("its samples last {held} ticks, the manifest says {listed}"),
            "Chunk durations must be those of the fragments, or players mistake gaps for content",
        );
    }
    if head.encrypted && !expected.protected {
        playable = false;
        find(
            "it is encrypted, but the manifest has no Protection".into(),
            "Add the ProtectionHeader to the manifest, or serve clear fragments",
        );
    }
    if stream.is_caption()
        && let Err(error) = smooth::captions::read_ttml(media, &Limits::default())
    {
        playable = false;
        find(
            format!("its captions cannot be read: {error}"),
            "Captions must be one TTML document per fragment",
        );
    }
    playable
}
