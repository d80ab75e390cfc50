// What the widgets of the workbench share: elements, a group of choices, numbers in words, and the frame of a chart.
(() => {
  const WIDTH = 346; // as in cnnlib.plots, so that text can be read on a phone
  const LEFT = 58;
  const RIGHT = 17;
  const TOP = 8;
  const FOOT = 36;
  let groups = 0;

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  /** Makes an element of HTML; attributes that begin with "on" are listeners. */
  function html(tag, attributes, ...children) {
    return fill(document.createElement(tag), attributes, children);
  }

  /** Makes an element of SVG. */
  function svg(tag, attributes, ...children) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
  }

  /**
   * A group of radio buttons.
   * @param {string} legend what is chosen
   * @param {Object<string, string>} options words by value; the first is chosen
   * @param {(value: string) => void} change called with the value that was chosen
   */
  function choice(legend, options, change) {
    const name = `cnn-choice-${groups++}`;
    const buttons = Object.entries(options).map(([value, words], i) =>
      html(
        "label",
        {},
        html("input", { type: "radio", name, value, checked: i === 0, onchange: () => change(value) }),
        words,
      ),
    );
    return html("fieldset", { class: "cnn-choice" }, html("legend", {}, legend), ...buttons);
  }

  /** Writes a number to so many digits, never with an exponent. */
  function digits(value, count = 3) {
    return Number(value.toPrecision(count)).toLocaleString("en-GB", { maximumSignificantDigits: count });
  }

  /** Writes a large number in millions or billions. */
  function amount(value) {
    const [size, sign] = value >= 1e9 ? [1e9, " G"] : value >= 1e6 ? [1e6, " M"] : [1, ""];
    return digits(value / size) + sign;
  }

  /** The marks of an axis from low to high: 1, 2 and 5 on a logarithmic one, powers of ten where these are too many. */
  function ticks(low, high, log) {
    const found = [];
    if (log) {
      const steps = high / low > 200 ? [1] : [1, 2, 5];
      for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
        found.push(...steps.map((step) => Number(`${step}e${power}`)));
      }
    } else {
      const rough = (high - low) / 6;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].find((n) => n * power >= rough) * power;
      for (let i = Math.ceil(low / step); i * step <= high * 1.0001; i++) found.push(Number((i * step).toPrecision(6)));
    }
    return found.filter((tick) => tick >= low * 0.9999 && tick <= high * 1.0001);
  }

  /**
   * Draws the axes and the grid of a chart.
   * @param {{low: number, high: number, log?: boolean, ticks?: number[], show: (value: number) => string, label: string}} x
   * @param {{low: number, high: number, log?: boolean, show: (value: number) => string}} y
   * @param {number} height of the whole, in the units of the drawing
   * @param {string} label what the chart shows, for those who cannot see it
   * @returns {{root: SVGElement, x: (value: number) => number, y: (value: number) => number, invert: Function}}
   *   the drawing, what places a value, and which x a place on the screen stands for
   */
  function frame(x, y, height, label) {
    const right = WIDTH - RIGHT;
    const foot = height - FOOT;
    const place = (axis, from, to) => {
      const turn = axis.log ? Math.log10 : (value) => value;
      const [low, high] = [turn(axis.low), turn(axis.high)];
      return (value) => from + ((turn(value) - low) / (high - low)) * (to - from);
    };
    const [acrossOf, upOf] = [place(x, LEFT, right), place(y, foot, TOP)];
    const root = svg("svg", {
      class: "cnn-chart",
      viewBox: `0 0 ${WIDTH} ${height}`,
      role: "group",
      "aria-label": label,
    });
    for (const value of y.ticks || ticks(y.low, y.high, y.log)) {
      const at = upOf(value);
      root.append(
        svg("line", { class: "cnn-grid", x1: LEFT, x2: right, y1: at, y2: at }),
        svg("text", { class: "cnn-tick", x: LEFT - 6, y: at + 3.2, "text-anchor": "end" }, y.show(value)),
      );
    }
    root.append(svg("line", { class: "cnn-axis", x1: LEFT, x2: right, y1: foot, y2: foot }));
    for (const value of x.ticks || ticks(x.low, x.high, x.log)) {
      const at = acrossOf(value);
      root.append(
        svg("line", { class: "cnn-axis", x1: at, x2: at, y1: foot, y2: foot + 3 }),
        svg("text", { class: "cnn-tick", x: at, y: foot + 14, "text-anchor": "middle" }, x.show(value)),
      );
    }
    root.append(
      svg("text", { class: "cnn-label", x: (LEFT + right) / 2, y: height - 5, "text-anchor": "middle" }, x.label),
    );
    const invert = (clientX) => {
      const box = root.getBoundingClientRect();
      const share = (((clientX - box.left) / box.width) * WIDTH - LEFT) / (right - LEFT);
      return x.low + Math.min(1, Math.max(0, share)) * (x.high - x.low); // of a linear axis
    };
    return { root, x: acrossOf, y: upOf, top: TOP, foot, invert };
  }

  /**
   * Makes a label for each of some points, placed where it covers neither a point nor another label.
   * @param {Array<{x: number, y: number, reach: number, words: string, ends: boolean}>} points with half the size of
   *   their marks, and whether a line ends there, which a label beside it would cover
   * @returns {SVGElement[]} the labels
   */
  function labels(points) {
    const taken = points.map(({ x, y, reach }) => [x - reach, y - reach, x + reach, y + reach]);
    const covered = ([left, top, right, foot]) =>
      taken.filter(([l, t, r, f]) => left < r && l < right && top < f && t < foot).length +
      10 * (left < LEFT || right > WIDTH || top < 0);
    return points.map(({ x, y, reach, words, ends }) => {
      const wide = 6.2 * words.length; // at most
      const gap = reach + 3;
      const [above, below] = [y - gap - 1, y + gap + 8];
      const beside = [
        { x: x + gap, y: y + 3.6, anchor: "start" },
        { x: x - gap, y: y + 3.6, anchor: "end" },
      ];
      const over = [above, below, above - 11, below + 11].flatMap((at) =>
        ["end", "middle", "start"].map((anchor) => ({ x, y: at, anchor })),
      );
      const spots = (ends ? over : [...beside, ...over]).map((spot) => {
        const left = spot.x - wide * { start: 0, middle: 0.5, end: 1 }[spot.anchor];
        const box = [left, spot.y - 9, left + wide, spot.y + 3];
        return { ...spot, box, cost: covered(box) };
      });
      const spot = spots.reduce((best, other) => (other.cost < best.cost ? other : best));
      taken.push(spot.box);
      return svg("text", { class: "cnn-name", x: spot.x, y: spot.y, "text-anchor": spot.anchor }, words);
    });
  }

  window.cnnChart = { html, svg, choice, digits, amount, frame, labels };
})();
