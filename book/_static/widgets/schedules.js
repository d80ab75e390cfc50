// The schedule viewer: the learning rates of the papers by epoch, or by share of the training.
(() => {
  const ROUGH = 1e-9; // far below the part of an epoch that an update is

  /** The epochs that a schedule takes; of one that waits for the validation error the most it may take. */
  const length = (run) => (run.steps ? run.steps.at(-1)[1] : run.most);

  /**
   * The rate when so many epochs are over.
   * @param {Array<[number, number]>} steps each rate, with the epochs that are over when it ends
   * @returns {number | null} null when the training is over
   */
  function rateAt(steps, epochs) {
    const step = steps.find(([, end]) => epochs < end - ROUGH);
    return step ? step[0] : null;
  }

  function start(root, { runs }) {
    const { html, svg, choice, digits, frame, labels } = window.cnnChart;
    const view = { scale: "log", across: "epochs" };
    let cursor = null; // what moves with the slider
    let axes = null;

    const chart = html("div", { class: "cnn-plot", onpointermove: follow, onpointerdown: follow });
    const slider = html("input", { type: "range", min: 0, step: 1, value: 0, oninput: read });
    const place = html("output", {});
    const lines = runs.map((run) => {
      const box = html("input", { type: "checkbox", checked: run.shown, onchange: draw });
      const rate = html("span", { class: "cnn-rate" });
      const stroke = {
        x1: 1,
        x2: 27,
        y1: 5,
        y2: 5,
        stroke: run.colour,
        "stroke-width": 3,
        "stroke-dasharray": run.steps ? "" : "4 4",
      };
      const sign = svg("svg", { class: "cnn-sign", viewBox: "0 0 28 10", "aria-hidden": "true" }, svg("line", stroke));
      const source = html("p", { class: "cnn-muted" }, waits(run) + run.source);
      const node = html("li", {}, html("label", {}, box, sign, html("span", {}, run.name)), rate, source);
      return { run, box, rate, source, node };
    });
    /** How a schedule falls whose steps nobody knows before. */
    function waits(run) {
      if (run.steps) return "";
      const rates = run.rates.map((rate) => digits(rate)).join(", ");
      const rule = `each until the validation error has not fallen for ${run.patience} epochs`;
      return `${rates}: ${rule}; ${run.most} epochs at most. `;
    }

    const chosen = () => lines.filter((line) => line.box.checked).map((line) => line.run);
    const share = () => view.across === "share";
    /** What a number of epochs of a run is on the axis. */
    const along = (run, epochs) => (share() ? (100 * epochs) / length(run) : epochs);

    function draw() {
      const shown = chosen();
      const rates = shown.flatMap((run) => (run.steps ? run.steps.map(([rate]) => rate) : run.rates));
      const most = share() ? 100 : Math.max(1, ...shown.map(length));
      slider.max = share() ? 100 : Math.ceil(most) - 1;
      const [low, high] = rates.length ? [Math.min(...rates), Math.max(...rates)] : [0.001, 0.1];
      const log = view.scale === "log";
      const x = {
        low: 0,
        high: most,
        show: (v) => (share() ? `${v}%` : v),
        label: share() ? "share of the training" : "epochs",
      };
      const y = { low: log ? low / 1.3 : 0, high: high * (log ? 1.3 : 1.05), log, show: (v) => digits(v) };
      axes = frame(x, y, 236, `Learning rates of ${shown.map((run) => run.name).join(", ") || "no network"}`);
      shown.forEach((run, i) => axes.root.append(run.steps ? stairs(run, shown.slice(i + 1)) : rungs(run, i)));
      axes.root.append(...labels(shown.map(end)));
      cursor = svg("line", { class: "cnn-cursor", y1: axes.top, y2: axes.foot });
      axes.root.append(cursor);
      chart.replaceChildren(axes.root);
      read();
    }

    /** Where a schedule ends, with its name. */
    function end(run) {
      const last = run.steps ? run.steps.at(-1)[0] : run.rates.at(-1);
      return { x: axes.x(along(run, length(run))), y: axes.y(last), reach: 1, words: run.name, ends: true };
    }

    /** A schedule as a line of steps; broader where a later one takes the same step, so that both show. */
    function stairs(run, later) {
      let path = "";
      let from = 0;
      for (const [rate, end] of run.steps) {
        const [left, right] = [from, end].map((epochs) => axes.x(along(run, epochs)));
        path += `${path ? "L" : "M"}${left} ${axes.y(rate)}H${right}`;
        from = end;
      }
      const hidden = later.some((other) =>
        other.steps?.some((step) => run.steps.some((own) => `${own}` === `${step}`)),
      );
      return svg("path", { d: path, fill: "none", stroke: run.colour, "stroke-width": hidden ? 4.5 : 1.8 });
    }

    /** The rates of a schedule whose steps nobody knows before: each dashed, all along. */
    function rungs(run, i) {
      const ends = { x1: axes.x(0), x2: axes.x(along(run, length(run))) };
      const look = { stroke: run.colour, "stroke-width": 1.8, "stroke-dasharray": "5 10", "stroke-dashoffset": -5 * i };
      return svg(
        "g",
        {},
        ...run.rates.map((rate) => svg("line", { ...ends, y1: axes.y(rate), y2: axes.y(rate), ...look })),
      );
    }

    function follow(event) {
      if (!axes) return;
      slider.value = Math.floor(axes.invert(event.clientX));
      read();
    }

    /** Writes the rates at the slider's place. */
    function read() {
      const at = Number(slider.value);
      cursor.setAttribute("x1", axes.x(at));
      cursor.setAttribute("x2", axes.x(at));
      place.textContent = share() ? `${at}% of each training` : `the beginning of epoch ${at + 1}`;
      for (const { run, box, rate, source, node } of lines) {
        rate.textContent = box.checked ? told(run, at) : "";
        source.hidden = !box.checked;
        node.classList.toggle("cnn-off", !box.checked);
      }
      const words = chosen().map((run) => `${run.name} ${told(run, at)}`);
      slider.setAttribute("aria-valuetext", [place.textContent, ...words].join("; "));
    }

    function told(run, at) {
      if (!run.steps) return `${digits(run.rates[0])} to ${digits(run.rates.at(-1))}`;
      // The end of a training is still its last update's.
      const epochs = share() ? Math.min((at / 100) * length(run), length(run) - 2 * ROUGH) : at;
      const rate = rateAt(run.steps, epochs);
      return rate === null ? "over" : digits(rate);
    }

    const change = (what) => (value) => {
      const before = Number(slider.value) / Number(slider.max || 1);
      view[what] = value;
      draw();
      if (what === "across") slider.value = Math.round(before * Number(slider.max));
      read();
    };
    root.classList.add("cnn-narrow");
    root.append(
      html(
        "div",
        { class: "cnn-choices" },
        choice("Learning rate", { log: "logarithmic", linear: "linear" }, change("scale")),
        choice("Across", { epochs: "epochs", share: "share of the training" }, change("across")),
      ),
      chart,
      html("label", { class: "cnn-slider" }, html("span", {}, "Rates at ", place), slider),
      html("ul", { class: "cnn-runs" }, ...lines.map((line) => line.node)),
      html(
        "p",
        { class: "cnn-muted" },
        "Dashed: rates of a schedule that waits for the validation error. ",
        "The papers do not say when each began and ended, so each is drawn all along.",
      ),
    );
    draw();
  }

  (window.cnnWidgets ||= {}).schedules = start;
})();
