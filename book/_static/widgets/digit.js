// A field to draw a digit on, and what the two LeNet-5 make of it while it is drawn.
(() => {
  const ZOOM = 10; // pixels of the field for each pixel that a network is shown
  const PEN = 2.3 * ZOOM;
  const WORDS_AFTER = 600; // milliseconds without a change, before the answers are told
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  /** Put a new element into another. */
  function add(parent, tag, className, properties = {}) {
    const element = Object.assign(document.createElement(tag), { className }, properties);
    parent.append(element);
    return element;
  }

  function addCanvas(parent, side, className = "") {
    return add(parent, "canvas", className, { width: side, height: side });
  }

  /** 256 steps along colours such as "#07375c", as the bytes red, green, blue and opacity of a pixel. */
  function ramp(colours) {
    const stops = colours.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
    const bytes = Uint8ClampedArray.from({ length: 4 * 256 }, (_, at) => {
      if (at % 4 === 3) return 255;
      const place = (Math.floor(at / 4) / 255) * (stops.length - 1);
      const left = Math.min(Math.floor(place), stops.length - 2);
      const [from, to] = [stops[left][at % 4], stops[left + 1][at % 4]];
      return from + (place - left) * (to - from);
    });
    return new Uint32Array(bytes.buffer);
  }

  /** Fill a square canvas with the colours of steps from 0 to 255. */
  function paint(canvas, colours, stepOf) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let at = 0; at < pixels.length; at++) pixels[at] = colours[stepOf(at)];
    context.putImageData(image, 0, 0);
  }

  /**
   * Prepare a drawing as MNIST's digits were (LeCun et al. 1998, section III-A): scaled to fit a box, each pixel the
   * mean of what it covers, then moved by whole pixels until its centre of mass is in the middle.
   *
   * @param {Uint8ClampedArray} ink - of a square field, row by row, 0 to 255.
   * @param {{size: number, box: number, centre: number}} field - side of the result, side of the box, and row and
   *   column of the centre of mass, counted from 0.
   * @returns {?Uint8ClampedArray} size x size pixels of 0 to 255; null where there is no ink.
   */
  function prepare(ink, { size, box, centre }) {
    const side = Math.sqrt(ink.length);
    const sums = new Float64Array((side + 1) ** 2); // of all ink above and to the left of a corner
    let [left, right, top, bottom, mass, acrossMass, downMass] = [side, 0, side, 0, 0, 0, 0];
    for (let y = 0; y < side; y++) {
      for (let x = 0, row = 0; x < side; x++) {
        const value = ink[y * side + x];
        row += value;
        sums[(y + 1) * (side + 1) + x + 1] = sums[y * (side + 1) + x + 1] + row;
        if (!value) continue;
        left = Math.min(left, x);
        right = Math.max(right, x + 1);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y + 1);
        mass += value;
        acrossMass += value * (x + 0.5);
        downMass += value * (y + 0.5);
      }
    }
    if (!mass) return null;
    const scale = Math.max(right - left, bottom - top) / box;
    const across = Math.round(centre + 0.5 - (acrossMass / mass - left) / scale);
    const down = Math.round(centre + 0.5 - (downMass / mass - top) / scale);
    const inside = (at) => Math.min(Math.max(at, 0), side);
    /** All ink above and to the left of a point that may lie between corners. */
    const before = (atX, atY) => {
      const x = inside(atX);
      const y = inside(atY);
      const i = Math.min(Math.floor(x), side - 1);
      const j = Math.min(Math.floor(y), side - 1);
      const corner = j * (side + 1) + i;
      const above = sums[corner] + (x - i) * (sums[corner + 1] - sums[corner]);
      const below = sums[corner + side + 1] + (x - i) * (sums[corner + side + 2] - sums[corner + side + 1]);
      return above + (y - j) * (below - above);
    };
    return Uint8ClampedArray.from({ length: size ** 2 }, (_, at) => {
      const x = left + ((at % size) - across) * scale;
      const y = top + (Math.floor(at / size) - down) * scale;
      const [x1, y1] = [x + scale, y + scale];
      return (before(x1, y1) - before(x, y1) - before(x1, y) + before(x, y)) / scale ** 2;
    });
  }

  /** The field: `changed` is called after each change, `said` with words on the pen. */
  function addField(parent, { size, colour, changed, said }) {
    const side = size * ZOOM;
    const field = add(parent, "div", "cnn-digit-field");
    const canvas = addCanvas(field, side, "cnn-digit-ink");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", "Field to draw on. Arrow keys move the pen, Space lowers and lifts it, Delete clears.");
    const mark = add(field, "div", "cnn-digit-pen");
    const context = canvas.getContext("2d", { willReadFrequently: true });
    Object.assign(context, { lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: colour });
    context.imageSmoothingEnabled = false;
    let [pen, down, stroke, provisional] = [[side / 2, side / 2], false, null, false];

    function clear() {
      context.clearRect(0, 0, side, side);
      provisional = false;
      changed();
    }
    function line(from, to) {
      if (provisional) clear();
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(to[0] + 0.01, to[1]); // a line of no length would leave no dot
      context.stroke();
      changed();
    }
    /** Copy a picture of size x size pixels; a provisional one makes room for the first stroke. */
    function copy(pixels, asProvisional = false) {
      const small = Object.assign(document.createElement("canvas"), { width: size, height: size });
      const image = new ImageData(size, size);
      const levels = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
      pixels.forEach((value, at) => image.data.set([...levels, value], 4 * at));
      small.getContext("2d").putImageData(image, 0, 0);
      context.clearRect(0, 0, side, side);
      context.drawImage(small, 0, 0, side, side);
      provisional = asProvisional;
      changed();
    }
    function place(event) {
      const seen = canvas.getBoundingClientRect();
      return [((event.clientX - seen.left) / seen.width) * side, ((event.clientY - seen.top) / seen.height) * side];
    }
    function lower(isDown) {
      down = isDown;
      mark.classList.toggle("cnn-digit-down", down);
      said(down ? "The pen is down." : "The pen is up.");
    }
    function showMark() {
      mark.style.left = `${(100 * pen[0]) / side}%`;
      mark.style.top = `${(100 * pen[1]) / side}%`;
    }

    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      field.classList.remove("cnn-digit-keys");
      canvas.setPointerCapture(event.pointerId);
      stroke = place(event);
      line(stroke, stroke);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!stroke) return;
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const each of passed.length ? passed : [event]) {
        const next = place(each);
        line(stroke, next);
        stroke = next;
      }
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (stroke = null));
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const step = ARROWS[event.key];
      if (step) {
        const next = pen.map((at, i) => Math.min(Math.max(at + step[i] * ZOOM, 0), side));
        if (down) line(pen, next);
        pen = next;
        showMark();
      } else if (event.key === " ") {
        lower(!down);
        if (down) line(pen, pen);
      } else if (["Delete", "Backspace"].includes(event.key)) {
        clear();
      } else {
        return;
      }
      event.preventDefault();
      field.classList.add("cnn-digit-keys");
    });
    showMark();

    /** How opaque each pixel of the field is, 0 to 255. */
    function ink() {
      const { data } = context.getImageData(0, 0, side, side);
      const levels = new Uint8ClampedArray(side ** 2);
      for (let at = 0; at < levels.length; at++) levels[at] = data[4 * at + 3];
      return levels;
    }
    return { clear, copy, ink };
  }

  /** One network: its answer, beside the field too, its ten scores and its maps. */
  function addNetwork(parent, beside, network, { signed, shown }) {
    const last = network.layers.at(-1);
    const penalties = last.kind === "euclideanrbf";
    const section = add(parent, "section", "cnn-digit-network");
    section.setAttribute("aria-label", network.title);
    const head = add(section, "div", "cnn-digit-head");
    add(head, "strong", "", { textContent: network.title });
    const answer = add(head, "span", "cnn-digit-answer");
    const line = add(beside, "p", "");
    const verdict = add(line, "strong", "cnn-digit-verdict");
    add(line, "span", "", { textContent: ` ${network.title}` });
    const reason = add(line, "span", "");
    add(section, "p", "cnn-digit-note", {
      textContent: penalties
        ? `Penalties: ${shown.length ? "squared distances of F6 to the code of each digit. The " : ""}shortest bar wins.`
        : `Scores: ${shown.length ? "shares of a softmax, in all 1. The " : ""}longest bar wins.`,
    });
    const list = add(section, "ol", "cnn-digit-scores");
    const rows = Array.from({ length: last.outputs[0] }, (_, label) => {
      const row = add(list, "li", "");
      add(row, "span", "", { textContent: label });
      const bar = add(add(row, "span", "cnn-digit-track"), "span", "cnn-digit-bar");
      return { row, bar, value: add(row, "span", "cnn-digit-value") };
    });
    let bound = 1;
    const layers = [];
    for (const layer of network.layers) {
      bound = layer.activation?.amplitude ?? bound;
      if (!shown.includes(layer.name)) continue;
      const [side, , count] = layer.outputs;
      const name = layer.name.toUpperCase();
      add(section, "p", "cnn-digit-layer", { textContent: `${name}, ${count} maps of ${side}×${side}` });
      const group = add(section, "div", "cnn-digit-maps");
      group.style.gridTemplateColumns = `repeat(${Math.min(count, 8)}, 1fr)`;
      group.setAttribute("role", "img");
      group.setAttribute("aria-label", `The ${count} feature maps of ${name}`);
      layers.push({ name: layer.name, count, bound, maps: Array.from({ length: count }, () => addCanvas(group, side)) });
    }
    add(section, "p", "cnn-digit-note", { textContent: `Measured: ${network.accuracy}. Weights of ${network.source}.` });

    /** Show what the network makes of pixels, or nothing; returns its answer with its score in words. */
    return (pixels) => {
      const { outputs, maps } = pixels ? window.cnnLenet.run(network, pixels) : { outputs: null, maps: {} };
      const best = outputs ? outputs.indexOf(Math.max(...outputs)) : null;
      const scores = outputs && Array.from(outputs, (value) => (penalties ? -value : value));
      const full = penalties && scores ? Math.max(...scores) : 1;
      rows.forEach(({ row, bar, value }, label) => {
        row.classList.toggle("cnn-digit-best", label === best);
        bar.style.width = scores ? `${(100 * scores[label]) / full}%` : "0";
        value.textContent = scores ? scores[label].toFixed(penalties ? 1 : 2) : "";
      });
      answer.textContent = best ?? "?";
      for (const { name, count, bound: largest, maps: canvases } of layers) {
        canvases.forEach((canvas, map) => paint(canvas, signed, (at) => {
          const value = pixels ? maps[name][at * count + map] / largest : 0;
          return Math.round(Math.min(Math.max((value + 1) / 2, 0), 1) * 255);
        }));
      }
      verdict.textContent = answer.textContent;
      const value = best === null ? "" : `${penalties ? "penalty" : "score"} ${rows[best].value.textContent}`;
      reason.textContent = value && `, ${value}`;
      return best === null ? null : `${network.title} says ${best} (${value})`;
    };
  }

  function digit(root, data) {
    root.classList.add("cnn-digit");
    root.classList.toggle("cnn-digit-small", !data.shown.length);
    root.style.setProperty("--cnn-paper", data.print[0]);
    const [printed, signed] = [ramp(data.print), ramp(data.signed)];
    const { size } = data.field;
    const top = add(root, "div", "cnn-digit-top");
    let [due, words, said] = [false, null, ""];

    /** Tell it to readers who cannot see the bars, once drawing rests. */
    function tell(sentence) {
      said = sentence;
      clearTimeout(words);
      words = setTimeout(() => (status.textContent = said), WORDS_AFTER);
    }
    function classify() {
      due = false;
      const pixels = prepare(field.ink(), data.field);
      paint(shown, printed, (at) => (pixels ? pixels[at] : 0));
      const answers = networks.map((show) => show(pixels));
      tell(pixels ? `${answers.join(", ")}.` : "The field is empty.");
    }
    const field = addField(top, {
      size,
      colour: data.print.at(-1),
      changed: () => {
        if (!due) requestAnimationFrame(classify);
        due = true;
      },
      said: (sentence) => (status.textContent = sentence),
    });

    const aside = add(top, "div", "cnn-digit-aside");
    const shown = addCanvas(aside, size, "cnn-digit-shown");
    shown.setAttribute("role", "img");
    shown.setAttribute("aria-label", "The drawing as the networks are shown it");
    add(aside, "p", "cnn-digit-note", { textContent: `What the networks are shown: ${size}×${size} pixels, prepared as MNIST's were.` });
    const verdicts = add(aside, "div", "cnn-digit-verdicts");
    verdicts.setAttribute("aria-hidden", "true"); // the status tells it, once drawing rests
    const clear = add(aside, "button", "cnn-digit-clear", { type: "button", textContent: "Clear" });
    clear.addEventListener("click", field.clear);

    add(root, "p", "cnn-digit-note", {
      textContent: "Draw with a mouse, a finger or a pen. With the keyboard: Tab to the field, arrow keys move the pen, Space lowers and lifts it, Delete clears.",
    });
    add(root, "p", "cnn-digit-layer", { textContent: "Or start from a digit of MNIST, from those that both networks learned from:" });
    const examples = add(root, "div", "cnn-digit-examples");
    const pictures = data.digits.map(({ label, pixels }) => {
      const picture = window.cnnLenet.bytes(pixels);
      const button = add(examples, "button", "", { type: "button" });
      button.setAttribute("aria-label", `A ${label} of MNIST`);
      paint(addCanvas(button, size), printed, (at) => picture[at]);
      button.addEventListener("click", () => field.copy(picture));
      return picture;
    });
    const status = add(root, "p", "cnn-digit-status");
    status.setAttribute("role", "status");
    const both = add(root, "div", "cnn-digit-networks");
    const networks = data.networks.map((network) => addNetwork(both, verdicts, network, { signed, shown: data.shown }));
    field.copy(pictures[data.first], true);
  }

  window.cnnPixels = { ramp, paint };
  (window.cnnWidgets ||= {}).digit = digit;
})();
