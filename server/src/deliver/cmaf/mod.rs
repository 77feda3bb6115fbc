//! CMAF of a snapshot: init segments and media segments, shared by HLS and DASH.
