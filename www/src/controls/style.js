// Media Chrome's variables from ours, the bar, the menu, the statistics.
const CONTROLS_STYLE = `
:host{--soft:rgba(255,255,255,.16);--dim:#c3c7d0}
media-controller{position:absolute;inset:0;width:100%;height:100%;background:none;--media-background-color:transparent;
--media-primary-color:var(--ink);--media-secondary-color:transparent;--media-control-background:transparent;
--media-control-hover-background:var(--soft);--media-font-family:inherit;--media-font-weight:500;--media-font-size:14px;
--media-control-height:24px;--media-button-icon-width:24px;--media-range-bar-color:var(--accent);--media-range-thumb-background:var(--accent);
--media-range-track-background:rgba(255,255,255,.28);--media-time-range-buffered-color:rgba(255,255,255,.42);
--media-range-track-border-radius:2px;--media-range-padding:0;
--media-focus-box-shadow:inset 0 0 0 2px var(--ink);--media-live-button-indicator-color:var(--accent);
--media-live-button-icon-color:#a3a8b4;--media-preview-background:var(--panel);--media-box-arrow-display:none;--media-preview-border-radius:6px;
--media-text-color:var(--ink);--media-control-padding:8px}
media-controller::part(centered-layer){justify-content:center}
.shade{position:absolute;inset:auto 0 0;height:132px;pointer-events:none!important;background:linear-gradient(transparent,rgba(8,9,13,.38) 42%,rgba(8,9,13,.82))}
.timeline{position:relative;align-self:stretch;margin:0 16px;height:20px}
.timeline media-time-range{width:100%;height:20px;--media-range-track-height:4px;--media-range-thumb-width:12px;--media-range-thumb-height:12px;
--media-range-thumb-transition:transform .12s;--media-range-thumb-transform:scale(0);--media-control-hover-background:none;}
.timeline:hover media-time-range,.timeline:focus-within media-time-range{--media-range-track-height:6px;--media-range-thumb-transform:scale(1)}
.marks{position:absolute;inset:0;pointer-events:none}
.marks i{position:absolute;top:7px;width:6px;height:6px;margin-left:-3px;border-radius:50%;background:#ffd84d;box-shadow:0 0 0 1.5px rgba(8,9,13,.7)}
.when{display:block;line-height:18px;padding:2px 8px;margin-top:4px;border-radius:6px;background:var(--panel);color:var(--ink);font-size:13px;text-align:center;
font-variant-numeric:tabular-nums;white-space:nowrap}
.when b{display:block;max-width:180px;overflow:hidden;text-overflow:ellipsis;font-weight:600}
.when b:empty{display:none}
media-control-bar{position:relative;display:flex;align-items:center;padding:0 8px 8px;gap:2px}
media-control-bar>*,.gear{border-radius:8px}
media-control-bar :is(media-play-button,media-seek-backward-button,media-mute-button,media-captions-button,media-airplay-button,media-pip-button,media-fullscreen-button){width:40px;height:40px}
media-volume-range{width:0;height:40px;overflow:hidden;opacity:0;transition:width .18s,opacity .18s;--media-control-hover-background:none;--media-range-bar-color:var(--ink);
--media-range-thumb-background:var(--ink)}
.sound{display:flex;align-items:center}
.sound:hover media-volume-range,.sound:focus-within media-volume-range{width:78px;opacity:1;margin:0 8px 0 2px;overflow:visible}
media-live-button{height:32px;padding:0 10px;margin-left:6px;border-radius:8px;font-size:13px;font-weight:700;letter-spacing:.05em}
media-controller:not([mediastreamtype=live]) media-live-button{display:none}
media-controller:not([mediasubtitleslist]) media-captions-button{display:none}
media-captions-button[aria-checked=true]::before{content:"";position:absolute;inset:auto 10px 4px;height:3px;border-radius:2px;background:var(--accent)}
media-airplay-button[mediaairplayunavailable],media-pip-button[mediapipunavailable],media-fullscreen-button[mediafullscreenunavailable]{display:none}
.tips :is([notooltip],.gear):is(:hover,:focus-visible):not([aria-expanded=true])::after{content:attr(aria-label);position:absolute;bottom:calc(100% + 26px);left:50%;
transform:translateX(-50%);padding:3px 9px;border-radius:6px;background:var(--panel);color:var(--ink);font:500 13px/18px var(--smooth-font,system-ui,sans-serif);
letter-spacing:0;white-space:nowrap;pointer-events:none}
.tips :is(media-play-button,media-seek-backward-button):is(:hover,:focus-visible)::after{left:0!important;transform:none!important}
.tips :is(media-fullscreen-button,media-pip-button,.gear):is(:hover,:focus-visible)::after{left:auto!important;right:0;transform:none!important}
@media (hover:none){.tips ::after{display:none!important}}
video::-webkit-media-text-track-container{transition:transform .2s}
video.lift::-webkit-media-text-track-container{transform:translateY(-62px)}
.time{padding:0 8px;color:var(--ink);font-size:13px;font-variant-numeric:tabular-nums;white-space:nowrap}
.time span{color:var(--dim)}
.space{flex:1}
.gear{position:relative;display:inline-flex;align-items:center;justify-content:center;gap:6px;min-width:40px;height:40px;color:var(--ink);transition:background .15s}
.gear:hover{background:var(--soft)}
.gear:focus-visible,.menu button:focus-visible{outline:2px solid var(--ink);outline-offset:-2px}
.gear svg{width:22px;height:22px;fill:none;stroke:currentColor;stroke-width:1.9;transition:transform .2s}
.gear[aria-expanded=true] svg{transform:rotate(40deg)}
.gear small{position:absolute;top:3px;right:0;padding:1px 3px;border-radius:3px;background:var(--accent);color:#fff;font:700 9px/1.1 system-ui,sans-serif}
.big{width:72px;height:72px;border-radius:50%;background:var(--panel);--media-control-height:40px;--media-button-icon-width:40px;
--media-control-hover-background:var(--accent)}
media-controller[mediahasplayed] .big,media-controller[medialoading]:not([mediapaused]) .big,media-controller:not([mediapaused]) .big{display:none}
media-controller[mediahasplayed][mediaended] .big{display:inline-flex}
.loading{position:absolute;inset:0;margin:auto;width:52px;height:52px;box-sizing:border-box;border:4px solid rgba(255,255,255,.28);border-top-color:var(--ink);
border-radius:50%;pointer-events:none!important;visibility:hidden;animation:turn .9s linear infinite}
media-controller[medialoading]:not([mediapaused]) .loading{visibility:visible;transition:visibility 0s .5s}
@keyframes turn{to{transform:rotate(1turn)}}
.menu{position:absolute;right:12px;bottom:68px;width:268px;max-width:calc(100% - 24px);max-height:calc(100% - 84px);overflow:auto;overscroll-behavior:contain;
padding:6px;border-radius:12px;background:var(--panel);color:var(--ink);box-shadow:0 8px 30px rgba(0,0,0,.45);-webkit-backdrop-filter:blur(14px);backdrop-filter:blur(14px);scrollbar-width:thin}
.menu button{display:flex;width:100%;min-height:40px;align-items:center;gap:10px;padding:0 10px;border-radius:8px;text-align:left}
.menu button:hover{background:var(--soft)}
.menu .head{font-weight:650;border-radius:8px 8px 0 0;margin-bottom:4px}
.menu .head::before{content:"";width:8px;height:8px;border:solid;border-width:0 0 2px 2px;transform:rotate(45deg);margin:0 4px}
.menu [role=menuitemradio]::before,.menu [role=menuitemcheckbox]::before{content:"";width:12px;height:7px;border:solid transparent;border-width:0 0 2px 2px;transform:translateY(-2px) rotate(-45deg);flex:none;margin:0 3px}
.menu [aria-checked=true]::before{border-color:currentColor}
.menu [role=menuitemcheckbox]::before{order:2;margin-left:auto}
.menu small{margin-left:auto;padding-left:14px;color:var(--dim);font-size:13px;text-align:right;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.menu [aria-haspopup]::after{content:"";width:7px;height:7px;border:solid;border-width:2px 2px 0 0;transform:rotate(45deg);color:var(--dim);flex:none;margin-right:4px}
.figures{position:absolute;left:12px;top:12px;width:356px;max-width:calc(100% - 24px);max-height:calc(100% - 24px);overflow:auto;box-sizing:border-box;padding:10px 12px;
border-radius:12px;background:rgba(12,14,19,.9);color:#eceef3;font:12px/1.5 ui-monospace,Menlo,Consolas,monospace;scrollbar-width:thin;outline-offset:-2px}
.figures header{display:flex;align-items:center;gap:6px;font:650 13px/1.2 system-ui,sans-serif;margin-bottom:6px}
.figures header span{flex:1}
.figures header button{min-height:28px;min-width:28px;padding:0 9px;border-radius:6px;background:var(--soft);font:500 12px system-ui,sans-serif}
.figures dl{display:grid;grid-template-columns:auto 1fr;gap:0 12px;margin:6px 0}
.figures dt{color:var(--dim)}
.figures dd{margin:0;text-align:right;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.figures canvas{display:block;width:100%;height:46px;margin-top:2px;border-radius:4px;background:rgba(255,255,255,.05)}
.figures p{display:flex;justify-content:space-between;margin:6px 0 0;font:12px/1.5 inherit;font-size:12px;font-weight:500;color:var(--dim)}
.figures p b{color:#eceef3;font-weight:500}
.figures ol{margin:2px 0 0;padding:0;list-style:none}
.figures li{display:flex;gap:10px}
.figures time{color:var(--dim);flex:none;min-width:48px;text-align:right}
.bar{position:absolute;inset:0 0 auto;display:flex;justify-content:flex-end;align-items:flex-start;gap:8px;padding:10px;color:var(--ink)}
.bar .gear,.bar .golive{border-radius:20px;background:var(--panel);min-height:40px;padding:0 12px}
.bar~.menu{top:58px;bottom:auto}
.narrow media-volume-range,.narrow media-pip-button{display:none}
.narrow media-control-bar{padding:0 4px 4px;gap:0}
.narrow .timeline{margin:0 12px}
.narrow .time{padding:0 4px}
.narrow .big{width:60px;height:60px}
.narrow .menu{right:8px;bottom:8px;max-height:calc(100% - 16px);box-sizing:border-box}
.narrow .menu button{min-height:38px}
.narrow .figures{left:8px;top:8px;max-width:calc(100% - 16px);max-height:calc(100% - 16px)}
.thin .time span,.thin media-seek-backward-button{display:none}
@media (hover:none){media-volume-range{display:none}}
@media (forced-colors:active){.marks i{background:Highlight}}
`;
