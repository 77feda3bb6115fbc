//! Which other sites may play from here, in the words of browsers, of Silverlight and of Flash.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::config::List;

/// The sites.
#[derive(Debug)]
pub(crate) enum Cors {
    /// All.
    Any,
    /// Those with one of these origins (`https://player.example`).
    Only(Vec<HeaderValue>),
}

impl Cors {
    pub(crate) fn new(origins: &List) -> Self {
        if origins.iter().any(|origin| origin == "*") {
            return Self::Any;
        }
        let value = |origin: &String| HeaderValue::from_str(origin.trim_end_matches('/')).ok();
        Self::Only(origins.iter().filter_map(value).collect())
    }

    /// Lets the page that sent `request` read the answer and measure it, if its site may.
    pub(crate) fn allow(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        let allowed = match self {
            Self::Any => HeaderValue::from_static("*"),
            Self::Only(origins) => {
                // A cache may not give one site what was meant for another.
                answer.append(header::VARY, HeaderValue::from_static("Origin"));
                let Some(origin) = origin.filter(|origin| origins.contains(origin)) else { return };
                origin.clone()
            }
        };
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed.clone());
        answer.insert(TIMING, allowed);
        answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }

    /// What Silverlight asks for before it reads from another site.
    pub(crate) fn client_access_policy(&self) -> String {
        let domains = self.each(|origin| format!("<domain uri=\"{origin}\"/>"));
        format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<access-policy><cross-domain-access><policy>
<allow-from http-request-headers="*">{domains}</allow-from>
<grant-to><resource path="/" include-subpaths="true"/></grant-to>
</policy></cross-domain-access></access-policy>
"#
        )
    }

    /// The same in Flash's words, which Silverlight reads too: it knows hosts, not origins.
    pub(crate) fn cross_domain(&self) -> String {
        let domains = self.each(|origin| {
            let host = origin.split_once("://").map_or(origin, |(_, host)| host);
            let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
            format!(
                "<allow-access-from domain=\"{host}\"/>\
                 <allow-http-request-headers-from domain=\"{host}\" headers=\"*\"/>"
            )
        });
        format!("<?xml version=\"1.0\"?>\n<cross-domain-policy>{domains}</cross-domain-policy>\n")
    }

    fn each(&self, element: impl Fn(&str) -> String) -> String {
        match self {
            Self::Any => element("*"),
            Self::Only(origins) => {
                // What would end the attribute is no part of an origin.
                let plain = |origin: &&str| !origin.contains(['"', '<', '>', '&', '\'']);
                origins.iter().filter_map(|o| o.to_str().ok()).filter(plain).map(element).collect()
            }
        }
    }
}

const EXPOSED: &str = "Content-Type, Content-Length, ETag, Date";
const TIMING: HeaderName = HeaderName::from_static("timing-allow-origin");

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cors: &Cors, origin: &'static str) -> (HeaderMap, Option<String>) {
        let mut headers = HeaderMap::new();
        cors.allow(Some(&HeaderValue::from_static(origin)), &mut headers);
        let allowed = headers.get("access-control-allow-origin").map(|v| v.to_str().unwrap().to_owned());
        (headers, allowed)
    }

    #[test]
    fn any_site_may_or_only_those_named() {
        let any = Cors::new(&List::from("*"));
        assert_eq!(answer(&any, "https://x.example").1.as_deref(), Some("*"));
        assert!(any.client_access_policy().contains("<domain uri=\"*\"/>"));
        assert!(any.cross_domain().contains("domain=\"*\""));

        let some = Cors::new(&List::from("https://a.example:8443/, http://b.example"));
        let (headers, allowed) = answer(&some, "https://a.example:8443");
        assert_eq!(allowed.as_deref(), Some("https://a.example:8443"));
        assert_eq!(headers["timing-allow-origin"], "https://a.example:8443");
        assert_eq!(headers["vary"], "Origin");
        for other in ["https://a.example", "https://evil-a.example:8443", "null"] {
            let (headers, allowed) = answer(&some, other);
            assert_eq!((allowed, headers.len()), (None, 1), "{other}");
        }
        assert!(some.client_access_policy().contains("<domain uri=\"http://b.example\"/>"));
        assert!(some.cross_domain().contains("<allow-access-from domain=\"a.example\"/>"));

        let none = Cors::new(&List::default());
        assert_eq!(answer(&none, "https://a.example").1, None);
        assert!(!none.client_access_policy().contains("domain uri"));
    }
}
