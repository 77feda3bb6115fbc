//! The API's documents as tables for people.

use serde_json::Value;

/// `silverlane point list`.
pub(super) fn list(document: &Value) -> String {
    let mut rows =
        vec![["PATH", "STATE", "INCOMING", "REQUESTS", "ARCHIVE", "TITLE"].map(str::to_owned).to_vec()];
    for point in each(&document["points"]) {
        rows.push(vec![
            text(&point["path"]),
            text(&point["state"]),
            bitrate(&point["incoming"]["bitsPerSecond"]),
            format!("{:.1}/s", point["requests"]["perSecond"].as_f64().unwrap_or_default()),
            text(&point["archive"]["state"]),
            text(&point["title"]),
        ]);
    }
    let mut out =
        if rows.len() > 1 { aligned(&rows) } else { "There are no publishing points.\n".to_owned() };
    for file in each(&document["unreadable"]) {
        out += &format!("{}: {}\n", text(&file["path"]), text(&file["reason"]));
    }
    if document["isCut"] == true {
        out += "There are more than the server lists (max-listed-points).\n";
    }
    out
}

/// `silverlane point show`.
pub(super) fn details(point: &Value, now: &Value, origin: &str) -> String {
    let mut rows = vec![
        vec!["Title".to_owned(), text(&point["title"])],
        vec!["State".to_owned(), text(&point["state"])],
    ];
    for (label, value) in [("Event", &point["event"]), ("Trouble", &point["lastError"])] {
        if value.is_string() {
            rows.push(vec![label.to_owned(), text(value)]);
        }
    }
    for (name, url) in point["urls"].as_object().into_iter().flatten() {
        if let Some(url) = url.as_str() {
            rows.push(vec![format!("URL ({name})"), format!("{origin}{url}")]);
        }
    }
    rows.push(vec!["Archive".to_owned(), text(&now["archive"]["state"])]);
    for (name, value) in point["settings"].as_object().into_iter().flatten() {
        // Who looks over the shoulder does not need the key.
        let hidden = name == "appleKey" && value != "";
        rows.push(vec![name.clone(), if hidden { "(set)".to_owned() } else { text(value) }]);
    }
    let mut out = aligned(&rows);
    let mut rows =
        vec![["TRACK", "CODEC", "ENCODED", "INCOMING", "REQUESTS", "FRAGMENTS"].map(str::to_owned).to_vec()];
    for stream in each(&now["streams"]) {
        for track in each(&stream["tracks"]) {
            let size = match (track["width"].as_u64(), track["height"].as_u64()) {
                (Some(w), Some(h)) if w > 0 => format!(" {w}x{h}"),
                _ => String::new(),
            };
            rows.push(vec![
                format!("{} {}{size}", text(&stream["kind"]), text(&stream["name"])),
                text(&track["codec"]),
                bitrate(&track["encodedBitsPerSecond"]),
                bitrate(&track["incoming"]["bitsPerSecond"]),
                format!("{:.1}/s", track["requests"]["perSecond"].as_f64().unwrap_or_default()),
                track["fragments"]["accepted"].to_string(),
            ]);
        }
    }
    if rows.len() > 1 {
        out += "\n";
        out += &aligned(&rows);
    }
    out
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(list) => {
            let urls: Vec<_> = list.iter().filter_map(|v| v["url"].as_str()).collect();
            urls.join(", ")
        }
        other => other.to_string(),
    }
}

fn bitrate(value: &Value) -> String {
    let bits = value.as_f64().unwrap_or_default();
    if bits >= 1e6 { format!("{:.2} Mbit/s", bits / 1e6) } else { format!("{:.0} kbit/s", bits / 1e3) }
}

/// Rows with their columns under each other.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|c| width(c).unwrap_or_default()).collect();
    let mut out = String::new();
    for row in rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        out += cells.join("  ").trim_end();
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_is_a_table() {
        let list = list(&json!({
            "points": [
                { "path": "/a.isml", "state": "Started", "incoming": { "bitsPerSecond": 1_250_000 },
                  "requests": { "perSecond": 2.0 }, "archive": { "state": "writing" }, "title": "Ä" },
                { "path": "/sports/b.isml", "state": "Idle", "incoming": { "bitsPerSecond": 0 },
                  "requests": { "perSecond": 0.0 }, "archive": { "state": "off" }, "title": "" },
            ],
            "unreadable": [{ "path": "/c.isml", "reason": "no XML" }],
        }));
        let expected = "\
PATH            STATE    INCOMING     REQUESTS  ARCHIVE  TITLE
/a.isml         Started  1.25 Mbit/s  2.0/s     writing  Ä
/sports/b.isml  Idle     0 kbit/s     0.0/s     off
/c.isml: no XML
";
        assert_eq!(list, expected);
        assert_eq!(super::list(&json!({ "points": [] })), "There are no publishing points.\n");
    }
}
