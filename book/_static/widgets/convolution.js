// The calculator: what layers make of an input, what they cost, and how much of it they see.
(() => {
  const MOST = 100000;
  const [LEFT, RIGHT] = [100, 344]; // where the cells stand in the drawing of what a unit sees

  /** Refuses what is no whole number from 1 on. */
  function whole(what, value) {
    if (Number.isInteger(value) && value >= 1 && value <= MOST) return;
    throw new Error(`${what} must be a whole number from 1 to ${MOST.toLocaleString("en-GB")}.`);
  }

  /** The side of a layer's maps, by the rules of Keras. */
  function side(before, { kernel, stride, padding }) {
    if (padding === "same") return Math.ceil(before / stride);
    if (kernel <= before) return Math.floor((before - kernel) / stride) + 1;
    throw new Error(
      `A window of ${kernel}×${kernel} does not fit into maps of ${before}×${before} without padding. ` +
        "Make the kernel smaller, or choose the padding “same”.",
    );
  }

  /**
   * What a layer makes of what comes in. Counts are BigInt, since they outgrow exact numbers.
   * @param {{side: number, channels: number, field: number, jump: number}} before what comes in
   * @param {{kind: string, kernel: number, stride: number, padding: string, filters?: number, groups?: number}} layer
   * @returns {{side, channels, field, jump, params, macs}} what comes out, and what the layer costs
   * @throws {Error} with a sentence for the reader, if the layer cannot be
   */
  function through(before, layer) {
    whole("The kernel", layer.kernel);
    whole("The stride", layer.stride);
    const out = { side: side(before.side, layer), channels: before.channels, params: 0n, macs: 0n };
    out.field = before.field + (layer.kernel - 1) * before.jump;
    out.jump = before.jump * layer.stride;
    if (layer.kind !== "convolution") return out;
    const { filters, groups = 1 } = layer;
    whole("The number of filters", filters);
    whole("The number of groups", groups);
    if (before.channels % groups || filters % groups) {
      throw new Error(
        `${groups} groups must divide the ${before.channels} maps that come in and the ${filters} filters.`,
      );
    }
    const weights = BigInt(layer.kernel) ** 2n * BigInt(before.channels / groups) * BigInt(filters);
    out.channels = filters;
    out.params = weights + BigInt(filters);
    out.macs = weights * BigInt(out.side) ** 2n;
    return out;
  }

  /**
   * Follows an input through layers, as far as they can be.
   * @returns {{outs: Object[], error: string, failed: number}} what each layer gives; why the next cannot be, and its
   *   place among the layers, -1 for the input
   */
  function follow([height, channels], layers) {
    const outs = [];
    let failed = -1;
    try {
      whole("Height and width", height);
      whole("The number of channels", channels);
      let now = { side: height, channels, field: 1, jump: 1 };
      for (const layer of layers) {
        failed = outs.length;
        outs.push((now = through(now, layer)));
      }
      return { outs, error: "", failed: null };
    } catch (problem) {
      return { outs, error: `${failed < 0 ? "Input" : `Layer ${failed + 1}`}: ${problem.message}`, failed };
    }
  }

  /**
   * Follows one unit in the middle of the output back to the input.
   * @returns {Array<{first: number, last: number, side: number, start: number, jump: number}>} for the input and after
   *   each layer: the cells of a row that the unit sees (before 0 and from `side` on they are padding), how many the row
   *   has, and where its first begins and how far one is from the next, in cells of the input
   */
  function seen(side, layers, outs) {
    const rows = [{ side, start: 0, jump: 1 }];
    const pads = layers.map((layer, i) => {
      const { side: before, start, jump } = rows[i];
      const wanted = (outs[i].side - 1) * layer.stride + layer.kernel - before;
      const pad = layer.padding === "same" ? Math.floor(Math.max(wanted, 0) / 2) : 0; // the odd one goes behind
      const middle = start + jump / 2 + jump * ((layer.kernel - 1) / 2 - pad);
      rows.push({ side: outs[i].side, start: middle - (jump * layer.stride) / 2, jump: jump * layer.stride });
      return pad;
    });
    let first = Math.floor((rows.at(-1).side - 1) / 2);
    let last = first;
    for (let i = layers.length; i >= 0; i--) {
      Object.assign(rows[i], { first, last });
      if (!i) break;
      const { kernel, stride } = layers[i - 1];
      [first, last] = [first * stride - pads[i - 1], last * stride - pads[i - 1] + kernel - 1];
    }
    return rows;
  }

  const show = (value) => value.toLocaleString("en-GB");
  const shape = (out) => `${show(out.side)}×${show(out.side)}×${show(out.channels)}`;
  const square = (n) => `${show(n)}×${show(n)}`;

  function start(root, { presets }) {
    const { html, svg, digits } = window.cnnChart;
    let held = null;

    function number(words, value) {
      const limits = { min: 1, max: MOST, step: 1, inputmode: "numeric" };
      const input = html("input", { type: "number", ...limits, value, oninput: update });
      return { node: html("label", {}, words, input), read: () => input.valueAsNumber };
    }

    function select(words, options, value) {
      const all = options.map((option) => html("option", { selected: option === value }, option));
      const input = html("select", { onchange: update }, ...all);
      return { node: html("label", {}, words, input), read: () => input.value };
    }

    /** A line of controls for a layer, with room for what it makes. */
    function row(layer) {
      const fields = {
        kind: select("layer", ["convolution", "max pooling", "average pooling"], layer.kind),
        kernel: number("kernel", layer.kernel),
        stride: number("stride", layer.stride),
        padding: select("padding", ["same", "valid"], layer.padding),
        filters: number("filters", layer.filters || 16),
        groups: number("groups", layer.groups || 1),
      };
      const result = html("p", { class: "cnn-result" });
      const remove = html("button", { type: "button", onclick: () => drop(self) }, "Remove");
      const title = html("strong", {});
      const controls = html("div", { class: "cnn-fields" }, ...Object.values(fields).map((field) => field.node));
      const node = html("li", {}, html("div", { class: "cnn-title" }, title, remove), controls, result);
      const self = { node, title, result, remove, fields };
      return self;
    }

    const read = ({ fields }) => Object.fromEntries(Object.keys(fields).map((name) => [name, fields[name].read()]));
    let rows = [];
    const input = [number("height and width", 1), number("channels", 1)];
    const list = html("ol", { class: "cnn-layers" });
    const about = html("p", { class: "cnn-muted" });
    const field = html("div", { class: "cnn-field" });
    const totals = html("div", { class: "cnn-totals", "aria-live": "polite" });
    const hold = html("button", { type: "button", onclick: keep }, "Hold these totals to compare");
    const add = html("button", { type: "button", onclick: append }, "Add a layer");

    function append() {
      rows.push(row({ kind: "convolution", kernel: 3, stride: 1, padding: "same" }));
      list.append(rows.at(-1).node);
      update();
    }

    function drop(line) {
      const place = rows.indexOf(line);
      rows.splice(place, 1);
      line.node.remove();
      update();
      (rows[place] ? rows[place].remove : add).focus();
    }

    function keep() {
      held = now();
      update();
    }

    function load(preset) {
      preset.input.slice(1).forEach((value, i) => (input[i].node.querySelector("input").value = value));
      rows = preset.layers.map(row);
      list.replaceChildren(...rows.map((line) => line.node));
      about.textContent = preset.source;
      update();
    }

    /** What the chain makes and costs in all, or why it cannot be. */
    function now() {
      const found = follow(
        input.map((field) => field.read()),
        rows.map(read),
      );
      const sum = (what) => found.outs.reduce((total, out) => total + out[what], 0n);
      return { ...found, params: sum("params"), macs: sum("macs") };
    }

    function update() {
      const found = now();
      rows.forEach((line, i) => {
        const pools = line.fields.kind.read() !== "convolution";
        for (const name of ["filters", "groups"]) line.fields[name].node.hidden = pools;
        line.title.textContent = `Layer ${i + 1}`;
        line.remove.setAttribute("aria-label", `Remove layer ${i + 1}`);
        line.result.replaceChildren(...(found.outs[i] ? told(found.outs[i]) : []));
        line.node.classList.toggle("cnn-wrong", i === found.failed);
      });
      field.replaceChildren(...(found.error || !rows.length ? [] : drawField(found.outs)));
      totals.replaceChildren(found.error ? html("p", { class: "cnn-error" }, found.error) : summary(found));
      hold.disabled = Boolean(found.error) || !rows.length;
    }

    /** What one unit of the output sees: a row of cells of the input and of each layer's maps, one above the other. */
    function drawField(outs) {
      const high = 30; // of a row, with what leads to the next
      const levels = seen(input[0].read(), rows.map(read), outs);
      const [{ first, last }] = levels;
      const around = Math.max(2, 0.1 * (last - first + 1)); // cells beside the field
      const scale = (RIGHT - LEFT) / (last - first + 1 + 2 * around);
      const x = (place) => LEFT + (place - first + around) * scale;
      const names = levels.map((_, i) => (i ? `layer ${i}` : "input"));
      const words = levels.map((level, i) => `${square(level.last - level.first + 1)} of ${i ? names[i] : "the input"}`);
      const label = `One unit of the last layer sees ${words.slice(0, -1).reverse().join(", ")}.`;
      const box = `0 0 346 ${high * levels.length}`;
      const drawing = svg("svg", { class: "cnn-chart", viewBox: box, role: "img", "aria-label": label });
      levels.forEach((level, i) => {
        const top = high * (levels.length - 1 - i) + 6;
        const begin = (cell) => level.start + cell * level.jump;
        const ends = [x(begin(level.first)), x(begin(level.last + 1))];
        if (i) {
          const below = levels[i - 1];
          const feet = [below.last + 1, below.first].map((cell) => x(below.start + cell * below.jump));
          const corners = [[ends[0], top + 14], [ends[1], top + 14], [feet[0], top + high], [feet[1], top + high]];
          drawing.append(svg("polygon", { class: "cnn-cone", points: corners.join(" ") }));
        }
        const line = `${names[i]}, ${square(level.last - level.first + 1)}`;
        drawing.append(svg("text", { x: 0, y: top + 11 }, line), ...cells(level, top, x));
      });
      const pads = levels.slice(0, -1).some((level) => level.first < 0 || level.last >= level.side);
      const about = `What one unit in the middle of the output sees, in one row of each map${pads ? "; dashed: padding" : ""}.`;
      return [html("p", { class: "cnn-muted" }, about), drawing];
    }

    /** The cells of a row around those that are seen; a bar where they are too narrow to be told apart. */
    function cells({ side, start, jump, first, last }, top, x) {
      const at = (cell) => x(start + cell * jump);
      const wide = at(1) - at(0);
      const bar = (from, to, kind) => {
        const gap = Math.min(1, 0.15 * wide);
        const place = { x: at(from) + gap / 2, width: at(to + 1) - at(from) - gap, y: top, height: 14 };
        return svg("rect", { class: `cnn-cell ${kind}`, ...place });
      };
      const [low, high] = [LEFT, RIGHT].map((edge) => (edge - at(0)) / wide);
      const [from, to] = [Math.max(0, Math.ceil(low)), Math.min(side - 1, Math.floor(high) - 1)];
      const kind = (cell) => (cell < 0 || cell >= side ? "cnn-padding" : cell < first || cell > last ? "" : "cnn-seen");
      if (wide < 3) {
        return [
          [from, first - 1],
          [first, -1],
          [Math.max(first, 0), Math.min(last, side - 1)],
          [side, last],
          [last + 1, to],
        ].flatMap(([a, b]) => (a <= b ? [bar(a, b, kind(a))] : []));
      }
      const all = [];
      for (let cell = Math.min(from, first); cell <= Math.max(to, last); cell++) all.push(bar(cell, cell, kind(cell)));
      return all;
    }

    function told(out) {
      const cost = out.macs ? `${show(out.params)} parameters, ${show(out.macs)} multiply-adds, ` : "";
      const words = `${cost}a unit sees ${square(out.field)}, jump ${show(out.jump)}`;
      return [html("strong", {}, `→ ${shape(out)}`), html("span", {}, words)];
    }

    function summary({ outs, params, macs }) {
      if (!rows.length) return html("p", {}, "No layers: what comes in goes out. Add one, or choose a chain above.");
      const last = outs.at(-1);
      const cells = { output: shape(last), parameters: show(params), "multiply-adds": show(macs) };
      Object.assign(cells, { "a unit sees": square(last.field), jump: show(last.jump) });
      const pairs = Object.entries(cells).map(([word, value]) =>
        html("div", {}, html("dt", {}, word), html("dd", {}, value)),
      );
      const list = html("dl", {}, ...pairs);
      if (!held) return list;
      const lines = [
        ["parameters", held.params, params],
        ["multiply-adds", held.macs, macs],
      ];
      const words = lines.map(([what, before, after]) => `${show(before)} ${what}, ${against(before, after)}`);
      return html("div", {}, list, html("p", {}, `Held: ${shape(held.outs.at(-1))}, ${words.join("; ")}.`));
    }

    /** How a count has changed, as a factor. */
    function against(before, after) {
      if (before === after) return "now as many";
      if (!before || !after) return `now ${show(after)}`;
      const factor = Number(after) / Number(before);
      return factor < 1 ? `now ${digits(1 / factor)} times fewer` : `now ${digits(factor)} times as many`;
    }

    const buttons = presets.map((preset) =>
      html("button", { type: "button", onclick: () => load(preset) }, preset.name),
    );
    root.append(
      html("div", { class: "cnn-buttons", role: "group", "aria-label": "Chains to start from" }, ...buttons),
      about,
      html("strong", {}, "Input"),
      html("div", { class: "cnn-fields" }, ...input.map((field) => field.node)),
      list,
      html("div", { class: "cnn-buttons" }, add, hold),
      field,
      totals,
    );
    load(presets[0]);
  }

  (window.cnnWidgets ||= {}).convolution = start;
})();
