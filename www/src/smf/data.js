// What a presentation carries beside picture, sound and captions: SMF's DataReceived, and chapters of its own.
function data(player, it, positions, timeline, tell) {
  const [wanted, refused] = [new Set(), new Set()];
  const names = (given) => [].concat(given).map((name) => String(nameOf(name)).toLowerCase());
  // Everything is told until a script asks for some.
  it.SubscribeToDataStreams = (given) => {
    for (const name of names(given)) if (wanted.add(name)) refused.delete(name);
  };
  it.UnsubscribeToDataStreams = (given) => {
    for (const name of names(given)) if (refused.add(name)) wanted.delete(name);
  };
  player.addEventListener("datareceived", ({ detail: { stream, subtype, position, duration, value, text, type } }) => {
    const Timestamp = position - positions.origin;
    if (subtype === "CHAP") timeline.add({ ...makeChapter(), Begin: Timestamp, End: Timestamp + duration, Title: text });
    const name = stream.toLowerCase();
    if (refused.has(name) || (wanted.size && !wanted.has(name))) return;
    tell("DataReceived", { Data: text || value, DataChunk: { Timestamp, Duration: duration },
      StreamAttributes: { Name: stream, Subtype: subtype, Type: type || "" } });
  });
}
