// Words by language. English is the key; of problems, the key is the code, with "?" behind it for the remedy. A page
// brings its own in Silverlane.languages, before or after this script.
class Words {
  constructor(player) {
    const near = player.closest("[lang]");
    this.lang = (near && near.lang) || navigator.language || "en";
    const [base] = this.lang.split("-");
    const own = window.Silverlane.languages;
    const english = Object.fromEntries(Object.keys(LANGUAGES.de).filter((key) => /^[A-Z]/.test(key)).map((key) => [key, key]));
    this.words = { ...english, ...LANGUAGES[base], ...own[base], ...own[this.lang] };
    if (CHROME) {
      // Media Chrome writes the same words small in labels.
      const both = Object.entries(this.words).flatMap(([key, word]) => [[key.charAt(0).toLowerCase() + key.slice(1), word], [key, word]]);
      CHROME.addTranslation(this.lang, Object.fromEntries(both));
    }
  }

  say(text, code = text) { return this.words[code] || text; }
}
