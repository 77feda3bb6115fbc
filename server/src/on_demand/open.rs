//! From the files of a presentation to what viewers are served from.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use smooth::boxes::moov;
use smooth::manifest::{self, Kind, Manifest, ProtectionHeader, QualityLevel, Stream};
use smooth::smil::definition::{Apple, Definition};
use smooth::smil::presentation::{self, Track, relative_path};
use smooth::{Limits, Span, url};

use super::error::Failure;
use super::file::{Identity, Media};
use super::index::{self, Contents, Located};
use super::join;
use super::log::Files;
use crate::archive::Place;
use crate::config::Settings;
use crate::deliver::formats::ON_DEMAND;
use crate::publishing_point::blocks::Blocks;
use crate::publishing_point::snapshot::{Document, LevelView, Snapshot, StreamView};
use crate::publishing_point::track::{Entry, TrackSpec};
use crate::publishing_point::{files, listing};

/// What came of opening a presentation.
pub(super) struct Opened {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) log: Arc<Files>,
    /// The client manifest as its maker wrote it, or built where there is none.
    pub(super) manifest: Document,
}

/// The files that were looked at, and what they were then: while they are the same, so is the result.
pub(super) type Seen = Vec<(PathBuf, Option<Identity>)>;

/// Opens the presentation whose server manifest is the file `ism`, below `root`. What was looked at goes
/// to `seen`, whatever the result.
pub(super) fn open(root: &Path, ism: &Path, settings: &Settings, seen: &mut Seen) -> Result<Opened, Failure> {
    let limits = Limits {
        chunks: settings.max_presentation_fragments,
        xml_bytes: Limits::default().xml_bytes,
        ..settings.limits()
    };
    let mut opener = Opener { root, ism, limits, seen, files: Vec::new(), levels: Vec::new(), spent: 0 };
    let name = file_name(ism);
    let described = opener.document(&name, ism)?;
    let described = presentation::read(&described, &limits).map_err(|e| Failure::broken(&name, e))?;
    let client = opener.client_manifest(described.client_manifest.as_deref())?;
    let streams = match &client {
        Some((_, client)) => opener.listed(client, &described.tracks)?,
        None => opener.unlisted(&described.tracks)?,
    };
    if streams.iter().all(|s| s.levels.iter().all(|l| l.entries.is_empty())) {
        return Err(Failure::Empty { file: name });
    }
    // Other outputs cannot carry PlayReady's encryption.
    let is_protected = !listing::protection(&streams).is_empty();
    let formats = settings.on_demand_formats.split([',', ';']).map(str::trim).filter(|f| !f.is_empty());
    let definition = Definition {
        module: ON_DEMAND.to_owned(),
        formats: if is_protected { Vec::new() } else { formats.map(str::to_owned).collect() },
        // No operator has set a limit.
        apple: Apple { max_bitrate: u32::MAX, ..Apple::default() },
        ..Definition::default()
    };
    let log = Arc::new(Files {
        files: opener.files.into_iter().map(|f| f.media).collect(),
        ids: opener.levels,
        limits,
        is_stale: AtomicBool::new(false),
    });
    let snapshot = Arc::new(Snapshot::on_demand(definition, streams, Arc::clone(&log) as _));
    let manifest = match client {
        Some((bytes, _)) => Document::new(bytes),
        None => super::build::manifest(&snapshot).ok_or(Failure::Empty { file: name })?,
    };
    Ok(Opened { snapshot, log, manifest })
}

/// A media file and what is in it.
struct Source {
    src: String,
    media: Arc<Media>,
    contents: Contents,
}

struct Opener<'a> {
    root: &'a Path,
    ism: &'a Path,
    limits: Limits,
    seen: &'a mut Seen,
    files: Vec<Source>,
    /// Track id of each level.
    levels: Vec<u32>,
    /// Fragments and chunks that are kept.
    spent: u64,
}

/// A track of the server manifest that was found in its file.
struct Found<'a> {
    /// Index of the file.
    file: usize,
    info: &'a moov::Track,
    located: &'a [Located],
    protection: &'a [ProtectionHeader],
}

impl Opener<'_> {
    /// A file that is read as a whole.
    fn document(&self, name: &str, path: &Path) -> Result<Vec<u8>, Failure> {
        let io = |e| Failure::io(name, e);
        let file = Media::open(name, path).map_err(io)?;
        if file.len() > self.limits.xml_bytes as u64 {
            let error = smooth::Error::Limit { what: "xml_bytes", max: self.limits.xml_bytes as u64 };
            return Err(Failure::broken(name, error));
        }
        file.read(0, file.len()).map_err(io)
    }

    /// The client manifest, as it is and read; `None` if none is named, or the one that is is not there.
    fn client_manifest(&mut self, named: Option<&str>) -> Result<Option<(Vec<u8>, Manifest)>, Failure> {
        let Some(name) = named else { return Ok(None) };
        let Some(path) = self.place(name) else {
            tracing::warn!(presentation = %self.ism.display(), file = name, "no client manifest: building one");
            return Ok(None);
        };
        let bytes = self.document(name, &path)?;
        let client = manifest::read(&bytes, &self.limits).map_err(|e| Failure::broken(name, e))?;
        Ok(Some((bytes, client)))
    }

    /// Where the file is that the server manifest calls `src`; `None` if there is none below the root.
    fn place(&mut self, src: &str) -> Option<PathBuf> {
        let folder = self.ism.parent()?;
        let below = folder.strip_prefix(self.root).ok()?.to_str()?;
        let resolve = |src: &str| {
            let path = if below.is_empty() { format!("/{src}") } else { format!("/{below}/{src}") };
            files::resolve(self.root, &path)
        };
        // Some write the names of files as they stand in URLs.
        let decoded = || resolve(&relative_path(&url::decode(src).ok()?)?);
        // Before it is opened: what is written from now on is noticed. So is one that is missing and comes.
        let path = folder.join(src);
        let identity = Identity::at(&path);
        let found = resolve(src).or_else(decoded);
        self.seen.extend(found.iter().map(|found| (found.clone(), Identity::at(found))));
        self.seen.push((path, identity));
        found
    }

    /// The number of the file `src`, opened at the first call.
    fn file(&mut self, src: &str) -> Result<usize, Failure> {
        if let Some(known) = self.files.iter().position(|f| f.src == src) {
            return Ok(known);
        }
        let path = self.place(src).ok_or_else(|| Failure::Missing { file: src.to_owned() })?;
        let media = Media::open(src, &path).map_err(|e| Failure::io(src, e))?;
        let contents = index::read(&media, &self.limits)?;
        self.files.push(Source { src: src.to_owned(), media: Arc::new(media), contents });
        Ok(self.files.len() - 1)
    }

    /// What `track` names; `None` if its file has no such track, or no fragments of it.
    fn find(&mut self, track: &Track) -> Result<Option<Found<'_>>, Failure> {
        let file = self.file(&track.src)?;
        let Some(source) = self.files.get(file) else { return Ok(None) };
        let mut of_kind = source.contents.tracks.iter().filter(|t| t.kind == track.kind);
        let info = match track.id {
            Some(id) => source.contents.tracks.iter().find(|t| t.id == id),
            None => of_kind.next().filter(|_| of_kind.next().is_none()),
        };
        let located = info.and_then(|info| Some((info, source.contents.fragments.get(&info.id)?)));
        if located.is_none() {
            tracing::warn!(
                file = track.src,
                id = track.id,
                "the server manifest names a track that is not there"
            );
        }
        let protection = &source.contents.protection;
        Ok(located.map(|(info, located)| Found { file, info, located, protection }))
    }

    /// The streams of a client manifest.
    fn listed(&mut self, client: &Manifest, tracks: &[Track]) -> Result<Vec<StreamView>, Failure> {
        let mut views = Vec::new();
        for stream in &client.streams {
            self.spend(stream.chunks.len())?;
            let chunks = blocks(stream.chunks.iter());
            let mut view = StreamView {
                kind: stream.kind,
                name: stream.name.clone(),
                timescale: stream.timescale,
                chunks,
                gone: None,
                waiting: None,
                levels: Vec::new(),
                usual: OnceLock::new(),
            };
            for level in &stream.levels {
                let Some(address) = join::address(stream, level) else { continue };
                let Some(at) = join::track(tracks, stream, level, &address.name) else {
                    let (stream, bitrate) = (&stream.name, level.bitrate);
                    tracing::warn!(ism = %self.ism.display(), stream, bitrate, "a level without a track");
                    continue;
                };
                let Some(track) = tracks.get(at) else { continue };
                view.name.clone_from(&address.name);
                let custom_attributes = address.attributes;
                let mut spec = spec_of(stream, QualityLevel { custom_attributes, ..level.clone() });
                if spec.kind != Kind::Text {
                    spec.protection.clone_from(&client.protection);
                }
                view.levels.extend(self.level(track, spec, &view.chunks)?);
            }
            views.push(view);
        }
        Ok(views)
    }

    /// Streams made of what the files say, for there is no client manifest.
    fn unlisted(&mut self, tracks: &[Track]) -> Result<Vec<StreamView>, Failure> {
        let mut views = Vec::<StreamView>::new();
        let mut sorted: Vec<_> = tracks.iter().collect();
        sorted.sort_by_key(|t| (t.kind, t.bitrate));
        for track in sorted {
            let Some(found) = self.find(track)? else { continue };
            let spec = spec_from_file(track, found.info);
            let same = |v: &StreamView| v.kind == track.kind && v.name == track.name;
            if let Some(view) = views.iter_mut().find(|v| same(v)) {
                view.levels.extend(self.level(track, spec, &view.chunks)?);
                continue;
            }
            // The lowest bitrate says where all of them are cut.
            let chunks = blocks(found.located.iter().map(|l| l.span));
            self.spend(chunks.len() as u64)?;
            views.push(StreamView {
                kind: track.kind,
                name: track.name.clone(),
                timescale: spec.timescale,
                gone: None,
                waiting: None,
                levels: self.level(track, spec, &chunks)?.into_iter().collect(),
                chunks,
                usual: OnceLock::new(),
            });
        }
        Ok(views)
    }

    /// One level: `track`, cut as `chunks` say.
    fn level(
        &mut self,
        track: &Track,
        mut spec: TrackSpec,
        chunks: &Blocks<Span>,
    ) -> Result<Option<LevelView>, Failure> {
        let Some(found) = self.find(track)? else { return Ok(None) };
        let file = found.file;
        let mut entries = entries_of(chunks, found.located, file);
        if entries.len() < chunks.len() && self.look_again(file) {
            let Some(found) = self.find(track)? else { return Ok(None) };
            entries = entries_of(chunks, found.located, file);
        }
        let Some(found) = self.find(track)? else { return Ok(None) };
        spec.id = found.info.id;
        complete(&mut spec.level, found.info);
        if spec.kind != Kind::Text && spec.protection.is_empty() {
            spec.protection = found.protection.to_vec();
        }
        self.spend(entries.len() as u64)?;
        self.levels.push(spec.id);
        let id = self.levels.len() - 1;
        Ok(Some(LevelView { id, spec: Arc::new(spec), entries, requests: Arc::default() }))
    }

    /// Goes through a file whose index leaves out what the client manifest lists. Returns whether that is news.
    fn look_again(&mut self, file: usize) -> bool {
        let Some(Source { media, contents, .. }) = self.files.get_mut(file) else { return false };
        contents.look_again(media, &self.limits)
    }

    fn spend(&mut self, items: u64) -> Result<(), Failure> {
        self.spent = self.spent.saturating_add(items);
        if self.spent > self.limits.chunks {
            return Err(Failure::TooLarge { max: self.limits.chunks });
        }
        Ok(())
    }
}

/// The fragments for `chunks`: the one that starts nearest, for makers round the times of levels apart.
/// It may be off by a quarter of its chunk, and text not at all.
fn entries_of(chunks: &Blocks<Span>, located: &[Located], file: usize) -> Blocks<Entry> {
    let mut entries = Blocks::default();
    for chunk in chunks.iter() {
        let after = located.partition_point(|l| l.span.time < chunk.time);
        let near = [after.checked_sub(1), Some(after)].into_iter().flatten();
        let off = |l: &&Located| l.span.time.abs_diff(chunk.time);
        let nearest = near.filter_map(|i| located.get(i)).min_by_key(off);
        let Some(nearest) = nearest.filter(|l| off(l) <= chunk.duration / 4) else { continue };
        // The format allows more files and longer ones; their fragments are not there then.
        let place = u32::try_from(file).ok().and_then(|file| Place::new(file, nearest.offset));
        let Some(place) = place else { continue };
        entries.insert(Entry { span: *chunk, hash: 0, media: None, place: Some(place) });
    }
    entries
}

fn blocks(chunks: impl Iterator<Item = Span>) -> Blocks<Span> {
    let mut blocks = Blocks::default();
    chunks.for_each(|chunk| {
        blocks.insert(chunk);
    });
    blocks
}

fn spec_of(stream: &Stream, level: QualityLevel) -> TrackSpec {
    TrackSpec {
        id: 0,
        kind: stream.kind,
        name: stream.name.clone(),
        subtype: stream.subtype.clone(),
        language: stream.language.clone(),
        timescale: stream.timescale,
        parent: stream.parent.clone(),
        manifest_output: stream.manifest_output,
        display: (stream.display_width, stream.display_height),
        level,
        protection: Vec::new(),
    }
}

fn spec_from_file(track: &Track, info: &moov::Track) -> TrackSpec {
    let unknown = track.language.is_empty();
    let parameter = |wanted: &str| {
        let found = track.other.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.to_ascii_uppercase()).unwrap_or_default()
    };
    // What tells levels of one bitrate apart has a namespace before it.
    let custom_attributes = track.other.iter().filter(|(name, _)| name.contains('_')).cloned().collect();
    TrackSpec {
        id: info.id,
        kind: track.kind,
        name: track.name.clone(),
        subtype: if track.kind == Kind::Text { parameter("Subtype") } else { String::new() },
        language: if unknown { info.language.clone() } else { track.language.clone() },
        timescale: track.timescale.unwrap_or(info.timescale),
        parent: track.parent.clone(),
        manifest_output: track.manifest_output,
        display: (info.width, info.height),
        level: QualityLevel {
            bitrate: track.bitrate,
            custom_attributes,
            nal_length: 4,
            ..QualityLevel::default()
        },
        protection: Vec::new(),
    }
}

/// Fills in what the client manifest does not say of a level.
fn complete(level: &mut QualityLevel, info: &moov::Track) {
    if level.fourcc.is_empty() {
        level.fourcc.clone_from(&info.fourcc);
    }
    if level.private_data.is_empty() {
        level.private_data.clone_from(&info.private_data);
        level.nal_length = info.nal_length;
    }
    for (field, value) in [
        (&mut level.width, info.width),
        (&mut level.height, info.height),
        (&mut level.sampling_rate, info.sampling_rate),
    ] {
        if *field == 0 {
            *field = value;
        }
    }
    if level.channels == 0 {
        level.channels = info.channels;
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
