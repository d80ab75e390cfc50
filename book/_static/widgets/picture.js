// Shows pictures to SqueezeNet: what it answers, where it sees the class, what its layers make of the picture, and what
// covering a part of it costs. squeezenet.js does the work, in a worker. The network and the photographs lie in scripts
// which book/on_demand.py writes; the page asks for them with the first picture. Nothing of a picture leaves the page.
(() => {
  const SHOWN = 5; // answers
  const TILES = 24; // channels at a time
  const LARGEST = 16e6; // pixels that every browser can draw at once; of a larger picture no network sees more
  const NOTHING = "no overlay";
  const COVER = "Cover one part after another";
  const TRANSPARENT = 0.8; // how much of its colour an overlay takes at most

  /**
   * Decodes a picture as cnnlib.data.decode does: the way up that its camera noted, on white where it lets light through,
   * its levels as they are stored.
   */
  async function decode(blob) {
    const stored = { imageOrientation: "from-image", colorSpaceConversion: "none" };
    const bitmap = await createImageBitmap(blob, stored);
    const share = Math.min(1, Math.sqrt(LARGEST / (bitmap.width * bitmap.height)));
    const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(share * side)));
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    return { pixels: context.getImageData(0, 0, width, height).data, width, height };
  }

  /** The value of maps at a pixel, between their places: `first` is the middle of the first, then one every `step`. */
  function between(values, rows, columns, first, step) {
    const along = (pixel, count) => {
      const at = Math.min(Math.max((pixel - first) / step, 0), count - 1);
      const low = Math.min(Math.floor(at), Math.max(count - 2, 0));
      return [low, Math.min(low + 1, count - 1), at - low];
    };
    return (x, y) => {
      const [top, bottom, down] = along(y, rows);
      const [left, right, across] = along(x, columns);
      const row = (at) => (1 - across) * values[at * columns + left] + across * values[at * columns + right];
      return (1 - down) * row(top) + down * row(bottom);
    };
  }

  /** One channel of maps. */
  function channelOf({ maps, shape }, channel) {
    return Float64Array.from({ length: shape[0] * shape[1] }, (_, at) => maps[at * shape[2] + channel]);
  }

  function start(root, { photographs, mistakes, signed }) {
    const { html, choice } = window.cnnChart;
    const { load, unpack } = window.cnnOnDemand;
    const { ramp, paint } = window.cnnPixels;
    const percent = (share) => (share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(share < 0.0995 || share >= 0.995 ? 1 : 0)} %`);
    const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    const [less, more] = [rgb(signed[1]), rgb(signed[3])];
    const tones = ramp(signed.slice(2));
    let [worker, loading, described] = [];
    let [answer, covered, layer, tile] = []; // of the picture that is shown: what the worker said, and what was chosen
    let [label, overlay, name, asked, told] = [null, "cam", "", 0, ""];

    // --- what is on the page ---
    const input = (words, settings) => {
      const field = html("input", { type: "file", accept: "image/*", ...settings, onchange: () => take(field) });
      return html("label", { class: "cnn-file" }, field, words);
    };
    const examples = Object.entries(photographs).map(([title, thumbnail]) => {
      const image = html("img", { src: thumbnail, alt: "", width: 96, height: 96 });
      return html("li", {}, html("button", { type: "button", onclick: () => begin(title) }, image, title));
    });
    const preparation = html(
      "select",
      { onchange: () => look() },
      ...Object.entries(mistakes).map(([mistake, says], at) => html("option", { value: mistake }, at ? `${mistake}: ${says}` : `right: ${says}`)),
    );
    const trouble = html("p", { class: "cnn-error", role: "alert" });
    const status = html("p", { class: "cnn-muted", role: "status" }, "No picture is shown yet. The first one loads the network, three megabytes.");
    const large = html("canvas", { class: "cnn-large", role: "img", "aria-label": "The picture" });
    const overlays = choice("Over the picture", { cam: "where it sees the class", cover: "what covering costs", channel: "a channel", none: NOTHING }, (value) => {
      overlay = value;
      drawLarge();
    });
    const caption = html("p", { class: "cnn-muted" });
    const answers = html("fieldset", { class: "cnn-answers" });
    const go = html("button", { type: "button", onclick: toggle }, COVER);
    const progress = html("progress", { "aria-label": "Parts covered", max: 1, value: 0 });
    const layers = html("select", { onchange: () => worker.postMessage({ wish: "maps", layer: layers.value }) });
    const range = html("select", { onchange: () => drawTiles() });
    const tiles = html("ul", { class: "cnn-channels" });
    const results = html(
      "div",
      { hidden: true },
      html("label", { class: "cnn-wide" }, "Preparation", preparation),
      html(
        "div",
        { class: "cnn-seen" },
        html("div", {}, large, overlays, caption),
        html("div", {}, answers, html("div", { class: "cnn-buttons" }, go), progress),
      ),
      html("p", { class: "cnn-title" }, "What the layers make of it"),
      html("div", { class: "cnn-fields" }, html("label", {}, "Layer", layers), html("label", {}, "Channels, the strongest first", range)),
      tiles,
    );
    progress.hidden = true;

    // --- what a reader does ---
    function take(field) {
      if (field.files.length) show(field.files[0], field.files[0].name);
      field.value = ""; // the same file once more is news, too
    }
    async function begin(title) {
      try {
        if (!window.cnnPhotographs) await load("photographs.js", "The photographs");
        const bytes = window.cnnLenet.bytes(window.cnnPhotographs[title]);
        await show(new Blob([bytes], { type: "image/jpeg" }), title);
      } catch (error) {
        trouble.textContent = error.message;
      }
    }
    async function show(blob, title) {
      const turn = ++asked; // a later picture overtakes an earlier one
      try {
        status.textContent = worker ? "Looking …" : "Loading the network …";
        trouble.textContent = "";
        loading ??= fetchNetwork();
        await loading;
        let picture;
        try {
          picture = await decode(blob);
        } catch {
          throw new Error(`${title} is no picture that this browser can read: show it a JPEG, PNG or WebP file.`);
        }
        if (turn !== asked) return;
        name = title;
        label = null;
        look(picture);
      } catch (error) {
        if (!worker) loading = null;
        trouble.textContent = error.message;
        status.textContent = "";
      }
    }
    /** Has the network look: at a new picture, or once more at the last one, prepared as is chosen now. */
    function look(picture) {
      stop();
      covered = null;
      status.textContent = "Looking …";
      worker.postMessage({ wish: "look", picture, mistake: preparation.value }, picture ? [picture.pixels.buffer] : []);
    }
    function toggle() {
      if (covered && covered.left.length < covered.all) return stop();
      covered = { label, left: [], all: 1 };
      progress.hidden = false;
      progress.value = 0;
      go.textContent = "Stop";
      status.textContent = "Covering …";
      worker.postMessage({ wish: "cover", label });
    }
    function stop() {
      if (covered && covered.left.length < covered.all) {
        const made = covered.left.length;
        status.textContent = made ? `Stopped after ${made} of ${covered.all} squares.` : "Stopped.";
        covered = null;
      }
      worker.postMessage({ wish: "stop" });
      progress.hidden = true;
      go.textContent = COVER;
      if (overlay === "cover" && !covered) choose("cam");
    }
    function choose(value) {
      overlay = value;
      overlays.querySelector(`[value="${value}"]`).checked = true;
      drawLarge();
    }

    // --- the network ---
    async function fetchNetwork() {
      if (!window.cnnWeights) await load("squeezenet-weights.js", "The network’s weights");
      const { packed, ...rest } = window.cnnWeights;
      const bytes = await unpack(packed, "network");
      const program = new Blob([`(${window.cnnSqueezeNet})(self);`], { type: "text/javascript" });
      const started = new Worker(URL.createObjectURL(program));
      started.onmessage = ({ data }) => hear[data.about](data);
      started.onerror = (error) => (trouble.textContent = `The network stopped: ${error.message}`);
      started.postMessage({ wish: "network", described: rest, bytes }, [bytes.buffer]);
      described = rest;
      const shown = rest.layers.filter(({ kind }) => kind === "Conv2D" || kind === "MaxPooling2D");
      layers.replaceChildren(...shown.map(({ name: each, shape }) => html("option", { value: each }, `${each}, ${shape[2]} of ${shape[0]}×${shape[1]}`)));
      worker = started;
    }
    const hear = {
      answer: (said) => {
        answer = said;
        results.hidden = false;
        const best = [...said.scores.keys()].sort((a, b) => said.scores[b] - said.scores[a]).slice(0, SHOWN);
        if (!best.includes(label)) [label] = best;
        drawAnswers(best);
        drawLarge();
        const scored = best.map((each) => `${described.names[each]} ${percent(said.scores[each])}`);
        told = `${name}, ${preparation.selectedIndex ? preparation.value : "rightly prepared"}: ${scored.join(", ")}. It took ${(said.milliseconds / 1000).toFixed(2)} seconds.`;
        status.textContent = told;
        worker.postMessage({ wish: "maps", layer: layers.value });
      },
      maps: (said) => {
        layer = said;
        const { means } = said;
        const count = means.length;
        layer.order = [...means.keys()].sort((a, b) => means[b] - means[a]);
        tile = null;
        const pages = Array.from({ length: Math.ceil(count / TILES) }, (_, at) => {
          return html("option", { value: at }, `${at * TILES + 1} to ${Math.min((at + 1) * TILES, count)} of ${count}`);
        });
        range.replaceChildren(...pages);
        drawTiles();
        if (overlay === "channel") choose("channel");
      },
      covered: (said) => {
        if (!covered || said.label !== covered.label) return; // stopped meanwhile
        covered = said;
        progress.value = said.left.length / said.all;
        if (said.left.length < said.all) return;
        progress.hidden = true;
        go.textContent = COVER;
        const least = Math.min(...said.left);
        status.textContent = `Covered ${said.all} times: ${described.names[said.label]} has ${percent(answer.scores[said.label])}; with the worst square covered, ${percent(least)} are left.`;
        choose("cover");
      },
    };

    // --- pictures ---
    function drawAnswers(best) {
      const rows = best.map((each) => {
        const radio = html("input", { type: "radio", name: "cnn-answer", checked: each === label, onchange: () => adopt(each) });
        const bar = html("span", { class: "cnn-bar", style: `width:${100 * answer.scores[each]}%` });
        return html("label", {}, radio, html("span", {}, described.names[each]), html("b", {}, percent(answer.scores[each])), html("span", { class: "cnn-track" }, bar));
      });
      answers.replaceChildren(html("legend", {}, "It says"), ...rows);
    }
    /** Asks of another class where it is seen. */
    function adopt(chosen) {
      stop();
      status.textContent = told;
      label = chosen;
      if (covered && covered.label !== label) covered = null;
      if (overlay !== "cam") choose("cam");
      drawLarge();
    }
    function drawLarge() {
      if (!answer) return;
      const side = described.view.size;
      large.width = large.height = side;
      const image = new ImageData(answer.pixels.slice(), side, side);
      const words = describe();
      if (words.map) {
        const [rows, columns] = words.shape;
        const value = between(words.map, rows, columns, words.first, words.step);
        const most = words.most ?? Math.max(...words.map, 1e-9); // of what the strongest colour stands for
        for (let at = 0; at < side * side; at++) {
          const share = Math.min(Math.max(value(at % side, Math.floor(at / side)) / most, -1), 1);
          const grey = (image.data[4 * at] + image.data[4 * at + 1] + image.data[4 * at + 2]) / 3;
          const colour = share < 0 ? less : more;
          for (let part = 0; part < 3; part++) image.data[4 * at + part] = grey + TRANSPARENT * Math.abs(share) * (colour[part] - grey);
        }
      }
      large.getContext("2d").putImageData(image, 0, 0);
      caption.textContent = words.caption;
      large.setAttribute("aria-label", `${name}, as the network takes it to be. ${words.caption}`);
    }
    /** The map that lies over the picture, and words for it. */
    function describe() {
      const last = described.layers.findLast(({ kind }) => kind === "Conv2D");
      const shown = described.names[label];
      if (overlay === "cam") {
        const map = channelOf(answer.last, label);
        const mean = map.reduce((a, b) => a + b) / map.length;
        return { ...answer.last, map, caption: `Orange: where ${answer.last.name} sees ${shown}, at its strongest ${Math.max(...map).toPrecision(3)}. The mean of this map, ${mean.toFixed(1)}, is all that the softmax gets to know of the class.` };
      }
      if (overlay === "cover") {
        if (!covered) return { caption: `Nothing has been covered yet: press “${COVER}”.` };
        const side = Math.sqrt(covered.all);
        const before = answer.scores[label];
        const map = Float64Array.from(covered.left, (left) => before - left);
        const most = Math.max(...map.map(Math.abs), 1e-9);
        return { map, shape: [side, side], first: covered.first, step: covered.step, most, caption: `Orange: where a square of the mean colour takes from the score of ${shown}, ${percent(before)}. Blue: where it adds. The strongest colour stands for ${(100 * most).toPrecision(2)} percentage points.` };
      }
      if (overlay === "channel") {
        if (tile == null) return { caption: "Choose one of the channels below." };
        const map = channelOf(layer, tile);
        return { ...layer, map, caption: `Orange: where channel ${tile + 1} of ${layer.name} answers, at its strongest ${Math.max(...map).toPrecision(3)}.` };
      }
      return { caption: preparation.selectedIndex ? `What the network takes the picture to be. The mistake: ${mistakes[preparation.value]}.` : "What the network is shown: the middle of the picture." };
    }
    function drawTiles() {
      const [rows, columns, count] = layer.shape;
      const ofClasses = count === described.names.length;
      const shown = layer.order.slice(range.value * TILES, (Number(range.value) + 1) * TILES);
      tiles.replaceChildren(...shown.map((channel) => {
        const values = channelOf(layer, channel);
        const most = Math.max(...values);
        const words = ofClasses ? described.names[channel] : `${channel + 1}`;
        const canvas = html("canvas", { width: columns, height: rows });
        paint(canvas, tones, (at) => Math.round((255 * values[at]) / (most || 1)));
        const pick = () => {
          tile = channel;
          choose("channel");
          large.scrollIntoView({ block: "nearest" }); // the tiles are a screen below
        };
        const says = `${ofClasses ? words : `Channel ${words}`}, at most ${most.toPrecision(3)}`;
        return html("li", {}, html("button", { type: "button", "aria-label": `${says}: lay it over the picture`, title: says, onclick: pick }, canvas, html("span", {}, words)));
      }));
    }

    root.classList.add("cnn-picture");
    root.append(
      html(
        "div",
        { class: "cnn-drop" },
        html("p", {}, "Drop a picture here, or"),
        html("div", { class: "cnn-buttons" }, input("Choose a picture", {}), input("Take a photograph", { capture: "environment" })),
        html("p", { class: "cnn-muted" }, "It stays on your machine: the network comes to the picture."),
      ),
      html("p", { class: "cnn-title" }, "Or begin with one of these"),
      html("ul", { class: "cnn-examples" }, ...examples),
      trouble,
      status,
      results,
    );
    // Anywhere on the page: a picture dropped beside the box would take the page's place.
    const files = (event) => event.dataTransfer.types.includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      root.classList.add("cnn-over");
    });
    for (const end of ["dragleave", "drop"]) document.addEventListener(end, () => root.classList.remove("cnn-over"));
    document.addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      show(file, file.name);
    });
  }

  (window.cnnWidgets ||= {}).picture = start;
})();
