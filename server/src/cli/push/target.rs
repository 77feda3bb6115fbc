//! Where a broadcast goes.

use smooth::url::encode;

use super::error::PushError;

/// The address of a stream of a publishing point: `…/live.isml[/Events(id)]/Streams(id)`.
#[derive(Clone, Debug)]
pub struct Target {
    pub(super) url: reqwest::Url,
}

impl Target {
    /// The stream `stream` at `address`, which may be that of the publishing point, its manifest or one
    /// of its streams.
    ///
    /// # Errors
    ///
    /// [`PushError::Address`] unless `address` is one of these.
    pub fn new(address: &str, event: Option<&str>, stream: &str) -> Result<Self, PushError> {
        let bad = || PushError::Address { url: address.to_owned() };
        let mut url = reqwest::Url::parse(address).map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad());
        }
        let lower = url.path().to_ascii_lowercase();
        let end =
            lower.find(".isml/").or_else(|| lower.strip_suffix(".isml").map(str::len)).ok_or_else(bad)?;
        let mut path = url.path().get(..end + ".isml".len()).ok_or_else(bad)?.to_owned();
        if let Some(event) = event {
            path.push_str(&format!("/Events({})", encode(event)));
        }
        path.push_str(&format!("/Streams({})", encode(stream)));
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { url })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password that an address may carry is not for the screen.
        let mut shown = self.url.clone();
        let _ = shown.set_password(None);
        write!(f, "{shown}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_publishing_point_will_do() {
        for address in [
            "http://host:8080/a/live.isml",
            "http://host:8080/a/live.isml/Manifest",
            "http://host:8080/a/live.isml/manifest?x=1#y",
            "http://host:8080/a/live.isml/Streams(other)",
        ] {
            let target = Target::new(address, None, "Encoder1").unwrap();
            assert_eq!(target.url.as_str(), "http://host:8080/a/live.isml/Streams(Encoder1)");
        }
        let target = Target::new("https://host/Live.ISML", Some("ev/1"), "a b").unwrap();
        assert_eq!(target.url.as_str(), "https://host/Live.ISML/Events(ev%2F1)/Streams(a%20b)");
    }

    #[test]
    fn other_addresses_are_refused_with_an_example() {
        for address in ["live.isml", "http://host/live.ism", "ftp://host/live.isml", "http://host/"] {
            let error = Target::new(address, None, "1").unwrap_err().to_string();
            assert!(error.contains(address) && error.contains("http://server/live.isml"), "{error}");
        }
    }
}
