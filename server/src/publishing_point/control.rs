//! The operator's side of a publishing point.
//!
//! Calls touch the file of the definition and wait for the writer, so asynchronous callers make them on
//! a thread for blocking work.

use std::sync::Arc;

use smooth::smil::definition::{self, Definition};

use super::state::{Input, State};
use super::{PublishingPoint, Refused, Writer, files, read_definition};

/// Why an operator's wish is not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// It is not possible from this state.
    #[error("the publishing point is {state:?}: it cannot {wish}")]
    State {
        /// Where the point stands.
        state: State,
        /// What it cannot do now.
        wish: Wish,
    },
    /// The definition's file cannot be written.
    #[error("the definition cannot be written: {0}")]
    File(#[from] std::io::Error),
}

/// What an operator can ask of a publishing point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    /// From Idle to Starting.
    Start,
    /// End the broadcast; viewers keep what there is.
    Stop,
    /// Back to Idle.
    ShutDown,
    /// New settings, which only an idle point takes.
    Update,
}

impl std::fmt::Display for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Start => "be started",
            Self::Stop => "be stopped",
            Self::ShutDown => "be shut down",
            Self::Update => "take other settings",
        })
    }
}

impl PublishingPoint {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.lock().state
    }

    /// The settings in force; of an idle point those that it would start with.
    #[must_use]
    pub fn definition(&self) -> Arc<Definition> {
        Arc::clone(&self.lock().definition)
    }

    /// What went wrong last, for people; `None` since it was put right.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.lock().last_error.clone()
    }

    /// Starts an idle point: encoders may post. Settings are read anew.
    ///
    /// # Errors
    ///
    /// [`Denied::State`] from any state but Idle.
    pub fn start(&self) -> Result<(), Denied> {
        self.begin(&mut self.lock())?;
        self.wait_shown();
        Ok(())
    }

    /// Ends the broadcast: viewers keep what there is, encoders are sent away.
    ///
    /// # Errors
    ///
    /// [`Denied::State`] from any state but Starting and Started.
    pub fn stop(&self) -> Result<(), Denied> {
        self.finish(&mut self.lock(), Input::Stop)?;
        self.wait_shown();
        Ok(())
    }

    /// Forgets the broadcast; back to Idle.
    ///
    /// # Errors
    ///
    /// [`Denied::State`] from Idle.
    pub fn shut_down(&self) -> Result<(), Denied> {
        let mut writer = self.lock();
        self.clear(&mut writer)?;
        // Whoever says so may broadcast an event again.
        writer.past.forgive();
        drop(writer);
        self.wait_closed();
        Ok(())
    }

    /// Writes `definition` to the file, and takes it for the next start. What the file holds beside and
    /// this version does not know stays there, after what `definition` has.
    ///
    /// # Errors
    ///
    /// [`Denied::State`] from any state but Idle; [`Denied::File`] if it cannot be written, which
    /// changes nothing.
    pub fn update(&self, mut definition: Definition) -> Result<(), Denied> {
        let mut writer = self.lock();
        if writer.state != State::Idle {
            return Err(Denied::State { state: writer.state, wish: Wish::Update });
        }
        if let Ok(before) = read_definition(&self.file, &self.settings) {
            let named = |name: &str| definition.other.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
            let unknown: Vec<_> = before.other.into_iter().filter(|(name, _)| !named(name)).collect();
            definition.other.extend(unknown);
        }
        files::replace(&self.file, definition::write(&definition).as_bytes())?;
        writer.definition = Arc::new(definition);
        writer.last_error = None;
        writer.broadcast.changed = true;
        self.publish(&mut writer);
        Ok(())
    }

    /// Reads the definition of an idle point again, which someone may have edited. Returns whether the
    /// point is still defined: one that runs is, whatever became of its file.
    pub(super) fn refresh(&self) -> bool {
        let mut writer = self.lock();
        if writer.state != State::Idle {
            return true;
        }
        match read_definition(&self.file, &self.settings) {
            Ok(definition) => {
                if *writer.definition != definition {
                    writer.definition = Arc::new(definition);
                    writer.broadcast.changed = true;
                    self.publish(&mut writer);
                }
                writer.last_error = None;
                true
            }
            Err(e) if e.is_missing() => false,
            Err(e) => {
                writer.last_error = Some(e.to_string());
                true
            }
        }
    }

    pub(super) fn begin(&self, writer: &mut Writer) -> Result<(), Denied> {
        self.apply(writer, Input::Start)?;
        // Settings may have been edited since; a file that cannot be read leaves them as they were.
        match read_definition(&self.file, &self.settings) {
            Ok(definition) => {
                writer.definition = Arc::new(definition);
                writer.last_error = None;
            }
            Err(e) => {
                tracing::warn!(point = self.path, error = %e, "the definition cannot be read again");
                writer.last_error = Some(e.to_string());
            }
        }
        self.open_broadcast(writer);
        self.publish(writer);
        Ok(())
    }

    pub(super) fn finish(&self, writer: &mut Writer, input: Input) -> Result<(), Denied> {
        self.apply(writer, input)?;
        writer.broadcast.finish();
        // From Starting the point is stopped at once.
        let _ = self.apply(writer, Input::Finalised);
        self.retire(writer);
        self.publish(writer);
        Ok(())
    }

    /// The event of the broadcast is over; whoever still feeds it is sent away.
    pub(super) fn retire(&self, writer: &mut Writer) {
        writer.pushes.dismiss_all(&Refused::Stopped);
        if let Some(event) = writer.pushes.event() {
            writer.past.end(event);
        }
    }

    pub(super) fn clear(&self, writer: &mut Writer) -> Result<(), Denied> {
        self.apply(writer, Input::Shutdown)?;
        writer.pushes.dismiss_all(&Refused::ShutDown);
        self.drop_broadcast(writer);
        self.apply(writer, Input::Cleared)?;
        self.publish(writer);
        Ok(())
    }

    pub(super) fn apply(&self, writer: &mut Writer, input: Input) -> Result<(), Denied> {
        let Some(next) = writer.state.after(input) else {
            let wish = match input {
                Input::Stop | Input::End | Input::Finalised => Wish::Stop,
                Input::Shutdown | Input::Cleared | Input::Fault => Wish::ShutDown,
                Input::Start | Input::Data => Wish::Start,
            };
            return Err(Denied::State { state: writer.state, wish });
        };
        tracing::info!(point = self.path, from = ?writer.state, to = ?next, "publishing point");
        writer.state = next;
        writer.broadcast.changed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
