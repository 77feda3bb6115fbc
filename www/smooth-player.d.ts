// Types of smooth-player.js. The script is a classic one: it registers the elements and exposes `Silverlane`.

/** How bad a problem is: playback goes on, or is over. */
export type Severity = "recovered" | "fatal";

/** What the events `error` (fatal) and `warning` (recovered) tell. */
export interface Problem {
  /** Stable name: "manifest-not-found", "decode-failed", … See docs/player.md. */
  code: string;
  severity: Severity;
  /** What went wrong, for people. */
  message: string;
  /** What a person can do about it. */
  remedy: string;
  kind: "audio" | "video" | "text" | null;
  /** Address of the request, where it is about one. */
  url: string;
  /** HTTP status, where there is one; else 0. */
  status: number;
  /** Start of the chunk in ticks of its stream, where it is about one. */
  time: bigint | null;
}

export interface Level {
  /** Bits per second. */
  bitrate: number;
  /** Pixels; 0 if unknown. */
  width: number;
  height: number;
  mime: string;
}

export interface Stream {
  /** "data": neither picture, sound nor captions. */
  kind: "audio" | "video" | "text" | "data";
  /** Of data: "SCMD" commands, "CHAP" chapters, "DATA", … */
  subtype?: string;
  name: string;
  language: string;
  selected: boolean;
  levels: Level[];
}

export interface ManifestReady {
  live: boolean;
  /** Seconds; Infinity while live. */
  duration: number;
  /** Absolute time of position 0, in ticks of `timescale` per second. */
  presentationStart: bigint;
  timescale: number;
  streams: Stream[];
}

/** An event of a stream of data. */
export interface DataReceived {
  /** Name of the stream. */
  stream: string;
  subtype: string;
  /** When it holds, in seconds. It is told before, if the broadcast knows it before. */
  position: number;
  /** Seconds; 0 if it does not say. */
  duration: number;
  /** Bytes of a sample; the command of a script, the title of a chapter. */
  value: Uint8Array | string;
  /** The same as text; empty if it is none. */
  text: string;
  /** Type of a script command. */
  type?: string;
}

export type SwitchReason = "start" | "chosen" | "throughput-up" | "throughput-down" | "buffer-low" | "abandoned"
  | "failing" | "stream";

/** Events of the elements beside those of HTMLVideoElement. Times are seconds. */
export interface SmoothVideoEventMap extends HTMLVideoElementEventMap {
  manifestready: CustomEvent<ManifestReady>;
  streamtypechange: Event;
  targetlivewindowchange: Event;
  keysneeded: CustomEvent<{ keyIds: Uint8Array[]; systems: { id: Uint8Array; data: Uint8Array }[]; licenseUrl?: string }>;
  encrypted: MediaEncryptedEvent;
  streamskipped: CustomEvent<{ stream: string; bitrate?: number; reason: string; about: string }>;
  renditionchange: CustomEvent<{ kind: "audio" | "video"; from?: number; to: number; position: number; reason: SwitchReason }>;
  streamchange: CustomEvent<{ kind: "audio" | "text"; name?: string }>;
  stall: CustomEvent<{ position: number }>;
  stallended: CustomEvent<{ seconds: number }>;
  gapjump: CustomEvent<{ from: number; to: number; cause: "hole" | "frozen" | "window-slid" | "restarted" | "beyond-edge" }>;
  chunkskipped: CustomEvent<{ kind: "audio" | "video" | "text"; position: number }>;
  datareceived: CustomEvent<DataReceived>;
  /** `<smooth-player>` only. */
  fastplaychange: CustomEvent<{ rate: number }>;
  liveedge: CustomEvent<{ start: number; target: number; edge: number }>;
  /** Playback runs at another rate (1 when done) to come to its distance from the live edge. */
  ratecontrol: CustomEvent<{ rate: number; latency: number }>;
  silence: CustomEvent<{ seconds: number }>;
  silenceended: CustomEvent<Record<string, never>>;
  broadcastended: CustomEvent<{ duration: number }>;
  /** On a page that was written for SMF: another item, or another list. */
  playlistchange: CustomEvent<{ index: number; items: readonly PlaylistItem[] }>;
  /** The browser refused to play with sound before the viewer touched the page. */
  autoplayrefused: Event;
  warning: CustomEvent<Problem>;
}

export interface Rendition extends Level {
  readonly id: string;
  /** Whether it is the one that plays. */
  readonly active: boolean;
}

export interface RenditionList extends EventTarget, Iterable<Rendition> {
  readonly length: number;
  readonly [index: number]: Rendition;
  /** -1: chosen by the player, as the network allows. */
  selectedIndex: number;
}

export interface AudioTrack {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly language: string;
  enabled: boolean;
}

export interface AudioTrackList extends EventTarget, Iterable<AudioTrack> {
  readonly length: number;
  readonly [index: number]: AudioTrack;
  getTrackById(id: string): AudioTrack | null;
}

/** How one key system gets its licences. */
export interface KeySystem {
  /** Default of PlayReady: the address in the manifest. */
  licenseUrl?: string;
  headers?: Record<string, string>;
  /** Send cookies to other hosts. */
  withCredentials?: boolean;
  robustness?: string;
  serverCertificate?: BufferSource;
}

export interface LicenseRequest {
  readonly keySystem: string;
  readonly type: MediaKeyMessageType;
  url: string | undefined;
  method: string;
  headers: Record<string, string>;
  body: BufferSource;
  credentials: RequestCredentials;
}

/** How to get the keys of protected content; the first system in it that the browser has is used. */
export interface Protection {
  playready?: KeySystem;
  widevine?: KeySystem;
  /** `keys`: key by key id, each in hexadecimal digits or base64. */
  clearkey?: KeySystem & { keys?: Record<string, string> };
  /** Answers in place of the licence server, or changes what is asked. */
  request?(request: LicenseRequest): void | BufferSource | Response | Promise<void | BufferSource | Response>;
}

export interface Stats {
  /** Estimate of what the network carries, in bits/s. */
  throughput: number;
  videoBitrate: number;
  audioBitrate: number;
  /** Seconds ahead of the playhead. */
  buffered: number;
  /** Seconds behind the live edge of a broadcast. */
  latency: number;
  /** The rate that keeps the latency; 1 while nothing is to be corrected. */
  rate: number;
  stalls: number;
  /** Seconds. */
  stalled: number;
  manifestRequests: number;
  fragmentRequests: number;
  notYet: number;
  bytes: number;
}

/** `<smooth-video>`: an HTMLVideoElement that also plays Smooth Streaming. */
export interface SmoothVideo extends Omit<HTMLVideoElement, "error"> {
  readonly error: { code: number; message: string; detail: Problem } | null;
  readonly renditions: RenditionList;
  readonly videoRenditions: RenditionList;
  readonly audioTracks: AudioTrackList;
  /** Set it before `src`. False: the page does it itself, on `encrypted`. See docs/protected.md. */
  protection: Protection | null | false;
  readonly streamType: "live" | "on-demand" | "unknown";
  /** Infinity while live, else NaN. */
  readonly targetLiveWindow: number;
  /** Positions from here on count as live; NaN while not live. */
  readonly liveEdgeStart: number;
  /** Seconds behind the live edge to keep; null for none. */
  targetLatency: number | null;
  readonly presentationStart: bigint | null;
  readonly presentationTimescale: number | null;
  readonly stats: Stats | undefined;
  seekToLive(): void;
  /** By name of the stream; null for none. */
  selectCaptions(name: string | null): void;
  /** Takes over the captions and data of another manifest, as soon as the presentation's own is read. */
  mergeManifest(url: string): void;
  addEventListener<K extends keyof SmoothVideoEventMap>(type: K, listener: (this: SmoothVideo, event: SmoothVideoEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** An item of a playlist, in SMF's names. */
export interface PlaylistItem {
  MediaSource: string;
  ThumbSource: string;
  Title: string;
  Description: string;
}

/** What a page of the Silverlight Media Framework plays; the event `playlistchange` tells of changes. See docs/silverlight-pages.md. */
export interface Playlist {
  readonly items: readonly PlaylistItem[];
  /** -1: none is loaded. */
  readonly index: number;
  readonly current: PlaylistItem | null;
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
  go(index: number): void;
  next(): void;
  previous(): void;
}

/** `<smooth-player>`: `<smooth-video>` with controls, thumbnails and fast play. */
export type SmoothPlayer = SmoothVideo & {
  /** Address of a picture of what is at a position, in seconds, good until a hundred later ones; null where there is none. */
  thumbnailAt(position: number): Promise<string | null>;
  /** Plays at so many times the usual speed, without sound; Silverlight had 4 and 8. The event `fastplaychange` follows. */
  fastForward(rate?: number): Promise<void>;
  /** The same, backwards. */
  rewind(rate?: number): Promise<void>;
  /** Goes on from here at the usual speed, as `play()` does, or stays paused if it was. */
  stopFastPlay(): void;
  /** Negative: backwards; 0: it does not play fast. */
  readonly fastRate: number;
  /** On a page that was written for SMF. */
  readonly playlist?: Playlist;
  /** On a page that was written for SMF: the bridge by its `scriptablename`. */
  readonly Content?: Readonly<Record<string, unknown>>;
};

declare global {
  interface HTMLElementTagNameMap {
    "smooth-video": SmoothVideo;
    "smooth-player": SmoothPlayer;
  }
  interface Window {
    Silverlane: {
      readonly version: string;
      /** The Wasm is loaded. The elements wait for it by themselves. */
      readonly ready: Promise<void>;
      /** Languages that the page brings, by code ("nl", "pt-BR"); they go before those that are built in. */
      readonly languages: Record<string, Words>;
    };
  }
}
