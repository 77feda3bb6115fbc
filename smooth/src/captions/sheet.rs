//! The named things in the head of a document: styles, regions and images.

use super::{Image, style::Style};
use crate::error::Error;

/// What the elements of the body refer to.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) styles: Table<Entry>,
    pub(super) regions: Table<Entry>,
    pub(super) images: Table<Image>,
    /// What holds where no element says anything.
    pub(super) initial: Style,
}

/// A style or region.
pub(super) struct Entry {
    pub(super) style: Style,
    /// Names of the styles it builds on, the strongest last. Empty once they are worked in.
    pub(super) references: String,
}

/// Things and their names.
pub(super) struct Table<T> {
    names: Names,
    pub(super) entries: Vec<T>,
}

/// Names and the indices of their things. Sorted: a look-up must not walk through thousands of regions
/// for each of thousands of cues.
#[derive(Default)]
struct Names(Vec<(String, usize)>);

/// Most things of one kind. Generators that write a region for each cue reach hundreds.
const MAX_ENTRIES: usize = 4096;

/// Longest chain of styles, each building on the next.
const MAX_CHAIN: u32 = 8;

impl Sheet {
    /// Works the references of styles and regions in. Called once, between head and body.
    pub(super) fn settle(&mut self) {
        for index in 0..self.styles.entries.len() {
            self.settle_style(index, 0);
        }
        for index in 0..self.regions.entries.len() {
            let Some(region) = self.regions.entries.get_mut(index) else { continue };
            let references = core::mem::take(&mut region.references);
            let style = region.style.over(&self.referenced(&references));
            if let Some(region) = self.regions.entries.get_mut(index) {
                region.style = style;
            }
        }
    }

    /// The style that `references`, names between white space, make together: a later one is stronger.
    pub(super) fn referenced(&self, references: &str) -> Style {
        let mut all = Style::default();
        for name in references.split_ascii_whitespace() {
            if let Some(entry) = self.styles.find(name).and_then(|index| self.styles.entries.get(index)) {
                all = entry.style.over(&all);
            }
        }
        all
    }

    fn settle_style(&mut self, index: usize, chain: u32) {
        let Some(entry) = self.styles.entries.get_mut(index) else { return };
        // Taken first, so that a circle of references ends here.
        let references = core::mem::take(&mut entry.references);
        if references.is_empty() {
            return;
        }
        if chain < MAX_CHAIN {
            for name in references.split_ascii_whitespace() {
                if let Some(next) = self.styles.find(name) {
                    self.settle_style(next, chain.saturating_add(1));
                }
            }
        }
        let base = self.referenced(&references);
        if let Some(entry) = self.styles.entries.get_mut(index) {
            entry.style = entry.style.over(&base);
        }
    }
}

impl<T> Table<T> {
    /// Adds a thing. The first one of a name counts; without a name it is forgotten.
    pub(super) fn add(&mut self, name: String, entry: T) -> Result<(), Error> {
        if self.names.add(name, self.entries.len())? {
            self.entries.push(entry);
        }
        Ok(())
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let at = self.names.find(name).ok()?;
        self.names.0.get(at).map(|&(_, index)| index)
    }
}

impl Names {
    /// Whether the name is a new one.
    fn add(&mut self, name: String, index: usize) -> Result<bool, Error> {
        if self.0.len() == MAX_ENTRIES {
            return Err(Error::Limit { what: "captions: styles, regions, images", max: MAX_ENTRIES as u64 });
        }
        match self.find(&name) {
            Err(at) if !name.is_empty() => self.0.insert(at, (name, index)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(n, _)| n.as_str().cmp(name))
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { names: Names::default(), entries: Vec::new() }
    }
}
