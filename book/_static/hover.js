// What stands behind a word or a number, beside it: the definition of a word of the glossary, the source of a number.
// It shows under the pointer or at a first tap, for a word on keyboard focus too; Escape closes it. A second tap on a
// word follows its link. Numbers are no tab stops: one switch at the top of a page writes all sources into the text.
// The definitions lie in glossary-terms.js, which book/definitions.py writes: a script, since a page that was opened
// from a folder may not fetch. book/finish.py has put its source into each number.
(() => {
  const words = [...document.querySelectorAll("a.reference.internal:has(> .std-term)")];
  const numbers = [...document.querySelectorAll("article data[data-source]")];
  if (!words.length && !numbers.length) return;

  const tip = document.createElement("div");
  tip.id = "hover-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  let shown = null; // the word or number whose tip is open
  let timer = 0;
  let pressed = false; // a press on the tip takes the focus from the word, and leaves it open

  tip.addEventListener("mousedown", () => (pressed = true));
  document.addEventListener("mouseup", () => (pressed = false));
  mouse(tip, "pointerenter", () => clearTimeout(timer));
  mouse(tip, "pointerleave", () => later(hide, 250));
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("pointerdown", (event) => {
    if (shown && !shown.contains(event.target) && !tip.contains(event.target)) hide();
  });

  if (words.length) {
    const script = document.createElement("script");
    script.src = new URL("glossary-terms.js", document.currentScript.src).href;
    script.addEventListener("load", () => {
      for (const word of words) {
        const definition = window.glossaryTerms[decodeURIComponent(word.hash.slice(1))];
        if (definition) explain(word, () => document.createRange().createContextualFragment(definition));
      }
      document.body.append(tip);
    });
    document.head.append(script);
  } else {
    document.body.append(tip);
  }
  for (const number of numbers) explain(number, () => source(number));
  if (numbers.length) addSwitch();

  function hide() {
    clearTimeout(timer);
    if (shown) shown.removeAttribute("aria-describedby");
    shown = null;
    tip.hidden = true;
  }

  function show(element, content) {
    clearTimeout(timer);
    if (shown === element) return;
    hide();
    tip.replaceChildren(content());
    tip.hidden = false;
    place(element.getBoundingClientRect());
    element.setAttribute("aria-describedby", tip.id);
    shown = element;
  }

  function place(box) {
    const edge = 8; // pixels kept free at the window's sides
    const width = document.documentElement.clientWidth;
    tip.style.left = tip.style.top = "0"; // so that its size is not that of a corner it was squeezed into
    const left = Math.max(edge, Math.min(box.left, width - tip.offsetWidth - edge));
    const below = box.bottom + tip.offsetHeight <= window.innerHeight || box.top < tip.offsetHeight;
    const top = below ? box.bottom : box.top - tip.offsetHeight;
    tip.style.left = `${left + window.scrollX}px`;
    tip.style.top = `${top + window.scrollY}px`;
  }

  function later(what, milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(what, milliseconds);
  }

  function mouse(element, event, react) {
    element.addEventListener(event, (happened) => happened.pointerType === "mouse" && react());
  }

  function explain(element, content) {
    const open = () => show(element, content);
    let wasShown = true;
    let touched = false;
    mouse(element, "pointerenter", () => later(open, 150));
    mouse(element, "pointerleave", () => later(hide, 250));
    element.addEventListener("focus", () => element.matches(":focus-visible") && open());
    element.addEventListener("blur", () => shown === element && !pressed && hide());
    element.addEventListener("pointerdown", (event) => {
      touched = event.pointerType !== "mouse";
      wasShown = shown === element;
    });
    element.addEventListener("click", (event) => {
      if (!touched || wasShown) return;
      event.preventDefault();
      open();
    });
    element.addEventListener("keydown", () => (touched = false)); // Enter follows the link
  }

  function source(number) {
    const text = document.createElement(number.dataset.page ? "a" : "span");
    text.textContent = number.dataset.source;
    if (number.dataset.page) text.href = number.dataset.page;
    return text;
  }

  function addSwitch() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "show-sources";
    button.textContent = "Show sources";
    button.title = "Write beside each number where it is from";
    button.addEventListener("click", () => toggle(button.getAttribute("aria-pressed") !== "true"));
    document.querySelector("article h1").after(button);

    function toggle(on) {
      button.setAttribute("aria-pressed", on);
      remember(on);
      for (const number of numbers) {
        if (number.nextElementSibling?.matches(".source")) number.nextElementSibling.remove();
        if (!on) continue;
        const written = document.createElement("small");
        written.className = "source";
        written.append(" [", source(number), "]");
        number.after(written);
      }
    }

    toggle(remember() === "true");
  }

  // The choice goes with the reader from page to page, where the browser lets pages keep one.
  function remember(choice) {
    try {
      if (choice !== undefined) localStorage.setItem("show-sources", choice);
      return localStorage.getItem("show-sources");
    } catch {
      return null;
    }
  }
})();
