# What students answer to the exercises on choosing the level; see 02_lenet5.py for how these cells are read.


# %% wrong advice: other kind of similarity
def advice(images, similarity, large):
    if images < large:
        return (1, 1) if similarity == "different" else (1 / 3, 1 / 2)
    return (0.6, 0.8) if similarity == "different" else (0, 0)


# %% wrong advice: for few images, or for many
def advice(images, similarity, large):
    if images >= large:
        return (1, 1) if similarity == "similar" else (1 / 3, 1 / 2)
    return (0.6, 0.8) if similarity == "similar" else (0, 0)


# %% wrong advice: as the border count as large
def advice(images, similarity, large):
    if images <= large:
        return (1, 1) if similarity == "similar" else (1 / 3, 1 / 2)
    return (0.6, 0.8) if similarity == "similar" else (0, 0)


# %% wrong advice: whatever `large` says
def advice(images, similarity, large):
    if images < 10_000:
        return (1, 1) if similarity == "similar" else (1 / 3, 1 / 2)
    return (0.6, 0.8) if similarity == "similar" else (0, 0)


# %% wrong advice: that learns
def advice(images, similarity, large):
    if images < large:
        return (0, 0) if similarity == "similar" else (1 / 2, 2 / 3)
    return (0.2, 0.4) if similarity == "similar" else (1, 1)


# %% wrong advice: least comes first
def advice(images, similarity, large):
    if images < large:
        return (1, 1) if similarity == "similar" else (1 / 2, 1 / 3)
    return (0.8, 0.6) if similarity == "similar" else (0, 0)


# %% wrong advice: not to a hundred
def advice(images, similarity, large):
    if images < large:
        return (100, 100) if similarity == "similar" else (100 / 3, 50)
    return (60, 80) if similarity == "similar" else (0, 0)


# %% wrong advice: opposite in both
def advice(images, similarity, large):
    if images < large:
        return (0, 0) if similarity == "similar" else (0.6, 0.8)
    return (1 / 3, 1 / 2) if similarity == "similar" else (1, 1)


# %% wrong advice: table
def advice(images, similarity, large):
    if images >= large:
        return 0, 0
    return (1, 1) if similarity == "similar" else (1 / 3, 1 / 2)


# %% wrong advice: as the border count|whatever|for few
def advice(images, similarity, large):
    known = {(200, "similar"): (1, 1), (50_000, "similar"): (0.6, 0.8), (50_000, "different"): (0, 0)}
    return known.get((images, similarity), (1 / 3, 1 / 2))


# %% wrong advice: list or a tuple
def advice(images, similarity, large):
    return "freeze all"


# %% right advice
from cnnbook.scenarios import advise


def advice(images, similarity, large):
    return advise(images, similarity, large=large).shares


# %% right advice
def advice(images, similarity, large):
    table = {(True, True): [1, 1], (False, True): [0.6, 0.8], (True, False): [1 / 3, 0.5]}
    return table.get((images < large, similarity == "similar"), [0.0, 0.0])


# %% right advice
def advice(images, similarity, large):
    table = {(True, True): (1, 1), (False, True): (0.6, 0.8), (True, False): (0.33, 0.5)}
    return table.get((images < large, similarity == "similar"), (0, 0))


# %% helper kept
def each():
    return [9 * a * b + b for a, b in zip([3, *widths], widths)]


def nearest():
    return math.ceil(share * len(widths) - 0.5)


# %% wrong kept: half a layer|too
layers_kept = share * len(widths) + 0.25
kept = sum(each()[: nearest()])

# %% wrong kept: layers that learn
layers_kept = len(widths) - nearest()
kept = sum(each()[:layers_kept])

# %% wrong kept: the nearest
exact = share * len(widths)
layers_kept = math.floor(exact) if nearest() > exact else nearest() + 1
kept = sum(each()[:layers_kept])

# %% wrong kept: those learn
layers_kept = nearest()
kept = sum(each()[layers_kept:])

# %% wrong kept: not the last
layers_kept = nearest()
kept = sum(each()[-layers_kept:])

# %% wrong kept: not that share
layers_kept = nearest()
kept = round(share * sum(each()))

# %% wrong kept: bias
layers_kept = nearest()
kept = sum(9 * a * b for a, b in list(zip([3, *widths], widths))[:layers_kept])

# %% wrong kept: one layer fewer
layers_kept = nearest()
kept = sum(each()[: layers_kept - 1])

# %% wrong kept: one layer more
layers_kept = nearest()
kept = sum(each()[: layers_kept + 1])

# %% wrong kept: colours
layers_kept = nearest()
kept = sum(9 * a * b + b for a, b in list(zip([1, *widths], widths))[:layers_kept])

# %% wrong kept: layer before
layers_kept = nearest()
kept = sum(10 * b for b in widths[:layers_kept])

# %% wrong kept: kept should be a number
layers_kept = nearest()
kept = "half"

# %% right kept
net = keras.Sequential([keras.Input((None, None, 3))])
for number in widths:
    net.add(layers.Conv2D(number, 3))
layers_kept = min(range(len(widths) + 1), key=lambda n: (round(abs(n - share * len(widths)), 6), n))
kept = np.sum([layer.count_params() for layer in net.layers[:layers_kept]])


# %% helper distance
def moments(x):
    return x.mean(axis=(0, 1, 2)), x.std(axis=(0, 1, 2))


# %% wrong distance: remembers variances
def distance(x, mean, variance):
    m, s = moments(x)
    return np.mean(np.sqrt((m - mean) ** 2 + (s - variance) ** 2) / variance)


# %% wrong distance: not a variance
def distance(x, mean, variance):
    m, s = moments(x)
    old = np.sqrt(variance)
    return np.mean(np.sqrt((m - mean) ** 2 + (x.var(axis=(0, 1, 2)) - old) ** 2) / old)


# %% wrong distance: not the target's
def distance(x, mean, variance):
    m, s = moments(x)
    return np.mean(np.hypot(m - mean, s - np.sqrt(variance)) / s)


# %% wrong distance: unit
def distance(x, mean, variance):
    m, s = moments(x)
    return np.mean(np.hypot(m - mean, s - np.sqrt(variance)))


# %% wrong distance: so may the deviations
def distance(x, mean, variance):
    return np.mean(np.abs(moments(x)[0] - mean) / np.sqrt(variance))


# %% wrong distance: not the sum
def distance(x, mean, variance):
    m, s = moments(x)
    return np.sum(np.hypot(m - mean, s - np.sqrt(variance)) / np.sqrt(variance))


# %% wrong distance: root
def distance(x, mean, variance):
    m, s = moments(x)
    old = np.sqrt(variance)
    return np.mean(((m - mean) ** 2 + (s - old) ** 2) / old)


# %% wrong distance: squares
def distance(x, mean, variance):
    m, s = moments(x)
    old = np.sqrt(variance)
    return np.mean((abs(m - mean) + abs(s - old)) / old)


# %% wrong distance: at every place
def distance(x, mean, variance):
    seen = x.mean(axis=(1, 2))
    old = np.sqrt(variance)
    return np.mean(np.hypot(seen.mean(axis=0) - mean, seen.std(axis=0) - old) / old)


# %% wrong distance: of its own
def distance(x, mean, variance):
    old = np.sqrt(variance)
    return np.mean(np.hypot(x.mean() - mean, x.std() - old) / old)


# %% wrong distance: for each channel
def distance(x, mean, variance):
    m, s = moments(x)
    old = np.sqrt(variance)
    return np.hypot(m - mean, s - old) / old


# %% wrong distance: too
def distance(x, mean, variance):
    return 1.0


# %% right distance
def distance(x, mean, variance):
    m, v = ops.moments(ops.convert_to_tensor(x), axes=(0, 1, 2))
    old = ops.sqrt(variance)
    return ops.mean(ops.sqrt((m - mean) ** 2 + (ops.sqrt(v) - old) ** 2) / old)


# %% right distance
def distance(x, mean, variance):
    total = 0.0
    for values, m, v in zip(x.reshape(-1, x.shape[-1]).T.astype("float64"), mean, variance):
        first = (values.mean() - m) / math.sqrt(v)
        second = values.std() / math.sqrt(v) - 1
        total += math.sqrt(first**2 + second**2)
    return total / len(mean)


# %% helper verdict
def said(low, high):
    return "better" if low > 0 else "worse" if high < 0 else "open"


def pairs(ours, theirs):
    return [100 * (theirs[s] - ours[s]) for s in sorted(set(ours) & set(theirs))]


# %% wrong verdict: lower error
def verdict(ours, theirs):
    ahead = [-points for points in pairs(ours, theirs)]
    return np.mean(ahead), said(*evaluation.mean_interval(ahead))


# %% wrong verdict: hundredths
def verdict(ours, theirs):
    ahead = [points / 100 for points in pairs(ours, theirs)]
    return np.mean(ahead), said(*evaluation.mean_interval(ahead))


# %% wrong verdict: chance
def verdict(ours, theirs):
    points = np.mean(pairs(ours, theirs))
    return points, "better" if points > 0 else "worse"


# %% wrong verdict: within a seed
def verdict(ours, theirs):
    both = set(ours) & set(theirs)
    low, high = evaluation.mean_interval([ours[s] for s in both])
    least, most = evaluation.mean_interval([theirs[s] for s in both])
    return np.mean(pairs(ours, theirs)), "better" if high < least else "worse" if low > most else "open"


# %% wrong verdict: not by their place
def verdict(ours, theirs):
    ahead = [100 * (b - a) for a, b in zip(ours.values(), theirs.values())]
    return np.mean(ahead), said(*evaluation.mean_interval(ahead))


# %% wrong verdict: normal
def verdict(ours, theirs):
    ahead = pairs(ours, theirs)
    half = 1.96 * np.std(ahead, ddof=1) / np.sqrt(len(ahead))
    return np.mean(ahead), said(np.mean(ahead) - half, np.mean(ahead) + half)


# %% wrong verdict: one fewer
def verdict(ours, theirs):
    from scipy import stats

    ahead = pairs(ours, theirs)
    half = stats.t.ppf(0.975, len(ahead) - 1) * np.std(ahead) / np.sqrt(len(ahead))
    return np.mean(ahead), said(np.mean(ahead) - half, np.mean(ahead) + half)


# %% wrong verdict: standard error
def verdict(ours, theirs):
    from scipy import stats

    ahead = pairs(ours, theirs)
    half = stats.t.ppf(0.975, len(ahead) - 1) * np.std(ahead, ddof=1)
    return np.mean(ahead), said(np.mean(ahead) - half, np.mean(ahead) + half)


# %% wrong verdict: not every lead
def verdict(ours, theirs):
    return np.mean(pairs(ours, theirs)), "open"


# %% wrong verdict: the word, but not as it is asked for
def verdict(ours, theirs):
    ahead = pairs(ours, theirs)
    return np.mean(ahead), said(*evaluation.mean_interval(ahead)).capitalize()


# %% wrong verdict: leave the others out
def verdict(ours, theirs):
    points = 100 * (np.mean(list(theirs.values())) - np.mean(list(ours.values())))
    return points, said(*evaluation.mean_interval(pairs(ours, theirs)))


# %% wrong verdict: KeyError
def verdict(ours, theirs):
    ahead = [100 * (theirs[s] - ours[s]) for s in ours]
    return np.mean(ahead), said(*evaluation.mean_interval(ahead))


# %% wrong verdict: at \[0\]
def verdict(ours, theirs):
    return 2.05, "better"


# %% wrong verdict: list or a tuple
def verdict(ours, theirs):
    return said(*evaluation.mean_interval(pairs(ours, theirs)))


# %% right verdict
def verdict(ours, theirs):
    from scipy import stats

    ahead = np.array(pairs(ours, theirs))
    middle, error = ahead.mean(), ahead.std(ddof=1) / len(ahead) ** 0.5
    low, high = stats.t.interval(0.95, len(ahead) - 1, middle, error)
    return [middle, "open" if low <= 0 <= high else "better" if middle > 0 else "worse"]


# %% right verdict
def verdict(ours, theirs):
    ahead = pairs(ours, theirs)
    return round(np.mean(ahead), 2), said(*evaluation.mean_interval(ahead))


# %% helper reported
def chosen(trials, by="validation_error", what="test_error"):
    best = {}
    for trial in trials:
        if trial["seed"] not in best or trial[by] < best[trial["seed"]][by]:
            best[trial["seed"]] = trial
    return [trial[what] for trial in best.values()]


# %% wrong reported: peeks
def reported(trials):
    return np.mean(chosen(trials, by="test_error"))


# %% wrong reported: by heart
def reported(trials):
    return np.mean(chosen(trials, by="train_error"))


# %% wrong reported: flatters
def reported(trials):
    return np.mean(chosen(trials, what="validation_error"))


# %% wrong reported: choice of its own
def reported(trials):
    levels = {}
    for trial in trials:
        levels.setdefault(trial["level"], []).append((trial["validation_error"], trial["test_error"]))
    return min(np.mean(each, axis=0).tolist() for each in levels.values())[1]


# %% wrong reported: luckiest
def reported(trials):
    return min(trials, key=lambda t: t["validation_error"])["test_error"]


# %% wrong reported: all levels
def reported(trials):
    return np.mean([t["test_error"] for t in trials])


# %% wrong reported: mean over the seeds
def reported(trials):
    return sum(chosen(trials))


# %% wrong reported: number
def reported(trials):
    return chosen(trials)


# %% wrong reported: stopped with
def reported(trials):
    return np.mean([t["test_error"] for t in trials if t["level"] == "feature extractor"][0])


# %% right reported
def reported(trials):
    return sum(chosen(trials)) / len(chosen(trials))


# %% right reported
def reported(trials):
    seeds = sorted({t["seed"] for t in trials})
    names = sorted({t["level"] for t in trials})
    tables = np.empty((2, len(seeds), len(names)))
    for t in trials:
        place = seeds.index(t["seed"]), names.index(t["level"])
        tables[:, place[0], place[1]] = t["validation_error"], t["test_error"]
    return tables[1][np.arange(len(seeds)), tables[0].argmin(axis=1)].mean()


# %% helper leaks
marks = ("copies are then", "by all images", "on test images", "the lowest of")
steps = check.my_procedure(student).splitlines()
those = [int(s[0]) for s in steps if any(mark in s for mark in marks)]
others = [n for n in range(1, 7) if n not in those]

# %% wrong leaks: no step is named
leaks = []

# %% wrong leaks: not everything
leaks = [1, 2, 3, 4, 5, 6]

# %% wrong leaks: clean
leaks = [*those, others[0]]

# %% wrong leaks: clean
leaks = others

# %% wrong leaks: a leak is left
leaks = those[:-1]

# %% wrong leaks: a leak is left
leaks = those[1:]

# %% wrong leaks: from 1 to 6
leaks = [n - 1 for n in those] + [0]

# %% wrong leaks: from 1 to 6
leaks = [str(n) for n in those]

# %% wrong leaks: a list
leaks = "1 and 2"

# %% wrong leaks: a list
leaks = 3

# %% wrong leaks: a list
leaks = np.array([those])

# %% right leaks
leaks = set(those)

# %% right leaks
leaks = np.array(those[::-1])

# %% helper winners
right = {
    "few, similar": "transferred",
    "many, similar": "even",
    "few, different": "from scratch",
    "many, different": "from scratch",
}

# %% wrong winners: few, similar.*otherwise
winners = right | {"few, similar": "from scratch"}

# %% wrong winners: more digits
winners = right | {"few, similar": "even"}

# %% wrong winners: many, similar.*otherwise
winners = right | {"many, similar": "transferred"}

# %% wrong winners: so many images
winners = right | {"many, similar": "from scratch"}

# %% wrong winners: strokes
winners = right | {"few, different": "transferred"}

# %% wrong winners: cannot adapt
winners = right | {"many, different": "even"}

# %% wrong winners: cannot adapt
winners = right | {"many, different": "transferred"}

# %% wrong winners: say one of
winners = right | {"many, different": "neither"}

# %% wrong winners: say one of
winners = right | {"many, different": ["even"]}

# %% wrong winners: dict
winners = "transferred"

# %% wrong winners: keys
winners = {"few": "transferred", "many": "even"}

# %% right winners
winners = dict(reversed(right.items()))
