// What scrolls sideways can be reached, and so scrolled, by keyboard, and says what it is; what fits is no tab stop.
// Nor is the button that copies a cell: a section has thirty, and a keyboard selects and copies without them.
(() => {
  const kinds = { "div.math": "Formula", ".pst-scrollable-table-container": "Table", ".cell_output .text_html": "Output" };

  function mark() {
    for (const [selector, kind] of Object.entries(kinds)) {
      for (const box of document.querySelectorAll(`article ${selector}`)) {
        const scrolls = box.scrollWidth > box.clientWidth;
        const marks = { tabindex: "0", role: "group", "aria-label": `${kind}, scrolls sideways` };
        for (const [name, value] of Object.entries(marks)) {
          if (scrolls) box.setAttribute(name, value);
          else box.removeAttribute(name);
        }
      }
    }
    for (const button of document.querySelectorAll("article .copybtn")) button.tabIndex = -1;
  }

  const article = document.querySelector("article");
  if (article) new ResizeObserver(mark).observe(article); // which calls it once at the start, too
})();
