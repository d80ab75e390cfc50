// Gives every widget of a page to its script, which has put itself into window.cnnWidgets under the widget's name.
// A script takes (root, data): the element to fill, and the numbers of cnnbook.widgets.
document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll(".cnn-widget")) {
    const start = (window.cnnWidgets || {})[place.dataset.widget];
    if (!start) continue;
    const data = JSON.parse(place.querySelector("script").textContent);
    const root = document.createElement("div");
    root.className = "cnn-controls";
    place.append(root);
    start(root, data);
    place.classList.add("cnn-live"); // its picture is hidden
  }
});
