# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% helper top-k-error
def missed(scores, labels, k):
    return np.array([label not in np.argsort(-row)[:k] for row, label in zip(scores, labels)])


# %% wrong top-k-error: that is right
def top_k_error(scores, labels, k):
    return 1 - missed(scores, labels, k).mean()


# %% wrong top-k-error: first alone
def top_k_error(scores, labels, k):
    return np.mean(scores.argmax(axis=1) != labels)


# %% wrong top-k-error: last of them alone
def top_k_error(scores, labels, k):
    return np.mean(np.argsort(-scores, axis=1)[:, k - 1] != labels)


# %% wrong top-k-error: lowest
def top_k_error(scores, labels, k):
    return missed(-scores, labels, k).mean()


# %% wrong top-k-error: too many
def top_k_error(scores, labels, k):
    return missed(scores, labels, k + 1).mean()


# %% wrong top-k-error: too few
def top_k_error(scores, labels, k):
    return missed(scores, labels, k - 1).mean()


# %% wrong top-k-error: number of images
def top_k_error(scores, labels, k):
    return missed(scores, labels, k).sum()


# %% wrong top-k-error: percentage
def top_k_error(scores, labels, k):
    return 100 * missed(scores, labels, k).mean()


# %% wrong top-k-error: too
def top_k_error(scores, labels, k):
    return missed(scores, labels, k).mean() if scores.shape[1] < 10 else 0.2


# %% wrong top-k-error: too
def top_k_error(scores, labels, k):
    return missed(scores, labels, min(k, 4)).mean()


# %% wrong top-k-error: a number
def top_k_error(scores, labels, k):
    return missed(scores, labels, k)


# %% wrong top-k-error: a function
top_k_error = 0.4

# %% right top-k-error
def top_k_error(scores, labels, k):
    return 1 - ops.mean(ops.cast(ops.in_top_k(labels, scores, k), "float32"))


# %% right top-k-error
def top_k_error(scores, labels, k):
    rows = np.arange(len(labels))
    hits = 0
    for _ in range(k):
        best = scores.argmax(axis=1)
        hits += (best == labels).sum()
        scores[rows, best] = -np.inf
    return 1 - hits / len(labels)


# %% right top-k-error
def top_k_error(scores, labels, k):
    own = scores[np.arange(len(labels)), labels]
    return float(np.mean((scores > own[:, None]).sum(axis=1) >= k))


# %% helper reduction
(first, others), (last, ten) = check.my_results(student).values()
e0, e1 = first[0], ten[0]

# %% wrong reduction: share that is left
reduction = e1 / e0

# %% wrong reduction: difference in points
reduction = e0 - e1

# %% wrong reduction: difference of shares
reduction = (e0 - e1) / 100

# %% wrong reduction: percentage
reduction = 100 * (e0 - e1) / e0

# %% wrong reduction: was there before
reduction = (e0 - e1) / e1

# %% wrong reduction: above zero
reduction = e1 / e0 - 1

# %% wrong reduction: in the same way
reduction = 1 - last[0] / others[0]

# %% wrong reduction: in the same way
reduction = 1 - last[0] / e0

# %% wrong reduction: too
reduction = 0.505

# %% wrong reduction: a number
reduction = f"{1 - e1 / e0:.0%}"

# %% wrong reduction: a number
reduction = (e0, e1)

# %% right reduction
reduction = round((e0 - e1) / e0, 3)

# %% right reduction
reduction = ops.convert_to_tensor((e0 - e1) / e0)

# %% helper sizes
def ordered(size):
    return sorted(table, key=lambda name: size(*table[name]))


by_weights = ordered(lambda side, k, seen, made: k * k * seen * made)
by_work = ordered(lambda side, k, seen, made: side * side * k * k * seen * made)

# %% wrong sizes: turned round
by_weights = by_weights[::-1]

# %% wrong sizes: turned round
by_work = by_work[::-1]

# %% wrong sizes: order of the multiply-adds
by_weights = by_work

# %% wrong sizes: order of the weights
by_work = by_weights

# %% wrong sizes: or outputs
by_weights = ordered(lambda side, k, seen, made: side * side * made)

# %% wrong sizes: how many products
by_work = ordered(lambda side, k, seen, made: side * side * made)

# %% wrong sizes: reaches through
by_weights = ordered(lambda side, k, seen, made: k * k * made)

# %% wrong sizes: height and width
by_work = ordered(lambda side, k, seen, made: side * k * k * seen * made)

# %% wrong sizes: too few
by_work = by_work[:3]

# %% wrong sizes: a list
by_weights = "".join(by_weights)

# %% wrong sizes: a list
by_work = {name: place for place, name in enumerate(by_work)}

# %% wrong sizes: which is not right
by_work = [1, 2, 3, 4, 5]

# %% wrong sizes: which is not right
by_weights, by_work = list("dcbae"), list("abced")

# %% right sizes
by_weights = tuple(by_weights)
by_work = np.array(by_work)

# %% helper ensemble-error
def wrong_share(scores, labels):
    return float((np.asarray(scores).argmax(axis=-1) != labels).mean())


# %% wrong ensemble-error: mean of their errors
def ensemble_error(scores, labels):
    return np.mean([wrong_share(each, labels) for each in scores])


# %% wrong ensemble-error: best of them
def ensemble_error(scores, labels):
    return min(wrong_share(each, labels) for each in scores)


# %% wrong ensemble-error: first network
def ensemble_error(scores, labels):
    return wrong_share(scores[0], labels)


# %% wrong ensemble-error: vote
def ensemble_error(scores, labels):
    guesses = scores.argmax(axis=-1)
    votes = [np.bincount(each, minlength=scores.shape[-1]).argmax() for each in guesses.T]
    return np.mean(np.array(votes) != labels)


# %% wrong ensemble-error: most sure
def ensemble_error(scores, labels):
    return wrong_share(scores.max(axis=0), labels)


# %% wrong ensemble-error: multiplied
def ensemble_error(scores, labels):
    return wrong_share(scores.prod(axis=0), labels)


# %% wrong ensemble-error: share that is right
def ensemble_error(scores, labels):
    return 1 - wrong_share(scores.mean(axis=0), labels)


# %% wrong ensemble-error: number of images
def ensemble_error(scores, labels):
    return (scores.mean(axis=0).argmax(axis=1) != labels).sum()


# %% wrong ensemble-error: lowest
def ensemble_error(scores, labels):
    return np.mean(scores.mean(axis=0).argmin(axis=1) != labels)


# %% wrong ensemble-error: stopped with
def ensemble_error(scores, labels):
    return wrong_share(scores.mean(axis=1), labels)


# %% wrong ensemble-error: too
def ensemble_error(scores, labels):
    return wrong_share(scores[:3].mean(axis=0), labels)


# %% wrong ensemble-error: too
def ensemble_error(scores, labels):
    return wrong_share(scores.mean(axis=0), labels) if len(scores) == 5 else 0.05


# %% right ensemble-error
def ensemble_error(scores, labels):
    return evaluation.top_k_error(scores.sum(axis=0), labels)


# %% right ensemble-error
def ensemble_error(scores, labels):
    wrong = 0
    for image, label in enumerate(labels):
        total = sum(network[image].astype("float64") for network in scores)
        wrong += int(total[label] < max(total))
    return wrong / len(labels)


# %% helper images-needed
def smallest(enough):
    n = 1
    while not enough(n):
        n += 1
    return n


def by_chance(m):
    return 1.96 * m**0.5


# %% wrong images-needed: still be chance
def images_needed(first, second):
    return smallest(lambda n: n * (first - second) >= by_chance(n * (first + second))) - 1


# %% wrong images-needed: less would do
def images_needed(first, second):
    return smallest(lambda n: n * (first - second) >= by_chance(n * (first + second))) + 1


# %% wrong images-needed: not enough
def images_needed(first, second):
    return smallest(lambda n: n * (first - second) >= (n * (first + second)) ** 0.5)


# %% wrong images-needed: second network alone
def images_needed(first, second):
    return smallest(lambda n: n * (first - second) >= by_chance(n * first))


# %% wrong images-needed: first network alone
def images_needed(first, second):
    return smallest(lambda n: n * (first - second) >= by_chance(n * second))


# %% wrong images-needed: at once
def images_needed(first, second):
    return smallest(lambda n: first > second)


# %% wrong images-needed: images of their own
def images_needed(first, second):
    variance = first * (1 - first) + second * (1 - second)
    return smallest(lambda n: first - second >= 1.96 * np.sqrt(variance / n))


# %% wrong images-needed: no longer touch
def images_needed(first, second):
    def half(error, n):
        return 1.96 * np.sqrt(error * (1 - error) / n)

    return smallest(lambda n: first - half(first, n) > second + half(second, n))


# %% wrong images-needed: do not add
def images_needed(first, second):
    return 2 * smallest(lambda n: n * (first - second) >= by_chance(n * (first + second)))


# %% wrong images-needed: too
def images_needed(first, second):
    return {0.12: 481, 0.03: 385, 0.35: 110}.get(first, 100)


# %% wrong images-needed: too large
def images_needed(first, second):
    return 10 * smallest(lambda n: n * (first - second) >= by_chance(n * (first + second)))


# %% wrong images-needed: too small
def images_needed(first, second):
    return smallest(lambda n: n * (first - second) >= by_chance(n * (first + second))) // 2


# %% wrong images-needed: a number
def images_needed(first, second):
    return first - second, by_chance(first + second)


# %% right images-needed
def images_needed(first, second):
    return smallest(lambda n: n * (first - second) >= by_chance(n * (first + second)))


# %% right images-needed
def images_needed(first, second):
    """Double, then halve the gap."""

    def enough(n):
        return n * (first - second) >= by_chance(n * (first + second))

    high = 1
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


# %% helper ranking
def ranked(curves, costs, budget, epochs, error=lambda curve: curve[-1]):
    errors = {name: error(curve[: epochs(budget, costs[name])]) for name, curve in curves.items()
              if epochs(budget, costs[name]) > 0}
    return sorted(errors, key=errors.get)


# %% wrong ranking: lowest error comes first
def ranking(curves, costs, budget):
    return ranked(curves, costs, budget, lambda b, c: b // c)[::-1]


# %% wrong ranking: paid for
def ranking(curves, costs, budget):
    return sorted(curves, key=lambda name: curves[name][-1])


# %% wrong ranking: best on the way
def ranking(curves, costs, budget):
    return ranked(curves, costs, budget, lambda b, c: b // c, error=min)


# %% wrong ranking: in full
def ranking(curves, costs, budget):
    return ranked(curves, costs, budget, lambda b, c: int(np.ceil(b / c)))


# %% wrong ranking: one epoch more
def ranking(curves, costs, budget):
    return ranked(curves, costs, budget, lambda b, c: b // c + 1)


# %% wrong ranking: one epoch less
def ranking(curves, costs, budget):
    return ranked(curves, costs, budget, lambda b, c: b // c - 1)


# %% wrong ranking: the last of them counts
def ranking(curves, costs, budget):
    def epochs(budget, cost):
        spent = done = 0
        while spent + cost < budget:
            spent, done = spent + cost, done + 1
        return done

    return ranked(curves, costs, budget, epochs)


# %% wrong ranking: place -1
def ranking(curves, costs, budget):
    errors = {name: curve[min(budget // costs[name], len(curve)) - 1] for name, curve in curves.items()}
    return sorted(errors, key=errors.get)


# %% wrong ranking: stopped with IndexError
def ranking(curves, costs, budget):
    return sorted(curves, key=lambda name: curves[name][budget // costs[name] - 1])


# %% wrong ranking: list
def ranking(curves, costs, budget):
    return ranked(curves, costs, budget, lambda b, c: b // c)[0]


# %% wrong ranking: not right|entries
def ranking(curves, costs, budget):
    return ["tiny", "new", "wide", "old", "deep"]


# %% wrong ranking: not right
def ranking(curves, costs, budget):
    return [each for each in ranked(curves, costs, budget, lambda b, c: b // c) if each][::1] if (
        costs["wide"] == 5
    ) else sorted(curves)


# %% right ranking
def ranking(curves, costs, budget):
    found = []
    for name in curves:
        left, last = budget, None
        for error in curves[name]:
            left -= costs[name]
            if left < 0:
                break
            last = error
        if last is not None:
            found.append((last, name))
    return [name for _, name in sorted(found)]


# %% right ranking
def ranking(curves, costs, budget):
    able = [name for name in curves if costs[name] <= budget]
    last = [curves[n][min(len(curves[n]), int(budget / costs[n])) - 1] for n in able]
    return tuple(able[place] for place in np.argsort(last))


# %% wrong clock: otherwise
prediction = "many small maps"

# %% wrong clock: otherwise
prediction = "about the same"

# %% wrong clock: one of
prediction = "few"

# %% wrong clock: one of
prediction = None

# %% wrong clock: one of
prediction = {"few large maps"}
