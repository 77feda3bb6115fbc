//! The time that a broadcast keeps to.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use super::super::media::TICKS;

/// Time of day in ticks of 100 ns since the Unix epoch.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's. Asked anew for each fragment, so that the broadcast follows its corrections.
    System,
    /// One that is set by hand. When its sender is gone it stands still.
    Manual(watch::Receiver<u64>),
}

impl Clock {
    /// Now.
    #[must_use]
    pub fn now(&self) -> u64 {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_nanos() / 100).unwrap_or(u64::MAX)
            }
            Self::Manual(time) => *time.borrow(),
        }
    }

    /// Waits until it is `time`.
    pub async fn until(&self, time: u64) {
        match self {
            Self::System => loop {
                let left = time.saturating_sub(self.now());
                if left == 0 {
                    return;
                }
                // In steps, so that a clock that is set forward is noticed.
                let left = Duration::from_nanos(left.saturating_mul(100));
                tokio::time::sleep(left.min(Duration::from_secs(1))).await;
            },
            Self::Manual(clock) => {
                let mut clock = clock.clone();
                if clock.wait_for(|&now| now >= time).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

/// `ticks` since the epoch or a start, in whole seconds.
pub(super) const fn seconds(ticks: u64) -> u64 {
    ticks / TICKS
}
