// What is shown over the seek bar while the pointer is on it: time, chapter or marker, and a thumbnail where a metadata
// track labelled "thumbnails" has one: cues whose text is an address, with #xywh=x,y,w,h for a part of the picture.

class Preview {
  constructor(player, tell) {
    this.player = player;
    this.tell = tell;
    this.sizes = new Map();
  }

  // `asked` is what Media Chrome asks for: the pointer's share of the bar, times the end of the window.
  at(asked, chapters) {
    const nothing = { mediaPreviewTime: undefined, mediaPreviewImage: undefined, mediaPreviewCoords: undefined, mediaPreviewChapter: undefined };
    const { player } = this;
    const range = windowOf(player);
    if (asked === null || asked === undefined || !range) return nothing;
    const [start, end] = range;
    const share = end ? asked / end : 0;
    const time = start + share * ((isFinite(player.duration) ? player.duration : end) - start);
    const near = (end - start) * 0.006;
    const marker = cuesOf(player, "metadata", "markers").find((cue) => Math.abs(cue.startTime - time) < near);
    const chapter = chapters.find((one) => one.startTime <= time && time < one.endTime);
    const title = marker ? plain(marker) : chapter ? chapter.text : "";
    this.tell(player.edge ? `−${clock(player.edge.target - time)}` : clock(time), title);
    return { ...nothing, ...this.thumbnail(time), mediaPreviewTime: time, mediaPreviewChapter: title };
  }

  thumbnail(time) {
    const cues = cuesOf(this.player, "metadata", "thumbnails");
    const cue = cues.find(({ startTime, endTime }) => startTime <= time && time < endTime);
    if (!cue) return {};
    const list = this.player.querySelector('track[label="thumbnails"]');
    let url;
    try { url = new URL(cue.text.trim(), (list && list.src) || document.baseURI); } catch { return {}; }
    const part = /xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)/.exec(url.hash);
    const coords = part ? part.slice(1).map(Number) : this.sizes.get(url.href);
    if (coords) return coords.length ? { mediaPreviewImage: url.href, mediaPreviewCoords: coords } : {};
    // A whole picture: its size is known once it is there, at the next move of the pointer.
    this.sizes.set(url.href, []);
    const image = new Image();
    image.onload = () => this.sizes.set(url.href, [0, 0, image.naturalWidth, image.naturalHeight]);
    image.src = url;
    return {};
  }
}
