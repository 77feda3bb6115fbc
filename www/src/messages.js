// What went wrong, and what a person can do about it: by the codes of player/src/engine/notice.rs.
const MESSAGES = {
  "manifest-not-found": ["There is nothing at this address.",
    "Check the address."],
  "manifest-refused": ["The server refuses the presentation.",
    "Look at the status, and at the server's log."],
  "manifest-unreachable": ["The server cannot be reached.",
    "Check the connection and the address. The server must allow this page by CORS, and an https page needs an https address."],
  "manifest-invalid": ["What is at this address is no Smooth Streaming presentation.",
    "The address usually ends in .ism/Manifest or .isml/Manifest."],
  "nothing-playable": ["This browser cannot play any stream of this presentation.",
    "Encode as H.264 with AAC. The streamskipped events say why each stream was left out."],
  "not-started": ["Waiting for the broadcast to begin.",
    "It begins here by itself. An operator starts the publishing point and the encoder, or checks the address."],
  "fragment-failed": ["A piece of the presentation did not arrive.",
    "The player tries again by itself."],
  "fragments-lost": ["The server gives no more of this presentation.",
    "Check the connection and the server's log, then try again."],
  "fragment-invalid": ["The server sent something that is no piece of the presentation.",
    "Check the server's storage, and proxies on the way."],
  "decode-failed": ["The browser cannot decode this presentation.",
    "Try another quality, or check the encoder's profile and level."],
  "buffer-full": ["The browser has little memory for media.",
    "Nothing is to be done: the player buffers less."],
  "captions-failed": ["Some captions are missing.",
    "Check the TTML of the caption stream."],
  "no-such-choice": ["There is no such stream or quality here.",
    "Choose one that the presentation offers."],
  "no-media-source": ["This browser cannot play Smooth Streaming.",
    "Use a current browser; on an iPhone, iOS 17.1 or later."],
  "no-wasm": ["The player could not start.",
    "smooth-player_bg.wasm must lie beside smooth-player.js, and a content security policy must allow 'wasm-unsafe-eval'."],
  "native": ["The browser cannot play this file.",
    "Check the address, and whether the browser knows the format."],
};

function problem(code, detail) {
  const [message, remedy] = MESSAGES[code] || ["Playback failed.", "Try again."];
  return { severity: "fatal", kind: null, url: "", status: 0, time: null, ...detail, code, message, remedy };
}
