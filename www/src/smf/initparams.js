// InitParams: "key=value,key=value", split at the first "="; keys in any letter case. A comma inside an address
// is tolerated: what does not begin with a word and "=" belongs to the value before it. So is everything inside
// the XML of playersettings.
function readInitParams(text) {
  const found = {};
  let last = null;
  for (const piece of text.split(",")) {
    const match = last && openXml(found[last]) ? null : /^\s*([\w.-]+)\s*=([^]*)$/.exec(piece);
    if (match) {
      last = match[1].toLowerCase();
      found[last] = match[2];
    } else if (last) {
      found[last] += `,${piece}`;
    }
  }
  for (const key of Object.keys(found)) found[key] = found[key].trim();
  return found;
}

// Whether `text` is the beginning of an XML document whose root has not ended.
function openXml(text) {
  const root = /^\s*(?:<\?[^>]*>\s*)?<([\w.-]+)/.exec(text);
  return root !== null && !text.includes(`</${root[1]}`);
}

// "true" or "false" in any letter case; what is neither counts as not given.
function readFlag(text, otherwise) {
  const match = /^\s*(?:(true)|false)\s*$/i.exec(text || "");
  return match ? Boolean(match[1]) : otherwise;
}

// A FeatureVisibility: "Visible"; "Hidden" until the viewer asks for it; "Disabled", not to be had.
function readVisibility(text, otherwise) {
  return ["Visible", "Hidden", "Disabled"].find((one) => one.toLowerCase() === String(text).trim().toLowerCase()) || otherwise;
}
