//! The lines of the pages that name the presentation.

/// In the page with SMF markup, inside an attribute of InitParams.
const MEDIA_URL: &str = "mediaurl=LiveSmoothStream.isml/manifest\"";
/// An attribute: the source of the page for Apple devices, and the link where no script runs in the other.
const APPLE_SRC: &str = "LiveSmoothStream.isml/manifest(format=m3u8-aapl).m3u8\"";
/// What tells our pages from others of the same name. Put behind the document type, if there is one.
const MARK: &str =
    "<!-- Written by `silverlane page`, which may overwrite it. Remove this line to keep your changes. -->";

/// The page `html` for `manifest`; `None` if the line is not there.
pub(super) fn player(html: &str, manifest: &str) -> Option<String> {
    // A comma would end the address: InitParams is a list.
    let url = escape(manifest).replace(',', "%2C");
    let page = replace(html, MEDIA_URL, &format!("mediaurl={url}\""))?;
    Some(page.replace(APPLE_SRC, &format!("{}\"", playlist(manifest))))
}

/// The page for Apple devices for `manifest`; `None` if the line is not there.
pub(super) fn apple(html: &str, manifest: &str) -> Option<String> {
    replace(html, APPLE_SRC, &format!("{}\"", playlist(manifest)))
}

/// Address of the HLS playlist of the presentation at `manifest`, for an attribute.
fn playlist(manifest: &str) -> String {
    let (path, query) = manifest.split_at(manifest.find('?').unwrap_or(manifest.len()));
    escape(&format!("{path}(format=m3u8-aapl).m3u8{query}"))
}

/// Whether we wrote the file `name` with the content `data`.
pub(super) fn is_ours(name: &str, data: &[u8]) -> bool {
    let has = |mark: &str| data.windows(mark.len()).any(|w| w == mark.as_bytes());
    match name.rsplit_once('.') {
        Some((_, "html")) => has(MARK),
        Some((_, "wasm")) => data.starts_with(b"\0asm"),
        Some((_, "js")) => data.starts_with(b"/*! Silverlane"),
        _ => has("smooth-video"),
    }
}

fn replace(html: &str, line: &str, with: &str) -> Option<String> {
    let (before, after) = html.split_once(line)?;
    let page = [before, with, after].concat();
    let at = match page.trim_start().get(..9) {
        Some(doctype) if doctype.eq_ignore_ascii_case("<!doctype") => page.find('>').map_or(0, |i| i + 1),
        _ => 0,
    };
    let (head, body) = page.split_at(at);
    let line_end = if at > 0 { "\n" } else { "" };
    Some(format!("{head}{line_end}{MARK}{}{body}", if at > 0 { "" } else { "\n" }))
}

/// `text` for an HTML attribute in double quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAYER: &str = "<!DOCTYPE html>\n<param name=\"InitParams\" \
        value=\"selectedcaptionstream=textstream_eng,mediaurl=LiveSmoothStream.isml/manifest\" />";

    #[test]
    fn the_address_goes_where_operators_edit_it() {
        let page = player(PLAYER, "https://host/a,b.isml/manifest?x=\"1\"&y=2").unwrap();
        let expected = "value=\"selectedcaptionstream=textstream_eng,\
            mediaurl=https://host/a%2Cb.isml/manifest?x=&quot;1&quot;&amp;y=2\" />";
        assert!(page.contains(expected), "{page}");
        assert!(page.starts_with("<!DOCTYPE html>\n<!-- Written"), "{page}");
        assert!(is_ours("a.html", page.as_bytes()) && !is_ours("a.html", PLAYER.as_bytes()));
        assert_eq!(player("<html>", "x"), None);
        let link = "<a href=\"LiveSmoothStream.isml/manifest(format=m3u8-aapl).m3u8\">";
        let page = player(&format!("{PLAYER}{link}"), "a.isml/Manifest").unwrap();
        assert!(page.ends_with("<a href=\"a.isml/Manifest(format=m3u8-aapl).m3u8\">"), "{page}");
    }

    #[test]
    fn apple_devices_get_the_playlist() {
        let html = "<video src=\"LiveSmoothStream.isml/manifest(format=m3u8-aapl).m3u8\" autoplay>";
        let page = apple(html, "/live/a.isml/Manifest?token=1").unwrap();
        assert!(page.contains("src=\"/live/a.isml/Manifest(format=m3u8-aapl).m3u8?token=1\""), "{page}");
    }
}
