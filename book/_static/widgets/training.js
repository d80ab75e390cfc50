// Trains LeNet-5 in the page: settings, two curves, the filters of C1, and the digits that are still read wrongly.
// trainer.js does the work, in a worker. The digits lie in mnist-digits.js, which book/on_demand.py writes; the page
// asks for it when somebody starts.
(() => {
  const GUESS = Math.log(10); // the loss of a network that gives every digit the same share
  const SHOWN = 24; // digits that are read wrongly
  const SIZE = 28;

  /** Options whose words are their values. */
  const plain = (...values) => Object.fromEntries(values.map((value) => [value, `${value}`]));

  const FIELDS = {
    activation: ["Activation", { tanh: "tanh", sigmoid: "sigmoid", relu: "ReLU" }],
    pooling: ["Pooling", { average: "average", max: "max" }],
    start: ["First weights", { glorot: "Keras’s", large: "4 × as large", paper: "paper’s", zero: "all zero" }],
    optimiser: ["Optimiser", { sgd: "SGD", momentum: "momentum 0.9", adam: "Adam" }],
    rate: ["Learning rate", plain("0.0005", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2", "5", "10")],
    schedule: ["Schedule", { constant: "constant", paper: "paper’s steps", cosine: "half a cosine" }],
    batch: ["Batch size", plain(1, 4, 16, 32, 64, 256)],
    epochs: ["Epochs", plain(1, 2, 4, 6, 10, 20)],
    seed: ["Seed", plain(0, 1, 2, 3, 4)],
  };

  /** Waits for the script with the digits, and unpacks them. */
  async function fetchDigits() {
    const { load, unpack } = window.cnnOnDemand;
    if (!window.cnnDigits) await load("mnist-digits.js", "The digits");
    const { train, pixels, labels } = window.cnnDigits;
    return { train, pixels: await unpack(pixels, "digits"), labels: await unpack(labels, "digits") };
  }

  function startWorker() {
    const program = new Blob([`(${window.cnnTrainer})(self);`], { type: "text/javascript" });
    return new Worker(URL.createObjectURL(program));
  }

  /** Why a training does not learn, in a sentence; an empty one where it does, or nobody can tell yet. */
  function diagnose(chosen, said) {
    const { loss, sane, test, reaching, update, perEpoch } = said;
    const rate = `a learning rate of ${chosen.rate} with ${FIELDS.optimiser[1][chosen.optimiser]}`;
    if (!sane) {
      return `Stopped at update ${update}: the loss has left all bounds. With ${rate} each update went further past the goal than the one before. Try a tenth of the rate.`;
    }
    if (loss > 1.2 * GUESS) {
      return `The loss is above the ${GUESS.toFixed(2)} that guessing costs: with ${rate} each update goes past the goal and makes the network surer of wrong answers. Try a tenth of the rate.`;
    }
    if (!test || update < perEpoch / 2 || loss < 0.95 * GUESS) return "";
    const stuck = `The loss is still near the ${GUESS.toFixed(2)} that guessing costs: `;
    if (chosen.start === "zero") {
      return `${stuck}all weights began at zero, so all units of a layer are alike, get the same gradient, and no layer but the last can begin to learn.`;
    }
    const flat = Math.round(100 * test.flat);
    if (flat > 60) {
      const why = chosen.activation === "relu" ? "give zero" : "are at a flat end of the activation";
      return `${stuck}${flat} % of the units of C5 and F6 ${why}, where no gradient comes through. ${+chosen.rate > 0.01 ? "An early update was too large: try a tenth of the rate." : "Try smaller first weights."}`;
    }
    if (reaching < 0.2) {
      return `${stuck}the gradient shrinks from layer to layer, and C1 gets ${(100 * reaching).toPrecision(1)} % of what the output layer gets. Try larger first weights, or another activation.`;
    }
    return `${stuck}with ${rate} the updates are too small to be seen yet. Try ten times the rate, or more epochs.`;
  }

  /** The settings in an address; what it has of others is told. */
  function read(hash, usual) {
    const chosen = { ...usual };
    const refused = [];
    for (const [name, value] of new URLSearchParams(hash.slice(1))) {
      if (!(name in FIELDS)) continue;
      if (value in FIELDS[name][1]) chosen[name] = value;
      else refused.push(`${name}=${value}`);
    }
    return { chosen, refused };
  }

  /** The part of an address that says what is not as usual. */
  function written(chosen, usual) {
    const other = Object.entries(chosen).filter(([name, value]) => value !== usual[name]);
    return `#${new URLSearchParams(other)}`;
  }

  function start(root, { usual, schedules, train, tested, colours, signed, print }) {
    const { html, svg, frame, digits: rounded } = window.cnnChart;
    const { ramp, paint } = window.cnnPixels;
    const tones = { kernels: ramp(signed), ink: ramp(print) };
    const many = (count) => count.toLocaleString("en-GB");
    let { chosen, refused } = read(location.hash, usual);
    let [digits, loading, worker, now, before] = []; // now and before: points of two trainings
    let last = { running: false, update: 0 };
    let turn = 0; // counts the beginnings, so that nothing late of the training before is heard

    // --- what is on the page ---
    const selects = Object.fromEntries(
      Object.entries(FIELDS).map(([name, [, options]]) => {
        const ordered = Object.entries(options).sort(([a], [b]) => a - b || 0); // an object has whole numbers first
        const choices = ordered.map(([value, words]) => html("option", { value }, words));
        return [name, html("select", { onchange: () => choose(name) }, ...choices)];
      }),
    );
    const fields = Object.entries(FIELDS).map(([name, [words]]) => html("label", {}, words, selects[name]));
    const go = html("button", { type: "button", class: "cnn-go", onclick: toggle }, "Start");
    const step = html("button", { type: "button", onclick: () => wish("step") }, "One update");
    const reset = html("button", { type: "button", onclick: renew }, "Reset");
    const link = html("a", { href: "#" }, "address of these settings");
    const progress = html("p", { class: "cnn-progress" });
    const verdict = html("p", { class: "cnn-error", role: "alert" });
    const status = html("p", { class: "cnn-muted", role: "status" });
    const plots = { loss: html("div", {}), error: html("div", {}) };
    const legend = html("p", { class: "cnn-muted" });
    const kernels = Array.from({ length: 6 }, (_, i) => {
      return html("canvas", { width: 5, height: 5, role: "img", "aria-label": `Filter ${i + 1} of C1` });
    });
    const wrongTitle = html("p", { class: "cnn-title" });
    const wrong = html("ul", { class: "cnn-wrong-digits" });

    // --- what a reader does ---
    function choose(name) {
      chosen[name] = selects[name].value;
      history.replaceState(null, "", written(chosen, usual));
      renew();
    }
    function adopt() {
      ({ chosen, refused } = read(location.hash, usual));
      renew();
    }
    /** Begins anew with the settings chosen; the curves of a training that got anywhere stay as the one before. */
    function renew() {
      if (now?.points.length > 1) before = now;
      now = { points: [], chosen: { ...chosen } };
      for (const [name, select] of Object.entries(selects)) select.value = chosen[name];
      link.href = written(chosen, usual);
      verdict.textContent = "";
      status.textContent = refused.length ? `The address asks for ${refused.join(", ")}, which is no choice here: the usual one was taken.` : "";
      refused = [];
      const settings = { ...chosen, schedule: schedules[chosen.schedule], turn: ++turn };
      for (const name of ["rate", "batch", "epochs", "seed"]) settings[name] = Number(chosen[name]);
      worker?.postMessage({ wish: "reset", settings });
    }
    async function wish(kind) {
      try {
        if (!digits) {
          status.textContent = "Loading the digits …";
          loading ??= fetchDigits();
          const found = await loading;
          if (!digits) {
            digits = found;
            worker.postMessage({ wish: "digits", digits });
            renew();
          }
        }
        worker.postMessage({ wish: kind });
      } catch (error) {
        loading = null;
        verdict.textContent = error.message;
      }
    }
    function toggle() {
      wish(last.running ? "pause" : "run");
    }

    // --- what the worker says ---
    function hear({ data: said }) {
      if (said.turn !== turn) return;
      const epoch = said.update / said.perEpoch;
      if (said.update < last.update || !said.update) now.points = [];
      const loss = Number.isFinite(said.loss) ? said.loss : null;
      const error = said.test ? said.test.wrong.length / said.test.tested : null;
      if (loss !== null || error !== null) now.points.push({ epoch, loss, error });
      last = said;
      const still = said.update < said.updates ? "Go on" : "Finished";
      go.textContent = said.running ? "Stop" : said.update ? still : "Start";
      go.disabled = said.update >= said.updates || !said.sane;
      step.disabled = said.running || go.disabled;
      drawKernels(said.kernels);
      if (said.test) drawWrong(said.test);
      if (!said.update && !said.test) drawWrong(null);
      drawCurves();
      tell(said, epoch);
    }
    function tell(said, epoch) {
      const latest = (what) => now.points.findLast((point) => point[what] !== null);
      const loss = latest("loss")?.loss;
      const { error, epoch: tried } = latest("error") ?? {};
      const then = tried < epoch ? ` at update ${many(Math.round(tried * said.perEpoch))}` : "";
      progress.textContent = said.update
        ? `Update ${many(said.update)} of ${many(said.updates)}, epoch ${epoch.toFixed(1)} of ${chosen.epochs}: training loss ${rounded(loss ?? 0)}; ${error === undefined ? "" : `${(100 * error).toFixed(1)} % of ${many(tested)} held-out digits read wrongly${then}; `}learning rate ${rounded(said.rate)}.`
        : `Nothing is trained yet. Start takes ${many(train)} digits, ${many(said.perEpoch)} updates an epoch.`;
      if (!digits && !said.update) progress.textContent += " The digits, a megabyte, are loaded when you start.";
      const why = diagnose(chosen, said);
      if (said.loss !== null && why !== verdict.textContent) verdict.textContent = why; // else it would be read out again
      if (digits && !said.running && said.update) {
        const done = said.update >= said.updates;
        const made = `${many(said.update)} update${said.update > 1 ? "s" : ""}`;
        status.textContent = `${done ? "Finished" : "Stopped"} after ${made}: ${(100 * error).toFixed(1)} % of the held-out digits read wrongly.`;
      } else if (said.test && Number.isInteger(epoch) && epoch) {
        status.textContent = `Epoch ${epoch}: ${(100 * error).toFixed(1)} % of the held-out digits read wrongly.`;
      } else if (digits && !said.update) status.textContent = status.textContent.replace("Loading the digits …", "");
    }

    // --- pictures ---
    function drawCurves() {
      const epochs = Number(chosen.epochs);
      const losses = now.points.map(({ loss }) => loss);
      const errors = [now, before].flatMap((run) => errorsOf(run ?? { points: [] }));
      const high = { loss: Math.min(100, Math.max(2.5, ...losses)), error: Math.min(1, Math.max(0.1, ...errors)) };
      const shown = { loss: (v) => rounded(v), error: (v) => `${Math.round(100 * v)} %` };
      const cut = losses.some((loss) => loss > 100) ? ", cut off at 100" : "";
      const titles = { loss: `Training loss${cut}`, error: `Error on ${many(tested)} held-out digits` };
      for (const what of ["loss", "error"]) {
        const x = { low: 0, high: epochs, show: (v) => rounded(v), label: "epochs" };
        const axes = frame(x, { low: 0, high: high[what], show: shown[what] }, 200, `${titles[what]} by epoch`);
        if (before) axes.root.append(line(axes, before.points, what, epochs, high[what], { stroke: colours.before, "stroke-dasharray": "5 3" }));
        axes.root.append(line(axes, now.points, what, epochs, high[what], { stroke: colours[what] }));
        plots[what].replaceChildren(html("p", { class: "cnn-title" }, titles[what]), axes.root);
      }
      legend.textContent = before ? compare() : "";
    }
    /** What tells the two trainings apart. */
    function compare() {
      const other = Object.keys(FIELDS).filter((name) => now.chosen[name] !== before.chosen[name]);
      const told = (run) => other.map((name) => `${FIELDS[name][0].toLowerCase()} ${FIELDS[name][1][run.chosen[name]]}`).join(", ");
      return other.length ? `Solid: ${told(now)}. Dashed, the training before: ${told(before)}.` : "Dashed: the training before, with the same settings.";
    }
    /** The errors that an axis has to show: without those of the beginning, once there are others. */
    function errorsOf({ points }) {
      const known = points.filter(({ error }) => error !== null);
      const later = known.filter(({ epoch }) => epoch >= 0.5);
      return (later.length > 1 ? later : known).map(({ error }) => error);
    }
    function line(axes, points, what, epochs, high, look) {
      const fits = (point) => point.epoch <= epochs && point[what] !== null && (what === "loss" || point[what] <= high);
      const path = points.filter(fits).map((point) => `${axes.x(point.epoch)},${axes.y(Math.min(point[what], high))}`).join(" ");
      return svg("polyline", { points: path, fill: "none", "stroke-width": 2, ...look });
    }
    function drawKernels(weights) {
      const most = Math.max(...weights.map(Math.abs)) || 1;
      kernels.forEach((canvas, unit) => {
        paint(canvas, tones.kernels, (at) => Math.round((weights[at * 6 + unit] / most + 1) * 127.5));
      });
    }
    function drawWrong(test) {
      const found = test ? test.wrong.slice(0, SHOWN) : [];
      const count = test?.wrong.length;
      wrongTitle.textContent = !test
        ? "What it reads wrongly shows here."
        : `Read wrongly: ${many(count)} of ${many(tested)}. ${count > SHOWN ? `The first ${SHOWN}: what` : "What"} each is, and as what it was read`;
      wrong.replaceChildren(...found.map(({ digit, answer }) => {
        const label = digits.labels[digit];
        const canvas = html("canvas", { width: SIZE, height: SIZE, role: "img", "aria-label": `A handwritten ${label}` });
        paint(canvas, tones.ink, (at) => digits.pixels[digit * SIZE ** 2 + at]);
        return html("li", {}, canvas, html("span", {}, `${label} as ${answer}`));
      }));
    }

    root.classList.add("cnn-training");
    root.style.setProperty("--cnn-paper", print[0]);
    root.append(
      html("div", { class: "cnn-fields" }, ...fields),
      html("div", { class: "cnn-buttons" }, go, step, reset, link),
      progress,
      verdict,
      status,
      html("div", { class: "cnn-pair" }, plots.loss, plots.error),
      legend,
      html("p", { class: "cnn-title" }, "The six filters of C1"),
      html("div", { class: "cnn-kernels" }, ...kernels),
      wrongTitle,
      wrong,
    );
    window.addEventListener("hashchange", () => {
      const named = [...new URLSearchParams(location.hash.slice(1)).keys()];
      if (!named.length || named.some((name) => name in FIELDS)) adopt(); // else it is a place on the page
    });
    try {
      worker = startWorker();
      worker.postMessage({ wish: "digits", digits: { train } }); // how many there will be; their pixels come later
      worker.onmessage = hear;
      worker.onerror = (error) => (verdict.textContent = `The training stopped: ${error.message}`);
    } catch (error) {
      verdict.textContent = `This browser starts no worker here, so nothing can be trained: ${error.message}`;
      for (const button of [go, step, reset]) button.disabled = true;
    }
    renew();
  }

  (window.cnnWidgets ||= {}).training = start;
})();
