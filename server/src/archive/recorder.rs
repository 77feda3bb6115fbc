//! What the thread of an archive does with each job: files, journal, segments. Every job is done as a
//! whole or can be tried again.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use smooth::boxes::init::Protection;
use smooth::boxes::{build, delivery};
use smooth::manifest::Kind;
use smooth::smil::live::{self, LiveServerManifest};
use smooth::{Limits, Span, Timescale, protection};

use super::catalog::Catalog;
use super::disk::{Disk, Output};
use super::job::{Gap, Gaps, Item, Job};
use super::journal::{Indexed, MAGIC, Record};
use super::layout::{self, JOURNAL};
use super::plan::{Plan, Pointer};
use super::segments::Segments;
use super::shared::Shared;
use super::tail::Tail;
use super::{NewTrack, Place, Stored, TrackId, finish, replay};

/// A push stream.
pub(super) struct Stream {
    pub(super) tracks: Vec<NewTrack>,
    /// What its files begin with.
    header: Vec<u8>,
}

impl Stream {
    pub(super) fn new(tracks: Vec<NewTrack>, limits: &Limits) -> Self {
        let described: Vec<_> = tracks.iter().map(|t| t.spec.track()).collect();
        let systems = tracks.iter().map(|t| &*t.spec.protection).find(|p| !p.is_empty()).unwrap_or_default();
        let key = protection::key(systems, limits);
        let protection = (!systems.is_empty()).then_some(Protection { key, systems, piff: true });
        let header = build::protected_header(&described, protection);
        Self { tracks, header }
    }
}

/// A file that is written.
pub(super) struct Open {
    /// Its number; `None` until the journal knows it.
    pub(super) number: Option<u32>,
    pub(super) segment: u32,
    pub(super) stream: u32,
    pub(super) tail: Tail,
}

/// See the module.
pub(super) struct Recorder {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) shared: Arc<Shared>,
    pub(super) plan: Plan,
    pub(super) folder: Option<PathBuf>,
    pub(super) journal: Option<Tail>,
    pub(super) pointed: bool,
    pub(super) streams: Vec<Stream>,
    pub(super) files: Vec<Open>,
    pub(super) segments: Segments,
    /// Where the journal began to speak of each segment that is not finished.
    pub(super) starts: BTreeMap<u32, u64>,
    gaps: Gaps,
    pub(super) sealed: bool,
}

impl Recorder {
    pub(super) fn new(disk: Arc<dyn Disk>, shared: Arc<Shared>, plan: Plan) -> Self {
        Self {
            disk,
            shared,
            folder: None,
            journal: None,
            pointed: false,
            streams: Vec::new(),
            files: Vec::new(),
            segments: Segments::new(plan.segment_length),
            starts: BTreeMap::new(),
            gaps: Gaps::new(),
            sealed: false,
            plan,
        }
    }

    /// Does `job`. After a failure it may be tried again.
    pub(super) fn perform(&mut self, job: &Job) -> io::Result<()> {
        match job {
            Job::Describe { event, stream, tracks } => self.describe(event.as_deref(), stream, tracks),
            Job::Run(offset) => self.note(&[Record::Run(*offset)]),
            Job::Publish { chunk, fragments } => self.publish(*chunk, fragments),
            Job::Lost(gaps) => {
                gaps.iter().for_each(|(&track, gap)| gap.add(&mut self.gaps, track));
                self.shared.missed(gaps.values().map(|gap| u64::from(gap.fragments)).sum());
                Ok(())
            }
            Job::Synced { upto } => self.note(&[Record::Synced { upto: *upto }]),
            Job::Segment { number, from } => {
                let at = self.journal.as_ref().map_or(0, Tail::committed);
                self.note(&[Record::Segment { number: *number, from: *from }])?;
                self.starts.insert(*number, at);
                self.segments.begin(*number, *from);
                Ok(())
            }
            Job::Finish { segment } => self.finish(*segment),
            Job::Seal => self.seal(),
            Job::Close => self.close(),
        }
    }

    /// What is to be done before anything else.
    pub(super) fn chore(&self) -> Option<Job> {
        if let Some(segment) = self.segments.idle() {
            return Some(Job::Finish { segment });
        }
        let from = self.segments.cut().filter(|_| !self.sealed)?;
        Some(Job::Segment { number: self.segments.number + 1, from })
    }

    fn describe(&mut self, event: Option<&str>, stream: &str, tracks: &[NewTrack]) -> io::Result<()> {
        if self.folder.is_none() {
            self.plan.begin.event = event.map(str::to_owned);
        }
        let only_sound = tracks.iter().all(|t| t.spec.kind == Kind::Audio);
        let stem = layout::safe(stream);
        let extension = if only_sound { "isma" } else { "ismv" };
        let name = self.shared.catalog().free_name(&stem, extension);
        self.begin()?;
        self.note(&[tracks_record(name.clone(), tracks)])?;
        self.add_stream(name, tracks.to_vec());
        Ok(())
    }

    fn add_stream(&mut self, name: String, tracks: Vec<NewTrack>) {
        self.shared.catalog_mut().names.push(name);
        self.streams.push(Stream::new(tracks, &self.plan.limits));
    }

    /// Makes folder, journal and pointer, as far as they are missing.
    fn begin(&mut self) -> io::Result<()> {
        if self.folder.is_none() {
            let plan = &self.plan;
            plan.lock.claim()?;
            let parent = layout::make(&*self.disk, &plan.root, &plan.parts)?;
            let event = plan.begin.event.as_deref().filter(|_| plan.event_on_path);
            let name = event.map_or_else(|| layout::stamp(plan.since), layout::safe);
            let folder = layout::make_new(&*self.disk, &parent, &name)?;
            tracing::info!(point = plan.begin.point, folder = %folder.display(), "archive");
            self.shared.settle_in(Catalog {
                folder: folder.clone(),
                is_segmented: plan.segment_length > 0,
                ..Catalog::default()
            });
            self.folder = Some(folder);
        }
        let folder = self.folder.clone().unwrap_or_default();
        if self.journal.is_none() {
            self.journal = Some(Tail::new(self.disk.create(&folder.join(JOURNAL))?, 0));
        }
        if let Some(journal) = self.journal.as_mut().filter(|j| j.committed() == 0) {
            let mut bytes = MAGIC.to_vec();
            Record::Begin(self.plan.begin.clone()).write(&mut bytes);
            Record::Segment { number: 1, from: i64::MIN }.write(&mut bytes);
            journal.roll_back();
            journal.append(&bytes)?;
            journal.commit();
            self.share_outputs();
        }
        if !self.pointed {
            let pointer = Pointer { folder, begin: self.plan.begin.clone() };
            let pointer = serde_json::to_string(&pointer).map_err(io::Error::other)?;
            let parent = self.plan.pointer.parent().unwrap_or(&self.plan.pointer);
            layout::make(&*self.disk, parent, &[])?;
            self.disk.replace(&self.plan.pointer, pointer.as_bytes())?;
            self.pointed = true;
        }
        Ok(())
    }

    /// Adds records to the journal.
    pub(super) fn note(&mut self, records: &[Record]) -> io::Result<()> {
        self.begin()?;
        let mut bytes = Vec::new();
        records.iter().for_each(|r| r.write(&mut bytes));
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.roll_back();
        journal.append(&bytes)?;
        journal.commit();
        self.shared.written(journal.committed());
        Ok(())
    }

    fn publish(&mut self, chunk: Option<(TrackId, Span)>, fragments: &[Item]) -> io::Result<()> {
        self.files.iter_mut().for_each(|f| f.tail.roll_back());
        let mut indexed = Vec::with_capacity(fragments.len());
        let mut gone = Vec::new();
        for item in fragments {
            let Some(media) = item.media.upgrade() else {
                gone.push((item.track, item.span));
                continue;
            };
            let Some((stream, track)) = self.home(item.track) else { continue };
            let timescale = track.spec.timescale;
            let segment = self.segments.of(units(item.span.time, timescale));
            let file = self.file(segment, stream)?;
            // What cannot be placed was not readable when it came either: keep it as it is.
            let moof = delivery::rewrite(&media.moof, item.span, &[]).unwrap_or_else(|_| media.moof.to_vec());
            let at = self.files[file].tail.end();
            let number = self.files[file].number.unwrap_or_default();
            let Some(place) = Place::new(number, at) else {
                gone.push((item.track, item.span));
                continue;
            };
            self.files[file].tail.append(&moof)?;
            self.files[file].tail.append(&media.mdat)?;
            let size = self.files[file].tail.end() - at;
            let (track, span, raw) = (item.track, item.span, item.raw);
            indexed.push(Indexed { track, span, raw, hash: media.hash, place, size });
        }
        if !indexed.is_empty() {
            let mut records: Vec<_> = self.gaps.iter().map(|(&track, gap)| gap.record(track)).collect();
            records.push(Record::Published { chunk, fragments: indexed.clone() });
            self.note(&records)?;
            self.gaps.clear();
        }
        for (track, span) in gone {
            self.lost(track, span);
        }
        self.files.iter_mut().for_each(|f| f.tail.commit());
        for fragment in &indexed {
            self.advance(fragment);
        }
        self.shared.stored(&indexed);
        Ok(())
    }

    /// The push stream of a track, and the track.
    fn home(&self, track: TrackId) -> Option<(u32, &NewTrack)> {
        let found = self
            .streams
            .iter()
            .enumerate()
            .find_map(|(at, stream)| Some((at, stream.tracks.iter().find(|t| t.id == track)?)));
        found.map(|(at, track)| (at as u32, track))
    }

    /// Tells the segments of a stored fragment.
    pub(super) fn advance(&mut self, fragment: &Indexed) {
        let Some((_, track)) = self.home(fragment.track) else { return };
        if track.spec.kind != Kind::Text {
            let units = |ticks| units(ticks, track.spec.timescale);
            let (start, end) = (units(fragment.span.time), units(fragment.span.end()));
            self.segments.stored(fragment.track as u32, start, end);
        }
    }

    /// Notes that a fragment will never be stored.
    fn lost(&mut self, track: TrackId, span: Span) {
        Gap::of(span).add(&mut self.gaps, track);
        self.shared.missed(1);
    }

    /// Where the file of push stream `stream` in `segment` is in the list; made if it is not there.
    fn file(&mut self, segment: u32, stream: u32) -> io::Result<usize> {
        let known = self.files.iter().position(|f| f.segment == segment && f.stream == stream);
        let at = match known {
            Some(at) if self.files[at].number.is_some() => return Ok(at),
            Some(at) => at,
            None => {
                let catalog = self.shared.catalog().clone();
                if catalog.is_segmented {
                    layout::make(&*self.disk, &catalog.folder, &[super::catalog::segment_name(segment)])?;
                }
                let path = catalog.place(segment, stream).unwrap_or_default();
                let header = self.streams[stream as usize].header.len() as u64;
                // A header that the journal does not know of: the server died right there.
                if std::fs::symlink_metadata(&path).is_ok_and(|m| m.is_file() && m.len() <= header) {
                    self.disk.remove(&path)?;
                }
                let tail = Tail::new(self.disk.create(&path)?, 0);
                self.files.push(Open { number: None, segment, stream, tail });
                self.share_outputs();
                self.files.len() - 1
            }
        };
        let header = &self.streams[stream as usize].header;
        let file = &mut self.files[at];
        if file.tail.committed() == 0 {
            file.tail.roll_back();
            file.tail.append(header)?;
            file.tail.commit();
        }
        let start = file.tail.committed();
        self.note(&[Record::File { segment, stream, start }])?;
        let mut catalog = self.shared.catalog_mut();
        self.files[at].number = Some(catalog.files.len() as u32);
        catalog.files.push((segment, stream));
        Ok(at)
    }

    /// Gives a segment its index, so that it can be served on demand.
    fn finish(&mut self, segment: u32) -> io::Result<()> {
        if let Some(folder) = &self.folder {
            let files: Vec<_> = self.files.iter_mut().filter(|f| f.segment == segment).collect();
            let catalog = self.shared.catalog().clone();
            let from = self.starts.get(&segment).copied().unwrap_or(0);
            let records = replay::records(&folder.join(JOURNAL), from)?;
            let segment = finish::Segment { catalog: &catalog, number: segment, streams: &self.streams };
            segment.finish(&*self.disk, &self.plan.name, records, files)?;
        }
        self.note(&[Record::Finished { segment }])?;
        self.shared.retire(self.files.iter().filter(|f| f.segment == segment).map(|f| f.tail.output()));
        self.files.retain(|f| f.segment != segment);
        self.segments.finished = self.segments.finished.max(segment);
        self.starts.remove(&segment);
        self.share_outputs();
        Ok(())
    }

    fn seal(&mut self) -> io::Result<()> {
        if self.folder.is_none() || self.sealed {
            return Ok(());
        }
        let gaps: Vec<_> = self.gaps.iter().map(|(&track, gap)| gap.record(track)).collect();
        self.note(&gaps)?;
        self.gaps.clear();
        while self.segments.finished < self.segments.number {
            self.finish(self.segments.finished + 1)?;
        }
        self.note(&[Record::Sealed])?;
        self.sealed = true;
        self.sync()
    }

    fn close(&mut self) -> io::Result<()> {
        if self.folder.is_none() {
            return Ok(());
        }
        self.seal()?;
        self.note(&[Record::Closed])?;
        self.disk.remove(&self.plan.pointer)
    }

    /// Puts everything written on the disk itself.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.outputs().try_for_each(|o| o.sync())
    }

    fn outputs(&self) -> impl Iterator<Item = &Arc<dyn Output>> {
        // The media before the journal that speaks of it.
        self.files.iter().map(|f| &f.tail).chain(&self.journal).map(Tail::output)
    }

    pub(super) fn share_outputs(&self) {
        self.shared.set_outputs(self.outputs().cloned().collect());
    }
}

/// What the journal says of a push stream.
pub(super) fn tracks_record(stem: String, tracks: &[NewTrack]) -> Record {
    let manifest = LiveServerManifest { tracks: tracks.iter().map(|t| t.spec.track()).collect() };
    let tracks = tracks.iter().map(|t| (t.id, t.rank as u32)).collect();
    Record::Tracks { stem, tracks, manifest: live::write(&manifest) }
}

/// Ticks in units of 100 ns.
pub(super) fn units(ticks: u64, timescale: Timescale) -> i64 {
    i64::try_from(timescale.rescale(ticks, Timescale::DEFAULT)).unwrap_or(i64::MAX)
}

impl From<&Indexed> for Stored {
    fn from(fragment: &Indexed) -> Self {
        Self { track: fragment.track, time: fragment.span.time, place: fragment.place }
    }
}
