const GEAR = `<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="3.1"/><path stroke-linejoin="round" d="M10.3 3h3.4l.5 2.6 1.9 1.1 2.5-.9 1.7 3-2 1.7v2.2l2 1.7-1.7 3-2.5-.9-1.9 1.1-.5 2.6h-3.4l-.5-2.6L7.900 17.500l-2.5.9-1.700-3 2-1.700v-2.200l-2-1.700 1.700-3 2.500.9 1.900-1.100z"/></svg>`;

const GEAR_BUTTON = `<button class="gear" part="quality" aria-haspopup="menu" aria-expanded="false">${GEAR}<small hidden></small></button>`;

// Everything in one bar, as the viewers of today's players know it. Of the timeline, Media Chrome makes seek bar, DVR
// window, buffered ranges and chapters; the marks are ours.
const CHROME_LAYOUT = `
<div class="shade" slot="middle-chrome"></div>
<div class="loading" slot="centered-chrome" noautohide aria-hidden="true"></div>
<media-play-button class="big" slot="centered-chrome" notooltip></media-play-button>
<div class="timeline"><media-time-range>
<media-preview-thumbnail slot="preview"></media-preview-thumbnail>
<span class="when" slot="preview"><b></b><span></span></span>
</media-time-range><div class="marks" aria-hidden="true"></div></div>
<media-control-bar class="tips" part="bar">
<media-play-button notooltip part="play"></media-play-button>
<media-seek-backward-button notooltip seekoffset="10"></media-seek-backward-button>
<div class="sound"><media-mute-button notooltip></media-mute-button><media-volume-range></media-volume-range></div>
<media-live-button notooltip part="live"></media-live-button>
<div class="time"></div>
<span class="space"></span>
<media-captions-button notooltip part="captions"></media-captions-button>
${GEAR_BUTTON}
<media-airplay-button notooltip></media-airplay-button>
<media-pip-button notooltip></media-pip-button>
<media-fullscreen-button notooltip></media-fullscreen-button>
</media-control-bar>`;

// Over the browser's own controls, where Media Chrome was not there to build with.
const BARE_LAYOUT = `<button class="golive" part="live" hidden></button>${GEAR_BUTTON}`;
