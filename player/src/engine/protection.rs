//! Protected presentations: which keys are needed, and since when. Where they come from is the page's affair.

use smooth::boxes::encryption::Key;
use smooth::boxes::{FragmentHead, init};
use smooth::manifest::ProtectionHeader;
use smooth::protection::{PLAYREADY, playready};

use super::notice::Notice;
use super::session::Session;

/// What is known of the protection.
#[derive(Debug, Default)]
pub(super) struct Protection {
    /// What init segments say that samples are encrypted with; `None` while nothing is.
    pub(super) key: Option<Key>,
    systems: Vec<ProtectionHeader>,
    license_url: Option<String>,
    /// Keys that the page was told of, or is about to be.
    keys: Vec<[u8; 16]>,
    /// Where the element was, in seconds, when it began to wait for a key. What it has decoded it still plays.
    pub(super) waiting: Option<f64>,
}

impl Protection {
    /// For init segments.
    pub(super) fn describe(&self) -> Option<init::Protection<'_>> {
        Some(init::Protection { key: self.key?, systems: &self.systems, piff: false })
    }
}

impl Session {
    /// Takes in what the manifest says. A header that cannot be read names no key, but may still lead to a
    /// licence.
    pub(super) fn protect(&mut self, systems: Vec<ProtectionHeader>) {
        let it = &mut self.protection;
        for header in systems.iter().filter(|header| header.system_id == PLAYREADY) {
            if let Ok(read) = playready::read(&header.data, &self.settings.limits) {
                it.keys.extend(read.keys.iter().map(|key| key.id));
                it.license_url = read.license_url.or_else(|| it.license_url.take());
            }
        }
        if !systems.is_empty() {
            it.key = Some(Key { id: it.keys.first().copied().unwrap_or_default(), iv_size: IV_SIZE });
            it.systems = systems;
        }
    }

    /// Tells the page of the keys that the manifest names.
    pub(super) fn ask_for_keys(&mut self) {
        let it = &mut self.protection;
        if it.key.is_some() {
            let (ids, systems) = (it.keys.clone(), it.systems.clone());
            self.out.notify(Notice::KeysNeeded { ids, systems, license_url: it.license_url.take() });
        }
    }

    /// An encrypted fragment is on its way: whether its key is new.
    pub(super) fn encrypted(&mut self, head: &FragmentHead) {
        let it = &mut self.protection;
        if it.key.is_none() {
            // The manifest does not say that anything is encrypted.
            it.key = Some(Key { id: head.key_id.unwrap_or_default(), iv_size: IV_SIZE });
            self.tracks.iter_mut().for_each(|track| track.init = None);
        }
        let Some(id) = head.key_id.filter(|id| !it.keys.contains(id)) else { return };
        if it.keys.len() >= MAX_KEYS {
            it.keys.remove(0);
        }
        it.keys.push(id);
        self.out.notify(Notice::KeysNeeded { ids: vec![id], systems: Vec::new(), license_url: None });
    }
}

/// What PIFF 1.1 demands; fragments may say otherwise.
const IV_SIZE: u8 = 8;
/// Keys that are remembered.
const MAX_KEYS: usize = 64;
