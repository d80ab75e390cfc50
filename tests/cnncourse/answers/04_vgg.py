# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% wrong receptive-field: overlap
def receptive_field(windows):
    return sum(side for side, step in windows)


# %% wrong receptive-field: what do the strides do
def receptive_field(windows):
    return 1 + sum(side - 1 for side, _ in windows)


# %% wrong receptive-field: own stride
def receptive_field(windows):
    field = apart = 1
    for side, step in windows:
        apart *= step
        field += (side - 1) * apart
    return field


# %% wrong receptive-field: one after the other
def receptive_field(windows):
    field, apart = 1, 1
    for side, step in windows:
        field += (side - 1) * apart
        apart = step
    return field


# %% wrong receptive-field: begin with the image
def receptive_field(windows):
    field, apart = 0, 1
    for side, step in windows:
        field += (side - 1) * apart
        apart *= step
    return field


# %% wrong receptive-field: pools see
def receptive_field(windows):
    field, apart = 1, 1
    for side, step in windows:
        if step == 1:
            field += (side - 1) * apart
        apart *= step
    return field


# %% wrong receptive-field: ValueError
def receptive_field(windows):
    side, step = windows
    return side


# %% wrong receptive-field: too small
def receptive_field(windows):
    return {6: 20, 3: 7, 5: 99}.get(len(windows), 7)


# %% wrong receptive-field: too large
def receptive_field(windows):
    return np.prod([side for side, _ in windows])


# %% right receptive-field
def receptive_field(windows):
    field = 1
    for side, step in reversed(windows):
        field = (field - 1) * step + side
    return field


# %% right receptive-field
def receptive_field(windows):
    sides = np.array([side for side, _ in windows])
    apart = np.cumprod([1] + [step for _, step in windows])[:-1]
    return 1 + ((sides - 1) * apart).sum()


# %% right receptive-field
def receptive_field(windows):
    if not windows:
        return 1
    (side, step), *above = windows
    return side + (receptive_field(above) - 1) * step


# %% wrong saved: biases as well
saved = ((2 * number + 1) ** 2 - 9 * number) * maps**2

# %% wrong saved: what the stack has
saved = number * (9 * maps**2 + maps)

# %% wrong saved: the other way round
saved = number * (9 * maps**2 + maps) - ((2 * number + 1) ** 2 * maps**2 + maps)

# %% wrong saved: windows overlap
saved = ((3 * number) ** 2 * maps**2 + maps) - number * (9 * maps**2 + maps)

# %% wrong saved: both sides
saved = ((2 + number) ** 2 * maps**2 + maps) - number * (9 * maps**2 + maps)

# %% wrong saved: another number
saved = (7**2 * maps**2 + maps) - number * (9 * maps**2 + maps)

# %% wrong saved: each pair
saved = ((2 * number + 1) ** 2 * maps + maps) - number * (9 * maps + maps)

# %% wrong saved: height and width
saved = ((2 * number + 1) * maps**2 + maps) - number * (3 * maps**2 + maps)

# %% wrong saved: what the one convolution has
saved = (2 * number + 1) ** 2 * maps**2 + maps

# %% wrong saved: not a share
one = (2 * number + 1) ** 2 * maps**2 + maps
saved = 1 - number * (9 * maps**2 + maps) / one

# %% wrong saved: number
saved = (((2 * number + 1) ** 2 - 9 * number) * maps**2 + (1 - number) * maps,)

# %% wrong saved: number
saved = f"{maps} times"

# %% wrong saved: too
saved = 22 * 40**2 - 3 * 40

# %% right saved
def parameters(*sides):
    x = image = keras.Input((None, None, maps))
    for side in sides:
        x = layers.Conv2D(maps, side)(x)
    return keras.Model(image, x).count_params()


saved = parameters(2 * number + 1) - parameters(*[3] * number)

# %% right saved
saved = float(np.dot([(2 * number + 1) ** 2 - 9 * number, 1 / maps - number / maps], [maps**2, maps**2]))
saved = round(saved)

# %% wrong jitter: shows more
share = np.mean([2 * 224**2 >= side**2 for side in range(smallest, largest + 1)])

# %% wrong jitter: half the side
share = np.mean([side > 448 for side in range(smallest, largest + 1)])

# %% wrong jitter: too large
share = 1.0

# %% wrong jitter: largest side can be drawn
share = np.mean([2 * 224**2 < side**2 for side in range(smallest, largest)])

# %% wrong jitter: both ends count
share = sum(2 * 224**2 < side**2 for side in range(smallest, largest + 1)) / (largest - smallest)

# %% wrong jitter: how many draws
share = sum(2 * 224**2 < side**2 for side in range(smallest, largest + 1))

# %% wrong jitter: one in a hundred
share = 100 * np.mean([2 * 224**2 < side**2 for side in range(smallest, largest + 1)])

# %% wrong jitter: on average
share = np.mean([(224 / side) ** 2 for side in range(smallest, largest + 1)])

# %% wrong jitter: near
share = (largest - 224 * np.sqrt(2)) / (largest - smallest)

# %% wrong jitter: near
draws = np.random.default_rng(0).integers(smallest, largest + 1, 100_000)
share = float(np.mean(2 * 224**2 < draws**2))

# %% wrong jitter: number
share = "most"

# %% wrong jitter: number
share = [0.5, 0.6]

# %% right jitter
first = next(side for side in range(smallest, largest + 1) if (224 / side) ** 2 < 0.5)
share = (largest - first + 1) / (largest - smallest + 1)

# %% right jitter
share = ops.mean(ops.cast(ops.arange(smallest, largest + 1) >= 317, "float32"))

# %% helper vgg
def built(
    plan,
    units,
    side,
    classes,
    padding="same",
    activation="relu",
    pool=layers.MaxPooling2D,
    flat=layers.Flatten,
    hidden=("relu", "relu"),
    last="softmax",
    kernel=None,
    final=True,
):
    net = keras.Sequential([keras.Input((side, side, 3))])
    for number, block in enumerate(plan):
        for k, m in block:
            net.add(layers.Conv2D(m, kernel or k, padding=padding, activation=activation))
        if final or number + 1 < len(plan):
            net.add(pool(2))
    net.add(flat())
    for each in hidden:
        net.add(layers.Dense(units, activation=each))
    net.add(layers.Dense(classes, activation=last))
    return net


# %% wrong vgg: plan says which
def vgg(plan, units, side, classes):
    return built(plan, units, side, classes, kernel=3)


# %% wrong vgg: they pad
def vgg(plan, units, side, classes):
    return built(plan, units, side, classes, padding="valid")


# %% wrong vgg: behind each convolution
def vgg(plan, units, side, classes):
    return built(plan, units, side, classes, activation=None)


# %% wrong vgg: largest value
def vgg(plan, units, side, classes):
    return built(plan, units, side, classes, pool=layers.AveragePooling2D)


# %% wrong vgg: the last one too
def vgg(plan, units, side, classes):
    return built(plan, units, side, classes, final=False)


# %% wrong vgg: flattened
def vgg(plan, units, side, classes):
    return built(plan, units, side, classes, flat=layers.GlobalAveragePooling2D)


# %% wrong vgg: one of the two dense
def vgg(plan, units, side, classes):
    return built(plan, units, side, classes, hidden=("relu",))


# %% wrong vgg: the dense layers before the output are missing
def vgg(plan, units, side, classes):
    return built(plan, units, side, classes, hidden=())


# %% wrong vgg: a ReLU as well
def vgg(plan, units, side, classes):
    return built(plan, units, side, classes, hidden=(None, None))


# %% wrong vgg: probabilities
def vgg(plan, units, side, classes):
    return built(plan, units, side, classes, last=None)


# %% wrong vgg: drops units
def vgg(plan, units, side, classes):
    net = built(plan, units, side, classes)
    return keras.Sequential([*net.layers[:2], layers.Dropout(0.5), *net.layers[2:]])


# %% wrong vgg: ValueError
def vgg(plan, units, side, classes):
    x = image = keras.Input((side, side, 3))
    for block in plan:
        for kernel, maps in block:
            x = layers.Conv2D(maps, kernel, padding="same", activation="relu")(x)
            x = layers.MaxPooling2D(2)(x)
    return keras.Model(image, layers.Dense(classes)(layers.Flatten()(x)))


# %% wrong vgg: not the shape
def vgg(plan, units, side, classes):
    return built(plan, units, 24 if side == 24 else 64, classes)


# %% wrong vgg: too
def vgg(plan, units, side, classes):
    return built((((3, 8), (3, 8)), ((3, 16), (3, 16), (1, 16))), 256, side, classes)


# %% wrong vgg: keras.Model
def vgg(plan, units, side, classes):
    return [layers.Conv2D(maps, kernel) for block in plan for kernel, maps in block]


# %% right vgg
class Block(layers.Layer):
    def __init__(self, convolutions):
        super().__init__()
        self.convolutions = [layers.Conv2D(maps, side, padding="same") for side, maps in convolutions]

    def call(self, x):
        for convolution in self.convolutions:
            x = ops.relu(convolution(x))
        return ops.max_pool(x, 2, 2)


def vgg(plan, units, side, classes):
    dense = [layers.Dense(units, "relu"), layers.Dense(units, "relu"), layers.Dense(classes, "softmax")]
    return keras.Sequential([keras.Input((side, side, 3)), *map(Block, plan), layers.Flatten(), *dense])


# %% right vgg
def vgg(plan, units, side, classes):
    x = image = keras.Input((side, side, 3))
    for block in plan:
        for kernel, maps in block:
            x = layers.ZeroPadding2D(kernel // 2)(x)
            x = layers.ReLU()(layers.Conv2D(maps, (kernel, kernel))(x))
        # The largest of what the ReLU leaves is what the ReLU leaves of the largest.
        x = layers.MaxPool2D((2, 2), strides=2)(x)
    x = layers.Reshape((-1,))(x)
    for size in (units, units):
        x = ops.relu(layers.Dense(size)(x))
    return keras.Model(image, ops.softmax(layers.Dense(classes)(x)))


# %% right vgg
class Network(keras.Model):
    def __init__(self, plan, units, classes):
        super().__init__()
        self.stack = []
        for block in plan:
            self.stack += [layers.Conv2D(maps, side, padding="same", activation="relu") for side, maps in block]
            self.stack.append(layers.MaxPooling2D())
        self.stack += [layers.Flatten(), layers.Dense(units, "relu"), layers.Dense(units, "relu")]
        self.stack.append(layers.Dense(classes, "softmax"))

    def call(self, x):
        for layer in self.stack:
            x = layer(x)
        return x


def vgg(plan, units, side, classes):
    return Network(plan, units, classes)


# %% wrong block-work: used at every place
def block_work(plan, side):
    work, below = [], 3
    for block in plan:
        total = 0
        for kernel, maps in block:
            total, below = total + kernel**2 * below * maps, maps
        work.append(total)
    return work


# %% helper block-work
def counted(plan, side, channels=3, halve=True, power=2, bias=0):
    work, below = [], channels
    for block in plan:
        total = 0
        for kernel, maps in block:
            total += side * side * (kernel**power * below + bias) * maps
            below = maps
        work.append(total)
        if halve:
            side = side // 2
    return work


# %% wrong block-work: halves the side
def block_work(plan, side):
    return counted(plan, side, halve=False)


# %% wrong block-work: end of a block
def block_work(plan, side):
    return counted(plan, side // 2)


# %% wrong block-work: kernel has height
def block_work(plan, side):
    return counted(plan, side, power=1)


# %% wrong block-work: multiplies nothing
def block_work(plan, side):
    return counted(plan, side, bias=1)


# %% wrong block-work: three channels
def block_work(plan, side):
    return counted(plan, side, channels=1)


# %% wrong block-work: the one before it
def block_work(plan, side):
    work, below = [], 3
    for block in plan:
        work.append(sum(side**2 * kernel**2 * below * maps for kernel, maps in block))
        below, side = block[-1][1], side // 2
    return work


# %% wrong block-work: one number for each
def block_work(plan, side):
    return sum(counted(plan, side))


# %% wrong block-work: a pool halves
def block_work(plan, side):
    work, below = [], 3
    for block in plan:
        work.append(0)
        for kernel, maps in block:
            work[-1] += side**2 * kernel**2 * below * maps
            below = maps
        side = int(side / 2**0.5)
    return work


# %% wrong block-work: too small
def block_work(plan, side):
    at_224 = counted(plan, 224)
    return at_224 if side == 224 else [each // 16 for each in at_224]


# %% wrong block-work: list
def block_work(plan, side):
    return {number: work for number, work in enumerate(counted(plan, side))}


# %% right block-work
def block_work(plan, side):
    flat = [(number, *pair) for number, block in enumerate(plan) for pair in block]
    below = [3] + [maps for _, _, maps in flat[:-1]]
    work = np.zeros(len(plan), "int64")
    for (number, kernel, maps), entering in zip(flat, below):
        work[number] += (side >> number) ** 2 * kernel**2 * entering * maps
    return work


# %% right block-work
def block_work(plan, side):
    from cnnlib import audit

    work, channels = [], 3
    for block in plan:
        x = image = keras.Input((side, side, channels))
        for kernel, channels in block:
            x = layers.Conv2D(channels, kernel, padding="same")(x)
        work.append(audit.totals(audit.table(keras.Model(image, x)))["macs"])
        side //= 2
    return tuple(work)


# %% helper as-convolution
def convolution(dense, kernel, bias, size, activation=None, padding="valid"):
    made = layers.Conv2D(dense.units, size, activation=activation, padding=padding)
    made.build((None, None, None, kernel.shape[2]))
    made.set_weights([kernel, bias])
    return made


# %% wrong as-convolution: bias
def as_convolution(dense, height, width):
    kernel, bias = dense.get_weights()
    kernel = kernel.reshape(height, width, -1, dense.units)
    return convolution(dense, kernel, 0 * bias, (height, width), dense.activation)


# %% wrong as-convolution: an activation as well
def as_convolution(dense, height, width):
    kernel, bias = dense.get_weights()
    return convolution(dense, kernel.reshape(height, width, -1, dense.units), bias, (height, width))


# %% wrong as-convolution: own activation
def as_convolution(dense, height, width):
    kernel, bias = dense.get_weights()
    return convolution(dense, kernel.reshape(height, width, -1, dense.units), bias, (height, width), "relu")


# %% wrong as-convolution: not first
def as_convolution(dense, height, width):
    kernel, bias = dense.get_weights()
    kernel = kernel.reshape(-1, height, width, dense.units).transpose(1, 2, 0, 3)
    return convolution(dense, kernel, bias, (height, width), dense.activation)


# %% wrong as-convolution: rows and columns
def as_convolution(dense, height, width):
    kernel, bias = dense.get_weights()
    kernel = kernel.reshape(width, height, -1, dense.units).transpose(1, 0, 2, 3)
    return convolution(dense, kernel, bias, (height, width), dense.activation)


# %% wrong as-convolution: do not pad
def as_convolution(dense, height, width):
    kernel, bias = dense.get_weights()
    kernel = kernel.reshape(height, width, -1, dense.units)
    return convolution(dense, kernel, bias, (height, width), dense.activation, "same")


# %% wrong as-convolution: single place
def as_convolution(dense, height, width):
    return lambda maps: dense(maps.reshape(len(maps), -1))


# %% wrong as-convolution: has shape
def as_convolution(dense, height, width):
    return lambda maps: ops.reshape(dense(maps[:, :height, :width].reshape(len(maps), -1)), (-1, 1, 1, dense.units))


# %% wrong as-convolution: off
def as_convolution(dense, height, width):
    return layers.Conv2D(dense.units, (height, width), activation=dense.activation)


# %% wrong as-convolution: return a layer
def as_convolution(dense, height, width):
    kernel, bias = dense.get_weights()
    return kernel.reshape(height, width, -1, dense.units)


# %% wrong as-convolution: stopped with
def as_convolution(dense, height, width):
    kernel, bias = dense.get_weights()
    return convolution(dense, kernel.reshape(height, width, 7, dense.units), bias, (height, width))


# %% right as-convolution
def as_convolution(dense, height, width):
    inputs, units = dense.kernel.shape
    maps = inputs // height // width
    moving = keras.Sequential([keras.Input((None, None, maps))])
    moving.add(layers.Conv2D(units, (height, width), use_bias=True))
    moving.add(layers.Activation(dense.activation))
    moving.set_weights([np.reshape(each, new.shape) for each, new in zip(dense.get_weights(), moving.weights)])
    return moving


# %% right as-convolution
class Moving(layers.Layer):
    def __init__(self, dense, height, width):
        super().__init__()
        self.bias, self.activation = dense.bias, dense.activation
        self.kernel = ops.reshape(dense.kernel, (height, width, -1, dense.units))

    def call(self, maps):
        return self.activation(ops.conv(maps, self.kernel, padding="valid") + self.bias)


as_convolution = Moving


# %% right as-convolution
def as_convolution(dense, height, width):
    def everywhere(maps):
        rows, columns = maps.shape[1] - height + 1, maps.shape[2] - width + 1
        parts = [maps[:, i : i + height, j : j + width] for i in range(rows) for j in range(columns)]
        said = [dense(ops.reshape(part, (len(maps), -1))) for part in parts]
        return ops.reshape(ops.stack(said, axis=1), (len(maps), rows, columns, -1))

    return everywhere


# %% wrong level: variance
def level(kernel, maps):
    return 2 / (kernel**2 * maps)


# %% wrong level: its kernels
def level(kernel, maps):
    return np.sqrt(2 / maps)


# %% wrong level: height and width
def level(kernel, maps):
    return np.sqrt(2 / (kernel * maps))


# %% wrong level: each channel
def level(kernel, maps):
    return np.sqrt(2 / kernel**2)


# %% wrong level: half of the mean square
def level(kernel, maps):
    inputs = outputs = kernel**2 * maps
    return np.sqrt(2 / (inputs + outputs))


# %% wrong level: make up for it
def level(kernel, maps):
    return 1 / np.sqrt(2 * kernel**2 * maps)


# %% wrong level: grows
def level(kernel, maps):
    return 0.1


# %% wrong level: fades
def level(kernel, maps):
    return 0.01


# %% wrong level: grows
def level(kernel, maps):
    return {64: 0.0589, 96: 0.1443}.get(maps, 0.0589)


# %% wrong level: float
def level(kernel, maps):
    return 1000.0


# %% wrong level: above 0
def level(kernel, maps):
    return -np.sqrt(2 / (kernel**2 * maps))


# %% wrong level: number
def level(kernel, maps):
    return keras.initializers.HeNormal()


# %% right level
def level(kernel, maps):
    weights = keras.initializers.HeNormal(seed=0)((kernel, kernel, maps, 4 * maps))
    return ops.std(weights)


# %% right level
def level(kernel, maps):
    glorot = (1 / (kernel * kernel * maps)) ** 0.5
    return glorot * 2**0.5
