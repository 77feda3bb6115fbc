//! A publishing point and its archive: what is shown waits for the disk, though never for long, and a
//! restart of the server goes on where it was.

use std::io;
use std::sync::Arc;

use super::broadcast::Broadcast;
use super::push::Pushes;
use super::state::State;
use super::{PublishingPoint, Writer, rules};
use crate::archive::{FragmentLog, MemoryLog, Status};

impl PublishingPoint {
    /// Ready once viewers see everything that was taken in; at the latest when the disk has had its time,
    /// after which they see what is in memory.
    pub async fn shown(&self) {
        if !self.stage.caught_up(self.settings.archive_wait()).await {
            self.lock().broadcast.log.give_up();
        }
    }

    /// The same for threads that may block.
    pub(super) fn wait_shown(&self) {
        if !self.stage.catch_up(self.settings.archive_wait()) {
            self.lock().broadcast.log.give_up();
        }
    }

    /// Whether broadcasts are archived, by the settings of the server and of the point.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.archives.is_some() && self.lock().definition.publishing.archives
    }

    /// How the archive of the broadcast does; `None` if there is none.
    #[must_use]
    pub fn archive(&self) -> Option<Status> {
        let archive = self.lock().archive.clone();
        archive.map(|a| a.status())
    }

    /// Goes on with the broadcast that was archived here when the server ended. Returns whether there was
    /// one. Blocks.
    ///
    /// # Errors
    ///
    /// The storage failed, or what it holds is beyond repair.
    pub fn resume(&self) -> io::Result<bool> {
        let Some(archives) = &self.archives else { return Ok(false) };
        let mut writer = self.lock();
        if writer.state != State::Idle {
            return Ok(false);
        }
        let rules = |definition: &_| rules(definition, &self.settings);
        let Some(found) = archives.recover(&self.path, rules, self.stage.watcher())? else {
            return Ok(false);
        };
        writer.state = if found.is_over { State::Stopped } else { State::Started };
        writer.definition = Arc::new(found.definition);
        writer.pushes = Pushes::resumed(found.event);
        writer.archive = Some(found.log);
        writer.broadcast = found.broadcast;
        self.publish(&mut writer);
        Ok(true)
    }

    /// A new broadcast for a point that has just started.
    pub(super) fn open_broadcast(&self, writer: &mut Writer) {
        let begin = writer.broadcast.end().max(writer.past.edge());
        // What the log before still has to say is about nothing that viewers see.
        let watcher = self.stage.watcher();
        writer.archive = match &self.archives {
            Some(archives) => archives.open(&self.path, &writer.definition, begin, watcher),
            None => None,
        };
        let log: Arc<dyn FragmentLog> = match &writer.archive {
            Some(archive) => Arc::clone(archive) as _,
            None => Arc::new(MemoryLog),
        };
        writer.broadcast = Broadcast::new(rules(&writer.definition, &self.settings), log, begin);
        writer.broadcast.changed = true;
        writer.pushes = Pushes::default();
    }

    /// Forgets the broadcast, and lets its archive come to its end.
    pub(super) fn drop_broadcast(&self, writer: &mut Writer) {
        writer.broadcast.log.close();
        let begin = writer.broadcast.end();
        let rules = rules(&writer.definition, &self.settings);
        writer.broadcast = Broadcast::new(rules, Arc::new(MemoryLog), begin);
        writer.broadcast.changed = true;
        writer.pushes = Pushes::default();
    }

    /// Waits until the archive of a broadcast that was dropped is at its end, for as long as viewers
    /// would wait for it.
    pub(super) fn wait_closed(&self) {
        let archive = self.lock().archive.clone();
        if let Some(archive) = archive {
            archive.finish(self.settings.archive_wait());
        }
    }
}
