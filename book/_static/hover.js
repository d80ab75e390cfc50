// A link to a word of the glossary shows its definition: under the pointer, on keyboard focus, or at a first tap; a
// second tap follows the link. Escape closes. The definitions lie in glossary-terms.js, which book/definitions.py writes: a
// script, since a page that was opened from a folder may not fetch.
(() => {
  const links = [...document.querySelectorAll("a.reference.internal:has(> .std-term)")];
  if (!links.length) return;
  const script = document.createElement("script");
  script.src = new URL("glossary-terms.js", document.currentScript.src).href;
  script.addEventListener("load", () => start(window.glossaryTerms));
  document.head.append(script);

  function start(definitions) {
    const tip = document.createElement("div");
    tip.id = "glossary-tip";
    tip.setAttribute("role", "tooltip");
    tip.hidden = true;
    document.body.append(tip);
    let shown = null; // the link whose definition is open
    let timer = 0;
    let pressed = false; // a press on the definition takes the focus from the link, and leaves it open

    function hide() {
      clearTimeout(timer);
      if (shown) shown.removeAttribute("aria-describedby");
      shown = null;
      tip.hidden = true;
    }

    function show(link) {
      clearTimeout(timer);
      if (shown === link) return;
      hide();
      tip.innerHTML = definitions[decodeURIComponent(link.hash.slice(1))];
      tip.hidden = false;
      place(link.getBoundingClientRect());
      link.setAttribute("aria-describedby", tip.id);
      shown = link;
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

    for (const link of links) {
      if (!(decodeURIComponent(link.hash.slice(1)) in definitions)) continue;
      let wasShown = true;
      let touched = false;
      mouse(link, "pointerenter", () => later(() => show(link), 150));
      mouse(link, "pointerleave", () => later(hide, 250));
      link.addEventListener("focus", () => link.matches(":focus-visible") && show(link));
      link.addEventListener("blur", () => shown === link && !pressed && hide());
      link.addEventListener("pointerdown", (event) => {
        touched = event.pointerType !== "mouse";
        wasShown = shown === link;
      });
      link.addEventListener("click", (event) => {
        if (!touched || wasShown) return;
        event.preventDefault();
        show(link);
      });
      link.addEventListener("keydown", () => (touched = false)); // Enter follows the link
    }
    tip.addEventListener("mousedown", () => (pressed = true));
    document.addEventListener("mouseup", () => (pressed = false));
    mouse(tip, "pointerenter", () => clearTimeout(timer));
    mouse(tip, "pointerleave", () => later(hide, 250));
    document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
    document.addEventListener("pointerdown", (event) => {
      if (shown && !shown.contains(event.target) && !tip.contains(event.target)) hide();
    });
  }
})();
