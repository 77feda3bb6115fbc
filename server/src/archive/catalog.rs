//! Which file has which number, and where it is: a few bytes for each, for there may be many.

use std::path::{Path, PathBuf};

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalog {
    /// Folder of the broadcast.
    pub(super) folder: PathBuf,
    /// Whether segments have folders of their own.
    pub(super) is_segmented: bool,
    /// Names of the push streams' files.
    pub(super) names: Vec<String>,
    /// Segment and push stream of each file, by its number.
    pub(super) files: Vec<(u32, u32)>,
}

impl Catalog {
    /// Folder of `segment`.
    pub(super) fn segment(&self, segment: u32) -> PathBuf {
        if self.is_segmented { self.folder.join(segment_name(segment)) } else { self.folder.clone() }
    }

    /// Where the file of push stream `stream` in `segment` is.
    pub(super) fn place(&self, segment: u32, stream: u32) -> Option<PathBuf> {
        Some(self.segment(segment).join(self.names.get(stream as usize)?))
    }

    /// Where file `number` is.
    pub(super) fn path(&self, number: u32) -> Option<PathBuf> {
        let &(segment, stream) = self.files.get(number as usize)?;
        self.place(segment, stream)
    }

    /// A name for the files of a push stream that is not taken.
    pub(super) fn free_name(&self, stem: &str, extension: &str) -> String {
        let taken = |name: &String| {
            let same = |n: &String| Path::new(n).file_stem() == Path::new(name).file_stem();
            self.names.iter().any(same)
        };
        let numbered = (2..).map(|n| format!("{stem}-{n}.{extension}"));
        let mut names = std::iter::once(format!("{stem}.{extension}")).chain(numbered);
        names.find(|name| !taken(name)).unwrap_or_default()
    }
}

/// Name of the folder of `segment`.
pub(super) fn segment_name(segment: u32) -> String {
    format!("Segment{segment}")
}
