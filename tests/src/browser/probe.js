(() => {
  // Set up once for each page.
  if (window.__probe) return;
  const started = performance.now();
  const events = [];
  const names = ['loadedmetadata', 'playing', 'waiting', 'stalled', 'seeking', 'seeked', 'pause', 'ended', 'error', 'emptied', 'durationchange', 'ratechange', 'encrypted'];
  // Not held: what a page lets go of is to go.
  const roots = [new WeakRef(document)];
  const trees = () => roots.map((root) => root.deref()).filter(Boolean);
  const note = ({ target, type, timeStamp }) => {
    if (!(target instanceof HTMLMediaElement)) return;
    if (type === 'ratechange' && target === media()) {
      settle();
      rate = target.playbackRate;
    }
    events.push({ name: type, at: Math.round(timeStamp), position: target.currentTime });
  };
  // Seconds of media that were due since the start, at the rates that were set.
  let due = 0;
  let rate = 1;
  let since = started;
  const settle = () => {
    const now = performance.now();
    due += (now - since) / 1000 * rate;
    since = now;
  };
  const watch = (root) => { for (const name of names) root.addEventListener(name, note, true); };
  watch(document);
  // Where it comes late (see browser/mod.rs) there may be shadow trees and running media already.
  for (const { shadowRoot } of document.querySelectorAll('*')) {
    if (shadowRoot) {
      roots.push(new WeakRef(shadowRoot));
      watch(shadowRoot);
    }
  }
  for (const root of trees()) {
    for (const v of root.querySelectorAll('video, audio')) {
      if (v.readyState > 2 && !v.paused) note({ type: 'playing', target: v, timeStamp: performance.now() });
    }
  }
  // What a console would show, for browsers whose driver cannot read it.
  const errors = [];
  const complain = console.error;
  console.error = (...words) => { errors.push(words.join(' ')); complain.apply(console, words); };
  addEventListener('error', ({ error, message }) => { if (message) errors.push(String(error ?? message)); });
  addEventListener('unhandledrejection', ({ reason }) => errors.push(`Uncaught (in promise) ${reason}`));
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (...args) {
    const root = attach.apply(this, args);
    roots.push(new WeakRef(root));
    watch(root);
    return root;
  };
  const media = () => {
    for (const root of trees()) {
      const found = root.querySelector('video, audio');
      if (found && (root === document || root.host.isConnected)) return found;
    }
    return null;
  };
  const ranges = (buffered) => Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
  const canvas = document.createElement('canvas');
  window.__probe = {
    events,
    errors,
    media,
    // How often the element ran dry after it first played, the waiting at and after a seek set aside.
    dry() {
      let playing = false;
      let seeking = false;
      let count = 0;
      for (const [i, { name }] of events.entries()) {
        if (name === 'playing') { playing = true; seeking = false; }
        if (name === 'seeking') seeking = true;
        // WebKit says that it waits for a seek before it says that it seeks.
        const sought = seeking || events[i + 1]?.name === 'seeking';
        if (name === 'waiting' && playing && !sought) count += 1;
      }
      return count;
    },
    ahead() {
      const v = media();
      const range = v && ranges(v.buffered).find(([start, end]) => start <= v.currentTime + 0.1 && end > v.currentTime);
      return range ? range[1] - v.currentTime : 0;
    },
    // The number painted into the picture by the encoder: eight squares along the lower edge, the lowest
    // bit first, white for one.
    number(v = media()) {
      if (!v || !v.videoWidth || v.readyState < 2) return null;
      [canvas.width, canvas.height] = [160, 90];
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(v, 0, 0, 160, 90);
      let number = 0;
      for (let bit = 0; bit < 8; bit += 1) {
        const [r, g, b] = context.getImageData(bit * 20 + 10, 80, 1, 1).data;
        if (r + g + b > 384) number += 2 ** bit;
      }
      return number;
    },
    // Whether the picture is the one of the current position, on-demand: the number is the second, where the
    // first picture stands at `offset`. What is on the screen may be a few frames old.
    inStep(offset, v = media()) {
      const number = this.number(v);
      if (number === null || v.seeking) return false;
      const second = v.currentTime - offset;
      return number >= Math.floor(second - 0.3) && number <= Math.floor(second + 0.1);
    },
    // The frequency of the loudest tone that is heard, in Hz; 0 for silence.
    tone() {
      if (!this.ear) {
        const context = new AudioContext();
        const ear = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
        context.createMediaElementSource(media()).connect(ear).connect(context.destination);
        this.ear = ear;
      }
      const bins = new Uint8Array(this.ear.frequencyBinCount);
      this.ear.getByteFrequencyData(bins);
      const loudest = bins.indexOf(Math.max(...bins));
      return bins[loudest] > 100 ? (loudest * this.ear.context.sampleRate) / this.ear.fftSize : 0;
    },
    // The texts that are on the screen now, of all caption tracks that are shown.
    captions() {
      const shown = Array.from(media()?.textTracks ?? []).filter((track) => track.mode === 'showing');
      return shown.flatMap((track) => Array.from(track.activeCues ?? [], (cue) => cue.text));
    },
    // Follows the picture frame by frame: `frames` gets the number in each, and the texts of the cues that
    // hold its time, give or take a tenth of a second, and of those that are on the screen.
    follow() {
      const v = media();
      const frames = (this.frames = []);
      const look = (_, { mediaTime }) => {
        const cues = Array.from(v.textTracks).flatMap((track) => Array.from(track.cues ?? []));
        const holds = cues.filter((cue) => cue.startTime - 0.1 <= mediaTime && mediaTime <= cue.endTime + 0.1);
        frames.push({ time: mediaTime, number: this.number(), cues: holds.map((cue) => cue.text), shown: this.captions() });
        v.requestVideoFrameCallback(look);
      };
      v.requestVideoFrameCallback(look);
    },
    mark(name) {
      return performance.getEntriesByName(name)[0]?.startTime ?? null;
    },
    state() {
      const v = media();
      settle();
      if (!v) return { media: null, body: document.body?.innerHTML.slice(0, 2000) };
      const quality = v.getVideoPlaybackQuality?.();
      return {
        now: Math.round(performance.now() - started),
        position: v.currentTime,
        due,
        duration: v.duration,
        paused: v.paused,
        ended: v.ended,
        ready: v.readyState,
        network: v.networkState,
        rate: v.playbackRate,
        error: v.error && `${v.error.code} ${v.error.message}`,
        width: v.videoWidth,
        height: v.videoHeight,
        frames: quality?.totalVideoFrames ?? 0,
        dropped: quality?.droppedVideoFrames ?? 0,
        videoBytes: v.webkitVideoDecodedByteCount,
        audioBytes: v.webkitAudioDecodedByteCount,
        buffered: ranges(v.buffered),
        dry: this.dry(),
        cues: Array.from(v.textTracks, (t) => [t.label, t.mode, t.cues?.length ?? -1]),
        events: events.slice(-40).map((e) => `${e.at} ${e.name} ${e.position.toFixed(3)}`),
      };
    },
  };
})();
