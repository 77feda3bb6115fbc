// Statistics over the picture, for those who run the service: figures, two curves over the last minute, what the player
// decided and why, and the session's log to copy.
const SAMPLES = 120;
const SAMPLE_MS = 500;
const DECISIONS = ["renditionchange", "streamchange", "stall", "stallended", "gapjump", "chunkskipped", "streamskipped", "warning", "error"];

class Figures {
  constructor(controls) {
    this.controls = controls;
    const { say, player } = controls;
    this.samples = [];
    this.box = document.createElement("section");
    this.box.className = "figures";
    this.box.tabIndex = 0;
    this.box.setAttribute("part", "figures");
    this.box.setAttribute("aria-label", say("Statistics"));
    this.box.innerHTML = `<header><span></span><button class="copy"></button><button class="close">✕</button></header>
<p><span></span><b></b></p><canvas role="img"></canvas><p><span></span><b></b></p><canvas role="img"></canvas><dl></dl><p><span></span></p><ol></ol>`;
    const [title, copy, close] = this.box.firstChild.children;
    title.textContent = say("Statistics");
    copy.textContent = say("Copy the log");
    close.setAttribute("aria-label", say("Close"));
    close.addEventListener("click", () => {
      player.figures = false;
      controls.focus();
    });
    copy.addEventListener("click", () => {
      navigator.clipboard.writeText(player.sessionLog())
        .then(() => { copy.textContent = say("Copied"); }, () => { copy.textContent = say("The browser does not allow it"); });
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close.click();
    });
    this.curves = [...this.box.querySelectorAll("canvas")];
    this.heads = [...this.box.querySelectorAll("p")];
    [say("Bitrate and network"), say("Buffer"), say("Decisions")].forEach((text, i) => { this.heads[i].firstChild.textContent = text; });
    this.list = this.box.querySelector("dl");
    this.decisions = this.box.querySelector("ol");
  }

  // Samples are taken only while someone looks.
  show(on) {
    clearInterval(this.timer);
    this.box.hidden = !on;
    if (!on) return;
    this.timer = setInterval(() => {
      if (this.box.isConnected) this.sample();
      else clearInterval(this.timer);
    }, SAMPLE_MS);
    this.sample();
  }

  sample() {
    const { say, player } = this.controls;
    const stats = player.stats || { videoBitrate: 0, audioBitrate: 0, throughput: 0, buffered: 0, latency: 0, stalls: 0, stalled: 0,
      manifestRequests: 0, fragmentRequests: 0, notYet: 0, bytes: 0 };
    const frames = player.media.getVideoPlaybackQuality();
    this.samples.push(stats);
    if (this.samples.length > SAMPLES) this.samples.shift();
    const seconds = (value) => `${value.toFixed(1)} s`;
    this.heads[0].lastChild.textContent = `${rate(stats.videoBitrate)} / ${rate(stats.throughput)}`;
    this.heads[1].lastChild.textContent = seconds(stats.buffered);
    const rows = [
      ["Picture", `${player.videoWidth}×${player.videoHeight} · ${rate(stats.videoBitrate)}`],
      ["Sound", rate(stats.audioBitrate)],
      ["Behind live", player.edge ? seconds(stats.latency) : "–"],
      ["Frames", `${frames.totalVideoFrames} · ${frames.droppedVideoFrames} ${say("dropped")}`],
      ["Stalls", `${stats.stalls} · ${seconds(stats.stalled)}`],
      ["Requests", `${stats.manifestRequests} + ${stats.fragmentRequests} · ${(stats.bytes / 1e6).toFixed(1)} MB`],
    ];
    this.rows(rows.map(([name, value]) => [say(name), value]));
    this.tell();
    const top = Math.max(...this.samples.map((one) => Math.max(one.videoBitrate, Math.min(one.throughput, 4 * one.videoBitrate || one.throughput))), 1);
    this.curve(0, [["throughput", "#7dd3fc", false], ["videoBitrate", "#fb7185", true]], top);
    this.curve(1, [["buffered", "#86efac", true]], Math.max(...this.samples.map((one) => one.buffered), 10));
    this.curves[0].setAttribute("aria-label", `${say("Bitrate and network")}: ${this.heads[0].lastChild.textContent}`);
    this.curves[1].setAttribute("aria-label", `${say("Buffer")}: ${this.heads[1].lastChild.textContent}`);
  }

  rows(rows) {
    while (this.list.children.length < 2 * rows.length) {
      this.list.append(document.createElement(this.list.children.length % 2 ? "dd" : "dt"));
    }
    rows.flat().forEach((text, i) => {
      const cell = this.list.children[i];
      if (cell.textContent !== text) cell.textContent = text;
    });
  }

  // The newest decisions first.
  tell() {
    const told = this.controls.player.log.entries.filter(({ name }) => DECISIONS.includes(name)).slice(-8).reverse();
    if (told[0] === this.told) return;
    this.told = told[0];
    this.decisions.replaceChildren(...told.map(({ seconds, name, detail }) => {
      const [item, time, text] = ["li", "time", "span"].map((tag) => document.createElement(tag));
      time.textContent = `${seconds.toFixed(1)} s`;
      text.textContent = decision(name, detail);
      item.append(time, text);
      return item;
    }));
  }

  curve(index, lines, top) {
    const canvas = this.curves[index];
    const density = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth * density, canvas.clientHeight * density].map(Math.round);
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const step = width / (SAMPLES - 1);
    const left = width - (this.samples.length - 1) * step;
    for (const [key, color, filled] of lines) {
      context.beginPath();
      this.samples.forEach((one, i) => context.lineTo(left + i * step, height - Math.min(one[key] / top, 1) * (height - 4 * density) - density));
      context.lineWidth = 1.5 * density;
      context.strokeStyle = color;
      context.stroke();
      if (!filled) continue;
      context.lineTo(width, height);
      context.lineTo(left, height);
      context.globalAlpha = 0.22;
      context.fillStyle = color;
      context.fill();
      context.globalAlpha = 1;
    }
  }
}

// A decision in a line: what, and why. In English, like the names of events: it is what operators search for.
function decision(name, detail) {
  switch (name) {
    case "renditionchange": return `${detail.kind} ${detail.from ? `${rate(detail.from)} → ` : ""}${rate(detail.to)}: ${detail.reason}`;
    case "streamchange": return `${detail.kind}: ${detail.name || "off"}`;
    case "stall": return `stall at ${detail.position.toFixed(1)} s`;
    case "stallended": return `stall over after ${detail.seconds.toFixed(1)} s`;
    case "gapjump": return `jump ${detail.from.toFixed(1)} → ${detail.to.toFixed(1)} s: ${detail.cause}`;
    case "chunkskipped": return `${detail.kind} skipped at ${detail.position.toFixed(1)} s`;
    case "streamskipped": return `left out ${detail.stream}: ${detail.reason}`;
    default: return `${name}: ${detail.code}`;
  }
}
