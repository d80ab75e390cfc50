# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% helper seen-part
def middle(wide, high, side):
    left, top = (wide - side) // 2, (high - side) // 2
    return (left, top, left + side, top + side)


side = min(width, height) * 7 // 8

# %% wrong seen-part: stored pixels
scale = shorter / min(width, height)
seen_part = middle(round(width * scale), round(height * scale), size)

# %% wrong seen-part: before the square is cut
seen_part = middle(width, height, size)

# %% wrong seen-part: a little smaller
seen_part = middle(width, height, min(width, height))

# %% wrong seen-part: not width and height
seen_part = (*middle(width, height, side)[:2], side, side)

# %% wrong seen-part: left comes before top
left, top, right, bottom = middle(width, height, side)
seen_part = (top, left, bottom, right)

# %% wrong seen-part: corner
seen_part = (0, 0, side, side)

# %% wrong seen-part: shorter side
seen_part = middle(width, height, max(width, height) * 7 // 8)

# %% wrong seen-part: middle of what
seen_part = (width // 2, height // 2, width // 2 + side, height // 2 + side)

# %% wrong seen-part: with 4 entries
seen_part = side

# %% wrong seen-part: with 4 entries
seen_part = np.array(3.0)

# %% wrong seen-part: should be a number
seen_part = ["left", "top", "right", "bottom"]

# %% wrong seen-part: the answer at
width, height, *_ = check.my_picture("grace")
seen_part = middle(width, height, min(width, height) * 7 // 8)

# %% right seen-part
scale = min(width, height) / shorter
across, down = width / scale, height / scale
edges = [(across - size) / 2, (down - size) / 2, (across + size) / 2, (down + size) / 2]
seen_part = np.array(edges) * scale


# %% wrong prepared: Blue should come first
def prepared(images, mean):
    return images.astype("float32") - mean


# %% wrong prepared: in the mean as well
def prepared(images, mean):
    return images[..., ::-1].astype("float32") - mean


# %% wrong prepared: still in it
def prepared(images, mean):
    return images[..., ::-1].astype("float32")


# %% wrong prepared: turns the picture
def prepared(images, mean):
    return np.flip(images - mean, axis=2)


# %% wrong prepared: upside down
def prepared(images, mean):
    return np.flip(images - mean, axis=1)


# %% wrong prepared: nothing is divided
def prepared(images, mean):
    return ((images - mean) / 255)[..., ::-1]


# %% wrong prepared: learned from whole levels
def prepared(images, mean):
    return (images / 255 - mean)[..., ::-1]


# %% wrong prepared: not of the picture itself
def prepared(images, mean):
    return (images - images.mean(axis=(0, 1, 2)))[..., ::-1]


# %% wrong prepared: not added
def prepared(images, mean):
    return (images + mean)[..., ::-1]


# %% wrong prepared: bytes start again
def prepared(images, mean):
    return (images - mean.astype("uint8"))[..., ::-1]


# %% wrong prepared: off
def prepared(images, mean):
    return (images - np.array([123.68, 116.779, 103.939]))[..., ::-1]


# %% wrong prepared: array of numbers|array or a tensor
def prepared(images, mean):
    return "done"


# %% wrong prepared: shape
def prepared(images, mean):
    return (images - mean)[0, ..., ::-1]


# %% right prepared
def prepared(images, mean):
    return ops.flip(ops.cast(images, "float32") - mean, axis=-1)


# %% right prepared
def prepared(images, mean):
    red, green, blue = (images[..., k] - mean[k] for k in range(3))
    return np.stack([blue, green, red], axis=-1)


# %% helper answers
def softmax(x):
    powers = np.exp(x - x.max())
    return powers / powers.sum()


def ranked(names, scores, top):
    pairs = sorted(zip(names, scores), key=lambda pair: pair[1], reverse=True)
    return pairs[:top]


# %% wrong answers: first of all classes
def answers(logits, names, allowed, top):
    return ranked(names, softmax(logits), top)


# %% wrong answers: others still have a share
def answers(logits, names, allowed, top):
    scores = dict(zip(names, softmax(logits)))
    return ranked(allowed, [scores[name] for name in allowed], top)


# %% wrong answers: those not shown
def answers(logits, names, allowed, top):
    scores = dict(zip(names, softmax(logits)))
    few = ranked(allowed, [scores[name] for name in allowed], top)
    return [(name, score / sum(s for _, s in few)) for name, score in few]


# %% wrong answers: highest score comes first
def answers(logits, names, allowed, top):
    kept = [k for k, name in enumerate(names) if name in allowed]
    return ranked([names[k] for k in kept], softmax(logits[kept]), len(kept))[::-1][:top]


# %% wrong answers: order of the classes
def answers(logits, names, allowed, top):
    kept = [k for k, name in enumerate(names) if name in allowed]
    return list(zip([names[k] for k in kept], softmax(logits[kept])))[:top]


# %% wrong answers: another one among all
def answers(logits, names, allowed, top):
    kept = [k for k, name in enumerate(names) if name in allowed]
    scores = softmax(logits[kept])
    return [(names[k], scores[k]) for k in np.argsort(-scores)[:top]]


# %% wrong answers: in which order the numbers come
def answers(logits, names, allowed, top):
    kept = [k for k, name in enumerate(names) if name in allowed]
    return ranked(allowed, softmax(logits[kept]), top)


# %% wrong answers: softmax is missing
def answers(logits, names, allowed, top):
    return ranked([n for n in names if n in allowed], [x for x, n in zip(logits, names) if n in allowed], top)


# %% wrong answers: percentages
def answers(logits, names, allowed, top):
    kept = [k for k, name in enumerate(names) if name in allowed]
    return ranked([names[k] for k in kept], 100 * softmax(logits[kept]), top)


# %% wrong answers: infinite
def answers(logits, names, allowed, top):
    kept = [k for k, name in enumerate(names) if name in allowed]
    scores = np.exp(logits[kept]) / np.exp(logits[kept]).sum()
    return ranked([names[k] for k in kept], scores, top)


# %% wrong answers: with 3 entries
def answers(logits, names, allowed, top):
    return names[int(np.argmax(logits))]


# %% wrong answers: each answer should be
def answers(logits, names, allowed, top):
    return [0.5, 0.3, 0.2]


# %% wrong answers: with 2 entries
def answers(logits, names, allowed, top):
    kept = [k for k, name in enumerate(names) if name in allowed]
    return ranked([names[k] for k in kept], softmax(logits[kept]), 3)


# %% right answers
def answers(logits, names, allowed, top):
    masked = ops.where(np.array([name in allowed for name in names]), logits, -np.inf)
    scores, places = ops.top_k(ops.softmax(masked), top)
    return [[names[int(k)], score] for score, k in zip(scores, places)]


# %% right answers
def answers(logits, names, allowed, top):
    chosen = {name: float(x) for name, x in zip(names, logits) if name in set(allowed)}
    largest = max(chosen.values())
    powers = {name: np.exp(x - largest) for name, x in chosen.items()}
    best = sorted(powers, key=powers.get)[: -top - 1 : -1]
    return tuple((name, powers[name] / sum(powers.values())) for name in best)


# %% helper found
from cnnlib.data.pixels import Pixels
from cnnbook.mistakes import MISTAKES
from PIL import Image

right = Pixels("mean_bgr", {"mean": mean})


def made(name):
    picture = MISTAKES[name].picture(Image.fromarray(square), 64)
    return ops.convert_to_numpy(MISTAKES[name].pixels(right, np.array(picture)[None]))[0]


by_name = {
    letter: next(name for name in check.NAMES if np.allclose(made(name), x, atol=1e-3))
    for letter, x in inputs.items()
}


# %% wrong found: would have a
found = dict.fromkeys("abcdefgh", "0 to 1 alone")

# %% wrong found: stand elsewhere
swap = {"mirrored": "on its side", "on its side": "mirrored"}
found = {letter: swap.get(name, name) for letter, name in by_name.items()}

# %% wrong found: not the colours
swap = {"no mistake": "red and blue exchanged", "red and blue exchanged": "no mistake"}
found = {letter: swap.get(name, name) for letter, name in by_name.items()}

# %% wrong found: keys
found = list(by_name.values())

# %% wrong found: keys
found = {letter: by_name[letter] for letter in "abcd"}

# %% wrong found: is none of
found = dict.fromkeys("abcdefgh", "blue and red exchanged")

# %% wrong found: is none of
found = {letter: [name] for letter, name in by_name.items()}

# %% wrong found: is not
found = dict.fromkeys("abcdefgh", "no mistake")

# %% wrong found: is not
_, _, other_inputs = check.my_inputs("somebody else entirely")
found = {
    letter: next(name for name in check.NAMES if np.allclose(made(name), x, atol=1e-3))
    for letter, x in other_inputs.items()
}

# %% right found
found = by_name

# %% right found
found = {}
for letter, x in inputs.items():
    undone = x[..., ::-1] + mean
    if x.min() >= 0:
        found[letter] = "no mean" if x.max() > 1 else "0 to 1 alone"
    elif x.max() < 0:
        found[letter] = "0 to 1 and prepared"
    elif undone.min() < -1:
        found[letter] = "prepared twice"
    else:
        pictures = {
            "no mistake": square,
            "mirrored": np.fliplr(square),
            "red and blue exchanged": square[..., [2, 1, 0]],
            "on its side": np.transpose(square, (1, 0, 2))[::-1],
        }
        gaps = {name: np.abs(picture - undone).mean() for name, picture in pictures.items()}
        found[letter] = min(gaps, key=gaps.get)


# %% helper gap
def surplus(sure, right, edges):
    last = len(edges) - 2
    places = np.array([max(k for k in range(last + 1) if edges[k] <= s) for s in sure])
    return np.array([(sure - right)[places == k].sum() for k in range(last + 1)]), places


# %% wrong gap: drop the sign in each
def gap(sure, right, edges):
    return abs(sure.mean() - right.mean())


# %% wrong gap: drop the sign
def gap(sure, right, edges):
    return sure.mean() - right.mean()


# %% wrong gap: all count the same
def gap(sure, right, edges):
    sums, places = surplus(sure, right, edges)
    return np.mean([abs(sums[k]) / np.sum(places == k) for k in set(places)])


# %% wrong gap: without any
def gap(sure, right, edges):
    sums, places = surplus(sure, right, edges)
    return np.mean([abs(sums[k]) / max(1, np.sum(places == k)) for k in range(len(sums))])


# %% wrong gap: not that of each picture
def gap(sure, right, edges):
    return np.abs(sure - right).mean()


# %% wrong gap: not its middle
def gap(sure, right, edges):
    sums, places = surplus(sure, right, edges)
    gaps = [
        abs((edges[k] + edges[k + 1]) / 2 - right[places == k].mean()) * np.sum(places == k) for k in set(places)
    ]
    return sum(gaps) / len(sure)


# %% wrong gap: last edge belongs
def gap(sure, right, edges):
    total = 0.0
    for low, high in zip(edges, edges[1:]):
        within = (sure >= low) & (sure < high)
        if within.any():
            total += within.mean() * abs(sure[within].mean() - right[within].mean())
    return total


# %% wrong gap: range above it
def gap(sure, right, edges):
    total = 0.0
    for low, high in zip(edges, edges[1:]):
        within = (sure > low) & (sure <= high)
        if within.any():
            total += within.mean() * abs(sure[within].mean() - right[within].mean())
    return total


# %% wrong gap: not a sum
def gap(sure, right, edges):
    return np.abs(surplus(sure, right, edges)[0]).sum()


# %% wrong gap: nan
def gap(sure, right, edges):
    total = 0.0
    for low, high in zip(edges, edges[1:]):
        within = (sure >= low) & ((sure < high) | (high == edges[-1]))
        total += within.mean() * abs(sure[within].mean() - right[within].mean())
    return total


# %% wrong gap: too
def gap(sure, right, edges):
    edges = [0.0, 0.25, 0.5, 0.75, 1.0]
    return np.abs(surplus(sure, right, edges)[0]).sum() / len(sure)


# %% wrong gap: TypeError
def gap(sure, right):
    return 0.1


# %% right gap
def gap(sure, right, edges):
    total = 0.0
    for k in range(len(edges) - 1):
        last = k == len(edges) - 2
        within = (sure >= edges[k]) & ((sure <= edges[k + 1]) if last else (sure < edges[k + 1]))
        if within.any():
            total += within.sum() * abs(sure[within].mean() - right[within].mean())
    return total / len(sure)


# %% right gap
def gap(sure, right, edges):
    ranges = {}
    for s, r in zip(sure.tolist(), right.tolist()):
        place = max(k for k, edge in enumerate(edges[:-1]) if edge <= s)
        ranges.setdefault(place, []).append(s - r)
    return ops.convert_to_tensor(sum(abs(sum(each)) for each in ranges.values()) / len(sure))


# %% helper cost
def around(numbers, half):
    return np.mean(numbers), np.mean(numbers) - half, np.mean(numbers) + half


def changes(before, after, labels):
    return 100.0 * ((before == labels).astype(int) - (after == labels).astype(int))


# %% wrong cost: signs
def cost(before, after, labels):
    change = -changes(before, after, labels)
    return around(change, 1.96 * change.std() / len(change) ** 0.5)


# %% wrong cost: hundredth
def cost(before, after, labels):
    change = changes(before, after, labels) / 100
    return around(change, 1.96 * change.std() / len(change) ** 0.5)


# %% wrong cost: picture by picture
def cost(before, after, labels):
    one, other = np.mean(before != labels), np.mean(after != labels)
    variance = (one * (1 - one) + other * (1 - other)) / len(labels)
    points, half = 100 * (other - one), 196 * variance**0.5
    return points, points - half, points + half


# %% wrong cost: turned right count
def cost(before, after, labels):
    lost = 100.0 * ((before == labels) & (after != labels))
    return around(lost, 1.96 * lost.std() / len(lost) ** 0.5)


# %% wrong cost: wrong to wrong
def cost(before, after, labels):
    moved = 100.0 * (before != after)
    return around(moved, 1.96 * moved.std() / len(moved) ** 0.5)


# %% wrong cost: scatters less
def cost(before, after, labels):
    change = changes(before, after, labels)
    return around(change, 1.96 * change.std())


# %% wrong cost: wider
def cost(before, after, labels):
    change = changes(before, after, labels)
    return around(change, change.std() / len(change) ** 0.5)


# %% wrong cost: how far it reaches
def cost(before, after, labels):
    change = changes(before, after, labels)
    half = 1.96 * change.std() / len(change) ** 0.5
    return change.mean(), half, half


# %% wrong cost: lower end
def cost(before, after, labels):
    change = changes(before, after, labels)
    points, low, high = around(change, 1.96 * change.std() / len(change) ** 0.5)
    return points, high, low


# %% wrong cost: 3 entries
def cost(before, after, labels):
    return changes(before, after, labels).mean()


# %% wrong cost: result
def cost(before, after, labels):
    change = changes(before, after, labels)
    return around(change, 1.96 * change.std() / 300**0.5)


# %% wrong cost: should be a number
def cost(before, after, labels):
    return "4", "2", "6"


# %% right cost
from cnnbook import mistakes


def cost(before, after, labels):
    lost = sum(b == y != a for b, a, y in zip(before, after, labels))
    won = sum(b != y == a for b, a, y in zip(before, after, labels))
    return [100 * each for each in mistakes.cost(int(lost), int(won), len(labels))]


# %% right cost
def cost(before, after, labels):
    change = changes(before, after, labels)
    error = change.std(ddof=1) / np.sqrt(len(change))
    return change.mean() + error * np.array([0, -1.96, 1.96])


# %% wrong digits: red and blue exchanged.*otherwise
verdicts = dict.fromkeys(check.SHOWN, "costs")

# %% wrong digits: mirrored.*otherwise
verdicts = dict.fromkeys(check.SHOWN, "no difference seen")

# %% wrong digits: mirrored.*otherwise
verdicts = {
    "red and blue exchanged": "no difference seen",
    "mirrored": "no difference seen",
    "on its side": "costs",
}

# %% wrong digits: on its side.*otherwise
verdicts = {
    "red and blue exchanged": "no difference seen",
    "mirrored": "costs",
    "on its side": "no difference seen",
}

# %% wrong digits: say 'costs' or
verdicts = {**dict.fromkeys(check.SHOWN), "mirrored": "costs"}

# %% wrong digits: dict
verdicts = ["no difference seen", "costs", "costs"]

# %% wrong digits: keys
verdicts = {"mirrored": "costs"}
