//! What can be said of a manifest once it is read.

use super::{Kind, Manifest, QualityLevel, Reason, Skipped, Stream};
use crate::text::is_any;

impl Manifest {
    /// Keeps the levels that `judge` accepts, and the streams with such a level or with their data in
    /// the manifest. The others go to [`skipped`](Self::skipped), each with its reason.
    pub fn retain_playable(&mut self, judge: impl Fn(&Stream, &QualityLevel) -> Result<(), Reason>) {
        let skipped = &mut self.skipped;
        self.streams.retain_mut(|stream| {
            let mut reasons: Vec<_> = stream.levels.iter().map(|level| judge(stream, level).err()).collect();
            let mut reasons = reasons.drain(..);
            stream.levels.retain(|level| {
                let Some(reason) = reasons.next().flatten() else {
                    return true;
                };
                skipped.push(Skipped { stream: stream.name.clone(), bitrate: Some(level.bitrate), reason });
                false
            });
            let keep = !stream.levels.is_empty() || stream.is_embedded();
            if !keep {
                skipped.push(Skipped {
                    stream: stream.name.clone(),
                    bitrate: None,
                    reason: Reason::NoLevels,
                });
            }
            keep
        });
    }

    /// `Duration`, or where that is 0 and nothing is live the longest stream's, in ticks of
    /// [`timescale`](Self::timescale), [MS-SSTR] 3.1.5.1.
    #[must_use]
    pub fn total_duration(&self) -> u64 {
        if self.duration > 0 || self.is_live {
            return self.duration;
        }
        let span = |stream: &Stream| {
            let end = stream.chunks.last()?.end();
            let span = end.saturating_sub(stream.chunks.first()?.time);
            Some(stream.timescale.rescale(span, self.timescale))
        };
        self.streams.iter().filter_map(span).max().unwrap_or(0)
    }
}

impl Stream {
    /// Whether it carries captions: text with `Subtype` `CAPT`, `SUBT` or `SMPTE-TT-608`, or TTML by
    /// its FourCC. Letter case is of no matter.
    #[must_use]
    pub fn is_caption(&self) -> bool {
        self.kind == Kind::Text
            && (is_any(&self.subtype, &["CAPT", "SUBT", "SMPTE-TT-608"])
                || self.levels.iter().any(|level| is_any(&level.fourcc, &["TTML", "DFXP"])))
    }

    /// Whether its data stands in the manifest, so that nothing need be asked for.
    #[must_use]
    pub const fn is_embedded(&self) -> bool {
        self.manifest_output || !self.embedded.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, manifest::read};

    #[test]
    fn what_no_browser_plays_costs_the_level_and_then_the_stream() {
        let xml = r#"<SmoothStreamingMedia Duration="0">
            <StreamIndex Type="video" Url="({start time})"><QualityLevel Bitrate="1" FourCC="H264"/><QualityLevel Bitrate="2" FourCC="WVC1"/>
                <c d="5"/><c d="5"/></StreamIndex>
            <StreamIndex Type="audio" TimeScale="1000" Url="({start time})"><QualityLevel Bitrate="3" FourCC="WMAP"/><c d="7"/></StreamIndex>
            <StreamIndex Type="text" Subtype="capt" ManifestOutput="TRUE"/>
            </SmoothStreamingMedia>"#;
        let mut manifest = read(xml.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(manifest.total_duration(), 70_000);
        manifest.retain_playable(|_, level| match level.fourcc.as_str() {
            "H264" => Ok(()),
            other => Err(Reason::UnsupportedCodec(other.to_owned())),
        });
        let names: Vec<_> = manifest.streams.iter().map(|s| (s.name.as_str(), s.levels.len())).collect();
        assert_eq!(names, [("video", 1), ("text", 0)]);
        let skipped: Vec<_> = manifest.skipped.iter().map(|s| (s.stream.as_str(), s.bitrate)).collect();
        assert_eq!(skipped, [("video", Some(2)), ("audio", Some(3)), ("audio", None)]);
        assert!(manifest.streams[1].is_caption());
        assert!(!manifest.streams[0].is_caption());
        assert_eq!(manifest.total_duration(), 10);
    }
}
