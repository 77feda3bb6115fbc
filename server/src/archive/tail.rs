//! The end of a file that grows: what is written counts once it is committed.

use std::io;
use std::sync::Arc;

use super::disk::Output;

/// A file that is appended to. After a failure what was written since the last commit is cut off before
/// anything else is, so that nothing torn ever stands in the middle.
pub(super) struct Tail {
    output: Arc<dyn Output>,
    committed: u64,
    end: u64,
    torn: bool,
}

impl Tail {
    /// The end of `output`, of which `len` bytes count.
    pub(super) fn new(output: Arc<dyn Output>, len: u64) -> Self {
        Self { output, committed: len, end: len, torn: true }
    }

    /// Where the next byte goes.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Bytes that count.
    pub(super) const fn committed(&self) -> u64 {
        self.committed
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if std::mem::replace(&mut self.torn, true) {
            self.output.cut(self.end)?;
        }
        self.output.write(self.end, bytes)?;
        self.end += bytes.len() as u64;
        self.torn = false;
        Ok(())
    }

    /// Everything appended counts.
    pub(super) const fn commit(&mut self) {
        self.committed = self.end;
    }

    /// Nothing appended since the last commit counts.
    pub(super) fn roll_back(&mut self) {
        self.torn |= self.end != self.committed;
        self.end = self.committed;
    }

    pub(super) const fn output(&self) -> &Arc<dyn Output> {
        &self.output
    }
}
