//! Certificates by ACME (RFC 8555): asked for, proven by http-01 through our own listener, renewed.
//!
//! ```text
//! folder/                 0700
//! ├── account.json        0600, the account at the directory that it names
//! ├── certificate.pem     0600, the chain, our own first
//! └── certificate.key     0600
//! ```

mod store;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy,
};

use self::store::Store;
use crate::config::Settings;
use crate::http::App;
use crate::http::reload::authorities;

/// Why there is no certificate.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the authority asks us for, to see that a name leads here.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Mutex<HashMap<String, String>>);

impl Challenges {
    /// The answer to the challenge that `path` names, if there is one.
    pub(crate) fn answer(&self, path: &str) -> Option<String> {
        let token = path.strip_prefix("/.well-known/acme-challenge/")?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    fn set(&self, token: &str, answer: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(token.to_owned(), answer.to_owned());
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Uses the certificate that is kept, and says when it is due; `None` without one for all our names.
///
/// # Errors
///
/// It cannot be read or used.
pub(crate) fn install(app: &App) -> Result<Option<SystemTime>, Failure> {
    let settings = &app.settings;
    let kept = Store::new(&settings.acme_folder).certificate()?;
    let Some(kept) = kept.filter(|kept| kept.covers(&settings.acme_domains)) else { return Ok(None) };
    let due = kept.renewal();
    app.tls.replace(kept.certificate, authorities(settings)?)?;
    Ok(Some(due))
}

/// Keeps a certificate for the names of the settings, for ever.
pub(crate) async fn run(app: &App) {
    let settings = &app.settings;
    if settings.acme_domains.is_empty() {
        return std::future::pending().await;
    }
    let store = Store::new(&settings.acme_folder);
    let mut failures = 0;
    loop {
        let now = SystemTime::now();
        let due = install(app).unwrap_or_else(|error| {
            tracing::warn!(error, "the certificate that was kept is replaced");
            None
        });
        let due = due.unwrap_or(now);
        if let Ok(wait) = due.duration_since(now)
            && !wait.is_zero()
        {
            // In steps: the clock of a certificate is on the wall, and may be set.
            tokio::time::sleep(wait.min(LOOK)).await;
            continue;
        }
        match order(app, &store).await {
            Ok(()) => {
                tracing::info!(domains = ?settings.acme_domains, "new certificate");
                failures = 0;
            }
            Err(error) => {
                failures += 1;
                let again = pause(failures);
                tracing::error!(error, seconds = again.as_secs(), "no certificate; it is tried again");
            }
        }
        app.challenges.clear();
        // Whatever an authority answers, it is not asked without end.
        tokio::time::sleep(pause(failures)).await;
    }
}

/// Asks for a certificate, keeps it and uses it.
async fn order(app: &App, store: &Store) -> Result<(), Failure> {
    let settings = &app.settings;
    let account = account(settings, store).await?;
    let names: Vec<_> = settings.acme_domains.iter().map(|name| Identifier::Dns(name.clone())).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        match authorization.status {
            AuthorizationStatus::Pending => {}
            // Proven not long ago.
            AuthorizationStatus::Valid => continue,
            status => return Err(format!("an authorization is {status:?}").into()),
        }
        let challenge = authorization.challenge(ChallengeType::Http01);
        let mut challenge = challenge.ok_or("the authority offers no http-01")?;
        app.challenges.set(&challenge.token, challenge.key_authorization().as_str());
        challenge.set_ready().await?;
    }
    let patience = RetryPolicy::default().timeout(PATIENCE);
    match order.poll_ready(&patience).await? {
        OrderStatus::Ready => {}
        status => return Err(format!("the order is {status:?}: do the names lead here, to port 80?").into()),
    }
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&patience).await?;
    store.keep(&chain, &key)?;
    install(app)?.ok_or("the certificate is not for the names that were asked for")?;
    Ok(())
}

/// The account that is kept, or a new one.
async fn account(settings: &Settings, store: &Store) -> Result<Account, Failure> {
    let builder = || {
        if settings.acme_ca.as_os_str().is_empty() {
            Account::builder()
        } else {
            Account::builder_with_root(&settings.acme_ca)
        }
    };
    if let Some(credentials) = store.account(&settings.acme_directory)? {
        return Ok(builder()?.from_credentials(credentials).await?);
    }
    let contact = format!("mailto:{}", settings.acme_email);
    let contact = if settings.acme_email.is_empty() { vec![] } else { vec![contact.as_str()] };
    let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder()?.create(&new, settings.acme_directory.clone(), None).await?;
    store.keep_account(&settings.acme_directory, credentials)?;
    Ok(account)
}

/// How long to wait after so many failures in a row: authorities allow a few an hour.
fn pause(failures: u32) -> Duration {
    (MIN_PAUSE * 4_u32.saturating_pow(failures.min(6))).min(MAX_PAUSE)
}

const MIN_PAUSE: Duration = Duration::from_secs(60);
const MAX_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// Between two looks at the clock.
const LOOK: Duration = Duration::from_secs(3600);
/// How long an authority may take for one step.
const PATIENCE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_tried_again_less_and_less_often() {
        let seconds: Vec<_> = (0..8).map(|n| pause(n).as_secs()).collect();
        assert_eq!(seconds, [60, 240, 960, 3840, 15360, 21600, 21600, 21600]);
    }

    #[test]
    fn only_the_challenges_that_are_open_are_answered() {
        let challenges = Challenges::default();
        challenges.set("abc", "abc.thumb");
        let answer = |path| challenges.answer(path);
        assert_eq!(answer("/.well-known/acme-challenge/abc").as_deref(), Some("abc.thumb"));
        assert_eq!(answer("/.well-known/acme-challenge/"), None);
        assert_eq!(answer("/.well-known/acme-challenge/abd"), None);
        assert_eq!(answer("/abc"), None);
        challenges.clear();
        assert_eq!(answer("/.well-known/acme-challenge/abc"), None);
    }
}
