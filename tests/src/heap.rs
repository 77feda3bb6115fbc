//! What a page holds on to, counted after everything that can be let go of has been (Chromium).

use serde_json::{Value, json};

use crate::browser::Browser;

/// What is alive on a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heap {
    /// Bytes of JavaScript's own objects.
    pub objects: u64,
    /// Bytes of array buffers, media among them; not of the Wasm.
    pub buffers: u64,
    /// Bytes of the memory of Wasm modules, which never shrinks.
    pub wasm: u64,
    /// Nodes, in documents or not.
    pub nodes: u64,
    /// Event listeners.
    pub listeners: u64,
    /// Objects that hold media: media sources, source buffers, and responses with their readers.
    pub media: u64,
}

/// Collects garbage, and counts what is left.
pub async fn measure(browser: &Browser) -> Heap {
    // What is let go of in one round may have held others of the browser's own objects.
    for _ in 0..2 {
        browser.devtools("HeapProfiler.collectGarbage", json!({})).await;
    }
    let usage = browser.devtools("Runtime.getHeapUsage", json!({})).await;
    let counters = browser.devtools("Memory.getDOMCounters", json!({})).await;
    let number = |from: &Value, key: &str| from[key].as_f64().unwrap_or_default() as u64;
    let wasm = alive(browser, "WebAssembly.Memory", "memory.buffer.byteLength").await;
    let mut media = 0;
    for class in ["MediaSource", "SourceBuffer", "Response", "ReadableStreamDefaultReader"] {
        media += alive(browser, class, "1").await;
    }
    Heap {
        objects: number(&usage, "usedSize"),
        buffers: number(&usage, "backingStorageSize").saturating_sub(wasm),
        wasm,
        nodes: number(&counters, "nodes"),
        listeners: number(&counters, "jsEventListeners"),
        media,
    }
}

/// The sum of `worth`, an expression over `memory`, of all objects of a class.
async fn alive(browser: &Browser, class: &str, worth: &str) -> u64 {
    let group = "silverlane-heap";
    let prototype = json!({ "expression": format!("{class}.prototype"), "objectGroup": group });
    let prototype = browser.devtools("Runtime.evaluate", prototype).await;
    let query = json!({ "prototypeObjectId": prototype["result"]["objectId"], "objectGroup": group });
    let found = browser.devtools("Runtime.queryObjects", query).await;
    let sum = json!({
        "objectId": found["objects"]["objectId"],
        "functionDeclaration": format!("function () {{ return this.reduce((sum, memory) => sum + ({worth}), 0); }}"),
        "returnByValue": true,
    });
    let sum = browser.devtools("Runtime.callFunctionOn", sum).await;
    browser.devtools("Runtime.releaseObjectGroup", json!({ "objectGroup": group })).await;
    sum["result"]["value"].as_f64().unwrap_or_else(|| panic!("{class}: {sum}")) as u64
}
