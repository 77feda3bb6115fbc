// playersettings: the XML of Expression Encoder's templates. Texts within it are percent-encoded, and so may be the
// whole. Null for what is no XML, which SMF ignored as well.
function readPlayerSettings(text) {
  const xml = new DOMParser().parseFromString(/^\s*%3C/i.test(text) ? unescaped(text) : text, "text/xml");
  if (xml.querySelector("parsererror")) return null;
  const root = xml.documentElement;
  const items = children(child(root, "items")).map((node) => {
    const field = (...names) => fieldOf(node, ...names);
    const it = makeItem({ JumpToLive: readFlag(field("jumptolive"), true), StartPosition: orNull(readSeconds(field("startposition"))) });
    for (const name of ["MediaSource", "ThumbSource", "Title", "Description", "VideoStretchMode", "SelectedCaptionStreamName",
      "SelectedCaptionStreamLanguage", "SelectedAudioStreamName", "SelectedAudioStreamLanguage"]) {
      it[name] = field(name.toLowerCase()) || it[name];
    }
    for (const [name, from] of [["FrameRate", "framerate"], ["VideoWidth", "width"], ["VideoHeight", "height"], ["FileSize", "filesize"]]) {
      it[name] = Number(field(from)) || it[name];
    }
    it.DeliveryMethod = readFlag(field("isadaptivestreaming")) ? "AdaptiveStreaming" : field("deliverymethod") || it.DeliveryMethod;
    for (const one of children(child(node, "custommetadata"))) {
      it.CustomMetadata.AddMetadataItem(makeMetadataItem(fieldOf(one, "key") || one.localName, fieldOf(one, "value") || textOf(one)));
    }
    for (const one of children(child(node, "chapters"))) it.AddChapter(readMarker(one, makeChapter()));
    for (const one of children(child(node, "markers") || child(node, "timelinemarkers"))) it.AddMarker(readMarker(one, makeMarker()));
    return it;
  });
  const flag = (name) => readFlag(fieldOf(root, name));
  return { AutoLoad: flag("autoload"), AutoPlay: flag("autoplay"), EnableCachedComposition: flag("enablecachedcomposition"),
    EnableCaptions: flag("enablecaptions"), StartMuted: flag("startmuted"), items };
}

// Chapters and markers, as Expression Encoder wrote them and as SMF named them.
function readMarker(node, it) {
  it.Begin = readSeconds(fieldOf(node, "begin", "position", "time"));
  const end = readSeconds(fieldOf(node, "end"));
  it.End = isNaN(end) ? it.Begin : end;
  it.AllowSeek = readFlag(fieldOf(node, "allowseek"), true);
  for (const name of Object.keys(it)) if (typeof it[name] === "string") it[name] = fieldOf(node, name.toLowerCase()) || it[name];
  it.Content = it.Content || fieldOf(node, "value") || "";
  return it;
}

const children = (node) => (node ? [...node.children] : []);
const child = (node, name) => children(node).find((one) => one.localName.toLowerCase() === name);
const textOf = (node) => unescaped(node.textContent.trim());
const orNull = (number) => (isNaN(number) ? null : number);

// The first of these child elements or attributes, in any letter case.
function fieldOf(node, ...names) {
  for (const name of names) {
    const found = child(node, name);
    if (found) return textOf(found);
    const attribute = [...node.attributes].find((one) => one.localName.toLowerCase() === name);
    if (attribute) return attribute.value;
  }
  return undefined;
}

// A stray percent sign is one.
function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
