# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% wrong picture-side: overlap
picture_side = (3 * pooled - 1) * stride + first_kernel

# %% wrong picture-side: reaches further than its step
picture_side = (2 * pooled - 1) * stride + first_kernel

# %% wrong picture-side: of the pool there is one step less
picture_side = (2 * pooled + 3 - 1) * stride + first_kernel

# %% wrong picture-side: of the kernel there is one step less
picture_side = (2 * pooled + 1) * stride + first_kernel

# %% wrong picture-side: one layer further down
picture_side = 2 * (pooled - 1) + 3

# %% wrong picture-side: the pool is missing
picture_side = (pooled - 1) * stride + first_kernel

# %% wrong picture-side: the kernel has a width
picture_side = 2 * pooled * stride

# %% wrong picture-side: steps alone
picture_side = (2 * pooled + 1) * stride

# %% wrong picture-side: go down
picture_side = ((pooled - first_kernel) // stride + 1 - 3) // 2 + 1

# %% wrong picture-side: too
picture_side = 227

# %% wrong picture-side: too
kernel, stride, pooled = check.my_picture("somebody else")
picture_side = ((pooled - 1) * 2 + 2) * stride + kernel

# %% wrong picture-side: a number
picture_side = (227, 227)

# %% right picture-side
picture_side = next(
    side
    for side in range(10_000)
    if (side - first_kernel) % stride == 0
    and ((side - first_kernel) // stride + 1 - 3) / 2 + 1 == pooled
)

# %% right picture-side
picture_side = np.float32(2 * pooled * stride + first_kernel)

# %% wrong towers: only its own
tower_parameters = kernel**2 * maps_below * maps_above + maps_above

# %% wrong towers: one tower; count
tower_parameters = kernel**2 * (maps_below // towers) * (maps_above // towers) + maps_above // towers

# %% wrong towers: biases of all
tower_parameters = kernel**2 * (maps_below // towers) * (maps_above // towers) + maps_above

# %% wrong towers: they are missing
tower_parameters = kernel**2 * maps_below * maps_above // towers

# %% wrong towers: not divided
tower_parameters = (kernel**2 * maps_below + 1) * maps_above // towers

# %% wrong towers: make all of them each
tower_parameters = towers * (kernel**2 * (maps_below // towers) * maps_above + maps_above)

# %% wrong towers: height and width
tower_parameters = kernel * maps_below // towers * maps_above + maps_above

# %% wrong towers: not to one that is seen
tower_parameters = kernel**2 * maps_below // towers * maps_above + maps_below

# %% wrong towers: one bias
tower_parameters = (kernel**2 + 1) * maps_below // towers * maps_above

# %% wrong towers: too
tower_parameters = 307_456

# %% wrong towers: too
kernel, maps_below, maps_above, towers = check.my_towers("somebody else")
tower_parameters = maps_above * (kernel**2 * maps_below // towers + 1)

# %% wrong towers: a number
tower_parameters = "many"

# %% right towers
layer = layers.Conv2D(maps_above, kernel, groups=towers)
layer.build((None, 9, 9, maps_below))
tower_parameters = layer.count_params()

# %% right towers
one = kernel**2 * maps_below / towers * maps_above / towers + maps_above / towers
tower_parameters = towers * one


# %% helper response-normalisation
def summed(squares, before, after):
    total = np.zeros_like(squares)
    for i in range(squares.shape[-1]):
        first = max(0, i - before)
        total[..., i] = squares[..., first : max(0, i + after + 1)].sum(axis=-1)
    return total


# %% wrong response-normalisation: same place, not other places
def normalised(x, k, n, alpha, beta):
    activity = n * n * ops.average_pool(np.pad(x**2, ((0, 0), (n // 2, n // 2), (n // 2, n // 2), (0, 0))), n, 1)
    return x / (k + alpha * activity) ** beta


# %% wrong response-normalisation: along a row
def normalised(x, k, n, alpha, beta):
    activity = summed((x**2).swapaxes(2, 3), n // 2, n // 2).swapaxes(2, 3)
    return x / (k + alpha * activity) ** beta


# %% wrong response-normalisation: along a column
def normalised(x, k, n, alpha, beta):
    activity = summed((x**2).swapaxes(1, 3), n // 2, n // 2).swapaxes(1, 3)
    return x / (k + alpha * activity) ** beta


# %% wrong response-normalisation: begins with it
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * summed(x**2, 0, n - 1)) ** beta


# %% wrong response-normalisation: ends with it
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * summed(x**2, n - 1, 0)) ** beta


# %% wrong response-normalisation: leaves its end out
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * summed(x**2, n // 2, n // 2 - 1)) ** beta


# %% wrong response-normalisation: on one side
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * summed(x**2, n, n)) ** beta


# %% wrong response-normalisation: in the sum as well
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * (summed(x**2, n // 2, n // 2) - x**2)) ** beta


# %% wrong response-normalisation: every map
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * ops.sum(x**2, axis=-1, keepdims=True)) ** beta


# %% wrong response-normalisation: below zero
def normalised(x, k, n, alpha, beta):
    half, result = n // 2, np.empty_like(x)
    for i in range(x.shape[-1]):
        near = x[..., i - half : i + half + 1]
        result[..., i] = x[..., i] / (k + alpha * (near**2).sum(axis=-1)) ** beta
    return result


# %% wrong response-normalisation: both ends
def normalised(x, k, n, alpha, beta):
    half = n // 2
    activity = np.zeros_like(x)
    for i in range(half, x.shape[-1] - half):
        activity[..., i] = (x[..., i - half : i + half + 1] ** 2).sum(axis=-1)
    return x / (k + alpha * activity) ** beta


# %% wrong response-normalisation: two ends
def normalised(x, k, n, alpha, beta):
    activity = sum(np.roll(x**2, step, axis=-1) for step in range(-(n // 2), n // 2 + 1))
    return x / (k + alpha * activity) ** beta


# %% wrong response-normalisation: squares
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * summed(x, n // 2, n // 2)) ** beta


# %% wrong response-normalisation: squared before the sum
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * summed(x, n // 2, n // 2) ** 2) ** beta


# %% wrong response-normalisation: where is k
def normalised(x, k, n, alpha, beta):
    return x / (1e-9 + alpha * summed(x**2, n // 2, n // 2)) ** beta


# %% wrong response-normalisation: where is alpha
def normalised(x, k, n, alpha, beta):
    return x / (k + summed(x**2, n // 2, n // 2)) ** beta


# %% wrong response-normalisation: does not divide alpha
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha / n * summed(x**2, n // 2, n // 2)) ** beta


# %% wrong response-normalisation: k is not multiplied
def normalised(x, k, n, alpha, beta):
    return x / (alpha * (k + summed(x**2, n // 2, n // 2))) ** beta


# %% wrong response-normalisation: exponent
def normalised(x, k, n, alpha, beta):
    return x / ((k + alpha * summed(x**2, n // 2, n // 2)) * beta)


# %% wrong response-normalisation: where is beta
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * summed(x**2, n // 2, n // 2))


# %% wrong response-normalisation: damp
def normalised(x, k, n, alpha, beta):
    return x * (k + alpha * summed(x**2, n // 2, n // 2)) ** beta


# %% wrong response-normalisation: take the arguments
def normalised(x, k, n, alpha, beta):
    return x / (2 + 1e-4 * summed(x**2, 2, 2)) ** 0.75


# %% wrong response-normalisation: divisor
def normalised(x, k, n, alpha, beta):
    return (k + alpha * summed(x**2, n // 2, n // 2)) ** beta


# %% wrong response-normalisation: off
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * summed(x**2, 2, 2)) ** beta


# %% wrong response-normalisation: Error
def normalised(x, k, n, alpha, beta):
    activity = np.stack([(x[..., max(0, i - 2) : i + 3] ** 2).sum(-1) for i in range(9)], axis=-1)
    return x / (k + alpha * activity[..., : n + 4]) ** beta


# %% wrong response-normalisation: off
def normalised(x, k, n, alpha, beta):
    return x


# %% wrong response-normalisation: array
def normalised(x, k, n, alpha, beta):
    return "normalised"


# %% wrong response-normalisation: TypeError
def normalised(x):
    return x


# %% right response-normalisation
def normalised(x, k, n, alpha, beta):
    return x / (k + alpha * summed(x**2, n // 2, n // 2)) ** beta


# %% right response-normalisation
def normalised(x, k, n, alpha, beta):
    columns = ops.reshape(ops.square(x), (-1, x.shape[-1], 1))
    near = ops.conv(columns, ops.ones((n, 1, 1)), padding="same")
    return x * ops.power(k + alpha * ops.reshape(near, x.shape), -beta)


# %% right response-normalisation
def normalised(x, k, n, alpha, beta):
    i = np.arange(x.shape[-1])
    near = abs(i[:, None] - i) < n / 2
    x /= (k + alpha * x**2 @ near) ** beta
    return x


# %% helper shifted-colours
def axes(pictures):
    values, vectors = np.linalg.eigh(np.cov(pictures.reshape(-1, 3), rowvar=False))
    return values[::-1], vectors[:, ::-1]


# %% wrong shifted-colours: by its eigenvalue
def in_another_light(image, pictures, alphas):
    return image + axes(pictures)[1] @ alphas


# %% wrong shifted-colours: roots
def in_another_light(image, pictures, alphas):
    values, vectors = axes(pictures)
    return image + vectors @ (np.sqrt(values) * alphas)


# %% wrong shifted-colours: largest eigenvalue
def in_another_light(image, pictures, alphas):
    values, vectors = np.linalg.eigh(np.cov(pictures.reshape(-1, 3).T))
    return image + vectors @ (values * alphas)


# %% wrong shifted-colours: sort the axes
def in_another_light(image, pictures, alphas):
    values, vectors = np.linalg.eigh(np.cov(pictures.reshape(-1, 3).T))
    return image + vectors @ (values[::-1] * alphas)


# %% wrong shifted-colours: not a row
def in_another_light(image, pictures, alphas):
    values, vectors = axes(pictures)
    return image + (values * alphas) @ vectors


# %% wrong shifted-colours: not its rows
def in_another_light(image, pictures, alphas):
    values, vectors = np.linalg.eigh(np.cov(pictures.reshape(-1, 3).T))
    first_to_last = np.argsort(values)[::-1]
    return image + sum(alphas[n] * values[i] * vectors[i] for n, i in enumerate(first_to_last))


# %% wrong shifted-colours: from the mean colour
def in_another_light(image, pictures, alphas):
    pixels = pictures.reshape(-1, 3)
    values, vectors = np.linalg.eigh(pixels.T @ pixels / len(pixels))
    return image + vectors[:, ::-1] @ (values[::-1] * alphas)


# %% wrong shifted-colours: correlation
def in_another_light(image, pictures, alphas):
    values, vectors = np.linalg.eigh(np.corrcoef(pictures.reshape(-1, 3).T))
    return image + vectors[:, ::-1] @ (values[::-1] * alphas)


# %% wrong shifted-colours: where are the alphas
def in_another_light(image, pictures, alphas):
    values, vectors = axes(pictures)
    return image + vectors @ values


# %% wrong shifted-colours: alpha of its own
def in_another_light(image, pictures, alphas):
    values, vectors = axes(pictures)
    return image + alphas[0] * (vectors @ values)


# %% wrong shifted-colours: not of the one that is shifted
def in_another_light(image, pictures, alphas):
    values, vectors = axes(image)
    return image + vectors @ (values * alphas)


# %% wrong shifted-colours: add it to the image
def in_another_light(image, pictures, alphas):
    values, vectors = axes(pictures)
    return np.broadcast_to(vectors @ (values * alphas), image.shape)


# %% wrong shifted-colours: shape
def in_another_light(image, pictures, alphas):
    values, vectors = axes(pictures)
    return vectors @ (values * alphas)


# %% wrong shifted-colours: multiplied
def in_another_light(image, pictures, alphas):
    values, vectors = axes(pictures)
    return image * (1 + vectors @ (values * alphas))


# %% wrong shifted-colours: as it was
def in_another_light(image, pictures, alphas):
    return image


# %% wrong shifted-colours: off
def in_another_light(image, pictures, alphas):
    values, vectors = axes(pictures)
    return image + vectors @ (values * np.random.default_rng(0).normal(0, 0.1, 3))


# %% wrong shifted-colours: off
def in_another_light(image, pictures, alphas):
    values, vectors = axes(pictures)
    return image + vectors @ (values * np.array([1.5, -2.5, 4.0])) * (alphas[0] == 1.5)


# %% wrong shifted-colours: ValueError
def in_another_light(image, pictures, alphas):
    values, vectors = np.linalg.eigh(np.cov(pictures.reshape(-1, 3)))
    return image + vectors @ (values * alphas)


# %% wrong shifted-colours: function is asked
in_another_light = 3


# %% right shifted-colours
def in_another_light(image, pictures, alphas):
    pixels = pictures.reshape(-1, 3).astype("float64")
    centred = pixels - pixels.mean(axis=0)
    directions, lengths, _ = np.linalg.svd(centred.T, full_matrices=False)
    shift = np.zeros(3)
    for i in range(3):
        shift += alphas[i] * lengths[i] ** 2 / len(pixels) * directions[:, i]
    return (image + shift).tolist()


# %% right shifted-colours
def in_another_light(image, pictures, alphas):
    pixels = ops.reshape(pictures, (-1, 3))
    centred = pixels - ops.mean(pixels, axis=0)
    covariance = ops.matmul(ops.transpose(centred), centred) / pixels.shape[0]
    values, vectors = (ops.convert_to_numpy(part) for part in ops.eigh(covariance))
    order = np.argsort(-values)
    return image - np.einsum("ci,i,i->c", vectors[:, order], values[order], alphas)


# %% right shifted-colours
def in_another_light(image, pictures, alphas):
    values, vectors = axes(pictures)
    image += (values * alphas) @ vectors.T
    return np.clip(image, 0, 1)


# %% helper ten-views
def squares(image, size):
    down, right = image.shape[0] - size, image.shape[1] - size
    tops = (0, 0, down, down, down // 2)
    lefts = (0, right, 0, right, right // 2)
    return [image[t : t + size, l : l + size] for t, l in zip(tops, lefts)]


# %% wrong ten-views: mirror images\?
def ten_views(model, image, size):
    return ops.mean(model(np.stack(squares(image, size))), axis=0)


# %% wrong ten-views: upside down
def ten_views(model, image, size):
    views = squares(image, size)
    return ops.mean(model(np.stack(views + [view[::-1] for view in views])), axis=0)


# %% wrong ten-views: turn the view round
def ten_views(model, image, size):
    views = squares(image, size)
    return ops.mean(model(np.stack(views + [view[::-1, ::-1] for view in views])), axis=0)


# %% wrong ten-views: themselves are missing
def ten_views(model, image, size):
    return ops.mean(model(np.stack([view[:, ::-1] for view in squares(image, size)])), axis=0)


# %% wrong ten-views: where is the centre
def ten_views(model, image, size):
    views = squares(image, size)[:4]
    return ops.mean(model(np.stack(views + [view[:, ::-1] for view in views])), axis=0)


# %% wrong ten-views: centre alone
def ten_views(model, image, size):
    return model(squares(image, size)[-1][None])[0]


# %% wrong ten-views: ask once
def ten_views(model, image, size):
    views = squares(image, size)
    views += [view[:, ::-1] for view in views]
    return model(np.mean(views, axis=0)[None])[0]


# %% wrong ten-views: largest
def ten_views(model, image, size):
    views = squares(image, size)
    return ops.max(model(np.stack(views + [view[:, ::-1] for view in views])), axis=0)


# %% wrong ten-views: sum
def ten_views(model, image, size):
    views = squares(image, size)
    return ops.sum(model(np.stack(views + [view[:, ::-1] for view in views])), axis=0)


# %% wrong ten-views: votes
def ten_views(model, image, size):
    views = squares(image, size)
    answers = model(np.stack(views + [view[:, ::-1] for view in views]))
    return ops.mean(ops.one_hot(ops.argmax(answers, axis=1), answers.shape[1]), axis=0)


# %% wrong ten-views: for each view
def ten_views(model, image, size):
    views = squares(image, size)
    return model(np.stack(views + [view[:, ::-1] for view in views]))


# %% wrong ten-views: no other axis
def ten_views(model, image, size):
    views = squares(image, size)
    return ops.mean(model(np.stack(views + [view[:, ::-1] for view in views])), axis=0, keepdims=True)


# %% wrong ten-views: shape
def ten_views(model, image, size):
    views = squares(image, size)
    return ops.mean(model(np.stack(views + [view[:, ::-1] for view in views])), axis=1)


# %% wrong ten-views: off
def ten_views(model, image, size):
    views = [image[t : t + size, l : l + size] for t in (0, 6) for l in (0, 10)] + [image[3:11, 5:13]]
    views = [view[:8, :8] for view in views]
    return ops.mean(model(np.stack(views + [view[:, ::-1] for view in views][:4])), axis=0)


# %% wrong ten-views: Error
def ten_views(model, image, size):
    views = [image[t : t + 8, l : l + 8] for t, l in ((0, 0), (0, 10), (6, 0), (6, 10), (3, 5))]
    return ops.mean(model(np.stack(views + [view[:, ::-1] for view in views])), axis=0)


# %% wrong ten-views: off
def ten_views(model, image, size):
    views = []
    for view in squares(image, size):
        views += [view, np.random.default_rng(0).permutation(view, axis=1)]
    return ops.mean(model(np.stack(views)), axis=0)


# %% wrong ten-views: off
def ten_views(model, image, size):
    return np.full(4, 0.25)


# %% wrong ten-views: gave nothing
def ten_views(model, image, size):
    ops.mean(model(np.stack(squares(image, size))), axis=0)


# %% right ten-views
def ten_views(model, image, size):
    total = 0
    for whole in (image, image[:, ::-1]):
        for view in squares(whole, size):
            total = total + ops.convert_to_numpy(model(view[None]))[0]
    return list(total / 10)


# %% right ten-views
def ten_views(model, image, size):
    views = ops.convert_to_tensor(np.array(squares(image, size)))
    answers = model.predict(ops.concatenate([ops.flip(views, axis=2), views]))
    return np.sum(answers, axis=0) / len(answers)


# %% wrong plateau: not with the one before
def plateau_rates(errors, rate, patience):
    rates, before, waited = [], np.inf, 0
    for error in errors:
        rates.append(rate)
        waited = 0 if error < before else waited + 1
        before = error
        if waited == patience:
            rate, waited = rate / 10, 0
    return rates


# %% wrong plateau: in a row
def plateau_rates(errors, rate, patience):
    rates, best, waited = [], np.inf, 0
    for error in errors:
        rates.append(rate)
        if error < best:
            best = error
        else:
            waited += 1
        if waited == patience:
            rate, waited = rate / 10, 0
    return rates


# %% wrong plateau: no new best
def plateau_rates(errors, rate, patience):
    rates, best, waited = [], np.inf, 0
    for error in errors:
        rates.append(rate)
        waited = 0 if error <= best else waited + 1
        best = min(best, error)
        if waited == patience:
            rate, waited = rate / 10, 0
    return rates


# %% wrong plateau: once the rate has fallen
def plateau_rates(errors, rate, patience):
    rates, best, waited = [], np.inf, 0
    for error in errors:
        rates.append(rate)
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited >= patience:
            rate = rate / 10
    return rates


# %% wrong plateau: stays the best
def plateau_rates(errors, rate, patience):
    rates, best, waited = [], np.inf, 0
    for error in errors:
        rates.append(rate)
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited == patience:
            rate, waited, best = rate / 10, 0, np.inf
    return rates


# %% wrong plateau: at the end of its epoch
def plateau_rates(errors, rate, patience):
    rates, best, waited = [], np.inf, 0
    for error in errors:
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited == patience:
            rate, waited = rate / 10, 0
        rates.append(rate)
    return rates


# %% wrong plateau: one epoch longer
def plateau_rates(errors, rate, patience):
    rates, best, waited = [], np.inf, 0
    for error in errors:
        rates.append(rate)
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited > patience:
            rate, waited = rate / 10, 0
    return rates


# %% wrong plateau: one epoch less
def plateau_rates(errors, rate, patience):
    rates, best, waited = [], np.inf, 1
    for error in errors:
        rates.append(rate)
        waited = 1 if error < best else waited + 1
        best = min(best, error)
        if waited == patience:
            rate, waited = rate / 10, 1
    return rates


# %% wrong plateau: by how much
def plateau_rates(errors, rate, patience):
    rates, best, waited = [], np.inf, 0
    for error in errors:
        rates.append(rate)
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited == patience:
            rate, waited = rate / 2, 0
    return rates


# %% wrong plateau: rises
def plateau_rates(errors, rate, patience):
    rates, best, waited = [], np.inf, 0
    for error in errors:
        rates.append(rate)
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited == patience:
            rate, waited = rate * 10, 0
    return rates


# %% wrong plateau: never falls
def plateau_rates(errors, rate, patience):
    return [rate] * len(errors)


# %% wrong plateau: after the last is not
def plateau_rates(errors, rate, patience):
    rates, best, waited = [rate], np.inf, 0
    for error in errors:
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited == patience:
            rate, waited = rate / 10, 0
        rates.append(rate)
    return rates


# %% wrong plateau: all of them are asked for
def plateau_rates(errors, rate, patience):
    best, waited = np.inf, 0
    for error in errors[:-1]:
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited == patience:
            rate, waited = rate / 10, 0
    return rate


# %% wrong plateau: which is too
def plateau_rates(errors, rate, patience):
    rates, best, waited = [], np.inf, 0
    for error in errors:
        rates.append(rate)
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited == 2:
            rate, waited = rate / 10, 0
    return rates


# %% wrong plateau: which is too
def plateau_rates(errors, rate, patience):
    rates, best, waited, rate = [], np.inf, 0, 0.5
    for error in errors:
        rates.append(rate)
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited == patience:
            rate, waited = rate / 10, 0
    return rates


# %% wrong plateau: a list
def plateau_rates(errors, rate, patience):
    return {epoch: rate for epoch in range(len(errors))}


# %% right plateau
class Waiting:
    def __init__(self, rate, patience):
        self.rate, self.patience, self.seen = rate, patience, []

    def after(self, error):
        self.seen.append(error)
        self.waited = 0 if error < min(self.seen[:-1], default=1e9) else self.waited + 1
        if self.waited >= self.patience:
            self.rate, self.waited = self.rate * 0.1, 0
        return self.rate


def plateau_rates(errors, rate, patience):
    waiting = Waiting(rate, patience)
    rates = [rate]
    while errors:
        rates.append(waiting.after(errors.pop(0)))
    return tuple(rates[:-1])


# %% right plateau
def plateau_rates(errors, rate, patience):
    rates, cuts, since = np.zeros(len(errors)), 0, 0
    for epoch in range(len(errors)):
        rates[epoch] = rate * 0.1**cuts
        best_before = min(errors[:epoch]) if epoch else float("inf")
        if errors[epoch] < best_before:
            since = epoch
        if epoch - since >= patience:
            cuts, since = cuts + 1, epoch
    return rates


# %% helper average
def relu(x):
    return np.maximum(x, 0)


kept = drawn >= chance

# %% wrong average: larger in training
ratio = relu(below * kept @ weights).sum(axis=1).mean() / relu(below @ weights).sum()

# %% wrong average: of every draw
ratio = relu((below * kept / (1 - chance) @ weights).mean(axis=0)).sum() / relu(below @ weights).sum()

# %% wrong average: below the weights
mask = np.random.default_rng(1).random((20_000, 12)) >= chance
ratio = (relu(below @ weights) * mask / (1 - chance)).sum(axis=1).mean() / relu(below @ weights).sum()

# %% wrong average: other way round
ratio = relu(below @ weights).sum() / relu(below * kept / (1 - chance) @ weights).sum(axis=1).mean()

# %% wrong average: the other chance
ratio = relu(below * kept / chance @ weights).sum(axis=1).mean() / relu(below @ weights).sum()

# %% wrong average: not of being kept
ratio = relu(below * (drawn < chance) / chance @ weights).sum(axis=1).mean() / relu(below @ weights).sum()

# %% wrong average: look at the comparison
ratio = relu(below * (drawn < chance) / (1 - chance) @ weights).sum(axis=1).mean() / relu(below @ weights).sum()

# %% wrong average: nothing is scaled
ratio = relu(below * kept / (1 - chance) @ weights).sum(axis=1).mean()
ratio = ratio / relu((1 - chance) * below @ weights).sum()

# %% wrong average: in testing, too
ratio = relu(below * kept / (1 - chance) @ weights).sum(axis=1).mean() / (below @ weights).sum()

# %% wrong average: of every draw
ratio = (below * kept / (1 - chance) @ weights).sum(axis=1).mean() / (below @ weights).sum()

# %% wrong average: mean in training
ratio = relu(below * kept / (1 - chance) @ weights).sum(axis=1).mean()

# %% wrong average: of every draw
ratio = 1

# %% wrong average: too
below, weights, chance = check.my_layer("somebody else")
kept = drawn >= chance
ratio = relu(below * kept / (1 - chance) @ weights).sum(axis=1).mean() / relu(below @ weights).sum()

# %% wrong average: should be a number
ratio = relu(below * kept / (1 - chance) @ weights).mean(axis=0) / relu(below @ weights).sum()

# %% wrong average: is nan
ratio = float("nan")

# %% wrong average: should be a number
ratio = "larger"

# %% right average
import itertools

training = 0
for mask in itertools.product((0, 1), repeat=len(below)):
    likely = np.prod([1 - chance if kept else chance for kept in mask])
    training += likely * np.maximum(below * mask / (1 - chance) @ weights, 0).sum()
ratio = training / np.maximum(below @ weights, 0).sum()

# %% right average
dense = layers.Dense(weights.shape[1], "relu", use_bias=False)
dense.build((None, len(below)))
dense.set_weights([weights])
many = np.tile(below.astype("float32"), (20_000, 1))
training = ops.sum(dense(layers.Dropout(chance)(many, training=True))) / 20_000
ratio = training / ops.sum(dense(below[None].astype("float32")))

# %% right average
# The paper's form: nothing is scaled in training, everything in testing.
training = relu(below * kept @ weights).sum(axis=1).mean()
ratio = training / relu((1 - chance) * below @ weights).sum()
