// Runs the two LeNet-5 from the description that cnnbook.widgets writes. Maps are laid out as in Keras: row by row,
// the channels of a pixel side by side.
(() => {
  const decoded = new WeakMap();

  /** Bytes of a base64 string. */
  function bytes(text) {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  }

  /** Numbers of a base64 string of little-endian float32. */
  function floats(text) {
    const view = new DataView(bytes(text).buffer);
    return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
  }

  /** Weights of a layer as arrays; kernels of a partial convolution are spread over all pairs of maps. */
  function weightsOf(layer) {
    if (decoded.has(layer)) return decoded.get(layer);
    const weights = {};
    for (const name of ["kernel", "bias", "coefficient", "codes"]) {
      if (layer[name]) weights[name] = floats(layer[name]);
    }
    if (layer.kind === "partial") {
      const [inputs, outputs] = [layer.inputs[2], layer.outputs[2]];
      const full = new Float32Array(layer.size ** 2 * inputs * outputs);
      for (let place = 0; place < layer.size ** 2; place++) {
        layer.links.forEach(([from, to], link) => {
          full[(place * inputs + from) * outputs + to] = weights.kernel[place * layer.links.length + link];
        });
      }
      weights.kernel = full;
    }
    decoded.set(layer, weights);
    return weights;
  }

  function convolution(x, layer, { kernel, bias }) {
    const [height, width, inputs] = layer.inputs;
    const [rows, columns, outputs] = layer.outputs;
    const { size, padding = 0 } = layer;
    const y = new Float32Array(rows * columns * outputs);
    const sums = new Float64Array(outputs);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at += outputs) {
        sums.set(bias);
        for (let i = 0; i < size; i++) {
          const above = row + i - padding;
          if (above < 0 || above >= height) continue;
          for (let j = 0; j < size; j++) {
            const left = column + j - padding;
            if (left < 0 || left >= width) continue;
            const pixel = (above * width + left) * inputs;
            for (let from = 0, k = (i * size + j) * inputs * outputs; from < inputs; from++) {
              const value = x[pixel + from];
              for (let to = 0; to < outputs; to++, k++) sums[to] += value * kernel[k];
            }
          }
        }
        y.set(sums, at);
      }
    }
    return y;
  }

  /** Sum of each block of each map, times its coefficient, plus its bias; the mean where there are no weights. */
  function subsampling(x, layer, { coefficient, bias }) {
    const width = layer.inputs[1];
    const [rows, columns, maps] = layer.outputs;
    const y = new Float32Array(rows * columns * maps);
    for (let at = 0; at < y.length; at++) {
      const map = at % maps;
      const column = Math.floor(at / maps) % columns;
      const row = Math.floor(at / (maps * columns));
      let sum = 0;
      for (let i = 0; i < layer.size; i++) {
        for (let j = 0; j < layer.size; j++) {
          sum += x[((row * layer.size + i) * width + column * layer.size + j) * maps + map];
        }
      }
      y[at] = coefficient ? sum * coefficient[map] + bias[map] : sum / layer.size ** 2;
    }
    return y;
  }

  function dense(x, layer, { kernel, bias }) {
    const sums = Float64Array.from(bias);
    for (let from = 0, k = 0; from < x.length; from++) {
      for (let to = 0; to < sums.length; to++, k++) sums[to] += x[from] * kernel[k];
    }
    return Float32Array.from(sums);
  }

  /** Negative squared distance to the code of each class. */
  function rbf(x, layer, { codes }) {
    return Float32Array.from({ length: codes.length / x.length }, (_, label) =>
      -x.reduce((sum, value, i) => sum + (value - codes[label * x.length + i]) ** 2, 0));
  }

  const kinds = {
    convolution, partial: convolution, pooling: subsampling, subsampling, dense, euclideanrbf: rbf, flatten: (x) => x,
  };

  function activate(x, activation) {
    if (!activation) return x;
    if (activation !== "softmax") return x.map((a) => activation.amplitude * Math.tanh(activation.slope * a));
    const largest = Math.max(...x);
    const powers = x.map((a) => Math.exp(a - largest));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((a) => a / sum);
  }

  /** A square picture of 0 (no ink) to 255 as a network wants it: scaled, with its border. */
  function prepare({ background, ink, border }, pixels) {
    const side = Math.sqrt(pixels.length);
    const wide = side + 2 * border;
    const x = new Float32Array(wide ** 2).fill(background);
    for (let at = 0; at < pixels.length; at++) {
      const [row, column] = [Math.floor(at / side), at % side];
      x[(row + border) * wide + column + border] = background + (pixels[at] / 255) * (ink - background);
    }
    return x;
  }

  /**
   * Run a network on one picture.
   *
   * @param {object} description - of the network, from cnnbook.widgets.
   * @param {ArrayLike<number>} pixels - of a square picture, row by row, from 0 (no ink) to 255.
   * @returns {{outputs: Float32Array, maps: Object<string, Float32Array>}} its outputs as Keras gives them, and
   *   those of each layer by its name.
   */
  function run(description, pixels) {
    const maps = {};
    let x = prepare(description.pixels, pixels);
    for (const layer of description.layers) {
      x = activate(kinds[layer.kind](x, layer, weightsOf(layer)), layer.activation);
      maps[layer.name] = x;
    }
    return { outputs: x, maps };
  }

  window.cnnLenet = { run, bytes };
})();
