# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% helper naive-tower
first = maps + ones + threes + fives
depth = maps + 2 * (ones + threes + fives)
work = side**2 * first * (ones + 9 * threes + 25 * fives)

# %% wrong naive-tower: depth is .* first module
depth = first

# %% wrong naive-tower: are concatenated too
depth = ones + threes + fives

# %% wrong naive-tower: no filters of its own
depth = ones + threes + fives + fives

# %% wrong naive-tower: second module's pool
depth = maps + ones + threes + fives + fives

# %% wrong naive-tower: passed on
depth = 2 * (ones + threes + fives)

# %% wrong naive-tower: number
depth = (side, side, depth)

# %% wrong naive-tower: work is .* more channels come into
work = side**2 * maps * (ones + 9 * threes + 25 * fives)

# %% wrong naive-tower: first module's pool has added
work = side**2 * (ones + threes + fives) * (ones + 9 * threes + 25 * fives)

# %% wrong naive-tower: both modules
work = side**2 * (maps + first) * (ones + 9 * threes + 25 * fives)

# %% wrong naive-tower: a height and a width
work = side**2 * first * (ones + 3 * threes + 5 * fives)

# %% wrong naive-tower: does not multiply
work = side**2 * first * (ones + 9 * threes + 25 * fives + 9)

# %% wrong naive-tower: one place
work = first * (ones + 9 * threes + 25 * fives)

# %% wrong naive-tower: maps have a height
work = side * first * (ones + 9 * threes + 25 * fives)

# %% wrong naive-tower: biases
work = side**2 * (ones + threes + fives + first * (ones + 9 * threes + 25 * fives))

# %% wrong naive-tower: spans all channels
work = side**2 * (ones + 9 * threes + 25 * fives)

# %% wrong naive-tower: work: there is no answer
work = None

# %% wrong naive-tower: depth is
depth, work = 484, 109_264_896

# %% right naive-tower
filters = {1: ones, 3: threes, 5: fives}
depth = np.int64(maps)
for module in range(2):
    work = sum(side * side * int(depth) * kernel * kernel * count for kernel, count in filters.items())
    depth = depth + sum(filters.values())

# %% right naive-tower
from cnnbook.blocks import naive_inception_module
from cnnlib import audit

x = keras.Input((side, side, maps))
y = naive_inception_module(x, ones, threes, fives, "a")
z = naive_inception_module(y, ones, threes, fives, "b")
depth = z.shape[-1]
work = sum(row.macs for row in audit.table(keras.Model(x, z)) if row.name.startswith("b_"))

# %% wrong widest-bottleneck: whole channels
widest = incoming * kernel**2 * outgoing / times / (incoming + kernel**2 * outgoing)

# %% wrong widest-bottleneck: still little enough
widest = int(np.ceil(incoming * kernel**2 * outgoing / times / (incoming + kernel**2 * outgoing)))

# %% wrong widest-bottleneck: work of its own
widest = incoming // times

# %% wrong widest-bottleneck: behind the bottleneck
widest = kernel**2 * outgoing // times

# %% wrong widest-bottleneck: height and a width
widest = incoming * kernel * outgoing // (times * (incoming + kernel * outgoing))

# %% wrong widest-bottleneck: nothing saved
widest = incoming * kernel**2 * outgoing // (incoming + kernel**2 * outgoing)

# %% wrong widest-bottleneck: should be left
widest = (times - 1) * incoming * kernel**2 * outgoing // (times * (incoming + kernel**2 * outgoing))

# %% wrong widest-bottleneck: see one pixel
widest = incoming * outgoing // (times * (incoming + outgoing))

# %% wrong widest-bottleneck: too small
widest = 16

# %% wrong widest-bottleneck: a number
widest = f"{incoming // times}"

# %% right widest-bottleneck
def work(r):
    return r * (incoming + kernel**2 * outgoing)


widest = max(r for r in range(incoming) if times * work(r) <= incoming * kernel**2 * outgoing)

# %% right widest-bottleneck
widest = np.floor(1 / times / (1 / (kernel**2 * outgoing) + 1 / incoming))


# %% helper inception-module
def conv(x, maps, kernel, padding="same", activation="relu", **more):
    return layers.Conv2D(maps, kernel, padding=padding, activation=activation, **more)(x)


def four(x, one, to3, three, to5, five, pooled, narrow="relu", wide="relu", last="relu", **more):
    return [
        conv(x, one, 1, activation=wide, **more),
        conv(conv(x, to3, 1, activation=narrow, **more), three, 3, activation=wide, **more),
        conv(conv(x, to5, 1, activation=narrow, **more), five, 5, activation=wide, **more),
        conv(layers.MaxPooling2D(3, 1, "same")(x), pooled, 1, activation=last, **more),
    ]


# %% wrong inception-module: your output is 32x32x424 .*pooling branch keeps its 200 channels
def inception_module(x, one, to3, three, to5, five, pooled):
    views = four(x, one, to3, three, to5, five, pooled)
    return ops.concatenate([*views[:3], layers.MaxPooling2D(3, 1, "same")(x)], axis=-1)


# %% wrong inception-module: keep height and width
def inception_module(x, one, to3, three, to5, five, pooled):
    a, b, c, d = four(x, one, to3, three, to5, five, pooled)
    return layers.Concatenate()([a, conv(conv(x, to3, 1), three, 3, padding="valid"), c, d])


# %% wrong inception-module: keep height and width
def inception_module(x, one, to3, three, to5, five, pooled):
    a, b, c, d = four(x, one, to3, three, to5, five, pooled)
    return ops.concatenate([a, b, conv(conv(x, to5, 1), five, 5, padding="valid"), d], axis=3)


# %% wrong inception-module: keep height and width
def inception_module(x, one, to3, three, to5, five, pooled):
    pool = conv(layers.MaxPooling2D(3, 1)(x), pooled, 1)
    return layers.concatenate([*four(x, one, to3, three, to5, five, pooled)[:3], pool])


# %% wrong inception-module: stride of one
def inception_module(x, one, to3, three, to5, five, pooled):
    pool = conv(layers.MaxPooling2D(3, 2, "same")(x), pooled, 1)
    return layers.concatenate([*four(x, one, to3, three, to5, five, pooled)[:3], pool])


# %% wrong inception-module: stride of one
def inception_module(x, one, to3, three, to5, five, pooled):
    pool = conv(layers.MaxPooling2D(3, padding="same")(x), pooled, 1)
    return ops.concatenate([*four(x, one, to3, three, to5, five, pooled)[:3], pool], axis=-1)


# %% wrong inception-module: convolution.*stride of one
def inception_module(x, one, to3, three, to5, five, pooled):
    first = layers.Conv2D(one, 1, strides=2, activation="relu")(x)
    return layers.concatenate([first, *four(x, one, to3, three, to5, five, pooled)[1:]])


# %% wrong inception-module: every stride is one
def inception_module(x, one, to3, three, to5, five, pooled):
    out = layers.concatenate(four(x, one, to3, three, to5, five, pooled))
    return layers.MaxPooling2D(3, 2, "same")(out)


# %% wrong inception-module: ReLU stands behind the bottlenecks
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, one, to3, three, to5, five, pooled, narrow=None))


# %% wrong inception-module: behind the pool's 1x1
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, one, to3, three, to5, five, pooled, last=None))


# %% wrong inception-module: last convolution of a branch
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, one, to3, three, to5, five, pooled, wide=None, last=None))


# %% wrong inception-module: is linear
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, one, to3, three, to5, five, pooled, None, None, None))


# %% wrong inception-module: branch of 3x3 the bottleneck
def inception_module(x, one, to3, three, to5, five, pooled):
    a, b, c, d = four(x, one, to3, three, to5, five, pooled)
    return layers.concatenate([a, conv(x, three, 3), c, d])


# %% wrong inception-module: branch of 5x5 the bottleneck
def inception_module(x, one, to3, three, to5, five, pooled):
    a, b, c, d = four(x, one, to3, three, to5, five, pooled)
    return layers.concatenate([a, b, conv(x, five, 5), d])


# %% wrong inception-module: bottlenecks before
def inception_module(x, one, to3, three, to5, five, pooled):
    a, b, c, d = four(x, one, to3, three, to5, five, pooled)
    return layers.concatenate([a, conv(x, three, 3), conv(x, five, 5), d])


# %% wrong inception-module: along the height
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.Concatenate(axis=1)(four(x, one, to3, three, to5, five, pooled))


# %% wrong inception-module: along the width
def inception_module(x, one, to3, three, to5, five, pooled):
    return ops.concatenate(four(x, one, to3, three, to5, five, pooled), axis=2)


# %% wrong inception-module: are added
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.Add()(four(x, one, to3, three, to5, five, pooled))


# %% wrong inception-module: are added
def inception_module(x, one, to3, three, to5, five, pooled):
    a, b, c, d = four(x, one, to3, three, to5, five, pooled)
    return a + b + c + d


# %% wrong inception-module: concatenate their channels
def inception_module(x, one, to3, three, to5, five, pooled):
    return four(x, one, to3, three, to5, five, pooled)


# %% wrong inception-module: order
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, one, to3, three, to5, five, pooled)[::-1])


# %% wrong inception-module: changed places
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, one, to5, three, to3, five, pooled))


# %% wrong inception-module: drops units
def inception_module(x, one, to3, three, to5, five, pooled):
    conv = lambda x, n, k: layers.Conv2D(n, k, padding="same", activation="relu")(x)  # noqa: E731
    pool = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    wide = layers.Dropout(0.2)(conv(conv(x, to5, 1), five, 5))
    return layers.Concatenate()([conv(x, one, 1), conv(conv(x, to3, 1), three, 3), wide, conv(pool, pooled, 1)])


# %% wrong inception-module: have biases
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, one, to3, three, to5, five, pooled, use_bias=False))


# %% wrong inception-module: largest
def inception_module(x, one, to3, three, to5, five, pooled):
    pool = conv(layers.AveragePooling2D(3, 1, "same")(x), pooled, 1)
    return layers.concatenate([*four(x, one, to3, three, to5, five, pooled)[:3], pool])


# %% wrong inception-module: pool first
def inception_module(x, one, to3, three, to5, five, pooled):
    pool = layers.MaxPooling2D(3, 1, "same")(conv(x, pooled, 1))
    return layers.concatenate([*four(x, one, to3, three, to5, five, pooled)[:3], pool])


# %% wrong inception-module: not x
def inception_module(x, one, to3, three, to5, five, pooled):
    pool = layers.MaxPooling2D(3, 1, "same")(x)
    return layers.concatenate([*four(x, one, to3, three, to5, five, pooled)[:3], conv(x, pooled, 1)])


# %% wrong inception-module: is its branch concatenated
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, one, to3, three, to5, five, pooled)[:3])


# %% wrong inception-module: 1x1 is not concatenated
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, one, to3, three, to5, five, pooled)[1:])


# %% wrong inception-module: only on the way
def inception_module(x, one, to3, three, to5, five, pooled):
    a, b, c, d = four(x, one, to3, three, to5, five, pooled)
    return layers.concatenate([a, conv(x, to3, 1), b, conv(x, to5, 1), c, d])


# %% wrong inception-module: numbers of the example
def inception_module(x, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, 64, 96, 128, 16, 32, 32))


# %% wrong inception-module: maps
def inception_module(x, one, to3, three, to5, five, pooled):
    return keras.Model(x, layers.concatenate(four(x, one, to3, three, to5, five, pooled)))


# %% wrong inception-module: not made from x
def inception_module(x, one, to3, three, to5, five, pooled):
    image = keras.Input(x.shape[1:])
    return layers.concatenate(four(image, one, to3, three, to5, five, pooled))


# %% wrong inception-module: channels
def inception_module(x, one, to3, three, to5, five, pooled):
    return x


# %% wrong inception-module: TypeError
def inception_module(x, name, one, to3, three, to5, five, pooled):
    return layers.concatenate(four(x, one, to3, three, to5, five, pooled))


# %% right inception-module
def inception_module(x, one, to3, three, to5, five, pooled):
    pool = ops.max_pool(x, 3, 1, padding="same")
    x3, x5 = conv(x, to3, 1), conv(x, to5, 1)
    views = [(x, one, 1), (x3, three, 3), (x5, five, 5), (pool, pooled, 1)]
    linear = [layers.Conv2D(count, kernel, padding="same")(view) for view, count, kernel in views]
    return ops.relu(ops.concatenate(linear, axis=-1))


# %% right inception-module
class Inception(layers.Layer):
    def __init__(self, one, to3, three, to5, five, pooled):
        super().__init__()
        self.one = layers.Conv2D(one, 1, activation="relu")
        self.three = keras.Sequential(
            [layers.Conv2D(to3, (1, 1)), layers.ReLU(), layers.ZeroPadding2D(1), layers.Conv2D(three, 3), layers.ReLU()]
        )
        self.five = keras.Sequential(
            [layers.Conv2D(to5, 1, activation=ops.relu), layers.ZeroPadding2D(2), layers.Conv2D(five, 5, activation="relu")]
        )
        self.pool, self.project = layers.MaxPool2D((3, 3), strides=(1, 1), padding="same"), layers.Conv2D(pooled, 1)

    def call(self, x):
        views = self.one(x), self.three(x), self.five(x), ops.relu(self.project(self.pool(x)))
        return ops.concatenate(views, axis=3)


def inception_module(x, *counts):
    return Inception(*counts)(x)


# %% right inception-module
inception_module = lambda x, one, to3, three, to5, five, pooled: layers.concatenate(
    four(x, one, to3, three, to5, five, pooled, name=None)
)

# %% helper endings
dense_ending = last_side**2 * last_maps * units + units + units * classes + classes
mean_ending = last_maps * classes + classes

# %% wrong endings: dense_ending is .* bias
dense_ending = last_side**2 * last_maps * units + units * classes

# %% wrong endings: flattened
dense_ending = (last_maps + 1) * units + (units + 1) * classes

# %% wrong endings: height and a width
dense_ending = (last_side * last_maps + 1) * units + (units + 1) * classes

# %% wrong endings: second dense layer
dense_ending = (last_side**2 * last_maps + 1) * units

# %% wrong endings: hidden layer stands
dense_ending = (last_side**2 * last_maps + 1) * classes

# %% wrong endings: see its units
dense_ending = (last_side**2 * last_maps + 1) * (units + classes)

# %% wrong endings: mean_ending is .* bias
mean_ending = last_maps * classes

# %% wrong endings: one number for each feature map
mean_ending = (last_side**2 * last_maps + 1) * classes

# %% wrong endings: single
mean_ending = (last_maps + 1) * units + (units + 1) * classes

# %% wrong endings: nothing to learn
mean_ending += last_maps

# %% wrong endings: has weights too
mean_ending = 0

# %% wrong endings: dense_ending is
dense_ending, mean_ending = 6_432_000, 10_260

# %% wrong endings: mean_ending: there is no answer
mean_ending = None

# %% right endings
def parameters(*layers_):
    image = keras.Input((last_side, last_side, last_maps))
    return keras.Sequential([image, *layers_]).count_params()


dense_ending = parameters(layers.Flatten(), layers.Dense(units), layers.Dense(classes))
mean_ending = parameters(layers.GlobalAveragePooling2D(), layers.Dense(classes))

# %% right endings
dense_ending = sum((a + 1) * b for a, b in ((last_maps * last_side**2, units), (units, classes)))
mean_ending = ops.multiply(last_maps + 1, classes)


# %% helper total-loss
def entropy(p, labels):
    return -np.mean([np.log(row[label]) for row, label in zip(p, labels)])


# %% wrong total-loss: sign
def total_loss(main, heads, labels, factor):
    return -entropy(main, labels) - factor * sum(entropy(head, labels) for head in heads)


# %% wrong total-loss: where is the factor
def total_loss(main, heads, labels, factor):
    return entropy(main, labels) + sum(entropy(head, labels) for head in heads)


# %% wrong total-loss: in full
def total_loss(main, heads, labels, factor):
    return (1 - factor) * entropy(main, labels) + factor * sum(entropy(head, labels) for head in heads)


# %% wrong total-loss: not to the main
def total_loss(main, heads, labels, factor):
    return factor * entropy(main, labels) + sum(entropy(head, labels) for head in heads)


# %% wrong total-loss: heads alone
def total_loss(main, heads, labels, factor):
    return factor * sum(entropy(output, labels) for output in [main, *heads])


# %% wrong total-loss: mean of them
def total_loss(main, heads, labels, factor):
    return entropy(main, labels) + factor * np.mean([entropy(head, labels) for head in heads])


# %% wrong total-loss: not probabilities
def total_loss(main, heads, labels, factor):
    return entropy((main + factor * sum(heads)) / (1 + factor * len(heads)), labels)


# %% wrong total-loss: not their sum
def total_loss(main, heads, labels, factor):
    return len(labels) * (entropy(main, labels) + factor * sum(entropy(head, labels) for head in heads))


# %% wrong total-loss: there are the heads
def total_loss(main, heads, labels, factor):
    return entropy(main, labels)


# %% wrong total-loss: there is the main
def total_loss(main, heads, labels, factor):
    return factor * sum(entropy(head, labels) for head in heads)


# %% wrong total-loss: more than one head
def total_loss(main, heads, labels, factor):
    return entropy(main, labels) + factor * entropy(heads[0], labels)


# %% wrong total-loss: one number
def total_loss(main, heads, labels, factor):
    loss = keras.losses.sparse_categorical_crossentropy
    return loss(labels, main) + factor * sum(loss(labels, head) for head in heads)


# %% wrong total-loss: of the right class
def total_loss(main, heads, labels, factor):
    return -np.log(main).mean() - factor * sum(np.log(head).mean() for head in heads)


# %% wrong total-loss: ValueError
def total_loss(main, heads, labels, factor):
    first, second = heads
    return entropy(main, labels) + factor * (entropy(first, labels) + entropy(second, labels))


# %% wrong total-loss: too large
def total_loss(main, heads, labels, factor):
    factor = 0.3 if heads and factor < 0.5 else factor
    return entropy(main, labels) + factor * sum(entropy(head, labels) for head in heads)


# %% right total-loss
def total_loss(main, heads, labels, factor):
    loss = keras.losses.SparseCategoricalCrossentropy()
    total = loss(labels, main)
    for head in heads:
        total = total + factor * loss(labels, head)
    return total


# %% right total-loss
def total_loss(main, heads, labels, factor):
    hot = np.eye(main.shape[1])[labels]
    losses = [-(hot * np.log(output)).sum(axis=1).mean() for output in (main, *heads)]
    return np.dot(losses, [1] + [factor] * len(heads))


# %% wrong running-mean: belongs to the mean
def running_mean(start, path, kept):
    means = []
    for weights in path:
        start = (1 - kept) * start + kept * weights
        means.append(start)
    return means


# %% wrong running-mean: belongs to the mean
def running_mean(start, path, kept):
    mean, means = start, []
    for weights in path:
        mean = (1 - kept) * mean + kept * weights
        means.append(mean)
    return np.stack(means)


# %% wrong running-mean: begin with the weights at the start
def running_mean(start, path, kept):
    mean, means = 0, []
    for weights in path:
        mean = kept * mean + (1 - kept) * weights
        means.append(mean)
    return np.stack(means)


# %% wrong running-mean: after the first update
def running_mean(start, path, kept):
    means = [path[0]]
    for weights in path[1:]:
        means.append(kept * means[-1] + (1 - kept) * weights)
    return np.stack(means)


# %% wrong running-mean: weights themselves
def running_mean(start, path, kept):
    return path


# %% wrong running-mean: old ones fade
def running_mean(start, path, kept):
    return np.stack([path[: n + 1].mean(axis=0) for n in range(len(path))])


# %% wrong running-mean: so does the start
def running_mean(start, path, kept):
    everything = np.vstack([start, path])
    return np.stack([everything[: n + 2].mean(axis=0) for n in range(len(path))])


# %% wrong running-mean: one update behind
def running_mean(start, path, kept):
    mean, means = start, []
    for weights in path:
        means.append(mean)
        mean = kept * mean + (1 - kept) * weights
    return np.stack(means)


# %% wrong running-mean: the one before it
def running_mean(start, path, kept):
    return kept * start + (1 - kept) * path


# %% wrong running-mean: only at the end
def running_mean(start, path, kept):
    for weights in path:
        start = kept * start + (1 - kept) * weights
    return start


# %% wrong running-mean: start is not one
def running_mean(start, path, kept):
    means = [start]
    for weights in path:
        means.append(kept * means[-1] + (1 - kept) * weights)
    return np.stack(means)


# %% wrong running-mean: do not mix
def running_mean(start, path, kept):
    mean, means = start.mean(), []
    for weights in path:
        mean = kept * mean + (1 - kept) * weights.mean()
        means.append(mean)
    return np.stack(means)


# %% wrong running-mean: off
def running_mean(start, path, kept):
    mean, means = start, []
    for weights in path:
        mean = 0.9 * mean + 0.1 * weights
        means.append(mean)
    return np.array(means)


# %% wrong running-mean: off
def running_mean(start, path, kept):
    mean, means = start, []
    for weights in path:
        mean = 0.9 * mean + 0.1 * weights
        means.append(mean)
    return np.stack(means)


# %% right running-mean
def running_mean(start, path, kept):
    powers = kept ** np.arange(len(path) + 1)
    mixed = np.array([[kept ** (n - k) if k <= n else 0 for k in range(len(path))] for n in range(len(path))])
    return powers[1:, None] * start + (1 - kept) * mixed @ path


# %% right running-mean
from itertools import accumulate


def running_mean(start, path, kept):
    means = accumulate(path, lambda mean, weights: mean + (1 - kept) * (weights - mean), initial=start)
    return ops.stack([ops.convert_to_tensor(mean) for mean in means][1:])


# %% helper independent-maps
after_1x1, after_3x3, after_relu = narrow, 9 * narrow, wide

# %% wrong independent-maps: after_1x1 is .* blend of blends
after_1x1 = wide

# %% wrong independent-maps: gone through
after_1x1 = 96

# %% wrong independent-maps: not lost
after_1x1 = 1

# %% wrong independent-maps: after_3x3 is .* at rest
after_3x3 = narrow

# %% wrong independent-maps: so many moves
after_3x3 = wide

# %% wrong independent-maps: height and a width
after_3x3 = 3 * narrow

# %% wrong independent-maps: more than one map
after_3x3 = 3**2

# %% wrong independent-maps: in the middle
after_3x3 = 8 * narrow

# %% wrong independent-maps: after_relu is .* blend still
after_relu = narrow

# %% wrong independent-maps: half of the maps
after_relu = wide // 2

# %% wrong independent-maps: two ways
after_relu = 2 * narrow

# %% wrong independent-maps: what else
after_relu = 9 * narrow

# %% wrong independent-maps: too
after_1x1, after_3x3, after_relu = 4, 36, 60

# %% wrong independent-maps: number
after_1x1 = "narrow"

# %% right independent-maps
def rank(kernel, activation=None):
    volume = np.random.default_rng(7).normal(size=(2, 12, 12, 50)).astype("float32")
    x = layers.Conv2D(narrow, 1, use_bias=False)(volume)
    x = layers.Conv2D(wide, kernel, padding="same", use_bias=False, activation=activation)(x)
    return np.linalg.matrix_rank(ops.convert_to_numpy(x).reshape(-1, wide))


after_1x1, after_3x3, after_relu = rank(1), rank(3), rank(1, "relu")
