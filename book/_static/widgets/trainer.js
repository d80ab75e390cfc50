// Trains LeNet-5: forward and backward pass, optimisers, and the loop of the worker that runs them beside the page.
// All of it stands in one function, whose text is the worker's program: a page that was opened from a folder can load
// no worker from a file. Called without a scope it only returns `create`, which the tests hold against Keras.
window.cnnTrainer = function trainer(scope) {
  // Every layer is a convolution; a dense one has a single place. Weights lie as in Keras: row and column of the
  // kernel, channel, unit. The number of units is even and at least four, which the loops below make use of.
  const LAYERS = [
    { name: "c1", side: 28, channels: 1, kernel: 5, padding: 2, units: 6, pooled: true },
    { name: "c3", side: 14, channels: 6, kernel: 5, padding: 0, units: 16, pooled: true },
    { name: "c5", side: 5, channels: 16, kernel: 5, padding: 0, units: 120 },
    { name: "f6", side: 1, channels: 120, kernel: 1, padding: 0, units: 84 },
    { name: "output", side: 1, channels: 84, kernel: 1, padding: 0, units: 10 },
  ];
  const PIXELS = 28 * 28;
  const FLAT = 0.05; // of its steepest slope: where an activation has less, hardly any gradient comes through

  const ACTIVATIONS = {
    tanh: { of: Math.tanh, slope: (y) => 1 - y * y, steepest: 1 },
    sigmoid: { of: (x) => 1 / (1 + Math.exp(-x)), slope: (y) => y * (1 - y), steepest: 0.25 },
    relu: { of: (x) => (x > 0 ? x : 0), slope: (y) => (y > 0 ? 1 : 0), steepest: 1 },
  };

  // How far from zero the first weights and biases may be, given a layer's number of inputs and of outputs.
  const STARTS = {
    glorot: (ins, outs) => [Math.sqrt(6 / (ins + outs)), 0], // Keras's own
    large: (ins, outs) => [4 * Math.sqrt(6 / (ins + outs)), 0],
    paper: (ins) => [2.4 / ins, 2.4 / ins], // LeCun et al. 1998, section III-B
    zero: () => [0, 0],
  };

  // What an update adds to a weight, as Keras has it. `first` and `second` are the optimiser's memory of the weight.
  const OPTIMISERS = {
    sgd: (rate) => ({ weights, gradients }) => {
      for (let i = 0; i < weights.length; i++) weights[i] -= rate * gradients[i];
    },
    momentum: (rate) => ({ weights, gradients, first }) => {
      for (let i = 0; i < weights.length; i++) {
        first[i] = 0.9 * first[i] - rate * gradients[i];
        weights[i] += first[i];
      }
    },
    adam: (rate, update) => {
      const step = (rate * Math.sqrt(1 - 0.999 ** update)) / (1 - 0.9 ** update);
      return ({ weights, gradients, first, second }) => {
        for (let i = 0; i < weights.length; i++) {
          first[i] += 0.1 * (gradients[i] - first[i]);
          second[i] += 0.001 * (gradients[i] ** 2 - second[i]);
          weights[i] -= (step * first[i]) / (Math.sqrt(second[i]) + 1e-7);
        }
      };
    },
  };

  const numbers = (count) => new Float64Array(count);

  /** Random numbers from 0 to 1 that depend on a seed alone (mulberry32). */
  function random(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  /** Weights of one kind, with their gradients and the optimiser's memory. */
  function parameters(count, limit, next) {
    const weights = numbers(count).map(() => limit * (2 * next() - 1));
    return { weights, gradients: numbers(count), first: numbers(count), second: numbers(count) };
  }

  /** For each number that a window sees, place by place: where it lies in the input; -1 is padding. */
  function seen({ side, channels, kernel, padding }, across) {
    const found = [];
    for (let place = 0; place < across ** 2; place++) {
      for (let within = 0; within < kernel ** 2; within++) {
        const y = Math.floor(place / across) + Math.floor(within / kernel) - padding;
        const x = (place % across) + (within % kernel) - padding;
        const inside = y >= 0 && y < side && x >= 0 && x < side;
        for (let c = 0; c < channels; c++) found.push(inside ? (y * side + x) * channels + c : -1);
      }
    }
    return Int32Array.from(found);
  }

  /** A layer with its first weights, and room for what one picture leaves on its way forward and back. */
  function build(layer, start, next) {
    const { side, channels, kernel, padding, units, pooled } = layer;
    const across = side + 2 * padding - kernel + 1;
    const [places, inputs] = [across ** 2, kernel ** 2 * channels];
    const [limit, biasLimit] = STARTS[start](inputs, kernel ** 2 * units);
    return {
      ...layer,
      across,
      places,
      inputs,
      kernels: parameters(inputs * units, limit, next),
      biases: parameters(units, biasLimit, next),
      seen: seen(layer, across),
      windows: numbers(places * inputs),
      toWindows: numbers(places * inputs),
      toInput: numbers(side ** 2 * channels),
      outputs: numbers(places * units),
      toOutputs: numbers(places * units),
      pools: numbers(pooled ? (places / 4) * units : 0),
      largest: new Int32Array(pooled ? (places / 4) * units : 0), // where each pool's largest number lies
    };
  }

  /** Lays what each window sees side by side: so a convolution is a product of matrices. */
  function unfold({ seen, windows }, input) {
    for (let i = 0; i < windows.length; i++) windows[i] = seen[i] < 0 ? 0 : input[seen[i]];
  }

  /** outputs = windows * kernels + biases; four units at a time, so that a number read serves all of them. */
  function multiply({ places, inputs, units, windows, kernels, biases, outputs }) {
    const [kernel, bias] = [kernels.weights, biases.weights];
    for (let place = 0; place < places; place++) {
      const [from, to] = [place * inputs, (place + 1) * inputs];
      for (let block = 0; block < units; block += 4) {
        const unit = Math.min(block, units - 4); // the last four may have been in part before
        let a = bias[unit];
        let b = bias[unit + 1];
        let c = bias[unit + 2];
        let d = bias[unit + 3];
        for (let i = from, k = unit; i < to; i++, k += units) {
          const x = windows[i];
          if (x === 0) continue; // paper without ink, or a ReLU at rest
          a += x * kernel[k];
          b += x * kernel[k + 1];
          c += x * kernel[k + 2];
          d += x * kernel[k + 3];
        }
        const at = place * units + unit;
        outputs[at] = a;
        outputs[at + 1] = b;
        outputs[at + 2] = c;
        outputs[at + 3] = d;
      }
    }
  }

  /** Adds windows (transposed) * toOutputs to the gradients; four places at a time, where there are as many. */
  function gather({ places, inputs, units, windows, toOutputs, kernels, biases }) {
    const [kernel, bias] = [kernels.gradients, biases.gradients];
    for (let i = 0; i < toOutputs.length; i++) bias[i % units] += toOutputs[i];
    const step = places % 4 ? 1 : 4;
    for (let place = 0; place < places; place += step) {
      const [from, d] = [place * inputs, place * units];
      for (let i = from, k = 0; i < from + inputs; i++) {
        const x = windows[i];
        if (step === 1) {
          if (x === 0) k += units;
          else for (let unit = d; unit < d + units; unit++, k++) kernel[k] += x * toOutputs[unit];
          continue;
        }
        const [y, z, w] = [windows[i + inputs], windows[i + 2 * inputs], windows[i + 3 * inputs]];
        if (x === 0 && y === 0 && z === 0 && w === 0) k += units;
        else {
          for (let unit = d; unit < d + units; unit++, k++) {
            kernel[k] +=
              x * toOutputs[unit] +
              y * toOutputs[unit + units] +
              z * toOutputs[unit + 2 * units] +
              w * toOutputs[unit + 3 * units];
          }
        }
      }
    }
  }

  /** toInput: toOutputs * kernels (transposed), and what all windows say of a pixel added up. */
  function giveBack({ places, inputs, units, seen, toOutputs, kernels, toInput }) {
    const kernel = kernels.weights;
    toInput.fill(0);
    for (let place = 0; place < places; place++) {
      for (let i = 0, k = 0; i < inputs; i++) {
        let a = 0;
        let b = 0;
        for (let at = place * units; at < (place + 1) * units; at += 2, k += 2) {
          a += toOutputs[at] * kernel[k];
          b += toOutputs[at + 1] * kernel[k + 1];
        }
        const pixel = seen[place * inputs + i];
        if (pixel >= 0) toInput[pixel] += a + b;
      }
    }
  }

  /** Calls back with every pool and its four outputs. */
  function eachPool({ across, units, pools }, call) {
    for (let at = 0; at < pools.length; at++) {
      const place = Math.floor(at / units);
      const [y, x] = [Math.floor(place / (across / 2)), place % (across / 2)];
      const first = (2 * y * across + 2 * x) * units + (at % units);
      call(at, first, first + units, first + across * units, first + (across + 1) * units);
    }
  }

  function pool(layer, largestOnly) {
    const { outputs, pools, largest } = layer;
    eachPool(layer, (at, a, b, c, d) => {
      if (largestOnly) {
        let best = outputs[b] > outputs[a] ? b : a;
        if (outputs[c] > outputs[best]) best = c;
        if (outputs[d] > outputs[best]) best = d;
        largest[at] = best;
        pools[at] = outputs[best];
      } else {
        pools[at] = (outputs[a] + outputs[b] + outputs[c] + outputs[d]) / 4;
      }
    });
    return pools;
  }

  function unpool(layer, toPools, largestOnly) {
    const { toOutputs, largest } = layer;
    toOutputs.fill(0);
    eachPool(layer, (at, a, b, c, d) => {
      if (largestOnly) toOutputs[largest[at]] = toPools[at];
      else toOutputs[a] = toOutputs[b] = toOutputs[c] = toOutputs[d] = toPools[at] / 4;
    });
  }

  /**
   * A network with its first weights, and the means to train it.
   *
   * @param {object} settings - activation, pooling, optimiser, rate, start, seed, batch, epochs; schedule: the factor of
   *   the rate for each of equally long parts of the training.
   * @param {{pixels: Uint8Array, labels: Uint8Array, train: number}} digits - the first `train` are learned from.
   */
  function create(settings, digits) {
    const { batch, schedule } = settings;
    const activation = ACTIVATIONS[settings.activation];
    const largestOnly = settings.pooling === "max";
    const next = random(settings.seed);
    const layers = LAYERS.map((layer) => build(layer, settings.start, next));
    const [first, last] = [layers[0], layers.at(-1)];
    const all = layers.flatMap(({ kernels, biases }) => [kernels, biases]);
    const image = numbers(PIXELS);
    const shares = numbers(last.units);
    const perEpoch = Math.ceil(digits.train / batch);
    const updates = perEpoch * settings.epochs;
    const order = Int32Array.from({ length: digits.train }, (_, i) => i);
    let update = 0;

    /** Runs a digit through the network; returns its loss, and leaves the softmax in `shares`. */
    function forward(digit) {
      for (let i = 0; i < PIXELS; i++) image[i] = digits.pixels[digit * PIXELS + i] / 255;
      let input = image;
      for (const layer of layers) {
        const { outputs } = layer;
        unfold(layer, input);
        multiply(layer);
        if (layer !== last) for (let i = 0; i < outputs.length; i++) outputs[i] = activation.of(outputs[i]);
        input = layer.pooled ? pool(layer, largestOnly) : outputs;
      }
      const most = input.reduce((a, b) => Math.max(a, b));
      const sum = input.reduce((total, score) => total + Math.exp(score - most), 0);
      for (let i = 0; i < shares.length; i++) shares[i] = Math.exp(input[i] - most) / sum;
      return Math.log(sum) + most - input[digits.labels[digit]];
    }

    /** Adds the gradients of the loss that `forward` returned last, times a factor. */
    function backward(digit, factor) {
      shares.forEach((share, i) => (last.toOutputs[i] = factor * (share - (i === digits.labels[digit]))));
      for (let i = layers.length - 1; i >= 0; i--) {
        const layer = layers[i];
        const { outputs, toOutputs } = layer;
        if (layer.pooled) unpool(layer, layers[i + 1].toInput, largestOnly);
        else if (layer !== last) toOutputs.set(layers[i + 1].toInput);
        if (layer !== last) for (let o = 0; o < outputs.length; o++) toOutputs[o] *= activation.slope(outputs[o]);
        gather(layer);
        if (layer !== first) giveBack(layer);
      }
    }

    /** The mean loss of some digits; its gradients lie in the layers. */
    function differentiate(chosen) {
      for (const { gradients } of all) gradients.fill(0);
      let loss = 0;
      for (const digit of chosen) {
        loss += forward(digit) / chosen.length;
        backward(digit, 1 / chosen.length);
      }
      return loss;
    }

    /** The learning rate of the next update. */
    function rate() {
      const part = Math.min(Math.floor((update * schedule.length) / updates), schedule.length - 1);
      return settings.rate * schedule[part];
    }

    function shuffle() {
      for (let i = order.length - 1; i > 0; i--) {
        const other = Math.floor(next() * (i + 1));
        [order[i], order[other]] = [order[other], order[i]];
      }
    }

    /** One update of all weights; returns the loss of its batch. */
    function train() {
      const place = (update % perEpoch) * batch;
      if (!place) shuffle();
      const loss = differentiate(order.subarray(place, place + batch));
      const now = rate();
      update++;
      all.forEach(OPTIMISERS[settings.optimiser](now, update));
      return loss;
    }

    /** The answers to all digits that are held out: which are wrong, and how much of C5 and F6 can still learn. */
    function test() {
      const [wrong, hidden] = [[], layers.slice(2, 4)];
      let flat = 0;
      for (let digit = digits.train; digit < digits.labels.length; digit++) {
        forward(digit);
        const answer = shares.indexOf(shares.reduce((a, b) => Math.max(a, b)));
        if (answer !== digits.labels[digit]) wrong.push({ digit, answer });
        for (const { outputs } of hidden) {
          for (const y of outputs) flat += activation.slope(y) < FLAT * activation.steepest;
        }
      }
      const tested = digits.labels.length - digits.train;
      const units = hidden.reduce((sum, layer) => sum + layer.units, 0);
      return { wrong, tested, flat: flat / units / tested };
    }

    /** How large the last gradients of C1 are beside those of the output layer, by their mean square. */
    function reaching() {
      const size = ({ kernels: { gradients } }) => Math.sqrt(gradients.reduce((s, g) => s + g * g, 0) / gradients.length);
      return size(first) / size(last);
    }

    return { layers, all, updates, perEpoch, differentiate, train, test, rate, reaching, done: () => update, forward };
  }

  // --- the worker ---

  const BREATH = 60; // milliseconds of work, after which the page's wishes are heard
  const [LOSSES, TESTS] = [20, 2]; // told of in an epoch
  const BOUND = 1e9; // a loss that only weights without bounds can have

  function listen() {
    let digits = null;
    let [net, settings, running, losses, timer] = [null, null, false, [], 0];

    function report(tested) {
      const update = net.done();
      const mean = losses.length ? losses.reduce((a, b) => a + b) / losses.length : null;
      const sane = mean === null || mean < BOUND; // which a mean that is no number is not, either
      losses = [];
      if (!sane || update >= net.updates) running = false;
      scope.postMessage({
        turn: settings.turn,
        update,
        updates: net.updates,
        perEpoch: net.perEpoch,
        running,
        sane,
        loss: mean,
        rate: net.rate(),
        kernels: net.layers[0].kernels.weights,
        reaching: net.reaching(),
        test: tested && sane ? net.test() : null,
      });
    }

    /** Whether this many updates complete another of so many parts of an epoch. */
    const completes = (update, parts) => {
      const part = (at) => Math.floor((at * parts) / net.perEpoch);
      return part(update) > part(update - 1) || update === net.updates;
    };

    function once() {
      const loss = net.train();
      losses.push(loss);
      return loss < BOUND;
    }

    function work() {
      const until = performance.now() + BREATH;
      while (running && performance.now() < until) {
        const fine = once();
        if (!fine || completes(net.done(), LOSSES)) report(completes(net.done(), TESTS));
      }
      if (running) timer = setTimeout(work);
    }

    const wishes = {
      digits: (message) => ({ digits } = message),
      reset: (message) => {
        ({ settings } = message);
        [running, losses] = [false, []];
        net = create(settings, digits);
        report(false);
      },
      run: () => {
        if (running || net.done() >= net.updates) return;
        running = true;
        if (!net.done()) report(true);
      },
      pause: () => {
        running = false;
        report(true);
      },
      step: () => {
        if (running || net.done() >= net.updates) return;
        once();
        report(true);
      },
    };
    scope.onmessage = ({ data }) => {
      clearTimeout(timer);
      wishes[data.wish](data);
      if (running) work(); // also where it ran already: its timer is gone
    };
  }

  if (scope) listen();
  return { create };
};
