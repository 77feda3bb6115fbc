// Reads caption documents: TTML in the dialects that smooth::captions reads at the origin, in the same way, so that captions
// look alike in every player (tests/tests/captions.rs lets the two read the same documents). The browser's own XML parser
// does the letters. As there, namespaces count for nothing, and what means nothing is passed over.

// A document's limits: bytes, tags, characters of one tag, prefixes that are not declared, nested elements, cues, moments at
// which one paragraph changes, and text that such paragraphs may be cut into, as a multiple of the document's.
const MAX_BYTES = 32 << 20;
const MAX_TAGS = 200000;
const LONG_TAG = /<[^!<>][^<>]{30000}/;
// What stands in quotes says nothing of where a tag ends.
const QUOTED = /"[^"<]*"|'[^'<]*'/g;
const MAX_PREFIXES = 16;
const MAX_DEPTH = 32;
const MAX_CUES = 10000;
const MAX_MOMENTS = 256;
const SLICED = 4;

// Times are milliseconds; this one is the end of what nothing ends.
const OPEN = 2 ** 64;
// The colours of WebVTT, by their bits: red 1, green 2, blue 4. Then others that come down to one of them.
const COLORS = ["black", "red", "lime", "yellow", "blue", "magenta", "cyan", "white"];
const NAMES = [...COLORS, , "maroon", "green", "olive", "navy", "fuchsia", "teal", "silver", , , , , , "purple", "aqua", "gray"];
// Words of attributes of style, and what they are here. What is displayed is hidden if `display` says true.
const WORDS = {
  __proto__: null,
  fontStyle: { __proto__: null, normal: false, italic: true, oblique: true },
  fontWeight: { __proto__: null, normal: false, bold: true },
  visibility: { __proto__: null, hidden: false, visible: true },
  display: { __proto__: null, none: true },
  textAlign: { __proto__: null, start: "start", justify: "start", center: "center", end: "end", left: "left", right: "right" },
  displayAlign: { __proto__: null, before: 0, center: 1, after: 2 },
};
const UNDERLINE = { __proto__: null, none: false, noUnderline: false, underline: true };
// What is looked into in the body. Anything else is passed over.
const INSIDE = { tt: ["body"], body: ["div", "p"], div: ["div", "p"], p: ["span"], span: ["span"] };
// Height of a line of text: 5 % of the picture's is the size of the font, and Chromium spaces lines by 1.17.
const LINE = 583;

// The cues of a document, in UTF-8 or UTF-16: `begin` and `end` in milliseconds, WebVTT `text`, and as `look` the properties
// that a VTTCue takes, with a picture's own two. No bytes at all are no cues. Throws if it cannot be read.
function readCaptions(bytes) {
  const text = decodeXml(bytes);
  return text ? new CaptionReader(parseXml(text), text.length).cues : [];
}

// A byte order mark decides, then the first two bytes. The declaration says nothing new; characters that XML does not have
// are left out, for encoders send them.
function decodeXml(bytes) {
  if (bytes.length > MAX_BYTES) throw new RangeError("size");
  const [a, b] = bytes;
  const wide = (a === 0xff && b === 0xfe) || (a && b === 0) ? "utf-16le" : (a === 0xfe && b === 0xff) || (a === 0 && b) ? "utf-16be" : "";
  const text = new TextDecoder(wide || "utf-8", { fatal: !wide }).decode(bytes);
  return text.replace(/[\0-\x08\v\f\x0e-\x1f\ufffe\uffff]/g, "").trim().replace(/^<\?xml\s[^>]*>\s*/, "");
}

// The root element. Document types are refused: so no entity expands.
function parseXml(text) {
  if (text.includes("<!DOCTYPE")) throw new SyntaxError("document type");
  if (text.split("<", MAX_TAGS).length === MAX_TAGS || LONG_TAG.test(text.replace(QUOTED, "''"))) throw new RangeError("tags");
  const parse = (source) => {
    const tree = new DOMParser().parseFromString(source, "application/xml");
    return tree.getElementsByTagName("parsererror")[0] ? null : tree.documentElement;
  };
  // Some use prefixes that they never declare.
  const declared = () => {
    const prefixes = new Set(Array.from(text.matchAll(/[<\s](?!xml)([A-Za-z_][\w.-]*):/g), ([, prefix]) => prefix));
    const missing = [...prefixes].slice(0, MAX_PREFIXES).filter((prefix) => !text.includes(`xmlns:${prefix}=`));
    return text.replace(/<([\w.-]+:)?tt(?=[\s/>])/, (tag) => tag + missing.map((prefix) => ` xmlns:${prefix}="-"`).join(""));
  };
  const root = parse(text) || parse(declared());
  if (!root || root.localName !== "tt") throw new SyntaxError("no captions");
  return root;
}

class CaptionReader {
  constructor(root, length) {
    this.cues = [];
    // Text that may still be cut.
    this.room = length * SLICED;
    this.pieces = [];
    const own = attributesOf(root);
    this.time = clockOf(own);
    this.units = unitsOf(own);
    // The root's extent is the picture's size, and no region's.
    const style = this.style({ ...own, extent: undefined });
    const all = (name) => Array.from(root.getElementsByTagNameNS("*", name));
    // The first one of a name counts.
    const table = (entries) => {
      const map = new Map();
      for (const [name, entry] of entries) if (name && entry && !map.has(name)) map.set(name, entry);
      return map;
    };
    this.images = table(all("image").map((image) => [attributesOf(image).id, image.textContent.replace(/\s+/g, "")]));
    this.initial = Object.assign({}, ...all("initial").map((initial) => this.style(attributesOf(initial))));
    const entry = (element, inner) => {
      const own = attributesOf(element);
      const nested = inner.map(attributesOf);
      return [own.id, {
        // Its own attributes are stronger than those of styles in it, and of these the first.
        style: [own, ...nested].reduce((style, other) => ({ ...this.style(other), ...style }), {}),
        references: [own, ...nested].map((other) => other.style).join(" "),
      }];
    };
    this.styles = table(all("style").filter((style) => style.parentNode.localName !== "region").map((style) => entry(style, [])));
    const children = (region) => Array.from(region.children).filter(({ localName }) => localName === "style");
    this.regions = table(all("region").map((region) => entry(region, children(region))));
    for (const one of [...this.styles.values(), ...this.regions.values()]) this.settle(one);
    const from = { begin: 0, end: OPEN, cursor: 0, style };
    this.children(root, { ...from, ...this.span(own, from), preserve: own.space === "preserve", depth: 1 });
  }

  // Works in what a style or region refers to. The references are taken first, so that a circle of them ends here.
  settle(entry) {
    const { references } = entry;
    entry.references = "";
    for (const name of references.split(/\s+/)) if (this.styles.has(name)) this.settle(this.styles.get(name));
    entry.style = { ...this.referenced(references), ...entry.style };
  }

  // The style that names make together: a later one is stronger.
  referenced(names = "") {
    return Object.assign({}, ...names.split(/\s+/).map((name) => this.styles.get(name)?.style));
  }

  // What attributes say about style; nothing where they say nothing.
  style(own) {
    const style = {};
    for (const name in own) {
      const value = own[name];
      let said;
      if (name in WORDS) said = WORDS[name][value];
      else if (name === "color" || name === "backgroundColor") said = paint(value);
      else if (name === "origin" || name === "extent") said = this.units(value);
      if (said !== undefined) style[name] = said;
    }
    if (/^(0+([.,]0*)?|[.,]0+)$/.test(own.opacity)) style.display = true;
    for (const word of own.textDecoration?.split(/\s+/) || []) if (word in UNDERLINE) style.underline = UNDERLINE[word];
    return style;
  }

  // What the element says, then its region, then the document.
  computed({ region, style }) {
    return { ...this.initial, ...region?.style, ...style };
  }

  // When an element is shown; TTML 1, section 10.
  span(own, above) {
    const from = above.seq ? above.cursor : above.begin;
    const begin = from + (this.time(own.begin) || 0);
    const ends = [from + this.time(own.end), begin + this.time(own.dur)].filter((end) => end >= 0);
    return { begin, cursor: begin, end: Math.min(...ends, above.end), ended: ends.length > 0, seq: own.timeContainer === "seq" };
  }

  // Reads an element of the body, and all inside it.
  visit(element, above) {
    if (above.depth >= MAX_DEPTH) throw new RangeError("depth");
    const name = element.localName;
    const own = attributesOf(element);
    const open = {
      ...this.span(own, above),
      style: { ...above.style, ...this.referenced(own.style), ...this.style(own) },
      region: this.regions.get(own.region) || above.region,
      preserve: own.space === undefined ? above.preserve : own.space === "preserve",
      paragraph: above.paragraph,
      depth: above.depth + 1,
    };
    const block = name === "body" || name === "div";
    if (name === "p") open.paragraph = open;
    // A cue has one place: some name it in a span.
    else if (!block) open.paragraph.region = open.paragraph.region || open.region;
    this.children(element, open);
    // In a sequence the next one begins when this ends. Text alone lasts as long as there is room, or no time at all there.
    const end = open.ended || !(block || above.seq) ? open.end : open.cursor;
    above.cursor = above.seq ? end : Math.max(above.cursor, end);
    const image = own.backgroundImage?.[0] === "#" && this.images.get(own.backgroundImage.slice(1));
    if (image && isShown(this.computed(open))) this.cue(open, open.begin, open.end, "", image);
    if (name === "p") this.paragraph(open);
  }

  children(element, open) {
    for (const node of element.childNodes) {
      if (node.nodeType === Node.ELEMENT_NODE) {
        if (INSIDE[element.localName].includes(node.localName)) this.visit(node, open);
        else if (open.paragraph && node.localName === "br") this.text(open, "\n");
      } else if (open.paragraph && (node.nodeType === Node.TEXT_NODE || node.nodeType === Node.CDATA_SECTION_NODE)) {
        this.text(open, open.preserve ? node.data.replace(/\r/g, "").replace(/\t/g, " ") : node.data.replace(/[\t\r\n]/g, " "));
      }
    }
  }

  // Adds text of a paragraph; a line break is \n.
  text({ begin, end, preserve, ...open }, text) {
    const style = this.computed(open);
    if (!isShown(style)) return;
    const piece = { begin, end, preserve, tags: tagsOf(style), text };
    const last = this.pieces[this.pieces.length - 1];
    if (last && ["begin", "end", "preserve", "tags"].every((key) => last[key] === piece[key])) last.text += text;
    else this.pieces.push(piece);
  }

  // Makes cues of a paragraph: one for each span of time in which the same text shows.
  paragraph(open) {
    const pieces = this.pieces;
    this.pieces = [];
    const moments = [...new Set(pieces.flatMap(({ begin, end }) => [begin, end]))].sort((a, b) => a - b);
    const size = moments.length > 2 ? moments.length * pieces.reduce((sum, { text }) => sum + text.length + 8, 0) : 0;
    if (moments.length > MAX_MOMENTS || size > this.room) {
      // Too many changes: each piece by itself.
      for (const piece of pieces) this.cue(open, piece.begin, piece.end, cueText([piece]));
      return;
    }
    this.room -= size;
    moments.slice(1).forEach((end, i) => {
      const begin = moments[i];
      this.cue(open, begin, end, cueText(pieces.filter((piece) => piece.begin <= begin && piece.end >= end)));
    });
  }

  cue(open, begin, end, text, image) {
    if (begin >= end || !(text || image)) return;
    if (this.cues.length >= MAX_CUES) throw new RangeError("cues");
    const style = this.computed(open);
    const region = regionOf(style);
    const align = style.textAlign || (region ? "start" : "center");
    const look = { align, ...(region && placed(region, style.displayAlign, align, text)) };
    if (image) Object.assign(look, { image, place: (region || [0, 0, 10000, 10000]).map((side) => side / 100) });
    this.cues.push({ begin, end, text, look });
  }
}

function isShown({ display, visibility }) {
  return !display && visibility !== false;
}

// By local name.
function attributesOf(element) {
  return Object.fromEntries(Array.from(element.attributes, ({ localName, value }) => [localName, value.trim()]));
}

// The tags of WebVTT for a style. White on black is how cues look anyway; black text needs a background of another colour.
function tagsOf({ color, backgroundColor, fontWeight, fontStyle, underline }) {
  const back = backgroundColor !== "black" && backgroundColor;
  const front = color !== "white" && (color !== "black" || back) && color;
  const classes = (front ? `.${front}` : "") + (back ? `.bg_${back}` : "");
  return (classes && `<c${classes}>`) + (fontWeight ? "<b>" : "") + (fontStyle ? "<i>" : "") + (underline ? "<u>" : "");
}

// Cue text: white space collapsed, no empty lines around it, special characters escaped.
function cueText(pieces) {
  const closing = (tags) => (tags.match(/<./g) || []).reverse().map((tag) => `</${tag[1]}>`).join("");
  let [text, open, lines, spaces] = ["", "", 0, 0];
  for (const piece of pieces) {
    for (const part of piece.text.match(/\n| +|[^\n ]+(?: [^\n ]+)*/g) || []) {
      if (part === "\n") [lines, spaces] = [lines + 1, 0];
      else if (part[0] === " ") spaces = piece.preserve ? spaces + part.length : lines ? spaces : Math.max(spaces, 1);
      else {
        // White space is written only once something follows it.
        const gap = text && "\n".repeat(lines) + " ".repeat(spaces);
        text += open === piece.tags ? gap : closing(open) + gap + piece.tags;
        text += part.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
        [open, lines, spaces] = [piece.tags, 0, 0];
      }
    }
  }
  return text + closing(open);
}

// Left, top, width and height of what a style describes, in hundredths of a per cent of the picture.
function regionOf({ origin, extent, displayAlign }) {
  if (!origin && !extent && displayAlign === undefined) return undefined;
  const side = (i) => {
    // An empty or outlying rectangle takes what room there is, so that the text is seen.
    const from = origin && origin[i] < 10000 ? origin[i] : 0;
    return [from, Math.min((extent && extent[i]) || 10000, 10000 - from)];
  };
  const [[x, width], [y, height]] = [side(0), side(1)];
  return [x, y, width, height];
}

// Where a cue stands, as numbers that every browser understands: Chromium has no lineAlign and no positionAlign. Text at the
// bottom of its region is put on rows counted from the bottom, for only those grow upwards when a long line is broken.
function placed([x, y, width, height], display, align, text) {
  const lines = Math.min(text.split("\n").length, 20);
  const top = (at) => ({ snapToLines: false, line: Math.max(0, Math.min(at, 10000 - lines * LINE)) / 100 });
  const within = align === "center" ? width >> 1 : align === "end" || align === "right" ? width : 0;
  return {
    ...(display === 2 ? { line: -Math.floor((10000 - y - height) / LINE) - lines }
      : top(display ? y + (height >> 1) - ((lines * LINE) >> 1) : y)),
    position: Math.min(x + within, 10000) / 100,
    size: width / 100,
  };
}

// A colour as the nearest of the eight; empty for none at all, undefined for what is no colour.
function paint(value = "") {
  const [, hex, list] = /^(?:#([\da-fA-F]{6}(?:[\da-fA-F]{2})?)|rgb[^(]*\((.*)\))$/s.exec(value) || [];
  if (value === "transparent") return "";
  if (!hex && !list) return COLORS[NAMES.indexOf(value || "-") % 8];
  const channels = hex ? hex.match(/../g).map((byte) => parseInt(byte, 16))
    : list.split(",", 4).map((channel) => (/^\s*\d+\s*$/.test(channel) ? +channel : 256));
  if (channels.some((channel) => channel > 255)) return undefined;
  const [red, green = 0, blue = 0, alpha = 255] = channels;
  return alpha ? COLORS[(red >> 7) | ((green >> 7) << 1) | ((blue >> 7) << 2)] : "";
}

// To the nearest whole number.
const quotient = (a, b) => Math.floor((a + Math.floor(b / 2)) / b);

// What comes before the point of a number, millionths after it, and the unit behind it. Further digits are cut off.
function numberOf(text) {
  const [, whole, fraction = "", unit] = /^(?=[.,]?\d)(\d*)(?:[.,](\d*))?(\D*)$/.exec(text) || [];
  return [+whole, +`${fraction}000000`.slice(0, 6), unit];
}

// How to read two lengths: in hundredths of a per cent, across and down. Undefined for auto and what cannot be known.
function unitsOf({ extent, cellResolution }) {
  const pair = (text) => /^(\S+)\s+(\S+)$/.exec(text)?.slice(1);
  // In thousandths.
  const length = (text) => {
    const [whole, millionths, unit] = numberOf(text);
    return [whole * 1000 + Math.floor(millionths / 1000), unit];
  };
  const pixels = (pair(extent) || []).map(length).map(([size, unit]) => (unit === "px" && size ? size : NaN));
  const cells = (pair(cellResolution) || []).map((count) => (/^\d+$/.test(count) && count > 0 && count <= 10000 ? count * 1000 : NaN));
  const whole = [0, 1].map((i) => ({
    __proto__: null, "%": 100000, rw: 100000, rh: 100000, px: pixels[i], c: cells[0] && cells[1] ? cells[i] : [32000, 15000][i],
  }));
  return (text) => {
    const lengths = pair(text)?.map((side, i) => {
      const [size, unit] = length(side);
      return side[0] === "-" ? 0 : Math.min(10000, quotient(size * 10000, whole[i][unit]));
    });
    return lengths?.every((side) => side >= 0) ? lengths : undefined;
  };
}

// How to read times, TTML 1, sections 6.2 and 10.3: milliseconds, NaN for what is none.
function clockOf({ frameRate, subFrameRate, tickRate, frameRateMultiplier = "", timeBase, dropMode }) {
  const rate = (text) => (/^\d+$/.test(text) && text < 2 ** 32 ? +text : 0);
  const nominal = rate(frameRate);
  const parts = rate(subFrameRate) || 1;
  // "1000 1001" since TTML 1, "1000:1001" in the drafts
  const [over, under = "1"] = frameRateMultiplier.split(/[ :]\s*/);
  const [times, divided] = rate(over) && rate(under) ? [rate(over), rate(under)] : [1, 1];
  const perSecond = (nominal || 30) * times;
  const frames = (count, millionths) => quotient((count * 1000 + Math.floor(millionths / 1000)) * divided, perSecond);
  const ticks = rate(tickRate) || nominal * parts || 1;
  const clock = (hours, minutes, rest, frame, part = 0) => {
    const [seconds, millionths] = numberOf(rest);
    const inMinutes = +hours * 60 + +minutes;
    const whole = inMinutes * 60 + seconds;
    const share = Math.floor((part * 1e6) / parts);
    if (timeBase !== "smpte" || frame === undefined) {
      return whole * 1000 + Math.floor(millionths / 1000) + frames(+(frame || 0), share);
    }
    const dropped = dropMode === "dropNTSC" ? (inMinutes - Math.floor(inMinutes / 10)) * 2 : 0;
    return frames(Math.max(0, whole * (nominal || 30) + +frame - dropped), share);
  };
  const offset = (text) => {
    const [whole, millionths, unit] = numberOf(text);
    if (unit === "f") return frames(whole, millionths);
    // In parts, so that no tick is lost beyond 2^53.
    if (unit === "t") return ((whole - (whole % ticks)) / ticks) * 1000 + Math.floor(((whole % ticks) * 1000) / ticks);
    const size = { __proto__: null, h: 3600000, m: 60000, s: 1000, ms: 1 }[unit];
    return whole * size + Math.floor((millionths * size) / 1e6);
  };
  return (text = "") => {
    const match = /^(\d+):(\d+):(\d*(?:[.,]\d*)?)(?::(\d+)(?:\.(\d+))?)?$/.exec(text);
    const time = match ? clock(...match.slice(1)) : offset(text);
    return time <= OPEN ? time : NaN;
  };
}
