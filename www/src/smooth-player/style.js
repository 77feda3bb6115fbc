// The element itself, and what has to be there before the controls are: panel and button for the sound.
const PLAYER_STYLE = `
:host{display:block;aspect-ratio:16/9;overflow:hidden;line-height:normal;text-align:left;border-radius:var(--smooth-radius,0);
--accent:var(--smooth-accent,#e11d48);--ink:var(--smooth-ink,#fff);--panel:var(--smooth-panel,rgba(16,18,24,.92));
font:500 14px/1.35 var(--smooth-font,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif)}
:host(:fullscreen){border-radius:0}
video{position:absolute;inset:0}
[hidden]{display:none!important}
button{font:inherit;color:inherit;background:none;border:0;margin:0;padding:0;cursor:pointer}
button:focus-visible{outline:2px solid var(--ink);outline-offset:2px}
.panel{position:absolute;inset:0;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:8px;padding:24px;
text-align:center;color:var(--ink);background:rgba(10,11,15,.92)}
.panel.info{background:rgba(10,11,15,.62);pointer-events:none}
.panel b{font-size:18px;font-weight:650;max-width:32em;text-wrap:balance}
.panel span{max-width:38em;color:#d3d6de;text-wrap:pretty}
.panel code{font:12px ui-monospace,Menlo,Consolas,monospace;color:#a3a8b4;overflow-wrap:anywhere;max-width:100%}
.retry,.unmute{min-height:44px;padding:0 22px;border-radius:22px;font-weight:600}
.retry{margin-top:10px;background:var(--ink);color:#111}
.unmute{position:absolute;left:50%;top:50%;transform:translate(-50%,-50%);display:inline-flex;align-items:center;gap:8px;
white-space:nowrap;color:var(--ink);background:var(--panel)}
@media (max-width:480px){.panel{padding:12px;gap:4px}.panel b{font-size:15px}.panel code{display:none}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
`;

const PLAYER_PARTS = `
<button class="unmute" part="unmute" hidden>
<svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"
 stroke-linejoin="round" aria-hidden="true"><path d="M11 5 6 9H3v6h3l5 4zM16 9l5 6M21 9l-5 6"/></svg><span></span></button>
<div class="panel" part="panel" role="alert" hidden><b></b><span></span><code></code><button class="retry"></button></div>
`;
