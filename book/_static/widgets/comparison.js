// The published errors against years, parameters or multiply-adds: each mark tells how it was measured.
(() => {
  const AXES = { year: "year", parameters: "parameters", "multiply-adds": "multiply-adds for one image" };
  const SIZE = { "single net": 7, ensemble: 9.5, "ten views": 9 }; // half of a mark

  const percent = (share) => `${window.cnnChart.digits(100 * share)}%`;

  /** The sign of a kind of test around a point: a disc, a diamond or a square. */
  function sign(kind, x, y, colour) {
    const { svg } = window.cnnChart;
    const r = SIZE[kind];
    const look = { class: "cnn-sheet", stroke: colour, "stroke-width": 2 };
    if (kind === "single net") return svg("circle", { cx: x, cy: y, r, ...look });
    const corners =
      kind === "ensemble"
        ? [
            [0, -r],
            [r, 0],
            [0, r],
            [-r, 0],
          ]
        : [
            [-r, -r],
            [r, -r],
            [r, r],
            [-r, r],
          ];
    const points = corners.map(([dx, dy]) => `${x + dx},${y + dy}`).join(" ");
    return svg("polygon", { points, ...look });
  }

  /**
   * Spreads the marks of each year around it, those of one network side by side.
   * @param {Array<{year: number, name: string}>} marks
   * @returns {number[]} a place for each mark
   */
  function spread(marks) {
    return marks.map((mark) => {
      const same = marks
        .filter((other) => other.year === mark.year)
        .sort((a, b) => a.name.charCodeAt() - b.name.charCodeAt());
      return mark.year + 0.84 * ((same.indexOf(mark) + 0.5) / same.length - 0.5);
    });
  }

  function start(root, { tests }) {
    const { html, svg, choice, amount, frame, labels } = window.cnnChart;
    let across = "year";
    let nodes = []; // of the marks, from left to right
    const chart = html("div", { class: "cnn-plot" });
    const panel = html("div", { class: "cnn-panel" });
    const boxes = tests.map((test, i) => {
      const box = html("input", { type: "checkbox", checked: i < 2, onchange: draw });
      const picture = svg(
        "svg",
        { class: "cnn-sign", viewBox: "0 0 24 24", "aria-hidden": "true" },
        sign(test.kind, 12, 12, test.colour),
      );
      return { test, box, node: html("label", {}, box, picture, html("span", {}, test.words)) };
    });

    function draw() {
      for (const { test, box } of boxes) box.disabled = across !== "year" && !test.sized;
      const shown = boxes.filter(({ box }) => box.checked && !box.disabled).map(({ test }) => test);
      const marks = shown.flatMap((test) => test.marks.map((mark) => ({ ...mark, test })));
      const values = marks.map((mark) => mark[across]);
      const places = across === "year" ? spread(marks) : values;
      const years = [...new Set(tests[0].marks.map((mark) => mark.year))];
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const x =
        across === "year"
          ? { low: Math.min(...years) - 0.5, high: Math.max(...years) + 0.5, ticks: range(years), show: String }
          : { low: marks.length ? low / 2 : 1, high: marks.length ? high * 2 : 10, log: true, show: amount };
      const top = Math.max(...tests.flatMap((test) => test.marks.map((mark) => mark.error)));
      const y = { low: 0, high: 1.08 * top, show: percent };
      const label = across === "year" ? "year, the tests of each side by side" : AXES[across];
      const axes = frame({ ...x, label }, y, 270, `Top-5 error against ${AXES[across]}`);
      if (across === "year") {
        const ends = range(years).slice(1).map((year) => axes.x(year - 0.5));
        axes.root.append(...ends.map((at) => svg("line", { class: "cnn-grid", x1: at, x2: at, y1: axes.top, y2: axes.foot })));
      }
      const points = marks.map((mark, i) => ({
        x: axes.x(places[i]),
        y: axes.y(mark.error),
        reach: SIZE[mark.test.kind],
        words: mark.name,
      }));
      const names = labels(points);
      nodes = marks.map((mark, i) => drawMark(axes, mark, places[i], names[i]));
      axes.root.append(...[...nodes].reverse()); // small signs in front of large ones
      chart.replaceChildren(axes.root);
      nodes = [...nodes].sort((a, b) => a.place - b.place);
      nodes.forEach((node, i) => node.setAttribute("tabindex", i ? -1 : 0));
      panel.replaceChildren(
        html(
          "p",
          { class: "cnn-muted" },
          marks.length ? "Point at a mark, or reach it with Tab and the arrow keys." : "Choose a test.",
        ),
      );
    }

    function drawMark(axes, mark, place, name) {
      const [px, py] = [axes.x(place), axes.y(mark.error)];
      const parts = [
        sign(mark.test.kind, px, py, mark.test.colour),
        name,
      ];
      if (mark.interval) {
        const [from, to] = mark.interval.map(axes.y);
        parts.unshift(
          svg("line", { x1: px, x2: px, y1: from, y2: to, stroke: mark.test.colour, "stroke-width": 4, opacity: 0.5 }),
        );
      }
      const show = () => tell(node, mark);
      const node = svg(
        "g",
        {
          class: "cnn-mark",
          role: "img",
          "aria-label": sentence(mark),
          onpointerenter: show,
          onfocus: show,
          onclick: show,
          onkeydown: move,
        },
        ...parts,
      );
      node.place = px;
      return node;
    }

    /** An error with what the number of pictures leaves open. */
    function value(mark) {
      const open = mark.interval ? `; so many pictures leave ${mark.interval.map(percent).join(" to ")} open` : "";
      return percent(mark.error) + open;
    }
    const sentence = (mark) =>
      `${mark.name}, ${mark.year}: ${value(mark)}. ${mark.test.words}. ${mark.protocol}. ${mark.source}.`;

    /** Says all that is known of a mark. */
    function tell(node, mark) {
      for (const other of nodes) other.classList.toggle("cnn-chosen", other === node);
      const cost = `${mark.parameters.toLocaleString("en-GB")} parameters, ${mark["multiply-adds"].toLocaleString("en-GB")} multiply-adds for one image`;
      const rows = {
        "top-5 error": value(mark),
        test: mark.test.words,
        measured: mark.protocol,
        printed: mark.source,
      };
      rows[mark.test.sized ? "cost" : "cost of one"] = cost;
      const pairs = Object.entries(rows).flatMap(([word, value]) => [html("dt", {}, word), html("dd", {}, value)]);
      panel.replaceChildren(html("strong", {}, `${mark.name}, ${mark.year}`), html("dl", {}, ...pairs));
    }

    /** Arrow keys go from mark to mark. */
    function move(event) {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const here = nodes.indexOf(event.currentTarget);
      const next = nodes[(here + step + nodes.length) % nodes.length];
      nodes[here].setAttribute("tabindex", -1);
      next.setAttribute("tabindex", 0);
      next.focus();
    }

    const turn = (value) => {
      across = value;
      draw();
    };
    const options = Object.fromEntries(Object.keys(AXES).map((key) => [key, key]));
    const legend = html("legend", {}, "Tests: only errors of one and the same may be compared");
    root.classList.add("cnn-narrow");
    root.append(
      html("div", { class: "cnn-choices" }, choice("Across", options, turn)),
      html("fieldset", { class: "cnn-tests" }, legend, ...boxes.map((box) => box.node)),
      html("p", { class: "cnn-muted" }, "Upwards: top-5 error."),
      chart,
      panel,
    );
    draw();
  }

  /** All whole numbers from the least to the greatest. */
  function range(values) {
    const low = Math.min(...values);
    return Array.from({ length: Math.max(...values) - low + 1 }, (_, i) => low + i);
  }

  (window.cnnWidgets ||= {}).comparison = start;
})();
