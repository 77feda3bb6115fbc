// What scripts put together: playlists, items, markers, chapters, metadata.

// A list as scripts see it: AddX, GetX, GetXCount.
function scriptList(noun, it = {}) {
  const items = [];
  return Object.assign(it, {
    [`Add${noun}`](one) { items.push(one); },
    [`Get${noun}`]: (index) => items[index] || null,
    [`Get${noun}Count`]: () => items.length,
  });
}

// The members of such a list, or of an array.
function listed(list, noun) {
  const count = list && list[`Get${noun}Count`];
  return count ? Array.from({ length: count() }, (_, i) => list[`Get${noun}`](i)) : Array.from(list || []);
}

// Begin and End are seconds. AllowSeek: whether the time bar offers it.
const makeMarker = () => ({ Type: "timeline", Id: "", Begin: 0, End: 0, Content: "", AllowSeek: true });
const makeChapter = () => ({ ...makeMarker(), Title: "", Description: "", ThumbSource: "" });
const makeMetadataItem = (Key = "", Value = "") => ({ Key, Value });
const makeMetadata = () => scriptList("MetadataItem");
const makePlaylist = () => scriptList("PlaylistItem");

// Of an item, what a script leaves out: names and defaults of SMF's ScriptPlaylistItem. StartPosition and Duration are
// seconds; null for none.
function makeItem(given) {
  const it = {
    MediaSource: "", ThumbSource: "", Title: "", Description: "", DeliveryMethod: "NotSpecified", JumpToLive: false,
    StartPosition: null, SelectedCaptionStreamName: "", SelectedCaptionStreamLanguage: "",
    SelectedAudioStreamName: "", SelectedAudioStreamLanguage: "", FrameRate: 30, FileSize: 0,
    VideoStretchMode: "Uniform", VideoWidth: NaN, VideoHeight: NaN, CustomMetadata: makeMetadata(), BearerToken: "",
  };
  return Object.assign(scriptList("Chapter", scriptList("Marker", it)), given);
}

// Only what stands on the timeline, in its order.
function timelineOf(markers) {
  return markers.filter((one) => /^(timeline)?$/i.test(one.Type || "") && isFinite(one.Begin))
    .sort((a, b) => a.Begin - b.Begin);
}
