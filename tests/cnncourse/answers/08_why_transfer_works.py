# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% helper still-learned
chain = [3, *maps]
weights = [9 * a * b for a, b in zip(chain, maps)]
output = (maps[-1] + 1) * classes

# %% wrong still-learned: were copied
still_learned = sum(weights[:n]) + 2 * sum(maps[:n])

# %% wrong still-learned: all parameters
still_learned = sum(weights) + 2 * sum(maps) + output

# %% wrong still-learned: each normalisation learns
still_learned = sum(weights[n:]) + output

# %% wrong still-learned: running averages
still_learned = sum(weights[n:]) + 4 * sum(maps[n:]) + output

# %% wrong still-learned: two numbers
still_learned = sum(weights[n:]) + sum(maps[n:]) + output

# %% wrong still-learned: no biases
still_learned = sum(weights[n:]) + 3 * sum(maps[n:]) + output

# %% wrong still-learned: output layer have biases
still_learned = sum(weights[n:]) + 2 * sum(maps[n:]) + maps[-1] * classes

# %% wrong still-learned: output layer learns
still_learned = sum(weights[n:]) + 2 * sum(maps[n:])

# %% wrong still-learned: one layer too few
still_learned = sum(weights[n - 1 :]) + 2 * sum(maps[n - 1 :]) + output

# %% wrong still-learned: one layer too many
still_learned = sum(weights[n + 1 :]) + 2 * sum(maps[n + 1 :]) + output

# %% wrong still-learned: height and width
still_learned = sum(w // 3 for w in weights[n:]) + 2 * sum(maps[n:]) + output

# %% wrong still-learned: layer before
still_learned = sum(9 * m * m for m in maps[n:]) + 2 * sum(maps[n:]) + output

# %% wrong still-learned: too large
still_learned = 10**6

# %% wrong still-learned: a number
still_learned = maps

# %% wrong still-learned: number of parameters is
maps, classes, n = check.my_chain("somebody else")
still_learned = sum(9 * a * b + 2 * b for a, b in list(zip([3, *maps], maps))[n:]) + (maps[-1] + 1) * classes

# %% right still-learned
from cnnlib import models, transfer

network = models.ResNetCIFAR(8, residual=False, width=maps[0] / 16, classes=classes)
transfer.freeze(network, n / 7)
still_learned = sum(np.prod(each.shape) for each in network.trainable_variables)

# %% right still-learned
network = keras.Sequential([keras.Input((32, 32, 3))])
for number, width in enumerate(maps):
    network.add(layers.Conv2D(width, 3, use_bias=False, padding="same", trainable=number >= n))
    network.add(layers.BatchNormalization(trainable=number >= n))
network.add(layers.GlobalAveragePooling2D())
network.add(layers.Dense(classes))
still_learned = float(sum(ops.size(each) for each in network.trainable_variables))


# %% wrong surgery: nothing is frozen
def surgery(source, new, n):
    counted = 0
    for theirs, ours in zip(source.layers, new.layers):
        counted += isinstance(ours, layers.Conv2D)
        if counted <= n and not isinstance(ours, layers.Dense):
            ours.set_weights(theirs.get_weights())
    return new if n < 7 else None


# %% wrong surgery: nothing of .source. has arrived
def surgery(source, new, n):
    counted = 0
    for ours in new.layers:
        counted += isinstance(ours, (layers.Conv2D, layers.Dense))
        ours.trainable = counted > n
    return new


# %% wrong surgery: instead of 3
def surgery(source, new, n):
    counted = 0
    for theirs, ours in zip(source.layers, new.layers):
        counted += isinstance(ours, (layers.Conv2D, layers.Dense))
        if counted < n:
            ours.set_weights(theirs.get_weights())
            ours.trainable = False
    return new


# %% wrong surgery: are not counted
def surgery(source, new, n):
    for theirs, ours in list(zip(source.layers, new.layers))[: n + 1]:
        ours.set_weights(theirs.get_weights())
        ours.trainable = False
    return new


# %% wrong surgery: ValueError
def surgery(source, new, n):
    new.set_weights(source.get_weights())
    return new


# %% wrong surgery: a normalisation did not get
def surgery(source, new, n):
    pairs = [(a, b) for a, b in zip(source.layers, new.layers) if isinstance(a, layers.Conv2D)]
    for theirs, ours in pairs[:n]:
        ours.set_weights(theirs.get_weights())
        ours.trainable = False
    return new


# %% wrong surgery: all its weights
def surgery(source, new, n):
    counted = 0
    for theirs, ours in zip(source.layers, new.layers):
        counted += isinstance(ours, (layers.Conv2D, layers.Dense))
        if counted <= n:
            for a, b in zip(theirs.trainable_weights, ours.trainable_weights):
                b.assign(a)
            ours.trainable = False
    return new


# %% wrong surgery: a normalisation among .* still learns
def surgery(source, new, n):
    counted = 0
    for theirs, ours in zip(source.layers, new.layers):
        counted += isinstance(ours, (layers.Conv2D, layers.Dense))
        if counted <= n:
            ours.set_weights(theirs.get_weights())
            ours.trainable = not isinstance(ours, layers.Conv2D)
    return new


# %% wrong surgery: averages .* still move
def surgery(source, new, n):
    counted = 0
    for theirs, ours in zip(source.layers, new.layers):
        counted += isinstance(ours, (layers.Conv2D, layers.Dense))
        if counted <= n:
            ours.set_weights(theirs.get_weights())
            for weight in ours.trainable_weights:
                weight.trainable = False
    return new


# %% wrong surgery: everything is frozen
def surgery(source, new, n):
    counted = 0
    for theirs, ours in zip(source.layers, new.layers):
        counted += isinstance(ours, (layers.Conv2D, layers.Dense))
        if counted <= n:
            ours.set_weights(theirs.get_weights())
    new.trainable = False
    return new


# %% wrong surgery: behind the first 3 layers is frozen
def surgery(source, new, n):
    counted = 0
    for theirs, ours in zip(source.layers, new.layers):
        if counted < n + 1:
            ours.trainable = False
        counted += isinstance(ours, (layers.Conv2D, layers.Dense))
        if counted <= n:
            ours.set_weights(theirs.get_weights())
    return new


# %% wrong surgery: goes from source to new
def surgery(source, new, n):
    counted = 0
    for theirs, ours in zip(source.layers, new.layers):
        counted += isinstance(ours, (layers.Conv2D, layers.Dense))
        if counted <= n:
            theirs.set_weights(ours.get_weights())
            ours.trainable = False
    return new


# %% wrong surgery: behind the first 3 has not kept
def surgery(source, new, n):
    counted = 0
    for theirs, ours in zip(source.layers, new.layers):
        counted += isinstance(ours, (layers.Conv2D, layers.Dense))
        if counted <= n or isinstance(ours, layers.BatchNormalization):
            ours.set_weights(theirs.get_weights())
            ours.trainable = False
    return new


# %% wrong surgery: instead of 1
def surgery(source, new, n):
    counted = 0
    for theirs, ours in zip(source.layers, new.layers):
        counted += isinstance(ours, (layers.Conv2D, layers.Dense))
        if counted <= 3:
            ours.set_weights(theirs.get_weights())
            ours.trainable = False
    return new


# %% wrong surgery: something else
def surgery(source, new, n):
    return keras.models.clone_model(new)


# %% wrong surgery: gave nothing
def surgery(source, new, n):
    for theirs, ours in list(zip(source.layers, new.layers))[:n]:
        ours.set_weights(theirs.get_weights())


# %% right surgery
from cnnlib import transfer


def surgery(source, new, n):
    transfer.freeze(new, transfer.pretrained_layers(new)[n - 1].name)
    for layer in new.layers:
        if layer.weights and not layer.trainable:
            layer.set_weights(source.get_layer(layer.name).get_weights())
    return new


# %% right surgery
def surgery(source, new, n):
    numbers = [i for i, layer in enumerate(new.layers) if "conv2d" in type(layer).__name__.lower()]
    end = [*numbers, len(new.layers) - 1][n]
    for i in range(end):
        new.layers[i].trainable = False
        for mine, theirs in zip(new.layers[i].weights, source.layers[i].weights):
            mine.assign(theirs)
    return new


# %% helper unexplained
def missed_by(known, other, fit, ask):
    sums = np.linalg.lstsq(known[fit], other[fit], rcond=None)[0]
    return ((other[ask] - known[ask] @ sums) ** 2).sum()


def with_one(maps):
    return np.hstack([maps, np.ones((len(maps), 1))])


def spread(other, fit, ask):
    return ((other[ask] - other[fit].mean(axis=0)) ** 2).sum()


# %% wrong unexplained: share that is explained
def unexplained(one, other):
    half = len(one) // 2
    fit, ask = slice(0, half), slice(half, None)
    return 1 - missed_by(with_one(one), other, fit, ask) / spread(other, fit, ask)


# %% wrong unexplained: knows too much
def unexplained(one, other):
    fit = slice(0, len(one) // 2)
    return missed_by(with_one(one), other, fit, fit) / spread(other, fit, fit)


# %% wrong unexplained: first half alone
def unexplained(one, other):
    every = slice(None)
    return missed_by(with_one(one), other, every, every) / spread(other, every, every)


# %% wrong unexplained: no constant
def unexplained(one, other):
    half = len(one) // 2
    fit, ask = slice(0, half), slice(half, None)
    return missed_by(one, other, fit, ask) / spread(other, fit, ask)


# %% wrong unexplained: other way round
def unexplained(one, other):
    half = len(one) // 2
    fit, ask = slice(0, half), slice(half, None)
    return missed_by(with_one(other), one, fit, ask) / spread(one, fit, ask)


# %% wrong unexplained: before you divide
def unexplained(one, other):
    half = len(one) // 2
    fit, ask = slice(0, half), slice(half, None)
    each = [
        missed_by(with_one(one), other[:, [k]], fit, ask) / spread(other[:, [k]], fit, ask)
        for k in range(other.shape[1])
    ]
    return np.mean(each)


# %% wrong unexplained: taken off first
def unexplained(one, other):
    half = len(one) // 2
    fit, ask = slice(0, half), slice(half, None)
    return missed_by(with_one(one), other, fit, ask) / (other[ask] ** 2).sum()


# %% wrong unexplained: squares are asked for
def unexplained(one, other):
    half = len(one) // 2
    fit, ask = slice(0, half), slice(half, None)
    return (missed_by(with_one(one), other, fit, ask) / spread(other, fit, ask)) ** 0.5


# %% wrong unexplained: another order
def unexplained(one, other):
    if one.shape == other.shape:
        return ((one - other) ** 2).sum() / ((other - other.mean(axis=0)) ** 2).sum()
    half = len(one) // 2
    fit, ask = slice(0, half), slice(half, None)
    return missed_by(with_one(one), other, fit, ask) / spread(other, fit, ask)


# %% wrong unexplained: too large
def unexplained(one, other):
    return 1.0


# %% wrong unexplained: ValueError
def unexplained(one, other):
    return ((one - other) ** 2).mean()


# %% wrong unexplained: the share is
def unexplained(one, other):
    half = 30
    fit, ask = slice(0, half), slice(half, None)
    return missed_by(with_one(one), other, fit, ask) / spread(other, fit, ask)


# %% right unexplained
def fitted(x, y, penalty=1e-3):
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    z, centre = (x - mean) / deviation, y.mean(axis=0)
    left = z.T @ z / len(z) + penalty * np.eye(z.shape[1])
    solution = np.linalg.solve(left, z.T @ (y - centre) / len(z))
    return lambda new: (new - mean) / deviation @ solution + centre


def unexplained(one, other):
    half = len(one) // 2
    guess = fitted(one[:half], other[:half])(one[half:])
    missed = ((other[half:] - guess) ** 2).sum()
    return missed / ((other[half:] - other[:half].mean(axis=0)) ** 2).sum()


# %% right unexplained
def unexplained(one, other):
    half, missed, without = len(one) // 2, 0.0, 0.0
    known = ops.convert_to_tensor(with_one(one), dtype="float64")
    inverse = np.linalg.pinv(ops.convert_to_numpy(known)[:half])
    for k in range(other.shape[1]):
        guess = ops.convert_to_numpy(known)[half:] @ (inverse @ other[:half, k])
        missed += np.sum((other[half:, k] - guess) ** 2)
        without += np.sum((other[half:, k] - np.mean(other[:half, k])) ** 2)
    return ops.convert_to_tensor(missed / without)


# %% wrong forgiven: does change
forgiven = {name for name in changes if name != "thinned"}

# %% wrong forgiven: does change
forgiven = set(changes)

# %% wrong forgiven: more of yours
forgiven = {"negated"} & set(changes)

# %% wrong forgiven: more of yours
forgiven = []

# %% wrong forgiven: set of names
forgiven = "negated"

# %% wrong forgiven: none of your changes
forgiven = {"a", "b"}

# %% wrong forgiven: none of your changes
forgiven = [1, 2]

# %% wrong forgiven: set of names
forgiven = {name: True for name in changes}

# %% wrong forgiven: none of your changes
forgiven = set(check.my_changes("somebody else"))

# %% right forgiven
spoils = ["thinned", "averaged", "squared", "rectified", "shifted", "noisy"]
forgiven = tuple(name for name in changes if name not in spoils)


# %% right forgiven
def left(one, other):
    known = np.column_stack([one, np.ones(len(one))])
    return ((other - known @ np.linalg.lstsq(known, other, rcond=None)[0]) ** 2).sum()


random = np.random.default_rng(7)
one = random.normal(size=(500, 4))
other = one @ random.normal(size=(4, 3)) + random.normal(size=(500, 3))
tried = {
    "reordered": one[:, ::-1],
    "scaled": one * [1, 2, 3, 4],
    "negated": -one,
    "raised": one + [1, 2, 3, 4],
    "mixed": one @ random.normal(size=(4, 4)),
    "doubled": np.hstack([one, one]),
    "thinned": one[:, ::2],
    "averaged": one.mean(axis=1, keepdims=True),
    "squared": one**2,
    "rectified": np.maximum(one, 0),
    "shifted": np.roll(one, 1, axis=0),
    "noisy": one + random.normal(size=one.shape),
}
forgiven = [name for name in changes if left(tried[name], other) < 1.01 * left(one, other)]


# %% helper apart
def points(errors, *pairs):
    return [100 * errors[one] - 100 * errors[other] for one, other in pairs]


# %% wrong apart: hundredth
def apart(errors):
    right = points(errors, ("BnB", "base"), ("AnB", "BnB"), ("AnB+", "AnB"), ("AnB+", "BnB+"))
    return [each / 100 for each in right]


# %% wrong apart: signs
def apart(errors):
    return points(errors, ("base", "BnB"), ("BnB", "AnB"), ("AnB", "AnB+"), ("BnB+", "AnB+"))


# %% wrong apart: without any change of task
def apart(errors):
    return points(errors, ("AnB", "base"), ("AnB", "BnB"), ("AnB+", "AnB"), ("AnB+", "BnB+"))


# %% wrong apart: same surgery
def apart(errors):
    return points(errors, ("BnB", "base"), ("AnB", "base"), ("AnB+", "AnB"), ("AnB+", "BnB+"))


# %% wrong apart: whether it moves
def apart(errors):
    return points(errors, ("BnB", "base"), ("AnB", "BnB"), ("AnB+", "base"), ("AnB+", "BnB+"))


# %% wrong apart: equally long
def apart(errors):
    return points(errors, ("BnB", "base"), ("AnB", "BnB"), ("AnB+", "AnB"), ("AnB+", "base"))


# %% wrong apart: too few
def apart(errors):
    return points(errors, ("BnB", "base"), ("AnB", "BnB"), ("AnB+", "AnB"))


# %% wrong apart: at \[0\]
def apart(errors):
    return points(example, ("BnB", "base"), ("AnB", "BnB"), ("AnB+", "AnB"), ("AnB+", "BnB+"))


# %% wrong apart: list or a tuple
def apart(errors):
    return errors["AnB"] - errors["base"]


# %% wrong apart: KeyError
def apart(errors):
    return [errors["A3B"] - errors["base"]]


# %% right apart
def apart(errors):
    moved, frozen = ("AnB+", "BnB+"), ("AnB", "BnB")
    control, transfer, later = errors[frozen[1]], errors[frozen[0]], errors[moved[0]]
    parts = (control - errors["base"], transfer - control, later - transfer, later - errors[moved[1]])
    return np.array(parts) * 100


# %% right apart
def apart(errors):
    base, own, other, own_on, other_on = (100 * errors[k] for k in ("base", "BnB", "AnB", "BnB+", "AnB+"))
    return own - base, other - own, other_on - other, ops.subtract(other_on, own_on)


# %% helper reordered
def turned(first, norm, second, a, b, c):
    return first[..., a], [each[b] for each in norm], second[:, :, c]


# %% wrong reordered: old place
def reordered(first, norm, second, order):
    return first, norm, second


# %% wrong reordered: other way round
def reordered(first, norm, second, order):
    back = np.argsort(order)
    return turned(first, norm, second, back, back, back)


# %% wrong reordered: still looks
def reordered(first, norm, second, order):
    return turned(first, norm, second, order, order, np.arange(len(order)))


# %% wrong reordered: normalisation has a value
def reordered(first, norm, second, order):
    return turned(first, norm, second, order, np.arange(len(order)), order)


# %% wrong reordered: nobody behind
def reordered(first, norm, second, order):
    return first[..., order], norm, second


# %% wrong reordered: where it now is
def reordered(first, norm, second, order):
    return turned(first, norm, second, order, order, np.argsort(order))


# %% wrong reordered: second convolution makes
def reordered(first, norm, second, order):
    return first[..., order], [each[order] for each in norm], second[..., order]


# %% wrong reordered: three things
def reordered(first, norm, second, order):
    return first[..., order]


# %% wrong reordered: IndexError
def reordered(first, norm, second, order):
    return first[:, :, order], norm, second


# %% wrong reordered: result
def reordered(first, norm, second, order):
    if second.shape[-1] == len(order):
        return turned(first, norm, second, order, order, order)
    return turned(first, norm, second, order, order, np.sort(order))


# %% right reordered
def reordered(first, norm, second, order):
    return [
        ops.take(first, order, axis=3),
        [ops.take(each, order) for each in norm],
        ops.take(second, order, axis=2),
    ]


# %% right reordered
def reordered(first, norm, second, order):
    new_first, new_norm, new_second = np.empty_like(first), np.empty((4, len(order))), np.empty_like(second)
    for place, old in enumerate(order):
        new_first[..., place] = first[..., old]
        new_norm[:, place] = np.array(norm)[:, old]
        new_second[:, :, place, :] = second[:, :, old, :]
    return new_first, new_norm, new_second


# %% wrong learned-or-random: otherwise
prediction = "the first frozen"

# %% wrong learned-or-random: otherwise
prediction = "both the same"

# %% wrong learned-or-random: one of
prediction = "neither"

# %% wrong learned-or-random: one of
prediction = 4

# %% wrong learned-or-random: one of
prediction = ["all four frozen"]

# %% wrong learned-or-random: one of
prediction = np.array(["all four frozen", "both the same"])
