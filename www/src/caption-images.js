// Captions that are pictures (SMPTE-TT): an SVG over the video draws those of the track that shows. Its view box is
// the picture, so it is letterboxed as that is, at any size.
function drawCaptionImages(media) {
  const SVG = "http://www.w3.org/2000/svg";
  let layer = null;
  const draw = () => {
    const shown = [...media.textTracks].filter((track) => track.mode === "showing" && track.kind === "captions");
    const cues = shown.flatMap((track) => [...track.activeCues]).filter((cue) => cue.image);
    if (!layer) {
      if (!cues.length) return;
      layer = document.createElementNS(SVG, "svg");
      layer.setAttribute("class", "captions");
      media.after(layer);
    }
    layer.setAttribute("viewBox", `0 0 ${media.videoWidth || 16} ${media.videoHeight || 9}`);
    layer.replaceChildren(...cues.map((cue) => {
      const image = document.createElementNS(SVG, "image");
      ["x", "y", "width", "height"].forEach((side, i) => image.setAttribute(side, `${cue.place[i]}%`));
      image.setAttribute("href", `data:image/png;base64,${cue.image}`);
      return image;
    }));
  };
  media.textTracks.addEventListener("addtrack", ({ track }) => track.addEventListener("cuechange", draw));
  media.textTracks.addEventListener("change", draw);
}
