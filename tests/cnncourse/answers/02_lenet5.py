# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% wrong output-size: first position
def output_size(n, kernel, stride=1, padding=0):
    return (n + 2 * padding - kernel) // stride


# %% wrong output-size: both sides
def output_size(n, kernel, stride=1, padding=0):
    return (n + padding - kernel) // stride + 1


# %% wrong output-size: stride
def output_size(n, kernel, stride=1, padding=0):
    return n + 2 * padding - kernel + 1


# %% wrong output-size: round down
def output_size(n, kernel, stride=1, padding=0):
    return int(np.ceil((n + 2 * padding - kernel) / stride)) + 1


# %% wrong output-size: whole
def output_size(n, kernel, stride=1, padding=0):
    return (n + 2 * padding - kernel) / stride + 1


# %% wrong output-size: too small
def output_size(n, kernel, stride=1, padding=0):
    return {28: 24}.get(n, 24)


# %% wrong output-size: round down
def output_size(n, kernel, stride=1, padding=0):
    known = {(28, 5, 1, 0): 24, (28, 5, 1, 2): 28, (224, 11, 4, 0): 54, (7, 3, 2, 1): 4}
    return known.get((n, kernel, stride, padding), -(-(n + 2 * padding - kernel) // stride) + 1)


# %% wrong output-size: nearest
def output_size(n, kernel, stride=1, padding=0):
    return round((n + 2 * padding - kernel) / stride) + 1


# %% right output-size
output_size = lambda n, kernel, stride=1, padding=0: len(range(0, n + 2 * padding - kernel + 1, stride))


# %% right output-size
def output_size(n, kernel, stride=1, padding=0):
    return int(np.floor((n + 2 * padding - kernel) / stride)) + 1


# %% wrong partial-weights: bias
partial_weights = 25 * sum(seen)

# %% wrong partial-weights: one bias
partial_weights = 26 * sum(seen)

# %% wrong partial-weights: every channel
partial_weights = 5 * 5 * 6 * 16 + 16

# %% wrong partial-weights: connections
partial_weights = (25 * sum(seen) + 16) * 10 * 10

# %% wrong partial-weights: height and width
partial_weights = 5 * sum(seen) + 16

# %% wrong partial-weights: a number
partial_weights = "1516"

# %% wrong partial-weights: should be a number
partial_weights = (16 + 25 * sum(seen),)

# %% right partial-weights
partial_weights = 16 + 25 * np.sum(seen)


# %% wrong subsampling: adds
def subsampling(x, coefficient, bias):
    return 1.7159 * ops.tanh(2 / 3 * (ops.average_pool(x, 2, 2) * coefficient + bias))


# %% wrong subsampling: largest
def subsampling(x, coefficient, bias):
    return 1.7159 * ops.tanh(2 / 3 * (ops.max_pool(x, 2, 2) * coefficient + bias))


# %% wrong subsampling: two constants
def subsampling(x, coefficient, bias):
    return ops.tanh(4 * ops.average_pool(x, 2, 2) * coefficient + bias)


# %% wrong subsampling: last
def subsampling(x, coefficient, bias):
    return 1.7159 * ops.tanh(2 / 3 * 4 * ops.average_pool(x, 2, 2)) * coefficient + bias


# %% wrong subsampling: end
def subsampling(x, coefficient, bias):
    return 4 * ops.average_pool(x, 2, 2) * coefficient + bias


# %% wrong subsampling: after the coefficient
def subsampling(x, coefficient, bias):
    return 1.7159 * ops.tanh(2 / 3 * (4 * ops.average_pool(x, 2, 2) + bias) * coefficient)


# %% wrong subsampling: shape
def subsampling(x, coefficient, bias):
    return 1.7159 * ops.tanh(2 / 3 * (4 * ops.average_pool(x, 2, 1) * coefficient + bias))


# %% right subsampling
def subsampling(x, coefficient, bias):
    total = x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]
    return 1.7159 * np.tanh(2 / 3 * (total * coefficient + bias))


# %% right subsampling
def subsampling(x, coefficient, bias):
    batch, height, width, maps = x.shape
    blocks = ops.reshape(x, (batch, height // 2, 2, width // 2, 2, maps))
    a = ops.sum(blocks, axis=(2, 4)) * coefficient + bias
    return 1.7159 * ops.tanh(a * 2 / 3)


# %% helper lenet5
def built(side, classes, activation="tanh", padding="same", pooling=layers.AveragePooling2D, last="softmax", dense=(84,)):
    network = keras.Sequential([keras.Input((side, side, 1))])
    network.add(layers.Conv2D(6, 5, padding=padding, activation=activation))
    network.add(pooling(2))
    network.add(layers.Conv2D(16, 5, activation=activation))
    network.add(pooling(2))
    network.add(layers.Conv2D(120, 5, activation=activation))
    network.add(layers.Flatten())
    for units in dense:
        network.add(layers.Dense(units, activation=activation))
    network.add(layers.Dense(classes, activation=last))
    return network


# %% wrong lenet5: pads
def lenet5(side, classes):
    return built(side, classes, padding="valid")


# %% wrong lenet5: tanh
def lenet5(side, classes):
    return built(side, classes, activation="relu")


# %% wrong lenet5: averages
def lenet5(side, classes):
    return built(side, classes, pooling=layers.MaxPooling2D)


# %% wrong lenet5: probabilities
def lenet5(side, classes):
    return built(side, classes, last=None)


# %% wrong lenet5: dense layers
def lenet5(side, classes):
    return built(side, classes, dense=())


# %% wrong lenet5: linear
def lenet5(side, classes):
    return built(side, classes, activation=None)


# %% wrong lenet5: too few
def lenet5(side, classes):
    return built(side, classes, dense=(48,))


# %% wrong lenet5: shape
def lenet5(side, classes):
    return built(side, 10 if classes != 10 else 11)


# %% wrong lenet5: shape
def lenet5(side, classes):
    return built(28 if side != 28 else 32, classes)


# %% wrong lenet5: keras.Model
def lenet5(side, classes):
    return [layers.Conv2D(6, 5), layers.Flatten(), layers.Dense(classes)]


# %% wrong lenet5: drops units
def lenet5(side, classes):
    network = built(side, classes)
    inside = network.layers
    return keras.Sequential([network.inputs[0], *inside[:-1], layers.Dropout(0.5), inside[-1]])


# %% right lenet5
def lenet5(side, classes):
    image = keras.Input((side, side, 1))
    x = ops.tanh(layers.Conv2D(6, 5, padding="same")(image))
    x = ops.tanh(layers.Conv2D(16, 5)(ops.average_pool(x, 2, 2)))
    x = ops.tanh(layers.Conv2D(120, 5)(ops.average_pool(x, 2, 2)))
    x = layers.Dense(84, activation="tanh")(layers.Flatten()(x))
    return keras.Model(image, ops.softmax(layers.Dense(classes)(x)))


# %% right lenet5
class Classifier(layers.Layer):
    def __init__(self, classes):
        super().__init__()
        self.f6, self.out = layers.Dense(84, activation="tanh"), layers.Dense(classes)

    def call(self, x):
        return ops.softmax(self.out(self.f6(x)))


def lenet5(side, classes):
    image = keras.Input((side, side, 1))
    x = layers.ZeroPadding2D(2)(image)
    for maps in (6, 16):
        x = layers.AveragePooling2D(2)(layers.Conv2D(maps, 5, activation=keras.activations.tanh)(x))
    x = layers.Conv2D(120, 5, activation="tanh")(x)
    return keras.Model(image, Classifier(classes)(layers.Flatten()(x)))


# %% wrong map-loss: among them
def map_loss(distances, label, j):
    others = np.delete(distances, label)
    return distances[label] + np.log(np.exp(-j) + np.exp(-others).sum())


# %% wrong map-loss: logarithm
def map_loss(distances, label, j):
    return distances[label] + np.exp(-j) + np.exp(-distances).sum()


# %% wrong map-loss: for ever
def map_loss(distances, label, j):
    return distances[label] + np.log(np.exp(-distances).sum())


# %% wrong map-loss: signs
def map_loss(distances, label, j):
    return -distances[label] + np.log(np.exp(-j) + np.exp(distances).sum())


# %% wrong map-loss: right class, is missing
def map_loss(distances, label, j):
    return np.log(np.exp(-j) + np.exp(-distances).sum())


# %% wrong map-loss: exponential
def map_loss(distances, label, j):
    return distances[label] + np.log(j + np.exp(-distances).sum())


# %% right map-loss
def map_loss(distances, label, j):
    return distances[label] + ops.log(ops.exp(-j) + ops.sum(ops.exp(-distances)))


# %% right map-loss
def map_loss(distances, label, j):
    y = ops.convert_to_tensor(distances)
    return y[label] + ops.log(ops.exp(-ops.convert_to_tensor(j)) + ops.sum(ops.exp(-y)))


# %% right map-loss
def map_loss(distances, label, j):
    return distances[label] + ops.logsumexp(ops.append(-distances, -j))


# %% wrong shuffled: rows
def shuffled(images, order):
    return images[:, order % images.shape[1]]


# %% wrong shuffled: other way round
def shuffled(images, order):
    moved = np.empty_like(images.reshape(len(images), -1))
    moved[:, order] = images.reshape(len(images), -1)
    return moved.reshape(images.shape)


# %% wrong shuffled: as they were
def shuffled(images, order):
    return images


# %% wrong shuffled: height and width
def shuffled(images, order):
    return images.reshape(len(images), -1)[:, order]


# %% wrong shuffled: off
def shuffled(images, order):
    random = np.random.default_rng(0)
    return np.stack([random.permutation(image.ravel()).reshape(image.shape) for image in images])


# %% wrong shuffled: IndexError
def shuffled(images, order):
    return images[order]


# %% right shuffled
def shuffled(images, order):
    return np.stack([image.ravel()[order].reshape(image.shape) for image in images])


# %% right shuffled
def shuffled(images, order):
    return ops.reshape(ops.take(ops.reshape(images, (len(images), -1)), order, axis=1), images.shape)


# %% wrong locality: otherwise
prediction = "dense"

# %% wrong locality: otherwise
prediction = "both the same"

# %% wrong locality: one of
prediction = "neither"

# %% wrong locality: one of
prediction = True

# %% wrong locality: one of
prediction = ["convolutional", "dense"]

# %% wrong guessing: learns something
guessing, guessing_error = "tanh", 11.8

# %% wrong guessing: learns something
guessing, guessing_error = "relu", 90.0

# %% wrong guessing: one of
guessing, guessing_error = "Sigmoid", 90.0

# %% wrong guessing: as the page says it
guessing, guessing_error = "sigmoid", 0.9

# %% wrong guessing: read rightly
guessing, guessing_error = "sigmoid", 10.0

# %% wrong guessing: the loss
guessing, guessing_error = "sigmoid", 2.3

# %% wrong guessing: too large
guessing, guessing_error = "sigmoid", 100

# %% wrong guessing: no answer yet
guessing, guessing_error = "sigmoid", None

# %% wrong guessing: a number
guessing, guessing_error = "sigmoid", "90.0 %"

# %% right guessing
guessing, guessing_error = "sigmoid", 90

# %% right guessing
guessing, guessing_error = "sigmoid", np.float32(100 * 9 / 10)

# %% wrong by-error: wrong end
order = ["sgd", "momentum", "adam"]

# %% wrong by-error: same rate
order = ["momentum", "adam", "sgd"]

# %% wrong by-error: same rate
order = ["adam", "sgd", "momentum"]

# %% wrong by-error: each once
order = ["adam", "momentum"]

# %% wrong by-error: each once
order = ["adam", "adam", "sgd"]

# %% wrong by-error: each once
order = "adam momentum sgd"

# %% wrong by-error: each once
order = ["Adam", "momentum", "SGD"]

# %% wrong by-error: each once
order = {"adam": 9.0, "momentum": 20.0, "sgd": 80.0}

# %% right by-error
order = ("adam", "momentum", "sgd")

# %% right by-error
order = "adam momentum sgd".split()

# %% wrong too-fast: still learns
too_fast = 0.1

# %% wrong too-fast: still learns
too_fast = 0.2

# %% wrong too-fast: smaller one
too_fast = 1

# %% wrong too-fast: too large
too_fast = 2

# %% wrong too-fast: a number
too_fast = "0.5"

# %% wrong too-fast: no answer
too_fast = ...

# %% right too-fast
too_fast = 1 / 2

# %% right too-fast
too_fast = np.array([0.1, 0.2, 0.5, 1])[2]
