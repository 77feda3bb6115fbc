//! What the two ways of rewriting a `moof` share: copying its boxes while the data offsets, which count
//! from the start of the `moof`, are set anew.

use super::cursor::Writer;
use super::moof::{Moof, NON_SYNC, SYNC_FLAGS, Trun, trun};
use super::uuid::PIFF_SYSTEM;
use super::walk::Box;

/// A `moof` under construction.
pub(super) struct Rewriter {
    pub(super) out: Writer,
    start: usize,
    /// Data offset fields: where they stand, and bytes from the first sample of the fragment.
    offsets: Vec<(usize, u64)>,
    /// Media bytes of the runs so far.
    media: u64,
    runs: usize,
    first_offset: i64,
    /// Where the single offset of `saio` stands (its low 32 bits), and where it must point to.
    auxiliary_field: Option<usize>,
    auxiliary_data: Option<usize>,
}

impl Rewriter {
    pub(super) fn new(moof: &Moof<'_>) -> Self {
        let mut out = Writer::with_capacity(moof.whole.len().saturating_add(128));
        let start = out.open(*b"moof");
        let first_offset = moof.runs.first().and_then(|run| run.data_offset).map_or(0, i64::from);
        Self {
            out,
            start,
            offsets: Vec::new(),
            media: 0,
            runs: 0,
            first_offset,
            auxiliary_field: None,
            auxiliary_data: None,
        }
    }

    /// Copies a box as it is. One that lasts to the end of its parent is given its size, for another may
    /// follow it now.
    pub(super) fn copy(&mut self, child: &Box<'_>) {
        if child.kind == *b"saio" {
            self.auxiliary_field = saio_field(child).map(|at| self.out.len().saturating_add(at));
        } else if child.kind == *b"senc" {
            self.mark_auxiliary(self.out.len().saturating_add(SENC_HEADER));
        }
        let at = self.out.len();
        self.out.put(child.whole);
        if child.whole.starts_with(&[0; 4]) {
            self.out.close(at);
        }
    }

    /// Copies a box that stands beside the `traf`. The header of a protection system is `pssh` now.
    pub(super) fn copy_beside(&mut self, child: &Box<'_>) {
        if child.is(PIFF_SYSTEM) {
            let at = self.out.open(*b"pssh");
            self.out.put(child.payload);
            self.out.close(at);
        } else {
            self.copy(child);
        }
    }

    /// The first per-sample initialisation vector stands at `at`.
    pub(super) const fn mark_auxiliary(&mut self, at: usize) {
        self.auxiliary_data = Some(at);
    }

    /// The offset of `saio` stands at `at`, 32 bits.
    pub(super) const fn mark_auxiliary_field(&mut self, at: usize) {
        self.auxiliary_field = Some(at);
    }

    /// Writes a run. The first run of the fragment gets a data offset, whether it had one or not; with
    /// `sync` its first sample becomes a sync sample.
    pub(super) fn run(&mut self, run: &Trun<'_>, sync: bool) {
        let first = self.runs == 0;
        let mut flags = run.flags;
        if first {
            flags |= trun::DATA_OFFSET;
        }
        let mut first_flags = run.first_flags;
        let mut patch_entry = false;
        if first && sync && run.samples().next().is_some_and(|s| s.flags & NON_SYNC != 0) {
            // The format allows flags of the first sample or of every sample, not both.
            if flags & trun::FLAGS != 0 {
                patch_entry = true;
                first_flags = first_flags.map(|_| SYNC_FLAGS);
            } else {
                flags |= trun::FIRST_FLAGS;
                first_flags = Some(SYNC_FLAGS);
            }
        }
        let at = self.out.open_full(*b"trun", run.version, flags);
        self.out.u32(run.count);
        if flags & trun::DATA_OFFSET != 0 {
            let distance = match run.data_offset {
                Some(offset) => i64::from(offset).saturating_sub(self.first_offset).max(0).cast_unsigned(),
                None => self.media,
            };
            self.offsets.push((self.out.len(), if first { 0 } else { distance }));
            self.out.u32(0);
        }
        if let Some(flags) = first_flags {
            self.out.u32(flags);
        }
        let entries = self.out.len();
        self.out.put(run.entries);
        if patch_entry {
            let before = Trun::entry_len(flags & (trun::DURATION | trun::SIZE));
            self.out.patch(entries.saturating_add(before), SYNC_FLAGS);
        }
        self.out.close(at);
        self.media = self.media.saturating_add(run.media_len().unwrap_or(0));
        self.runs = self.runs.saturating_add(1);
    }

    /// The run written last begins `bytes` later in the media than it did.
    pub(super) fn skip(&mut self, bytes: u64) {
        if let Some((_, distance)) = self.offsets.last_mut() {
            *distance = distance.saturating_add(bytes);
        }
        self.media = self.media.saturating_add(bytes);
    }

    /// The finished box, for samples that begin `media_header` bytes after it.
    pub(super) fn finish(mut self, media_header: u32) -> Vec<u8> {
        self.out.close(self.start);
        let len = self.out.len() as u64;
        for (at, distance) in self.offsets {
            let offset = len.saturating_add(media_header.into()).saturating_add(distance);
            self.out.patch(at, u32::try_from(offset).unwrap_or(u32::MAX));
        }
        if let (Some(at), Some(data)) = (self.auxiliary_field, self.auxiliary_data) {
            self.out.patch(at, u32::try_from(data).unwrap_or(u32::MAX));
        }
        self.out.finish()
    }
}

/// Bytes of a `senc` before its first initialisation vector: box header, version and flags, count.
pub(super) const SENC_HEADER: usize = 16;

/// Where the low 32 bits of the offset stand in a `saio` with one entry, from the start of the box.
fn saio_field(saio: &Box<'_>) -> Option<usize> {
    let mut fields = super::cursor::Cursor::new(saio.payload, "saio");
    let (version, flags) = fields.version();
    if flags & 1 != 0 {
        fields.u64();
    }
    let single = fields.u32() == 1;
    if version > 0 {
        fields.u32();
    }
    fields.end().ok()?;
    let left = fields.rest().len();
    (single && left >= 4).then(|| saio.whole.len().saturating_sub(left))
}
