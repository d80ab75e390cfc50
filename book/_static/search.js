// Beneath each result of a search, the sentence of that page or section that has most of the words looked for.
// What the pages say lies in page-texts.js, which book/on_demand.py writes: a script, since a page that was opened
// from a folder may not read the others, as the search's own excerpts would have to.
(() => {
  const LONGEST = 240; // characters of an excerpt
  const SHORT = 60;
  const list = document.getElementById("search-results");
  const query = new URLSearchParams(location.search).get("q");
  if (!list || !query) return;

  const stems = splitQuery(query.toLowerCase())
    .filter((word) => !stopwords.includes(word))
    .map((word) => new Stemmer().stemWord(word).replace(/i$/, "[iy]")); // studi: study, studies
  const words = [...new Set(stems)].map((stem) => new RegExp(`(?<![\\p{L}\\p{N}])${stem}[\\p{L}\\p{N}]*`, "giu"));
  const hits = (text) => words.filter((word) => text.search(word) >= 0).length;

  /** The sentence that has most of the words, the first of them where several have; a short one with its neighbour. */
  function best(paragraphs) {
    const sentences = paragraphs.flatMap((text) =>
      text.split(/(?<=[.?!:]) (?=[^a-z])/).map((said, i, all) => (i && said.length < SHORT ? `${all[i - 1]} ${said}` : said)),
    );
    if (!sentences.length) return "";
    const counts = sentences.map(hits);
    const at = counts.indexOf(Math.max(...counts));
    return sentences.slice(at, at + (sentences[at].length < SHORT ? 2 : 1)).join(" · ");
  }

  /** A part of a long sentence, around the first of the words. */
  function cut(text) {
    if (text.length <= LONGEST) return text;
    const first = Math.min(...words.map((word) => text.search(word)).filter((at) => at >= 0));
    const from = first > LONGEST / 2 && first < text.length ? text.indexOf(" ", first - LONGEST / 2) + 1 : 0;
    const upTo = text.lastIndexOf(" ", from + LONGEST);
    return (from ? "… " : "") + text.slice(from, upTo > first ? upTo : from + LONGEST) + " …";
  }

  /** Text with the words marked. */
  function marked(text) {
    const excerpt = document.createElement("p");
    excerpt.className = "cnn-excerpt";
    const all = new RegExp(words.map((word) => word.source).join("|"), "giu");
    let from = 0;
    for (const hit of words.length ? text.matchAll(all) : []) {
      const mark = document.createElement("mark");
      mark.textContent = hit[0];
      excerpt.append(text.slice(from, hit.index), mark);
      from = hit.index + hit[0].length;
    }
    excerpt.append(text.slice(from));
    return excerpt;
  }

  function explain() {
    for (const link of list.querySelectorAll("li:not(:has(.cnn-excerpt)) > a")) {
      const [page, id] = link.getAttribute("href").split("#");
      const sections = window.cnnTexts[page.replace("./", "")] || [];
      const section = id && sections.find(([name]) => name === id);
      const text = best(section ? section[1] : sections.flatMap(([, paragraphs]) => paragraphs));
      if (text) link.parentElement.append(marked(cut(text)));
    }
  }

  const script = document.createElement("script");
  script.src = new URL("page-texts.js", document.currentScript.src).href;
  script.addEventListener("load", () => {
    new MutationObserver(explain).observe(list, { childList: true, subtree: true });
    explain();
  });
  document.head.append(script);
})();
