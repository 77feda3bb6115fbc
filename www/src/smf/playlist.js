// The items of a player and which of them plays. Controls find it as `player.playlist`, and hear "playlistchange" on the
// player whenever items or index changed.
class Playlist {
  constructor(player, settings, tell) {
    Object.assign(this, { player, settings, tell, items: [], index: -1, failed: 0 });
    player.addEventListener("playing", () => { this.failed = 0; });
    player.addEventListener("ended", () => {
      tell("MediaEnded");
      if (settings.ContinuousPlay) this.next(true);
    });
  }

  get current() { return this.items[this.index] || null; }
  get hasNext() { return this.settings.ContinuousPlay ? this.items.length > 0 : this.index + 1 < this.items.length; }
  get hasPrevious() { return this.settings.ContinuousPlay ? this.items.length > 0 : this.index > 0; }

  set(items) {
    this.items = items;
    this.index = -1;
    this.failed = 0;
    const list = makePlaylist();
    items.forEach(list.AddPlaylistItem);
    this.tell("PlaylistChanged", list);
    if (this.settings.AutoLoad && items.length) this.go(0);
    else {
      this.player.removeAttribute("src");
      if (items.length) this.picture(items[0]);
      this.notify();
    }
  }

  // `plays`: whatever AutoPlay says, for what goes on by itself.
  go(index, plays = this.settings.AutoPlay || (this.index >= 0 && !this.player.paused)) {
    const item = this.items[Number(index)];
    if (!item) return;
    this.index = Number(index);
    this.open(item, plays);
    this.notify();
    this.tell("PlaylistItemChanged", item);
  }

  next(plays) {
    if (this.hasNext) this.go((this.index + 1) % this.items.length, plays);
    else this.tell("PlaylistReachedEnd");
  }

  previous(plays) {
    if (this.hasPrevious) this.go((this.index > 0 ? this.index : this.items.length) - 1, plays);
  }

  // An item could not be played: the next one, unless all have failed in turn.
  skip() {
    this.failed += 1;
    if (this.failed < this.items.length) this.go((this.index + 1) % this.items.length, true);
  }

  notify() {
    this.player.dispatchEvent(new CustomEvent("playlistchange", { detail: { index: this.index, items: this.items } }));
  }

  open(item, plays) {
    const { player } = this;
    // What played before must not hear of the settings that follow.
    player.removeAttribute("src");
    this.picture(item);
    player.progressive = /^progressive/i.test(item.DeliveryMethod || "");
    attribute(player, "captions", this.settings.EnableCaptions && (item.SelectedCaptionStreamName || item.SelectedCaptionStreamLanguage));
    attribute(player, "audio", item.SelectedAudioStreamName || item.SelectedAudioStreamLanguage);
    // Absolute times are known once the manifest is; see the bridge.
    const offset = this.settings.IsStartPositionOffset && item.StartPosition;
    attribute(player, "start", offset || (item.JumpToLive ? null : "0"));
    attribute(player, "autoplay", plays ? "" : null);
    player.setAttribute("src", String(item.MediaSource));
  }

  picture(item) {
    const { player } = this;
    attribute(player, "poster", item.ThumbSource);
    const title = item.Title || this.settings.Title;
    attribute(player, "title", title);
    attribute(player, "aria-label", title);
    const fit = { fill: "fill", uniformtofill: "cover", none: "none" }[String(item.VideoStretchMode).toLowerCase()];
    player.style.setProperty("--smooth-object-fit", fit || "");
  }
}

// Sets an attribute, or removes it for want of a value.
function attribute(element, name, value) {
  if (value === null || value === undefined || value === false || (value === "" && name !== "autoplay")) element.removeAttribute(name);
  else element.setAttribute(name, String(value));
}
