# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% helper freeze
def counted(model):
    return [each for each in model.layers if type(each) in (layers.Conv2D, layers.Dense)]


def frozen_until(model, number, normalise=True):
    for each in model.layers:
        each.trainable = True
    names = [each.name for each in counted(model)[:number]]
    for each, after in zip(model.layers, [*model.layers[1:], None]):
        if each.name in names:
            each.trainable = False
            if normalise and isinstance(after, layers.BatchNormalization):
                after.trainable = False


# %% wrong freeze: rounded down
def freeze(model, share):
    frozen_until(model, int(share * (len(counted(model)) - 1)))


# %% wrong freeze: rounded up
def freeze(model, share):
    frozen_until(model, int(np.ceil(share * (len(counted(model)) - 1))))


# %% wrong freeze: classifier does not count
def freeze(model, share):
    frozen_until(model, round(share * len(counted(model))))


# %% wrong freeze: goes with the layer
def freeze(model, share):
    frozen_until(model, round(share * (len(counted(model)) - 1)), normalise=False)


# %% wrong freeze: averages move.*mode of batch
def freeze(model, share):
    frozen_until(model, round(share * (len(counted(model)) - 1)))
    for each in model.layers:
        if isinstance(each, layers.BatchNormalization) and not each.trainable:
            each.trainable = True
            for weight in each.trainable_weights:
                weight.trainable = False


# %% wrong freeze: begin at the image
def freeze(model, share):
    number = round(share * (len(counted(model)) - 1))
    stays = False
    where = [each.name for each in counted(model)[:-1]]
    where = where[len(where) - number :]
    for each in model.layers:
        if each in counted(model):
            stays = each.name in where
        each.trainable = not stays


# %% wrong freeze: classifier among them
def freeze(model, share):
    number = round(share * (len(counted(model)) - 1))
    names = [each.name for each in counted(model)][::-1][:number]
    stays = False
    for each in model.layers:
        if each in counted(model):
            stays = each.name in names
        each.trainable = not stays


# %% wrong freeze: without weights
def freeze(model, share):
    number = round(share * len(model.layers))
    for place, each in enumerate(model.layers):
        each.trainable = place >= number


# %% wrong freeze: normalisation does not count
def freeze(model, share):
    heavy = [each for each in model.layers if each.weights]
    for place, each in enumerate(heavy):
        each.trainable = place >= round(share * (len(heavy) - 1))


# %% wrong freeze: Nothing is frozen
def freeze(model, share):
    return model


# %% wrong freeze: earlier call
def freeze(model, share):
    left = round(share * (len(counted(model)) - 1))
    for each in model.layers:
        if each in counted(model):
            left -= 1
        if each.weights and left >= 0:
            each.trainable = False


# %% wrong freeze: after freeze
def freeze(model, share):
    frozen_until(model, {0.33: 2, 0.64: 3, 0.18: 1, 1.0: 5}.get(share, 0))


# %% wrong freeze: after freeze
def freeze(model, share):
    model.trainable = False


# %% wrong freeze: TypeError
def freeze(model):
    model.trainable = False


# %% wrong freeze: a function is asked for
freeze = 0.5


# %% right freeze
def freeze(model, share):
    frozen_until(model, round(share * (len(counted(model)) - 1)))
    return model


# %% right freeze
def freeze(model, share):
    number = int(share * (len(counted(model)) - 1) + 0.5)
    seen = 0
    for each in model.layers:
        if isinstance(each, layers.Conv2D | layers.Dense):
            seen += 1
        if seen <= number and not isinstance(each, layers.InputLayer):
            each.trainable = False
        else:
            each.trainable = True


# %% right freeze
def freeze(model, share):
    from cnnlib import transfer

    return transfer.freeze(model, share)


# %% wrong falling: list begins
rates = [rate / divisor**below for below in range(count)]

# %% wrong falling: factors
rates = [divisor**-below for below in range(count)][::-1]

# %% wrong falling: classifier is not divided
rates = [rate / divisor ** (below + 1) for below in range(count)][::-1]

# %% wrong falling: once more
rates = [rate / divisor] * (count - 1) + [rate]

# %% wrong falling: not multiplied
rates = [rate * divisor**below for below in reversed(range(count))]

# %% wrong falling: multiple
rates = [rate] + [rate / (divisor * below) for below in range(1, count)]
rates = rates[::-1]

# %% wrong falling: too few
rates = [rate / divisor**below for below in range(1, count)][::-1]

# %% wrong falling: list or a tuple
rates = rate

# %% wrong falling: entries|too
rates = check.my_rates("somebody else")
rates = [rates[0] / rates[1] ** below for below in range(rates[2])][::-1]

# %% wrong falling: should be a number
rates = [str(rate)] * count

# %% right falling
rates = rate * divisor ** np.arange(1 - count, 1, dtype="float32")

# %% right falling
rates = [rate]
while len(rates) < count:
    rates.insert(0, rates[0] / divisor)
rates = tuple(rates)

# %% wrong trap: mode as well
moved = {"layer frozen", "weights frozen", "rate of zero"}

# %% wrong trap: gradient
moved = {"rate of zero"}

# %% wrong trap: moving statistics
moved = {"weights frozen"}

# %% wrong trap: follows the batch
moved = {"weights frozen", "rate of zero", "no training"}

# %% wrong trap: mode is what
moved = {"weights frozen", "rate of zero", "mode of testing"}

# %% wrong trap: does not move anything
moved = set(ways)

# %% wrong trap: more to find
moved = set()

# %% wrong trap: none of the ways
moved = {"weights"}

# %% wrong trap: none of the ways
moved = [0, 1]

# %% wrong trap: set of names
moved = "weights frozen"

# %% right trap
moved = ["rate of zero", "weights frozen"]

# %% right trap
moved = (*[name for name in ways if "zero" in name or name.startswith("weights")],)


# %% helper report
def rates_at(scores, labels, threshold):
    found = np.sum((scores >= threshold) & (labels == 1)) / np.sum(labels == 1)
    left = np.sum((scores < threshold) & (labels == 0)) / np.sum(labels == 0)
    return found, left


# %% wrong report: equals the threshold
def report(scores, labels, threshold, prevalence):
    found, left = np.mean(scores[labels == 1] > threshold), np.mean(scores[labels == 0] <= threshold)
    return found, left, found * prevalence / (found * prevalence + (1 - left) * (1 - prevalence))


# %% wrong report: another prevalence
def report(scores, labels, threshold, prevalence):
    found, left = rates_at(scores, labels, threshold)
    return found, left, np.mean(labels[scores >= threshold])


# %% wrong report: Sensitivity first
def report(scores, labels, threshold, prevalence):
    found, left = rates_at(scores, labels, threshold)
    return left, found, found * prevalence / (found * prevalence + (1 - left) * (1 - prevalence))


# %% wrong report: share of the ill, and not
def report(scores, labels, threshold, prevalence):
    found, left = np.mean(labels[scores >= threshold]), 1 - np.mean(labels[scores < threshold])
    return found, left, found * prevalence / (found * prevalence + (1 - left) * (1 - prevalence))


# %% wrong report: left alone, not
def report(scores, labels, threshold, prevalence):
    found, left = rates_at(scores, labels, threshold)
    return found, 1 - left, found * prevalence / (found * prevalence + (1 - left) * (1 - prevalence))


# %% wrong report: Which of the healthy
def report(scores, labels, threshold, prevalence):
    found, left = rates_at(scores, labels, threshold)
    return found, left, found * prevalence / (found * prevalence + left * (1 - prevalence))


# %% wrong report: how many of them
def report(scores, labels, threshold, prevalence):
    found, left = rates_at(scores, labels, threshold)
    return found, left, found * prevalence / (found * prevalence + 1 - left)


# %% wrong report: Of whom
def report(scores, labels, threshold, prevalence):
    found, left = rates_at(scores, labels, threshold)
    return found, left, found * prevalence


# %% wrong report: missing
def report(scores, labels, threshold, prevalence):
    return rates_at(scores, labels, threshold)


# %% wrong report: is not right|too|at \[
def report(scores, labels, threshold, prevalence):
    found, left = rates_at(scores, labels, 5.0)
    return found, left, found * prevalence / (found * prevalence + (1 - left) * (1 - prevalence))


# %% wrong report: list or a tuple
def report(scores, labels, threshold, prevalence):
    return {"sensitivity": 1.0, "specificity": 1.0}


# %% right report
def report(scores, labels, threshold, prevalence):
    found, left = rates_at(scores, labels, threshold)
    people = 1000
    hits = people * prevalence * found
    alarms = people * (1 - prevalence) * (1 - left)
    return [found, left, hits / (hits + alarms)]


# %% right report
def report(scores, labels, threshold, prevalence):
    from keras import ops

    called = ops.cast(scores >= threshold, "float32")
    ill = ops.cast(labels, "float32")
    found = ops.sum(called * ill) / ops.sum(ill)
    alarmed = ops.sum(called * (1 - ill)) / ops.sum(1 - ill)
    odds = found / alarmed * prevalence / (1 - prevalence)
    return np.array([float(found), 1 - float(alarmed), float(odds / (1 + odds))])


# %% helper auc
def pairs(scores, labels):
    return [(a, b) for a in scores[labels == 1] for b in scores[labels == 0]]


# %% wrong auc: no win, but
def auc(scores, labels):
    return np.mean([a > b for a, b in pairs(scores, labels)])


# %% wrong auc: no loss, but
def auc(scores, labels):
    return np.mean([a >= b for a, b in pairs(scores, labels)])


# %% wrong auc: healthy one is ahead
def auc(scores, labels):
    return np.mean([(b > a) + (a == b) / 2 for a, b in pairs(scores, labels)])


# %% wrong auc: number of pairs
def auc(scores, labels):
    return sum((a > b) + (a == b) / 2 for a, b in pairs(scores, labels))


# %% wrong auc: how many such pairs
def auc(scores, labels):
    return sum((a > b) + (a == b) / 2 for a, b in pairs(scores, labels)) / len(scores) ** 2


# %% wrong auc: one threshold
def auc(scores, labels):
    return np.mean((scores >= 5) == labels)


# %% wrong auc: too
def auc(scores, labels):
    return 0.5


# %% wrong auc: too
def auc(scores, labels):
    known = {34: 0.79, 30: 0.8, 10: 0.7}
    return known[len(scores)]


# %% wrong auc: IndexError
def auc(scores, labels):
    return scores[:, 1].mean()


# %% right auc
def auc(scores, labels):
    return np.mean([(a > b) + (a == b) / 2 for a, b in pairs(scores, labels)])


# %% right auc
def auc(scores, labels):
    cuts = [np.inf, *sorted(set(scores.tolist()), reverse=True)]
    x = [np.mean(scores[labels == 0] >= cut) for cut in cuts]
    y = [np.mean(scores[labels == 1] >= cut) for cut in cuts]
    return sum((x[k + 1] - x[k]) * (y[k + 1] + y[k]) / 2 for k in range(len(x) - 1))


# %% right auc
def auc(scores, labels):
    from keras import ops

    ahead = ops.sign(ops.expand_dims(scores[labels == 1], 1) - ops.expand_dims(scores[labels == 0], 0))
    return ops.mean((ops.cast(ahead, "float32") + 1) / 2)


# %% wrong choose: everybody
def choose(scores, labels, sensitivity):
    return scores.min()


# %% wrong choose: not of all pictures
def choose(scores, labels, sensitivity):
    return np.quantile(scores, 1 - sensitivity)


# %% wrong choose: share of the healthy
def choose(scores, labels, sensitivity):
    return np.quantile(scores[labels == 0], sensitivity)


# %% wrong choose: share to miss
def choose(scores, labels, sensitivity):
    return np.quantile(scores[labels == 1], sensitivity)


# %% wrong choose: another rule
def choose(scores, labels, sensitivity):
    def both(cut):
        return np.mean(scores[labels == 1] >= cut) - np.mean(scores[labels == 0] >= cut)

    return max(sorted(set(scores.tolist()), reverse=True), key=both)


# %% wrong choose: other scale|habit
def choose(scores, labels, sensitivity):
    return 0.5


# %% wrong choose: were demanded
def choose(scores, labels, sensitivity):
    ill = np.sort(scores[labels == 1])[::-1]
    return ill[int(sensitivity * len(ill)) // 2]


# %% wrong choose: higher threshold
def choose(scores, labels, sensitivity):
    ill = np.sort(scores[labels == 1])[::-1]
    return ill[min(len(ill) - 1, int(sensitivity * len(ill)) + 1)]


# %% wrong choose: higher threshold|demanded
def choose(scores, labels, sensitivity):
    return {0.8: 2.4}.get(sensitivity, 1.9)


# %% wrong choose: should be a number
def choose(scores, labels, sensitivity):
    return np.flatnonzero(scores)


# %% wrong choose: inf
def choose(scores, labels, sensitivity):
    return np.inf


# %% right choose
def choose(scores, labels, sensitivity):
    ill = np.sort(scores[labels == 1])[::-1]
    return ill[int(np.ceil(sensitivity * len(ill) - 1e-9)) - 1]


# %% right choose
def choose(scores, labels, sensitivity):
    for cut in sorted(set(scores.tolist()), reverse=True):
        if np.sum(scores[labels == 1] >= cut) >= sensitivity * np.sum(labels == 1) - 1e-9:
            return cut


# %% right choose
def choose(scores, labels, sensitivity):
    from cnnlib import two_classes

    _, found, thresholds = two_classes.roc(scores, labels)
    return thresholds[found >= sensitivity - 1e-9][0] - 1e-6


# %% wrong lead: otherwise
prediction = "many pictures"

# %% wrong lead: otherwise
prediction = "both the same"

# %% wrong lead: one of
prediction = "few"

# %% wrong lead: one of
prediction = ["few pictures"]

# %% wrong lead: one of
prediction = True
