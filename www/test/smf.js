// What the pure parts of www/src/smf promise: run by tests/tests/smf/, in a browser.
const equal = (found, wanted) => {
  const [left, right] = [found, wanted].map((one) => JSON.stringify(one));
  if (left !== right) throw new Error(`${left} instead of ${right}`);
};

const CASES = {
  "a pair is split at its first equals sign": () => {
    equal(readInitParams("MediaUrl=http://a/b.ism/Manifest?x=1&y=2, AutoPlay = false"),
      { mediaurl: "http://a/b.ism/Manifest?x=1&y=2", autoplay: "false" });
  },
  "a comma inside an address belongs to it": () => {
    equal(readInitParams("mediaurl=http://a/b,c/d.ism/Manifest,title=T"), { mediaurl: "http://a/b,c/d.ism/Manifest", title: "T" });
  },
  "an unknown key with signs in it ends the value before it": () => {
    equal(readInitParams("mediaurl=m,user_id=5,x-y=2").mediaurl, "m");
  },
  "commas and equals signs inside playersettings are its own": () => {
    const xml = "<Playlist><Items><PlaylistItem><Title>One, two=three</Title></PlaylistItem></Items></Playlist>";
    equal(readInitParams(`playerSettings = ${xml},autoplay=false`), { playersettings: xml, autoplay: "false" });
  },
  "nothing is read from nothing": () => equal(readInitParams(""), {}),
  "flags are true, false or not given": () => {
    equal(["TRUE", " false ", "yes", "", undefined].map((text) => readFlag(text, null)), [true, false, null, null, null]);
  },
  "visibility is read in any letter case": () => {
    equal(["visible", "HIDDEN", "x", undefined].map((text) => readVisibility(text, "Disabled")), ["Visible", "Hidden", "Disabled", "Disabled"]);
  },

  "seconds are written with hours": () => {
    equal([0, 59.9, 61, 3599.99, 36000, -61, -0.2, NaN].map(timeText),
      ["00:00:00", "00:00:59", "00:01:01", "00:59:59", "10:00:00", "-00:01:01", "00:00:00", "00:00:00"]);
  },
  "seconds are read from numbers and from time spans": () => {
    equal(["12.5", 7, "00:01:02.5", "1.02:00:00", "-00:00:10", "01:30"].map(readSeconds), [12.5, 7, 62.5, 93600, -10, 5400]);
    equal(["", null, undefined, "soon", "1:2:3:4"].map((text) => isNaN(readSeconds(text))), [true, true, true, true, true]);
  },

  "playersettings give items with their texts decoded": () => {
    const settings = readPlayerSettings(`<?xml version="1.0"?><Playlist><AutoLoad>true</AutoLoad><AUTOPLAY>false</AUTOPLAY>
      <EnableCachedComposition>true</EnableCachedComposition><EnableCaptions>false</EnableCaptions><StartMuted>true</StartMuted>
      <Items><PlaylistItem><Title>100%25%20sure</Title><Description>50% off</Description><MediaSource>a%20b.ism/Manifest</MediaSource>
      <ThumbSource>t.png</ThumbSource><FrameRate>25</FrameRate><Width>640</Width><Height>360</Height>
      <DeliveryMethod>ProgressiveDownload</DeliveryMethod><IsAdaptiveStreaming>true</IsAdaptiveStreaming>
      <CustomMetadata><Item Key="k" Value="v"/></CustomMetadata>
      <Chapters><ChapterItem><Position>00:00:04</Position><Title>Two</Title></ChapterItem><ChapterItem><Position>0</Position><Title>One</Title></ChapterItem></Chapters>
      <Markers><Marker Time="3" Value="Goal" AllowSeek="false"/></Markers></PlaylistItem>
      <PlaylistItem><MediaSource>c.mp4</MediaSource><IsAdaptiveStreaming>false</IsAdaptiveStreaming><DeliveryMethod>ProgressiveDownload</DeliveryMethod>
      <StartPosition>00:00:02</StartPosition><JumpToLive>false</JumpToLive></PlaylistItem></Items></Playlist>`);
    const { items, ...flags } = settings;
    equal(flags, { AutoLoad: true, AutoPlay: false, EnableCachedComposition: true, EnableCaptions: false, StartMuted: true });
    const [one, two] = items;
    equal([one.Title, one.Description, one.MediaSource, one.ThumbSource], ["100% sure", "50% off", "a b.ism/Manifest", "t.png"]);
    equal([one.FrameRate, one.VideoWidth, one.VideoHeight, one.DeliveryMethod, one.JumpToLive], [25, 640, 360, "AdaptiveStreaming", true]);
    equal([one.CustomMetadata.GetMetadataItemCount(), one.CustomMetadata.GetMetadataItem(0)], [1, { Key: "k", Value: "v" }]);
    equal(timelineOf(listed(one, "Chapter")).map(({ Begin, Title }) => [Begin, Title]), [[0, "One"], [4, "Two"]]);
    const marker = one.GetMarker(0);
    equal([marker.Begin, marker.End, marker.Content, marker.AllowSeek], [3, 3, "Goal", false]);
    equal([two.MediaSource, two.DeliveryMethod, two.StartPosition, two.JumpToLive], ["c.mp4", "ProgressiveDownload", 2, false]);
  },
  "playersettings may be percent-encoded as a whole": () => {
    equal(readPlayerSettings(encodeURIComponent("<Playlist><Items><PlaylistItem><Title>T</Title></PlaylistItem></Items></Playlist>")).items[0].Title, "T");
  },
  "malformed playersettings are ignored": () => {
    equal(["<Playlist><Items>", "", "<a></b>"].map(readPlayerSettings), [null, null, null]);
    equal(readPlayerSettings("<Playlist/>").items, []);
  },

  "a scripted item has the defaults of SMF": () => {
    const { DeliveryMethod, JumpToLive, FrameRate, VideoStretchMode, AddMarker, GetMarker, GetChapter } = makeItem({});
    equal([JumpToLive, FrameRate, VideoStretchMode, DeliveryMethod], [false, 30, "Uniform", "NotSpecified"]);
    AddMarker("m");
    equal([GetMarker(0), GetMarker(1), GetChapter(0)], ["m", null, null]);
  },
  "only markers of the timeline are kept, in their order": () => {
    const at = (Begin, Type) => ({ Begin, Type });
    equal(timelineOf([at(9, "timeline"), at(1, "caption"), at(2, "Timeline"), at(NaN, "timeline"), at(5)]).map(({ Begin }) => Begin), [2, 5, 9]);
  },

  "playing through markers reaches and leaves them": () => {
    const [long, short] = [{ Id: "long", Begin: 2, End: 4 }, { Id: "short", Begin: 2.5, End: 2.6 }];
    equal(moves([long, short], [[-1, 1], [1, 2.1], [2.1, 2.4], [2.4, 2.8], [2.8, 4]]), ["MarkerReached long", "MarkerReached short", "MarkerLeft short", "MarkerLeft long"]);
  },
  "a marker at the start is reached": () => equal(moves([{ Id: "a", Begin: 0, End: 1 }], [[-1, 0]]), ["MarkerReached a"]),
  "a marker without a duration is reached and left at once": () => {
    equal(moves([{ Id: "a", Begin: 2, End: 2 }], [[1, 1.9], [1.9, 2.2], [2.2, 2.4]]), ["MarkerReached a", "MarkerLeft a"]);
  },
  "a jump skips what lies between, and leads into what holds its end": () => {
    const markers = [{ Id: "a", Begin: 1, End: 2 }, { Id: "b", Begin: 3, End: 4 }, { Id: "c", Begin: 5, End: 9 }];
    equal(moves(markers, [[0, 1.5], [1.5, 6, true], [6, 0.5, true]]),
      ["MarkerReached a", "MarkerLeft a", "MarkerSkipped b", "MarkerReached c into", "MarkerLeft c", "MarkerSkipped a", "MarkerSkipped b"]);
  },
  "a marker that is taken away is left": () => {
    const inside = new Set([{ Id: "a", Begin: 0, End: 9 }]);
    equal(crossings([], inside, 1, 2, false).map(([event]) => event), ["MarkerLeft"]);
  },
  "the previous chapter is the current one, unless that has just begun": () => {
    const chapters = [0, 10, 20].map((Begin) => ({ Begin }));
    const beside = (position, forward) => (chapterBeside(chapters, position, forward) || { Begin: null }).Begin;
    equal([beside(5, true), beside(10, true), beside(25, true)], [10, 20, null]);
    equal([beside(15, false), beside(11, false), beside(1, false), beside(25, false)], [10, 0, 0, 20]);
  },
};

function moves(markers, steps) {
  const inside = new Set();
  return steps.flatMap(([from, to, jumped = false]) => crossings(markers, inside, from, to, jumped))
    .map(([event, { Id }, into]) => `${event} ${Id}${into ? " into" : ""}`);
}

// [name, what went wrong or null] of every case.
function runCases() {
  return Object.entries(CASES).map(([name, run]) => {
    try {
      run();
      return [name, null];
    } catch (error) {
      return [name, String(error)];
    }
  });
}
