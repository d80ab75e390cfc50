// The calculator: what layers make of an input, what they cost, and how much of it they see.
(() => {
  const MOST = 100000;

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

  const show = (value) => value.toLocaleString("en-GB");
  const shape = (out) => `${show(out.side)}×${show(out.side)}×${show(out.channels)}`;
  const square = (n) => `${show(n)}×${show(n)}`;

  function start(root, { presets }) {
    const { html, digits } = window.cnnChart;
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
      totals.replaceChildren(found.error ? html("p", { class: "cnn-error" }, found.error) : summary(found));
      hold.disabled = Boolean(found.error) || !rows.length;
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
      totals,
    );
    load(presets[0]);
  }

  (window.cnnWidgets ||= {}).convolution = start;
})();
