# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% wrong depth: how does it begin
def depth(blocks, convolutions):
    return convolutions * sum(blocks)


# %% wrong depth: one of them is missing
def depth(blocks, convolutions):
    return 1 + sum(n * convolutions for n in blocks)


# %% wrong depth: shortcuts are not counted
def depth(blocks, convolutions):
    return 2 + sum(n * convolutions + 1 for n in blocks)


# %% wrong depth: on the shortcuts do not count
def depth(blocks, convolutions):
    return 2 + sum(n * convolutions for n in blocks) + len(blocks) - 1


# %% wrong depth: shortcuts are not counted
def depth(blocks, convolutions):
    return 2 + (convolutions + 1) * sum(blocks)


# %% wrong depth: on the shortcuts do not count
def depth(blocks, convolutions):
    return 2 + convolutions * sum(blocks) + len(blocks) - (convolutions == 2)


# %% wrong depth: should be a number
def depth(blocks, convolutions):
    return (2 + convolutions * sum(blocks),)


# %% wrong depth: has to be yours
depth = check._depth


# %% wrong depth: has to be yours
from cnncourse.check.resnet import _depth as depth


# %% wrong depth: has to be yours
depth = vars(check)["_depth"]


# %% wrong depth: look at what checks it
def depth(blocks, convolutions):
    import inspect

    return inspect.currentframe().f_back.f_locals


# %% wrong depth: look at what checks it
def depth(blocks, convolutions):
    try:
        return blocks / 0
    except TypeError as error:
        return error.__traceback__.tb_frame.f_back


# %% wrong depth: pool
def depth(blocks, convolutions):
    return convolutions * sum(blocks) + 3


# %% wrong depth: differ in how many blocks
def depth(blocks, convolutions):
    return 2 + len(blocks) * blocks[0] * convolutions


# %% wrong depth: as many convolutions
def depth(blocks, convolutions):
    return 2 + 2 * sum(blocks)


# %% wrong depth: behind the other
def depth(blocks, convolutions):
    return int(np.prod(blocks)) * convolutions + 2


# %% wrong depth: too large
def depth(blocks, convolutions):
    names = {(2, 2, 2, 2): 18, (3, 4, 6, 3): 34 if convolutions == 2 else 50, (3, 3, 3): 20}
    return names.get(tuple(blocks), 152)


# %% wrong depth: should be a number
def depth(blocks, convolutions):
    return f"ResNet-{2 + convolutions * sum(blocks)}"


# %% right depth
def depth(blocks, convolutions):
    layers = 1
    for n in blocks:
        for _ in range(n):
            layers += convolutions
    return layers + 1


# %% right depth
from collections import namedtuple

assert "depth" in dir(check) and "_depth" not in dir(check)


def depth(blocks, convolutions):
    Parts = namedtuple("Parts", "first inside last")  # which looks for its caller
    return sum(Parts(1, sum(blocks) * convolutions, 1))


# %% right depth
depth = lambda blocks, convolutions: np.dot(blocks, np.full(len(blocks), convolutions)) + 2.0

# %% helper block-parameters
m, k = channels, inside
basic_kernels = 2 * 9 * m**2
bottleneck_kernels = m * k + 9 * k**2 + k * m
basic_right, bottleneck_right = basic_kernels + 4 * m, bottleneck_kernels + 2 * (k + k + m)

# %% wrong block-parameters: basic.*normalisation has something
basic, bottleneck = basic_kernels, bottleneck_kernels

# %% wrong block-parameters: bottleneck.*normalisation has something
basic, bottleneck = basic_right, bottleneck_kernels

# %% wrong block-parameters: how many numbers
basic, bottleneck = basic_kernels + 2 * m, bottleneck_kernels + 2 * k + m

# %% wrong block-parameters: no biases
basic, bottleneck = basic_kernels + 2 * 3 * m, bottleneck_right

# %% wrong block-parameters: bottleneck.*no biases
basic, bottleneck = basic_right, bottleneck_kernels + 3 * (2 * k + m)

# %% wrong block-parameters: bottleneck.*no gradient trains
basic, bottleneck = basic_right, bottleneck_kernels + 4 * (2 * k + m)

# %% wrong block-parameters: height and width
basic, bottleneck = 2 * 3 * m**2 + 4 * m, bottleneck_right

# %% wrong block-parameters: regular shortcut
basic, bottleneck = basic_right, bottleneck_right + m * m + 2 * m

# %% wrong block-parameters: not every kernel
basic, bottleneck = basic_right, 9 * (m * k + k * k + k * m) + 2 * (2 * k + m)

# %% wrong block-parameters: more convolutions
basic, bottleneck = basic_right // 2, bottleneck_right

# %% wrong block-parameters: of its own
basic, bottleneck = basic_right, bottleneck_kernels + 2 * m

# %% wrong block-parameters: other block
basic, bottleneck = bottleneck_right, basic_right

# %% wrong block-parameters: too large
basic, bottleneck = 4097 * 4096, 1

# %% wrong block-parameters: a number
basic, bottleneck = str(basic_right), str(bottleneck_right)

# %% wrong block-parameters: bottleneck.*no answer yet
basic, bottleneck = basic_right, None


# %% right block-parameters
def trained(convolutions):
    x = keras.Input((2, 2, channels))
    y = x
    for side, filters in convolutions:
        y = layers.BatchNormalization()(layers.Conv2D(filters, side, padding="same", use_bias=False)(y))
    return sum(np.prod(weight.shape) for weight in keras.Model(x, y).trainable_weights)


basic = trained([(3, channels), (3, channels)])
bottleneck = trained([(1, inside), (3, inside), (1, channels)])

# %% right block-parameters
basic = np.float64(basic_right)
bottleneck = sum([m * k + 2 * k, 9 * k * k + 2 * k, k * m + 2 * m])


# %% helper block
def conv(x, maps, side, step=1, bias=False, norm=True, relu=False, padding="same"):
    x = layers.Conv2D(maps, side, step, padding, use_bias=bias)(x)
    x = layers.BatchNormalization()(x) if norm else x
    return layers.Activation("relu")(x) if relu else x


def path(X, f, filters, s, **settings):
    x = conv(X, filters[0], 1, s, relu=True, **settings)
    x = conv(x, filters[1], f, relu=True, **settings)
    return conv(x, filters[2], 1, **settings)


# %% wrong block: last ReLU stand
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s) if reduce else X
    return layers.add([shortcut, layers.ReLU()(path(X, f, filters, s))])


# %% wrong block: ReLU before the sum as well
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s) if reduce else X
    return ops.relu(shortcut + ops.relu(path(X, f, filters, s)))


# %% wrong block: what comes behind
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s) if reduce else X
    return layers.add([shortcut, path(X, f, filters, s)])


# %% wrong block: plain block
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    return layers.ReLU()(path(X, f, filters, s))


# %% wrong block: weights of its own
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    return layers.ReLU()(X + path(X, f, filters, s))


# %% wrong block: with reduce the shortcut has weights
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    missing = filters[2] - X.shape[-1]
    shortcut = ops.pad(X[:, ::s, ::s], [(0, 0), (0, 0), (0, 0), (0, missing)])
    return ops.relu(shortcut + path(X, f, filters, s))


# %% wrong block: same shape
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = X
    if reduce and s == 1 and X.shape[-1] == filters[2]:
        shortcut = conv(X, filters[2], 1)
    return layers.ReLU()(layers.Add()([shortcut, path(X, f, filters, s)]))


# %% wrong block: same stride
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1) if reduce else X
    return layers.ReLU()(layers.Add()([shortcut, path(X, f, filters, s)]))


# %% wrong block: without reduce
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    return ops.relu(conv(X, filters[2], 1, s) + path(X, f, filters, s))


# %% wrong block: has the stride in the paper
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    x = conv(X, filters[0], 1, relu=True)
    x = conv(x, filters[1], f, s, relu=True)
    shortcut = conv(X, filters[2], 1, s) if reduce else X
    return ops.relu(shortcut + conv(x, filters[2], 1))


# %% wrong block: last convolution does not have
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    x = conv(X, filters[0], 1, relu=True)
    x = conv(x, filters[1], f, relu=True)
    shortcut = conv(X, filters[2], 1, s) if reduce else X
    return ops.relu(shortcut + conv(x, filters[2], 1, s))


# %% wrong block: wider kernel
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    x = conv(X, filters[0], 1, s, relu=True)
    x = conv(x, filters[1], f, relu=True, padding="valid")
    shortcut = conv(X, filters[2], 1, s) if reduce else X
    return layers.ReLU()(layers.Add()([shortcut, conv(x, filters[2], 1)]))


# %% wrong block: every convolution is followed
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s, norm=False) if reduce else X
    return ops.relu(shortcut + path(X, f, filters, s, norm=False))


# %% wrong block: on the shortcut has a normalisation
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s, norm=False) if reduce else X
    return ops.relu(shortcut + path(X, f, filters, s))


# %% wrong block: last convolution is normalised
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    x = conv(X, filters[0], 1, s, relu=True)
    x = conv(conv(x, filters[1], f, relu=True), filters[2], 1, norm=False)
    shortcut = conv(X, filters[2], 1, s) if reduce else X
    return ops.relu(shortcut + x)


# %% wrong block: ReLU on the shortcut
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s, relu=True) if reduce else X
    return ops.relu(shortcut + path(X, f, filters, s))


# %% wrong block: ReLU on the shortcut
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = ops.relu(conv(X, filters[2], 1, s) if reduce else X)
    return ops.relu(shortcut + path(X, f, filters, s))


# %% wrong block: then the ReLU
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    x = layers.Conv2D(filters[0], 1, s, activation="relu", use_bias=False)(X)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(filters[1], f, padding="same", activation="relu", use_bias=False)(x)
    x = conv(layers.BatchNormalization()(x), filters[2], 1)
    return layers.ReLU()((conv(X, filters[2], 1, s) if reduce else X) + x)


# %% wrong block: one linear map
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    x = conv(conv(conv(X, filters[0], 1, s), filters[1], f), filters[2], 1)
    return layers.ReLU()((conv(X, filters[2], 1, s) if reduce else X) + x)


# %% right block
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s, bias=True) if reduce else X
    return ops.relu(shortcut + path(X, f, filters, s, bias=True))


# %% right block
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s, bias=True) if reduce else X
    return ops.relu(shortcut + path(X, f, filters, s))


# %% wrong block: ReLU before the sum as well
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s, bias=True) if reduce else X
    return ops.relu(shortcut + ops.relu(path(X, f, filters, s, bias=True)))


# %% wrong block: drops units
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s) if reduce else X
    return ops.relu(shortcut + layers.Dropout(0.5)(path(X, f, filters, s)))


# %% wrong block: is an argument
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, s) if reduce else X
    return ops.relu(shortcut + path(X, 3, filters, s))


# %% wrong block: same stride
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    shortcut = conv(X, filters[2], 1, 2 if s > 1 else 1) if reduce else X
    return layers.ReLU()(layers.Add()([shortcut, path(X, f, filters, s)]))


# %% wrong block: too few
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    return X


# %% wrong block: come from X
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    return layers.ReLU()(keras.Input(X.shape[1:]))


# %% wrong block: should give the output
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    return keras.Model(X, ops.relu(X + path(X, f, filters, s)))


# %% wrong block: gave nothing
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    ops.relu(X + path(X, f, filters, 1))


# %% wrong block: TypeError
def bottleneck_residual_block(X, f, filters):
    return ops.relu(X + path(X, f, filters, 1))


# %% right block
class Bottleneck(layers.Layer):
    def __init__(self, f, filters, reduce, s):
        super().__init__()
        a, b, c = filters
        self.main = keras.Sequential(
            [
                layers.Conv2D(a, 1, strides=s, use_bias=False),
                layers.BatchNormalization(epsilon=1e-5, momentum=0.9),
                layers.ReLU(),
                layers.Conv2D(b, f, padding="same", use_bias=False, kernel_initializer="he_normal"),
                layers.BatchNormalization(epsilon=1e-5, momentum=0.9),
                layers.ReLU(),
                layers.Conv2D(c, (1, 1), use_bias=False),
                layers.BatchNormalization(epsilon=1e-5, momentum=0.9),
            ]
        )
        self.side = None
        if reduce:
            self.side = keras.Sequential(
                [layers.Conv2D(c, 1, strides=s, use_bias=False), layers.BatchNormalization(epsilon=1e-5)]
            )

    def call(self, x, training=None):
        shortcut = x if self.side is None else self.side(x, training=training)
        return ops.maximum(self.main(x, training=training) + shortcut, 0)


def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    return Bottleneck(f, filters, reduce, s)(X)


# %% right block
def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    small = X[:, ::s, ::s]
    x = conv(small, filters[0], 1, relu=True)
    if f % 2:
        x = layers.ZeroPadding2D(f // 2)(x)
        x = conv(x, filters[1], f, relu=True, padding="valid")
    else:
        x = conv(x, filters[1], f, relu=True)
    x = conv(x, filters[2], 1)
    if reduce:
        small = conv(small, filters[2], 1)
    return keras.activations.relu(ops.add(x, small))


# %% right block
from cnnlib import models


def bottleneck_residual_block(X, f, filters, reduce=False, s=1):
    return models.bottleneck_block(X, filters, f, s, "projection" if reduce else "identity")


# %% wrong padded-shortcut: behind the channels
def padded_shortcut(x, filters, s):
    return np.pad(x[:, ::s, ::s], [(0, 0), (0, 0), (0, 0), (filters - x.shape[-1], 0)])


# %% wrong padded-shortcut: in front
def padded_shortcut(x, filters, s):
    before = (filters - x.shape[-1]) // 2
    return np.pad(x[:, ::s, ::s], [(0, 0)] * 3 + [(before, filters - x.shape[-1] - before)])


# %% wrong padded-shortcut: not averaged
def padded_shortcut(x, filters, s):
    x = ops.average_pool(x, s, s, padding="same")
    return ops.pad(x, [(0, 0)] * 3 + [(0, filters - x.shape[-1])])


# %% wrong padded-shortcut: in the corner
def padded_shortcut(x, filters, s):
    x = x[:, 1::s, 1::s] if s == 2 else x[:, ::s, ::s]
    return np.pad(x, [(0, 0)] * 3 + [(0, filters - x.shape[-1])])


# %% wrong padded-shortcut: copies
def padded_shortcut(x, filters, s):
    return np.tile(x[:, ::s, ::s], filters)[..., :filters]


# %% wrong padded-shortcut: round up
def padded_shortcut(x, filters, s):
    height, width = x.shape[1] // s * s, x.shape[2] // s * s
    return np.pad(x[:, :height:s, :width:s], [(0, 0)] * 3 + [(0, filters - x.shape[-1])])


# %% wrong padded-shortcut: up to
def padded_shortcut(x, filters, s):
    return np.pad(x[:, ::s, ::s], [(0, 0)] * 3 + [(0, filters)])


# %% wrong padded-shortcut: stride is missing
def padded_shortcut(x, filters, s):
    return np.pad(x, [(0, 0)] * 3 + [(0, filters - x.shape[-1])])


# %% wrong padded-shortcut: across as well
def padded_shortcut(x, filters, s):
    return np.pad(x[:, ::s], [(0, 0)] * 3 + [(0, filters - x.shape[-1])])


# %% wrong padded-shortcut: down as well
def padded_shortcut(x, filters, s):
    return np.pad(x[:, :, ::s], [(0, 0)] * 3 + [(0, filters - x.shape[-1])])


# %% wrong padded-shortcut: missing still
def padded_shortcut(x, filters, s):
    return x[:, ::s, ::s]


# %% wrong padded-shortcut: off
def padded_shortcut(x, filters, s):
    side = x.shape[1] // 2 * 2 // s if s > 1 else x.shape[1]
    return np.zeros((len(x), side, x.shape[2] // s, filters), x.dtype)


# %% wrong padded-shortcut: shape
def padded_shortcut(x, filters, s):
    x = x[:, : x.shape[1] // s * s : s, : x.shape[2] // s * s : s]
    return np.pad(x, [(0, 0)] * 3 + [(0, filters - x.shape[-1])])


# %% wrong padded-shortcut: shape
def padded_shortcut(x, filters, s):
    x = x[:, ::2, ::2] if s > 1 else x
    return np.pad(x, [(0, 0)] * 3 + [(0, filters - x.shape[-1])])


# %% wrong padded-shortcut: shape
def padded_shortcut(x, filters, s):
    return np.zeros(3)


# %% wrong padded-shortcut: nothing
def padded_shortcut(x, filters, s):
    x = x[:, ::s, ::s]


# %% right padded-shortcut
def padded_shortcut(x, filters, s):
    batch, height, width, channels = x.shape
    out = np.zeros((batch, -(-height // s), -(-width // s), filters))
    for row in range(out.shape[1]):
        for column in range(out.shape[2]):
            out[:, row, column, :channels] = x[:, row * s, column * s]
    return out


# %% right padded-shortcut
def padded_shortcut(x, filters, s):
    kernel = np.eye(x.shape[-1], filters, dtype="float32")[None, None]
    return ops.conv(x, kernel, strides=s, padding="valid")


# %% right padded-shortcut
def padded_shortcut(x, filters, s):
    x = layers.MaxPooling2D(1, s)(x)
    zeros = ops.zeros_like(x[..., :1])
    return ops.concatenate([x, *[zeros] * (filters - x.shape[-1])], axis=-1)


# %% helper normalise
def scaled(x, gamma, beta, mean, variance):
    return gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta


def measured(x):
    return x.mean((0, 1, 2)), x.var((0, 1, 2))


def tenth(old, new):
    return 0.9 * old + 0.1 * new


# %% wrong normalise: only watch
def normalise(x, gamma, beta, mean, variance, training):
    y = scaled(x, gamma, beta, mean, variance)
    if training:
        m, v = measured(x)
        mean, variance = tenth(mean, m), tenth(variance, v)
    return y, mean, variance


# %% wrong normalise: just moved
def normalise(x, gamma, beta, mean, variance, training):
    if training:
        m, v = measured(x)
        mean, variance = tenth(mean, m), tenth(variance, v)
    return scaled(x, gamma, beta, mean, variance), mean, variance


# %% wrong normalise: statistics move
def normalise(x, gamma, beta, mean, variance, training):
    m, v = measured(x) if training else (mean, variance)
    return scaled(x, gamma, beta, m, v), mean, variance


# %% wrong normalise: part of the way
def normalise(x, gamma, beta, mean, variance, training):
    if training:
        mean, variance = measured(x)
    return scaled(x, gamma, beta, mean, variance), mean, variance


# %% wrong normalise: move slowly
def normalise(x, gamma, beta, mean, variance, training):
    if not training:
        return scaled(x, gamma, beta, mean, variance), mean, variance
    m, v = measured(x)
    return scaled(x, gamma, beta, m, v), tenth(m, mean), tenth(v, variance)


# %% wrong normalise: images alone
def normalise(x, gamma, beta, mean, variance, training):
    if not training:
        return scaled(x, gamma, beta, mean, variance), mean, variance
    m, v = x.mean(0), x.var(0)
    return scaled(x, gamma, beta, m, v), tenth(mean, m), tenth(variance, v)


# %% wrong normalise: how many numbers
def normalise(x, gamma, beta, mean, variance, training):
    if not training:
        return scaled(x, gamma, beta, mean, variance), mean, variance
    m, v = x.mean((0, 1, 2)), x.var((0, 1, 2), ddof=1)
    return scaled(x, gamma, beta, m, v), tenth(mean, m), tenth(variance, v)


# %% wrong normalise: each channel
def normalise(x, gamma, beta, mean, variance, training):
    if not training:
        return scaled(x, gamma, beta, mean, variance), mean, variance
    m, v = x.mean(), x.var()
    return scaled(x, gamma, beta, m, v), tenth(mean, m), tenth(variance, v)


# %% wrong normalise: no batch to measure
def normalise(x, gamma, beta, mean, variance, training):
    m, v = measured(x)
    y = scaled(x, gamma, beta, m, v)
    return (y, tenth(mean, m), tenth(variance, v)) if training else (y, mean, variance)


# %% wrong normalise: what training does
def normalise(x, gamma, beta, mean, variance, training):
    m, v = measured(x)
    return scaled(x, gamma, beta, m, v), tenth(mean, m), tenth(variance, v)


# %% wrong normalise: stay as they are
def normalise(x, gamma, beta, mean, variance, training):
    m, v = measured(x)
    y = scaled(x, gamma, beta, m, v) if training else scaled(x, gamma, beta, mean, variance)
    return y, tenth(mean, m), tenth(variance, v)


# %% wrong normalise: standard deviation
def normalise(x, gamma, beta, mean, variance, training):
    m, v = measured(x)
    return gamma * (x - m) / (v + EPSILON) + beta, tenth(mean, m), tenth(variance, v)


# %% wrong normalise: where is epsilon
def normalise(x, gamma, beta, mean, variance, training):
    m, v = measured(x)
    return gamma * (x - m) / np.sqrt(v) + beta, tenth(mean, m), tenth(variance, v)


# %% wrong normalise: another place
def normalise(x, gamma, beta, mean, variance, training):
    m, v = measured(x)
    return gamma * (x - m) / (np.sqrt(v) + EPSILON) + beta, tenth(mean, m), tenth(variance, v)


# %% wrong normalise: what are gamma and beta for
def normalise(x, gamma, beta, mean, variance, training):
    m, v = measured(x)
    return (x - m) / np.sqrt(v + EPSILON), tenth(mean, m), tenth(variance, v)


# %% wrong normalise: in which order
def normalise(x, gamma, beta, mean, variance, training):
    m, v = measured(x)
    y = gamma * ((x - m) / np.sqrt(v + EPSILON) + beta)
    return y, tenth(mean, m), tenth(variance, v)


# %% wrong normalise: three things
def normalise(x, gamma, beta, mean, variance, training):
    m, v = measured(x) if training else (mean, variance)
    return scaled(x, gamma, beta, m, v)


# %% wrong normalise: off
def normalise(x, gamma, beta, mean, variance, training):
    return x, mean, variance


# %% right normalise
def normalise(x, gamma, beta, mean, variance, training):
    layer = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON)
    layer.build(x.shape)
    layer.set_weights([gamma, beta, mean, variance])
    return layer(x, training=training), layer.moving_mean, layer.moving_variance


# %% right normalise
def normalise(x, gamma, beta, mean, variance, training):
    if training:
        m, v = ops.moments(x, axes=(0, 1, 2))
        y = ops.batch_normalization(x, m, v, -1, beta, gamma, EPSILON)
        return [y, mean + (m - mean) * (1 - MOMENTUM), variance + (v - variance) * (1 - MOMENTUM)]
    return [ops.batch_normalization(x, mean, variance, -1, beta, gamma, EPSILON), mean, variance]


# %% right normalise
def normalise(x, gamma, beta, mean, variance, training):
    y = np.empty_like(x)
    for n in range(x.shape[-1]):
        plane = x[..., n].astype("float64")
        m, v = (plane.mean(), plane.std() ** 2) if training else (mean[n], variance[n])
        y[..., n] = (plane - m) * gamma[n] * (v + EPSILON) ** -0.5 + beta[n]
        if training:
            mean[n] += (1 - MOMENTUM) * (m - mean[n])
            variance[n] += (1 - MOMENTUM) * (v - variance[n])
    return y, mean, variance


# %% wrong warm-up: known before
def warm_up(errors, low, high, mark):
    rates, rate = [], low
    for error in errors:
        if error < mark:
            rate = high
        rates.append(rate)
    return rates


# %% wrong warm-up: as low as the mark
def warm_up(errors, low, high, mark):
    rates, rate = [], low
    for error in errors:
        rates.append(rate)
        if error <= mark:
            rate = high
    return rates


# %% wrong warm-up: over for good
def warm_up(errors, low, high, mark):
    return [low] + [high if error < mark else low for error in errors[:-1]]


# %% wrong warm-up: known before
def warm_up(errors, low, high, mark):
    return [high if error < mark else low for error in errors]


# %% wrong warm-up: which of the two learning rates
def warm_up(errors, low, high, mark):
    first = next((n for n, error in enumerate(errors) if error < mark), len(errors))
    return [high if n <= first else low for n in range(len(errors))]


# %% wrong warm-up: never rises
def warm_up(errors, low, high, mark):
    return [low for _ in errors]


# %% wrong warm-up: not the number of iterations
def warm_up(errors, low, high, mark):
    return [low] + [high] * (len(errors) - 1)


# %% wrong warm-up: little by little
def warm_up(errors, low, high, mark):
    first = next((n for n, error in enumerate(errors) if error < mark), len(errors))
    return [min(high, low + (high - low) * n / (first + 1)) for n in range(len(errors))]


# %% wrong warm-up: one more
def warm_up(errors, low, high, mark):
    rates = [low]
    for error in errors:
        rates.append(high if error < mark else rates[-1])
    return rates


# %% wrong warm-up: off
def warm_up(errors, low, high, mark):
    return {5: [0.01, 0.01, 0.01, 0.1, 0.1], 3: [0.02, 0.02, 0.02]}.get(len(errors), [low])


# %% wrong warm-up: off
def warm_up(errors, low, high, mark):
    first = next((n for n, error in enumerate(errors) if error < 0.8), len(errors))
    return [low if n <= first else high for n in range(len(errors))]


# %% wrong warm-up: array
def warm_up(errors, low, high, mark):
    return "low, then high"


# %% right warm-up
def warm_up(errors, low, high, mark):
    return [high if n and min(errors[:n]) < mark else low for n in range(len(errors))]


# %% right warm-up
def warm_up(errors, low, high, mark):
    best = np.minimum.accumulate(np.concatenate([[np.inf], errors]))[:-1]
    return np.where(best < mark, high, low)


# %% right warm-up
def warm_up(errors, low, high, mark):
    for n, error in enumerate(errors, start=1):
        if error < mark:
            return (low,) * n + (high,) * (len(errors) - n)
    return (low,) * len(errors)


# %% wrong first-steps: first convolution
first_step = second_step = set(check.TRAINED)

# %% wrong first-steps: reaches its end
first_step, second_step = set(), set(check.TRAINED)

# %% wrong first-steps: have a gradient
first_step, second_step = {"beta 2"}, set(check.TRAINED)

# %% wrong first-steps: added behind
first_step, second_step = {"gamma 2"}, set(check.TRAINED)

# %% wrong first-steps: before the last gamma
first_step, second_step = {"kernel 2", "gamma 2", "beta 2"}, set(check.TRAINED)

# %% wrong first-steps: first convolution
first_step, second_step = {"kernel 1", "gamma 1", "beta 1"}, set(check.TRAINED)

# %% wrong first-steps: of the second
first_step = second_step = {"gamma 2", "beta 2"}

# %% wrong first-steps: of the second
first_step, second_step = {"gamma 2", "beta 2"}, {"kernel 2", "gamma 2", "beta 2"}

# %% wrong first-steps: six names
first_step, second_step = {"gamma"}, {"kernel"}

# %% wrong first-steps: six names
first_step, second_step = np.ones((2, 3)), 3

# %% wrong first-steps: second_step.*set of names
first_step, second_step = {"gamma 2", "beta 2"}, "gamma 2"

# %% wrong first-steps: second_step.*no answer yet
first_step, second_step = {"gamma 2", "beta 2"}, None

# %% right first-steps
first_step = ["beta 2", "gamma 2"]
second_step = [f"{what} {n}" for n in (1, 2) for what in ("kernel", "gamma", "beta")]

# %% right first-steps
first_step = check.TRAINED[-2:]
second_step = check.TRAINED
