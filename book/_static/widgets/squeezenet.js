// Runs SqueezeNet: a picture made ready as cnnlib does it, rightly or with a mistake, every layer, and the picture with
// one part covered after another. The network's description and its weights are those that cnnbook.widgets.picture
// writes. All of it stands in one function, whose text is the worker's program: a page that was opened from a folder
// can load no worker from a file. Called without a scope it only returns `create`, which the tests hold against Keras.
// Code of our own, since it is smaller and faster: TensorFlow.js 4.22 has 1.5 MB and took 0.95 s a picture in a headless
// Chromium on two busy cores, on the processor as with WebGL; this took 0.3 s there.
window.cnnSqueezeNet = function squeezenet(scope) {
  // Pictures are {pixels, width, height}, four bytes a pixel: red, green, blue, and one that nobody reads. Maps are laid
  // out as in Keras: row by row, the channels of a place side by side. Their numbers are Float64: with Float32 the
  // loops below take half as long again, since JavaScript calculates in 64 bits.
  const COVERED = 51; // side of the square that is laid over a picture, and how far it moves:
  const STEP = 22; // nine places, from one edge of 227 pixels to the other

  // --- pictures, as Pillow and cnnlib have them ---

  /** Rounds a half to the even number, as Python does. */
  function round(value) {
    const up = Math.floor(value + 0.5);
    return up - value === 0.5 && up % 2 ? up - 1 : up;
  }

  /**
   * What each new pixel takes of the old ones along a line: Pillow's triangle, as wide as what it covers, in whole parts
   * of 2 ** 22 (its src/libImaging/Resample.c, precompute_coeffs and normalize_coeffs_8bpc).
   */
  function shares(from, to, size, count) {
    [from, to] = [Math.fround(from), Math.fround(to)];
    const scale = Math.fround(to - from) / count;
    const support = Math.max(scale, 1);
    const slope = 1 / support; // as Pillow, to the last bit
    return Array.from({ length: count }, (_, at) => {
      const centre = from + (at + 0.5) * scale;
      const first = Math.max(Math.trunc(centre - support + 0.5), 0);
      const last = Math.min(Math.trunc(centre + support + 0.5), size);
      const parts = Array.from({ length: last - first }, (_, i) => {
        return Math.max(1 - Math.abs((i + first - centre + 0.5) * slope), 0);
      });
      const sum = parts.reduce((a, b) => a + b, 0);
      return { first, parts: parts.map((part) => Math.trunc((part / sum) * 2 ** 22 + 0.5)) };
    });
  }

  /**
   * Resizes the part of a picture within a box (left, top, right, bottom): across first, then down, whole levels each.
   * Of some tall pictures Pillow 13 goes down first, and some levels differ by one.
   */
  function resize({ pixels, width, height }, columns, rows, [left, top, right, bottom] = [0, 0, width, height]) {
    const down = shares(top, bottom, height, rows);
    const [start, end] = [down[0].first, down[rows - 1].first + down[rows - 1].parts.length];
    let lines = pixels.subarray(4 * width * start, 4 * width * end);
    if (columns !== width || left !== 0 || right !== width) {
      lines = weighed(lines, shares(left, right, width, columns), end - start, 4 * width, 4);
    }
    for (const share of down) share.first -= start;
    if (rows !== height || top !== 0 || bottom !== height) lines = weighed(lines, down, columns, 4, 4 * columns);
    return { pixels: lines, width: columns, height: rows };
  }

  /** Mixes the pixels of parallel lines; `aside` leads from a line to the next, `ahead` to the next pixel in it. */
  function weighed(pixels, taken, lines, aside, ahead) {
    const made = new Uint8ClampedArray(4 * taken.length * lines);
    const across = ahead === 4; // else down
    taken.forEach(({ first, parts }, at) => {
      for (let line = 0; line < lines; line++) {
        let [red, green, blue] = [2 ** 21, 2 ** 21, 2 ** 21];
        for (let i = 0, from = line * aside + first * ahead; i < parts.length; i++, from += ahead) {
          red += parts[i] * pixels[from];
          green += parts[i] * pixels[from + 1];
          blue += parts[i] * pixels[from + 2];
        }
        const to = 4 * (across ? line * taken.length + at : at * lines + line);
        made[to] = Math.floor(red / 2 ** 22);
        made[to + 1] = Math.floor(green / 2 ** 22);
        made[to + 2] = Math.floor(blue / 2 ** 22);
        made[to + 3] = 255;
      }
    });
    return made;
  }

  /** The central square of a picture whose shorter side is resized: cnnlib.data.views.CentreView. */
  function centre(picture, { size, shorter }) {
    const least = Math.min(picture.width, picture.height);
    const [width, height] = [picture.width, picture.height].map((side) => round((side * shorter) / least));
    const margin = Math.floor((shorter - size) / 2);
    const left = Math.floor((width - shorter) / 2) + margin;
    const top = Math.floor((height - shorter) / 2) + margin;
    const [across, down] = [picture.width / width, picture.height / height];
    return resize(picture, size, size, [left * across, top * down, (left + size) * across, (top + size) * down]);
  }

  /** A picture whose pixel (x, y) is that of another at a place. */
  function moved(picture, width, height, place) {
    const [from, to] = [picture.pixels, new Uint8ClampedArray(4 * width * height)].map((bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) to[y * width + x] = from[place(x, y)];
    return { pixels: new Uint8ClampedArray(to.buffer), width, height };
  }

  // cnnbook.mistakes, under the same names: what becomes of the picture before the view.
  const OF_THE_PICTURE = {
    mirrored: (p) => moved(p, p.width, p.height, (x, y) => y * p.width + p.width - 1 - x),
    "on its side": (p) => moved(p, p.height, p.width, (x, y) => x * p.width + p.width - 1 - y),
    squashed: (p) => resize(p, Math.max(1, round(p.width * 0.75)), p.height),
    thumbnail: (p, { size }) => {
      const share = size / 4 / Math.min(p.width, p.height);
      return resize(p, Math.max(1, round(p.width * share)), Math.max(1, round(p.height * share)));
    },
    "too near": (p) => {
      const [left, top] = [Math.floor(p.width / 4), Math.floor(p.height / 4)];
      return moved(p, p.width - 2 * left, p.height - 2 * top, (x, y) => (y + top) * p.width + x + left);
    },
  };

  // And of a level, 0 to 255, of a channel, 0 to 2 in the order of the network's input: blue, green, red.
  const OF_THE_LEVELS = {
    "red and blue exchanged": (levels, channel, mean) => levels[2 - channel] - mean[channel],
    "no mean": (levels, channel) => levels[channel],
    "0 to 1 alone": (levels, channel) => levels[2 - channel] / 255,
    "0 to 1 and prepared": (levels, channel, mean) => levels[channel] / 255 - mean[channel],
    "prepared twice": (levels, channel, mean) => levels[2 - channel] - mean[2 - channel] - mean[channel],
  };
  const rightly = (levels, channel, mean) => levels[channel] - mean[channel];

  /** The input of the network, for pixels that it is shown. */
  function prepare({ pixels }, mean, mistake) {
    const of = OF_THE_LEVELS[mistake] ?? rightly;
    const [count, backwards] = [pixels.length / 4, [...mean].reverse()];
    const x = new Float64Array(3 * count);
    for (let at = 0; at < count; at++) {
      const levels = [pixels[4 * at + 2], pixels[4 * at + 1], pixels[4 * at]];
      for (let channel = 0; channel < 3; channel++) x[3 * at + channel] = of(levels, channel, backwards);
    }
    return x;
  }

  /** The picture that an input would be, had it been prepared rightly: what the network takes it for. */
  function believed(x, mean) {
    const pixels = new Uint8ClampedArray((4 * x.length) / 3).fill(255);
    x.forEach((value, at) => (pixels[4 * Math.floor(at / 3) + 2 - (at % 3)] = value + mean[2 - (at % 3)]));
    return pixels;
  }

  // --- layers ---

  /** Numbers of half precision, of which first all the lower bytes are given and then all the upper ones. */
  function halves(bytes) {
    const count = bytes.length / 2;
    return Float64Array.from({ length: count }, (_, at) => {
      const [low, high] = [bytes[at], bytes[count + at]];
      const exponent = (high >> 2) & 31;
      const fraction = (((high & 3) << 8) | low) / 1024;
      const size = exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14;
      return high & 128 ? -size : size;
    });
  }

  /** A frame of zeros around maps. */
  function padded(x, [rows, columns, channels], padding) {
    if (!padding) return x;
    const wide = (columns + 2 * padding) * channels;
    const y = new Float64Array(wide * (rows + 2 * padding));
    for (let row = 0; row < rows; row++) {
      y.set(x.subarray(row * columns * channels, (row + 1) * columns * channels), (row + padding) * wide + padding * channels);
    }
    return y;
  }

  /** A convolution with ReLU: two places by four units at a time, so that what is fetched is used more than once. */
  function convolution(given, layer) {
    const { size, stride, padding, shape, before, kernel, bias } = layer;
    const [columns, units] = [shape[1], shape[2]];
    const x = padded(given, before, padding);
    const run = size * before[2]; // of a row of the kernel, one behind the other
    const line = (before[1] + 2 * padding) * before[2];
    const y = new Float64Array(shape[0] * columns * units);
    const places = shape[0] * columns;
    const start = (place) => Math.floor(place / columns) * stride * line + (place % columns) * stride * before[2];
    for (let unit = 0; unit < units; unit += 4) {
      const [b0, b1, b2, b3] = bias.subarray(unit, unit + 4);
      for (let place = 0; place < places; place += 2) {
        const next = Math.min(place + 1, places - 1);
        const [from0, from1] = [start(place), start(next)];
        let [p0, p1, p2, p3, q0, q1, q2, q3] = [b0, b1, b2, b3, b0, b1, b2, b3];
        let w0 = unit * size * run;
        let w1 = w0 + size * run;
        let w2 = w1 + size * run;
        let w3 = w2 + size * run;
        for (let row = 0; row < size; row++) {
          let at0 = from0 + row * line;
          let at1 = from1 + row * line;
          for (const end = at0 + run; at0 < end; at0++, at1++, w0++, w1++, w2++, w3++) {
            const u = x[at0];
            const v = x[at1];
            const k0 = kernel[w0];
            const k1 = kernel[w1];
            const k2 = kernel[w2];
            const k3 = kernel[w3];
            p0 += u * k0;
            p1 += u * k1;
            p2 += u * k2;
            p3 += u * k3;
            q0 += v * k0;
            q1 += v * k1;
            q2 += v * k2;
            q3 += v * k3;
          }
        }
        const [p, q] = [place * units + unit, next * units + unit];
        y[p] = Math.max(p0, 0);
        y[p + 1] = Math.max(p1, 0);
        y[p + 2] = Math.max(p2, 0);
        y[p + 3] = Math.max(p3, 0);
        y[q] = Math.max(q0, 0);
        y[q + 1] = Math.max(q1, 0);
        y[q + 2] = Math.max(q2, 0);
        y[q + 3] = Math.max(q3, 0);
      }
    }
    return y;
  }

  function pooling(x, { size, stride, shape, before }) {
    const [rows, columns, channels] = shape;
    const y = new Float64Array(rows * columns * channels).fill(-Infinity);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at += channels) {
        for (let i = 0; i < size; i++) {
          for (let j = 0; j < size; j++) {
            const from = ((row * stride + i) * before[1] + column * stride + j) * channels;
            for (let channel = 0; channel < channels; channel++) {
              if (x[from + channel] > y[at + channel]) y[at + channel] = x[from + channel];
            }
          }
        }
      }
    }
    return y;
  }

  /** Two maps of the same places side by side. */
  function both(x, y, { shape: [rows, columns, channels] }) {
    const joined = new Float64Array(rows * columns * channels);
    const [first, second] = [x, y].map((maps) => maps.length / (rows * columns));
    for (let place = 0; place < rows * columns; place++) {
      joined.set(x.subarray(place * first, (place + 1) * first), place * channels);
      joined.set(y.subarray(place * second, (place + 1) * second), place * channels + first);
    }
    return joined;
  }

  /** The mean of each map. */
  function means(x, count) {
    const sums = new Float64Array(count);
    for (let at = 0; at < x.length; at++) sums[at % count] += x[at];
    return sums.map((sum) => sum / (x.length / count));
  }

  function softmax(x) {
    const most = Math.max(...x);
    const powers = x.map((value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  }

  const KINDS = {
    Conv2D: (layer, x) => convolution(x, layer),
    MaxPooling2D: (layer, x) => pooling(x, layer),
    Concatenate: (layer, x, y) => both(x, y, layer),
    Dropout: (layer, x) => x, // nothing is dropped but in training
    GlobalAveragePooling2D: ({ shape }, x) => means(x, shape[0]),
    Activation: (layer, x) => softmax(x),
  };

  /**
   * The network, ready to be asked.
   * @param {object} described from cnnbook.widgets.picture: layers, view and mean
   * @param {Uint8Array} bytes its weights, see `halves`
   */
  function create({ layers: given, view, mean }, bytes) {
    const weights = halves(bytes);
    let read = 0;
    // Where the middle of a layer's first place lies in the image, and how far it is to the next one.
    const seen = { image: { shape: [view.size, view.size, 3], first: 0, step: 1 } };
    const layers = given.map((layer) => {
      const from = seen[layer.inputs[0]];
      const { size = 1, stride = 1, padding = 0 } = layer;
      const made = { ...layer, before: from.shape, first: from.first + from.step * ((size - 1) / 2 - padding), step: from.step * stride };
      if (layer.kind === "Conv2D") {
        const [fan, units] = [size ** 2 * from.shape[2], layer.shape[2]];
        // Of Keras's kernel the weights of a unit come one behind the other, for the sake of `convolution`.
        made.kernel = new Float64Array(fan * units);
        for (let i = 0; i < fan; i++) for (let unit = 0; unit < units; unit++) made.kernel[unit * fan + i] = weights[read++];
        made.bias = weights.slice(read, (read += units));
      }
      return (seen[layer.name] = made);
    });

    /** What all layers make of an input. */
    function run(x) {
      const maps = { image: x };
      for (const layer of layers) maps[layer.name] = KINDS[layer.kind](layer, ...layer.inputs.map((name) => maps[name]));
      return maps;
    }
    /** The square that the network is shown of a picture. */
    function look(picture, mistake) {
      return centre(OF_THE_PICTURE[mistake]?.(picture, view) ?? picture, view);
    }
    /** Where squares are laid over a picture: left and top edges. */
    const places = [];
    for (let top = 0; top + COVERED <= view.size; top += STEP) {
      for (let left = 0; left + COVERED <= view.size; left += STEP) places.push([left, top]);
    }
    /** A picture with one square of ImageNet's mean colour laid over it. */
    function cover({ pixels, width, height }, [left, top]) {
      const covered = pixels.slice();
      for (let y = top; y < top + COVERED; y++) {
        for (let x = left; x < left + COVERED; x++) covered.set(mean.map(Math.round), 4 * (y * width + x));
      }
      return { pixels: covered, width, height };
    }
    return {
      layers,
      places,
      look,
      cover,
      run,
      input: (square, mistake) => prepare(square, mean, mistake),
      believed: (x) => believed(x, mean),
      scores: (square, mistake) => run(prepare(square, mean, mistake))[layers.at(-1).name],
    };
  }

  // --- the worker ---

  function listen() {
    let [net, picture, square, mistake, maps, timer] = [];
    /** The maps of a layer, and where in the image they lie. */
    function mapsOf({ name, shape, first, step }) {
      return { name, maps: maps[name], shape, first, step };
    }
    const wishes = {
      network: ({ described, bytes }) => (net = create(described, bytes)),
      /** A picture, or the last one once more in another preparation. */
      look: ({ picture: given = picture, mistake: chosen }) => {
        const began = performance.now();
        picture = given;
        [square, mistake] = [net.look(picture, chosen), chosen];
        const x = net.input(square, mistake);
        maps = net.run(x);
        const [last, , softmax] = net.layers.slice(-3);
        const milliseconds = performance.now() - began;
        scope.postMessage({ about: "answer", pixels: net.believed(x), scores: maps[softmax.name], last: mapsOf(last), milliseconds });
      },
      maps: ({ layer: asked }) => {
        const layer = net.layers.find(({ name }) => name === asked);
        scope.postMessage({ about: "maps", ...mapsOf(layer), means: means(maps[asked], layer.shape[2]) });
      },
      /** Covers one part after another, and says each time what is left of a class's score. */
      cover: ({ label }) => {
        const left = [];
        const next = () => {
          left.push(net.scores(net.cover(square, net.places[left.length]), mistake)[label]);
          scope.postMessage({ about: "covered", label, left, all: net.places.length, first: (COVERED - 1) / 2, step: STEP });
          if (left.length < net.places.length) timer = setTimeout(next);
        };
        next();
      },
      stop: () => {},
    };
    scope.onmessage = ({ data }) => {
      if (data.wish !== "maps") clearTimeout(timer); // whatever is asked, covering ends; looking at maps does not disturb
      wishes[data.wish](data);
    };
  }

  if (scope) listen();
  return { create };
};
