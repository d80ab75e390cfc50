# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% helper last-maps
def through(side, maps, halve, shrink=0):
    for each in maps:
        side = halve(side - shrink)
    return side


# %% wrong last-maps: every stage, the last
last_maps = (through(side, maps[1:], lambda n: n // 2),) * 2 + (maps[-1],)

# %% wrong last-maps: as many poolings
last_maps = (through(side, [*maps, 1], lambda n: n // 2),) * 2 + (maps[-1],)

# %% wrong last-maps: partly outside
last_maps = (through(side, maps, lambda n: -(-n // 2)),) * 2 + (maps[-1],)

# %% wrong last-maps: convolutions pad
last_maps = (through(side, maps, lambda n: n // 2, shrink=2),) * 2 + (maps[-1],)

# %% wrong last-maps: those before
last_maps = (through(side, maps, lambda n: n // 2),) * 2 + (sum(maps),)

# %% wrong last-maps: sides first
last_maps = (maps[-1], side // 2 ** len(maps), side // 2 ** len(maps))

# %% wrong last-maps: quarter
last_maps = (through(side, maps, lambda n: n // 4),) * 2 + (maps[-1],)

# %% wrong last-maps: batch
last_maps = (None, side // 2 ** len(maps), side // 2 ** len(maps), maps[-1])

# %% wrong last-maps: instead of 3
last_maps = [(side // 2 ** len(maps)) ** 2 * maps[-1]]

# %% wrong last-maps: a shape such as
last_maps = keras.Input((28, 28, 1))

# %% wrong last-maps: a shape such as
last_maps = np.zeros((3, 4))

# %% wrong last-maps: a shape such as
last_maps = "12x12x24"

# %% wrong last-maps: not right
last_maps = (10, 10, 48)

# %% wrong last-maps: not right
last_maps = (side / 2 ** len(maps), side / 2 ** len(maps), maps[-1])

# %% right last-maps
shape = (side, side)
for each in maps:
    shape = tuple(n // 2 for n in shape)
last_maps = [np.int64(n) for n in shape] + [np.float32(maps[-1])]

# %% right last-maps
x = keras.Input((side, side, 3))
for each in maps:
    x = layers.MaxPooling2D()(layers.Conv2D(each, 3, padding="same")(x))
last_maps = x.shape[1:]

# %% wrong trade: a height and a width
trade = (factor / divisor) ** stages

# %% wrong trade: one after the other
trade = (factor / (divisor * 2)) ** stages

# %% wrong trade: one stage
trade = factor / divisor**2

# %% wrong trade: add up
trade = stages * factor / divisor**2

# %% wrong trade: before against after
trade = (divisor**2 / factor) ** stages

# %% wrong trade: channels alone
trade = factor**stages

# %% wrong trade: sides alone
trade = (1 / divisor) ** (2 * stages)

# %% wrong trade: what is gone
trade = 1 - (factor / divisor**2) ** stages

# %% wrong trade: too
trade = 0.25**3

# %% wrong trade: too
trade = round((factor / divisor**2) ** stages, 1)

# %% wrong trade: a number
trade = "a quarter"

# %% right trade
trade = 1
for _ in range(stages):
    trade = trade / divisor / divisor * factor

# %% right trade
from fractions import Fraction

trade = Fraction(factor, divisor**2) ** stages

# %% right trade
trade = np.prod([factor / divisor**2] * stages)

# %% helper where
c1, c2 = 27 * first, 9 * first * second
pixels, half, quarter = side * side, (side // 2) ** 2, (side // 4) ** 2
d1, d2 = quarter * second * units, units * 10
parameters = [c1 + c2 + first + second, d1 + d2 + units + 10]
work = [c1 * pixels + c2 * half, d1 + d2]

# %% wrong where: each channel has a bias
parameters = (c1 + c2, d1 + d2)

# %% wrong where: each unit has a bias
parameters[1] = d1 + d2

# %% wrong where: in colour
parameters[0] = 9 * first + c2 + first + second

# %% wrong where: height, width and depth
parameters[0] = 9 * first + 3 * first * second + first + second

# %% wrong where: all channels of the layer before
parameters[0] = 9 * first + 9 * second + first + second

# %% wrong where: shared
parameters[0] = (c1 + first) * pixels + (c2 + second) * half

# %% wrong where: followed by a pooling
parameters[1] = half * second * units + d2 + units + 10

# %% wrong where: two dense layers
parameters[1] = d1 + units

# %% wrong where: at every place
parameters[1] = second * units + d2 + units + 10

# %% wrong where: come first
parameters = parameters[::-1]

# %% wrong where: come first
work = work[::-1]

# %% wrong where: used at every place
work = [c1 + c2, d1 + d2]

# %% wrong where: those are the parameters
work = parameters

# %% wrong where: added and not multiplied
work[0] += first * pixels + second * half

# %% wrong where: added and not multiplied
work[1] = parameters[1]

# %% wrong where: before the pooling
work[0] = c1 * half + c2 * quarter

# %% wrong where: smaller feature maps than
work[0] = (c1 + c2) * pixels

# %% wrong where: in height and in width
work[0] = c1 * side + c2 * (side // 2)

# %% wrong where: used once
work[1] = (d1 + d2) * quarter

# %% wrong where: two dense layers
work[1] = d1

# %% wrong where: pair
parameters = sum(parameters)

# %% wrong where: pair
work = {"convolutions": work[0], "dense": work[1]}

# %% wrong where: no answer yet
work = None

# %% wrong where: too
parameters = [1976, 99018]

# %% right where
model = keras.Sequential([keras.Input((side, side, 3))])
for each in (first, second):
    model.add(layers.Conv2D(each, 3, padding="same"))
    model.add(layers.MaxPooling2D())
features = model.count_params()
model.add(layers.Flatten())
for each in (units, 10):
    model.add(layers.Dense(each))
parameters = np.array([features, model.count_params() - features])
work = tuple(np.int64(n) for n in work)


# %% wrong nearest-average: farthest
def nearest_average(features, labels, new):
    averages = np.stack([features[labels == c].mean(axis=0) for c in np.unique(labels)])
    return np.argmax(np.linalg.norm(new[:, None] - averages, axis=-1), axis=1)


# %% wrong nearest-average: class of the nearest image
def nearest_average(features, labels, new):
    return labels[np.linalg.norm(new[:, None] - features, axis=-1).argmin(axis=1)]


# %% wrong nearest-average: number of an image
def nearest_average(features, labels, new):
    return np.linalg.norm(new[:, None] - features, axis=-1).argmin(axis=1)


# %% wrong nearest-average: long average
def nearest_average(features, labels, new):
    averages = np.stack([features[labels == c].mean(axis=0) for c in np.unique(labels)])
    return (new @ averages.T).argmax(axis=1)


# %% wrong nearest-average: sums
def nearest_average(features, labels, new):
    averages = np.stack([features[labels == c].sum(axis=0) for c in np.unique(labels)])
    return np.linalg.norm(new[:, None] - averages, axis=-1).argmin(axis=1)


# %% wrong nearest-average: cancel
def nearest_average(features, labels, new):
    averages = np.stack([features[labels == c].mean(axis=0) for c in np.unique(labels)])
    return np.abs((new[:, None] - averages).sum(axis=-1)).argmin(axis=1)


# %% wrong nearest-average: which class
def nearest_average(features, labels, new):
    averages = np.stack([features[labels == c].mean(axis=0) for c in np.unique(labels)])
    return ((new[:, None] - averages) ** 2).sum(axis=-1)


# %% wrong nearest-average: whose
def nearest_average(features, labels, new):
    averages = np.stack([features[labels == c].mean(axis=0) for c in np.unique(labels)])
    return ((new[:, None] - averages) ** 2).sum(axis=-1).min(axis=1)


# %% wrong nearest-average: off
def nearest_average(features, labels, new):
    averages = np.stack([features[labels == c].mean(axis=0) for c in range(3)])
    return np.linalg.norm(new[:, None] - averages, axis=-1).argmin(axis=1)


# %% wrong nearest-average: straight
def nearest_average(features, labels, new):
    averages = np.stack([features[labels == c].mean(axis=0) for c in np.unique(labels)])
    return np.abs(new[:, None] - averages).sum(axis=-1).argmin(axis=1)


# %% wrong nearest-average: stopped with
def nearest_average(features, labels, new):
    return np.linalg.norm(new - features).argmin()


# %% wrong nearest-average: shape
def nearest_average(features, labels, new):
    return 0


# %% wrong nearest-average: a function
nearest_average = 3


# %% right nearest-average
def nearest_average(features, labels, new):
    """The section's own way: what the square of the new row adds is the same for all classes."""
    averages = np.stack([features[labels == c].mean(axis=0) for c in np.unique(labels)])
    return (2 * new @ averages.T - (averages**2).sum(axis=1)).argmax(axis=1)


# %% right nearest-average
def nearest_average(features, labels, new):
    found = []
    for row in new:
        gaps = {c: np.linalg.norm(row - features[labels == c].mean(axis=0)) for c in set(labels.tolist())}
        found.append(min(gaps, key=gaps.get))
    return found


# %% right nearest-average
def nearest_average(features, labels, new):
    members = ops.one_hot(labels, int(labels.max()) + 1)
    averages = ops.transpose(members) @ features / ops.sum(members, axis=0)[:, None]
    gaps = ops.expand_dims(new, 1) - averages
    return ops.argmin(ops.sum(ops.square(gaps), axis=-1), axis=-1)


# %% helper patterned
def built(side, maps, units, classes, padding="same", activation="relu", pooling=layers.MaxPooling2D, dense="relu",
          last="softmax"):
    x = image = keras.Input((side, side, 3))
    for each in maps:
        x = pooling(2)(layers.Conv2D(each, 3, padding=padding, activation=activation)(x))
    x = layers.Flatten()(x)
    for each in units:
        x = layers.Dense(each, activation=dense)(x)
    return keras.Model(image, layers.Dense(classes, activation=last)(x))


# %% wrong patterned: order should the channels
def patterned(side, maps, units, classes):
    return built(side, maps, sorted(units)[::-1], classes)


# %% wrong patterned: neither
def patterned(side, maps, units, classes):
    return built(side, maps, units, classes)


# %% wrong patterned: grow in number
def patterned(side, maps, units, classes):
    return built(side, sorted(maps)[::-1], sorted(units)[::-1], classes)


# %% wrong patterned: do not grow
def patterned(side, maps, units, classes):
    return built(side, sorted(maps), sorted(units), classes)


# %% wrong patterned: convolutions rectify
def patterned(side, maps, units, classes):
    return built(side, sorted(maps), sorted(units)[::-1], classes, activation=None)


# %% wrong patterned: but the last rectify
def patterned(side, maps, units, classes):
    return built(side, sorted(maps), sorted(units)[::-1], classes, dense=None)


# %% wrong patterned: keep the sides
def patterned(side, maps, units, classes):
    return built(side, sorted(maps), sorted(units)[::-1], classes, padding="valid")


# %% wrong patterned: largest
def patterned(side, maps, units, classes):
    return built(side, sorted(maps), sorted(units)[::-1], classes, pooling=layers.AveragePooling2D)


# %% wrong patterned: probabilities
def patterned(side, maps, units, classes):
    return built(side, sorted(maps), sorted(units)[::-1], classes, last=None)


# %% wrong patterned: keras.Model
def patterned(side, maps, units, classes):
    return sorted(maps) + sorted(units)[::-1]


# %% wrong patterned: shape
def patterned(side, maps, units, classes):
    return built(24, sorted(maps), sorted(units)[::-1], classes)


# %% wrong patterned: too
def patterned(side, maps, units, classes):
    return built(side, sorted(maps)[:3], sorted(units)[::-1][:2], classes)


# %% wrong patterned: stopped with TypeError
def patterned(side, maps, units):
    return built(side, sorted(maps), sorted(units)[::-1], 10)


# %% right patterned
def patterned(side, maps, units, classes):
    image = keras.Input((side, side, 3))
    x = image
    for each in sorted(maps):
        x = ops.max_pool(ops.relu(layers.Conv2D(each, 3, padding="same")(x)), 2)
    x = ops.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3]))
    while units:
        units = sorted(units)
        x = ops.relu(layers.Dense(units.pop())(x))
    return keras.Model(image, ops.softmax(layers.Dense(classes)(x)))


# %% right patterned
def patterned(side, maps, units, classes):
    features = keras.Sequential(name="features")
    for each in np.sort(maps):
        features.add(layers.ZeroPadding2D(1))
        features.add(layers.Conv2D(int(each), 3))
        features.add(layers.MaxPooling2D(2))
        features.add(layers.ReLU())
    units.sort(key=lambda n: -n)
    classifier = [layers.Dense(each, "relu") for each in units] + [layers.Dense(classes), layers.Softmax()]
    return keras.Sequential([keras.Input((side, side, 3)), features, layers.Flatten(), *classifier])


# %% helper broken
def parts(shapes):
    return [s for s in shapes if len(s) == 2], [s[0] for s in shapes if len(s) == 1]


def rules(shapes, growing=lambda a, b: b > a, sides=True, depths=True):
    maps, units = parts(shapes)
    found = []
    if any(len(a) < len(b) for a, b in zip(shapes, shapes[1:])):
        found.append(1)
    if any(sides and growing(a[0], b[0]) or depths and growing(b[1], a[1]) for a, b in zip(maps, maps[1:])):
        found.append(2)
    if any(growing(a, b) for a, b in zip(units, units[1:])):
        found.append(3)
    return found


# %% wrong broken: stay the same
def broken(shapes):
    return rules(shapes, growing=lambda a, b: b >= a)


# %% wrong broken: fewer
def broken(shapes):
    return rules(shapes, depths=False)


# %% wrong broken: wider
def broken(shapes):
    return rules(shapes, sides=False)


# %% wrong broken: each step
def broken(shapes):
    maps, units = parts(shapes)
    found = [1] if any(len(a) < len(b) for a, b in zip(shapes, shapes[1:])) else []
    if maps[-1][0] > maps[0][0] or maps[-1][1] < maps[0][1]:
        found.append(2)
    return found + [3] if units[-1] > units[0] else found


# %% wrong broken: keeps
def broken(shapes):
    return sorted({1, 2, 3} - set(rules(shapes)))


# %% wrong broken: more than one
def broken(shapes):
    return rules(shapes)[:1]


# %% wrong broken: how many
def broken(shapes):
    return len(rules(shapes))


# %% wrong broken: product
def broken(shapes):
    maps, units = parts(shapes)
    held = [side * side * depth for side, depth in maps]
    found = set(rules(shapes)) - {2}
    if any(b > a for a, b in zip(held, held[1:])):
        found.add(2)
    return sorted(found)


# %% wrong broken: behind a dense
def broken(shapes):
    return [n for n in rules(shapes) if n > 1]


# %% wrong broken: dense layer before
def broken(shapes):
    return [n for n in rules(shapes) if n < 3]


# %% wrong broken: a list
def broken(shapes):
    return {*rules(shapes)}


# %% wrong broken: too few
def broken(shapes):
    return []


# %% wrong broken: too
def broken(shapes):
    known = {28: [], 56: [2], 24: [2, 3]}
    if shapes[0][0] in known:
        return known[shapes[0][0]]
    return {128: [3], 64: [1], 24: [2]}.get(shapes[3][0], [1])


# %% wrong broken: stopped with IndexError
def broken(shapes):
    return [2] if any(b[1] < a[1] for a, b in zip(shapes, shapes[1:])) else []


# %% right broken
def broken(shapes):
    found = set()
    before = {}
    for shape in shapes:
        if len(shape) == 2:
            if 1 in before:
                found.add(1)
            side, depth = before.get(2, shape)
            if side < shape[0] or depth > shape[1]:
                found.add(2)
        elif before.get(1, shape) < shape:
            found.add(3)
        before[len(shape)] = shape
    return tuple(sorted(found))


# %% right broken
def broken(shapes):
    return np.array(rules(shapes), dtype=int)


# %% wrong moved: otherwise
prediction = "averaged"

# %% wrong moved: otherwise
prediction = "both the same"

# %% wrong moved: one of
prediction = "Flattened."

# %% wrong moved: one of
prediction = None

# %% wrong moved: one of
prediction = ["flattened"]

# %% wrong moved: one of
prediction = np.array([1, 2])
