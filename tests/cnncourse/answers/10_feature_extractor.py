# What students answer to the exercises on feature extractors; see 02_lenet5.py for how these cells are read.

# %% wrong new-head: a bias as well
means = maps * classes
in_a_row = side * side * maps * classes

# %% wrong new-head: in_a_row is .* a bias as well
means = maps * classes + classes
in_a_row = side * side * maps * classes

# %% wrong new-head: a bias belongs to a unit
means = (classes + 1) * maps
in_a_row = (side * side * maps + 1) * classes

# %% wrong new-head: height and width
means = (maps + 1) * classes
in_a_row = (side * maps + 1) * classes

# %% wrong new-head: for all the numbers
means = (side * side * maps + 1) * classes
in_a_row = (maps + 1) * classes

# %% wrong new-head: once
means = (maps + 1) * classes
in_a_row = side * side * (maps + 1) * classes

# %% wrong new-head: not one for all
means = maps * classes + 1
in_a_row = side * side * maps * classes + 1

# %% wrong new-head: how many units
means = maps
in_a_row = side * side * maps

# %% wrong new-head: too
means = (512 + 1) * 2
in_a_row = (7 * 7 * 512 + 1) * 2

# %% wrong new-head: should be a number
means = f"{(maps + 1) * classes}"
in_a_row = None

# %% right new-head
in_a_row, means = (
    keras.Sequential([keras.Input((numbers,)), layers.Dense(classes)]).count_params()
    for numbers in (side * side * maps, maps)
)

# %% helper changes
def counted(norm, biases=0, head_bias=1):
    a, b, c = widths
    return 9 * (3 * a + a * b + b * c) + biases * (a + b + c), norm * (a + b + c), (c + head_bias) * classes

# %% wrong changes: of its batches
kernels, norms, head = counted(2)
changes = {
    "nothing frozen": kernels + norms + head,
    "convolutions frozen": norms + head,
    "body frozen": head,
}

# %% wrong changes: numbers of its own
kernels, norms, head = counted(0)
changes = {"nothing frozen": kernels + head, "convolutions frozen": head, "body frozen": head}

# %% wrong changes: no biases
kernels, norms, head = counted(4, biases=1)
changes = {
    "nothing frozen": kernels + norms + head,
    "convolutions frozen": norms + head,
    "body frozen": head,
}

# %% wrong changes: what comes after
kernels, norms, head = counted(4)
changes = {"nothing frozen": kernels + norms + head, "convolutions frozen": head, "body frozen": head}

# %% wrong changes: they learn
kernels, norms, head = counted(4)
changes = {
    "nothing frozen": kernels + norms + head,
    "convolutions frozen": norms // 2 + 1 + head,
    "body frozen": head,
}

# %% wrong changes: convolutions frozen is .* of its batches
kernels, norms, head = counted(4)
changes = {
    "nothing frozen": kernels + norms + head,
    "convolutions frozen": norms // 2 + head,
    "body frozen": head,
}

# %% wrong changes: moving statistics stay
kernels, norms, head = counted(4)
changes = {
    "nothing frozen": kernels + norms + head,
    "convolutions frozen": norms + head,
    "body frozen": norms // 2 + head,
}

# %% wrong changes: belong to the body
kernels, norms, head = counted(4)
changes = {
    "nothing frozen": kernels + norms + head,
    "convolutions frozen": norms + head,
    "body frozen": norms + head,
}

# %% wrong changes: a bias
kernels, norms, head = counted(4)
changes = {
    "nothing frozen": kernels + norms + head,
    "convolutions frozen": norms + head,
    "body frozen": head - classes,
}

# %% wrong changes: that is what stays
kernels, norms, head = counted(4)
changes = {"nothing frozen": kernels + norms + head, "convolutions frozen": kernels, "body frozen": kernels + norms}

# %% wrong changes: dict
changes = [1, 2, 3]

# %% wrong changes: keys
changes = {"all": 1}

# %% right changes
net = keras.Sequential([keras.Input((16, 16, 3))])
for number in widths:
    net.add(layers.Conv2D(number, 3, use_bias=False, name=f"conv{len(net.layers)}"))
    net.add(layers.BatchNormalization())
net.add(layers.GlobalAveragePooling2D())
net.add(layers.Dense(classes, name="head"))
frozen = sum(layer.count_params() for layer in net.layers if layer.name.startswith("conv"))
changes = {
    "body frozen": np.int64(net.get_layer("head").count_params()),
    "convolutions frozen": net.count_params() - frozen,
    "nothing frozen": net.count_params(),
}

# %% helper transferred
def built(model, layer, classes, pool=layers.GlobalAveragePooling2D, frozen=True, last="softmax", bias=True, hidden=()):
    body = keras.Model(model.input, model.get_layer(layer).output)
    body.trainable = not frozen
    x = pool()(body.output)
    for units in hidden:
        x = layers.Dense(units, activation="relu")(x)
    return keras.Model(body.input, layers.Dense(classes, activation=last, use_bias=bias)(x))


# %% wrong transferred: frozen\?
def transferred(model, layer, classes):
    return built(model, layer, classes, frozen=False)


# %% wrong transferred: largest
def transferred(model, layer, classes):
    return built(model, layer, classes, pool=layers.GlobalMaxPooling2D)


# %% wrong transferred: one number for each map
def transferred(model, layer, classes):
    return built(model, layer, classes, pool=layers.Flatten)


# %% wrong transferred: probabilities
def transferred(model, layer, classes):
    return built(model, layer, classes, last=None)


# %% wrong transferred: add up to one
def transferred(model, layer, classes):
    return built(model, layer, classes, last="sigmoid")


# %% wrong transferred: has biases
def transferred(model, layer, classes):
    return built(model, layer, classes, bias=False)


# %% wrong transferred: one new dense layer
def transferred(model, layer, classes):
    return built(model, layer, classes, hidden=[2])


# %% wrong transferred: not the sum
def transferred(model, layer, classes):
    return built(model, layer, classes, pool=lambda: lambda x: ops.sum(x, axis=(1, 2)))


# %% wrong transferred: where should the body end
def transferred(model, layer, classes):
    return built(model, "relu1", classes)


# %% wrong transferred: what your network answers
def transferred(model, layer, classes):
    return built(model, "relu2", classes)


# %% wrong transferred: early
def transferred(model, layer, classes):
    names = [each.name for each in model.layers]
    return built(model, names[names.index(layer) - 1], classes)


# %% wrong transferred: drawn anew
def transferred(model, layer, classes):
    return built(keras.models.clone_model(model), layer, classes)


# %% wrong transferred: nothing in your network learns
def transferred(model, layer, classes):
    whole = built(model, layer, classes)
    whole.trainable = False
    return whole


# %% wrong transferred: normalisation included
def transferred(model, layer, classes):
    whole = built(model, layer, classes, frozen=False)
    for each in model.layers:
        each.trainable = "conv" not in each.name
    return whole


# %% wrong transferred: by each batch
def transferred(model, layer, classes):
    whole = built(model, layer, classes, frozen=False)
    for each in model.trainable_variables:
        each.trainable = False
    return whole


# %% wrong transferred: each of 3 classes
def transferred(model, layer, classes):
    return built(model, layer, 2)


# %% wrong transferred: keras.Model is asked for
def transferred(model, layer, classes):
    return built(model, layer, classes)(np.zeros((1, 8, 8, 3), "float32"))


# %% wrong transferred: gave nothing
def transferred(model, layer, classes):
    built(model, layer, classes)


# %% right transferred
from cnnlib import transfer


def transferred(model, layer, classes):
    body = transfer.feature_extractor(model, layer)
    return transfer.attach(body, transfer.classifier(body.output_shape[1], classes))


# %% right transferred
def transferred(model, layer, classes):
    body = keras.Model(model.inputs, model.get_layer(layer).output)
    for each in body.layers:
        each.trainable = False
    image = keras.Input(model.input_shape[1:])
    features = ops.mean(body(image, training=False), axis=(1, 2))
    return keras.Model(image, ops.softmax(layers.Dense(classes)(features)))


# %% right transferred
class Transferred(keras.Model):
    def __init__(self, body, classes):
        super().__init__()
        self.body, self.mean = body, layers.GlobalAveragePooling2D()
        self.new = layers.Dense(classes, activation="softmax")

    def call(self, x):
        return self.new(self.mean(self.body(x, training=False)))


def transferred(model, layer, classes):
    body = keras.Model(model.input, model.get_layer(layer).output)
    body.trainable = False
    return Transferred(body, classes)


# %% wrong store: once, not never
saved = pictures * versions * passes
size = pictures * versions * features * np.dtype(kind).itemsize

# %% wrong store: what is saved
saved = pictures * versions
size = pictures * versions * features * np.dtype(kind).itemsize

# %% wrong store: each version
saved = pictures * (passes - 1)
size = pictures * features * np.dtype(kind).itemsize

# %% wrong store: bits
saved = pictures * versions * (passes - 1)
size = pictures * versions * features * int(kind[-2:])

# %% wrong store: how many bytes
saved = pictures * versions * (passes - 1)
size = pictures * versions * features

# %% wrong store: kind of number
saved = pictures * versions * (passes - 1)
size = pictures * versions * features * (2 if kind == "float32" else 4)

# %% wrong store: every version are kept
saved = pictures * versions * (passes - 1)
size = pictures * features * np.dtype(kind).itemsize

# %% wrong store: does not grow
saved = pictures * versions * (passes - 1)
size = pictures * versions * features * np.dtype(kind).itemsize * passes

# %% wrong store: seen in every pass
saved = pictures * passes - pictures * versions
size = 0

# %% wrong store: no answer yet
saved = pictures * versions * (passes - 1)
size = None

# %% right store
anew = sum(pictures * versions for each in range(passes))
saved = anew - pictures * versions
size = np.zeros((pictures * versions, features), kind).nbytes


# %% wrong key: one pixel
def key(weights, images, preparation):
    return hashlib.sha256(str(images).encode() + str(weights).encode() + preparation.encode()).hexdigest()


# %% wrong key: another order
def key(weights, images, preparation):
    total = hashlib.sha256(preparation.encode())
    for array in [*weights, np.sort(images.ravel())]:
        total.update(array.tobytes())
    return total.hexdigest()


# %% wrong key: another shape
def key(weights, images, preparation):
    total = hashlib.sha256(preparation.encode())
    for array in [*weights, images]:
        total.update(array.tobytes())
    return total.hexdigest()


# %% wrong key: prepared otherwise
def key(weights, images, preparation):
    total = hashlib.sha256()
    for array in [*weights, images]:
        total.update(repr(array.shape).encode() + array.tobytes())
    return total.hexdigest()


# %% wrong key: moved a little
def key(weights, images, preparation):
    total = hashlib.sha256(preparation.encode())
    for weight in weights:
        total.update(weight.round(4).tobytes())
    return total.hexdigest() + hashlib.sha256(images.tobytes() + str(images.shape).encode()).hexdigest()


# %% wrong key: changed places
def key(weights, images, preparation):
    parts = sorted(str(each.shape).encode() + each.tobytes() for each in [*weights, images])
    return hashlib.sha256(b"".join([preparation.encode(), *parts])).hexdigest()


# %% wrong key: weight
def key(weights, images, preparation):
    return hashlib.sha256(preparation.encode() + str(images.shape).encode() + images.tobytes()).hexdigest()


# %% wrong key: last weight
def key(weights, images, preparation):
    total = hashlib.sha256(preparation.encode())
    for array in [weights[0], images]:
        total.update(str(array.shape).encode() + array.tobytes())
    return total.hexdigest()


# %% wrong key: tomorrow
def key(weights, images, preparation):
    parts = [(each.shape, each.tobytes()) for each in [*weights, images]]
    return str(hash((preparation, *parts)))


# %% wrong key: copies
def key(weights, images, preparation):
    return f"{id(weights)}-{id(images)}-{preparation}"


# %% wrong key: a text
def key(weights, images, preparation):
    return hashlib.sha256(images.tobytes()).digest()


# %% wrong key: one pixel
def key(weights, images, preparation):
    return "features"


# %% wrong key: so long
def key(weights, images, preparation):
    return repr([preparation, *((each.shape, each.tobytes()) for each in [*weights, images])])


# %% right key
import pickle


def key(weights, images, preparation):
    parts = [(each.shape, each.dtype.str, each.tolist()) for each in [*weights, images]]
    return hashlib.md5(pickle.dumps((preparation, parts))).hexdigest()


# %% right key
def key(weights, images, preparation):
    words = [preparation]
    for each in [images, *weights]:
        words.append(f"{each.shape}{hashlib.blake2b(np.ascontiguousarray(each)).hexdigest()}")
    return hashlib.sha1("/".join(words).encode()).hexdigest()[:20]


# %% wrong more: order of the features
def more(extract, images, labels, shifts):
    rolled = [images] + [np.roll(images, by, axis=(1, 2)) for by in shifts]
    return np.concatenate([extract(x) for x in rolled]), np.repeat(labels, len(rolled))


# %% wrong more: has a label
def more(extract, images, labels, shifts):
    rolled = [images] + [np.roll(images, by, axis=(1, 2)) for by in shifts]
    return extract(np.concatenate(rolled)), labels


# %% wrong more: as they are
def more(extract, images, labels, shifts):
    rolled = [np.roll(images, by, axis=(1, 2)) for by in shifts]
    return extract(np.concatenate(rolled)), np.tile(labels, len(rolled))


# %% wrong more: first axis
def more(extract, images, labels, shifts):
    rolled = [images] + [np.roll(images, by, axis=(0, 1)) for by in shifts]
    return extract(np.concatenate(rolled)), np.tile(labels, len(rolled))


# %% wrong more: first down
def more(extract, images, labels, shifts):
    rolled = [images] + [np.roll(images, by, axis=(2, 1)) for by in shifts]
    return extract(np.concatenate(rolled)), np.tile(labels, len(rolled))


# %% wrong more: higher numbers
def more(extract, images, labels, shifts):
    rolled = [images] + [np.roll(images, (-down, -right), axis=(1, 2)) for down, right in shifts]
    return extract(np.concatenate(rolled)), np.tile(labels, len(rolled))


# %% wrong more: last version
def more(extract, images, labels, shifts):
    rolled = [images]
    for by in shifts:
        rolled.append(np.roll(rolled[-1], by, axis=(1, 2)))
    return extract(np.concatenate(rolled)), np.tile(labels, len(rolled))


# %% wrong more: shift the pictures
def more(extract, images, labels, shifts):
    features = extract(images)
    rolled = [features] + [np.roll(features, down, axis=0) for down, _ in shifts]
    return np.concatenate(rolled), np.tile(labels, len(rolled))


# %% wrong more: of the pictures alone
def more(extract, images, labels, shifts):
    return extract(images), labels


# %% wrong more: all the same
def more(extract, images, labels, shifts):
    return np.tile(extract(images), (len(shifts) + 1, 1)), np.tile(labels, len(shifts) + 1)


# %% wrong more: one after the other
def more(extract, images, labels, shifts):
    rolled = [images] + [np.roll(images, by, axis=(1, 2)) for by in shifts]
    stacked = np.stack([extract(x) for x in rolled], axis=1)
    return stacked.reshape(-1, stacked.shape[-1]), np.repeat(labels, len(rolled))


# %% wrong more: two things
def more(extract, images, labels, shifts):
    return extract(np.concatenate([images] + [np.roll(images, by, axis=(1, 2)) for by in shifts]))


# %% wrong more: shape
def more(extract, images, labels, shifts):
    known = [(2, 0), (-1, 0), (0, 1)]
    rolled = [images] + [np.roll(images, by, axis=(1, 2)) for by in known]
    return extract(np.concatenate(rolled)), np.tile(labels, len(rolled))


# %% right more
def more(extract, images, labels, shifts):
    rows, of = [], []
    for down, right in [(0, 0), *shifts]:
        moved = ops.roll(ops.roll(ops.convert_to_tensor(images), down, axis=1), right, axis=2)
        rows.extend(extract(moved))
        of.extend(labels)
    return np.array(rows), of


# %% right more
def more(extract, images, labels, shifts):
    count, height, width, _ = images.shape
    versions = [images]
    for down, right in shifts:
        rows = (np.arange(height) - down) % height
        columns = (np.arange(width) - right) % width
        versions.append(images[:, rows][:, :, columns])
    return [extract(np.concatenate(versions)), labels[np.arange(count * len(versions)) % count]]


# %% wrong twenty-of-each: best_on_shapes.*otherwise
best_on_shapes = "pixels"
worst_on_digits = "random features"

# %% wrong twenty-of-each: best_on_shapes.*otherwise
best_on_shapes = "random features"
worst_on_digits = "random features"

# %% wrong twenty-of-each: worst_on_digits.*otherwise
best_on_shapes = "trained features"
worst_on_digits = "pixels"

# %% wrong twenty-of-each: worst_on_digits.*otherwise
best_on_shapes = "trained features"
worst_on_digits = "trained features"

# %% wrong twenty-of-each: best_on_shapes should be one of
best_on_shapes = "trained"
worst_on_digits = "random features"

# %% wrong twenty-of-each: worst_on_digits should be one of
best_on_shapes = "trained features"
worst_on_digits = ["random features"]

# %% right twenty-of-each
best_on_shapes, worst_on_digits = (f"{word} features" for word in ("trained", "random"))
