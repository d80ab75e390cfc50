# What students answer. Each cell stands for the answer cell of a question: wrong ones with a word that the
# check's message must hold, right ones that are written in another way than the master's.

# %% wrong verify: other hashes
def verify(path, expected):
    found = hashlib.md5(Path(path).read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(f"{path}: {expected} {found}")


# %% wrong verify: relatives
def verify(path, expected):
    found = hashlib.sha512(Path(path).read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(f"{found} in place of {expected} in {path}")


# %% wrong verify: not its name
def verify(path, expected):
    found = hashlib.sha256(str(path).encode()).hexdigest()
    if found != expected:
        raise ValueError(f"{found} in place of {expected} in {path}")


# %% wrong verify: bytes
def verify(path, expected):
    found = hashlib.sha256(Path(path).read_text("utf-8").encode()).hexdigest()
    if found != expected:
        raise ValueError(f"{found} in place of {expected} in {path}")


# %% wrong verify: raise an error
def verify(path, expected):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() == expected


# %% wrong verify: whole file
def verify(path, expected):
    known = verify.__dict__.setdefault("known", Path(path).read_bytes()[:4096])
    if Path(path).read_bytes()[:4096] != known:
        raise ValueError(f"{path} {expected} {hashlib.sha256(Path(path).read_bytes()).hexdigest()}")


# %% wrong verify: hash found is missing
def verify(path, expected):
    if hashlib.sha256(Path(path).read_bytes()).hexdigest() != expected:
        raise ValueError(f"{path} is not the file with {expected}")


# %% wrong verify: hash expected is missing
def verify(path, expected):
    found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(f"{path} has {found}")


# %% wrong verify: the file is missing
def verify(path, expected):
    found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    if found != expected:
        raise ValueError(f"found {found}, expected {expected}")


# %% wrong verify: AssertionError
def verify(path, expected):
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == expected, path


# %% wrong verify: last digit
def verify(path, expected):
    found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    if found[:8] != expected[:8]:
        raise ValueError(f"{path}: {expected} {found}")


# %% wrong verify: true copy
def verify(path, expected):
    raise ValueError(f"{path}: {expected}")


# %% wrong verify: TypeError
def verify(path):
    return path


# %% wrong verify: a function
verify = True


# %% right verify
def verify(path, expected):
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(4096):
            total.update(part)
    if total.hexdigest().lower() != expected.lower():
        message = "The file %s should have the hash %s and has %s: download it again."
        raise ValueError(message % (path, expected, total.hexdigest()))
    return True


# %% right verify
class BrokenFile(ValueError):
    pass


def verify(path, expected):
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found == expected:
        return
    raise BrokenFile("\n".join([Path(path).name, expected, found]))


# %% helper count
def decodes(path):
    try:
        with Image.open(path) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def classes_in(folder):
    return [each for each in Path(folder).iterdir() if each.is_dir() and each.name[0] != "."]


# %% wrong count: Every file
def count_pictures(folder):
    return {each.name: len(list(each.iterdir())) for each in classes_in(folder)}


# %% wrong count: Not every file
def count_pictures(folder):
    import glob
    import os

    return {
        each.name: sum(os.path.isfile(path) for path in glob.glob(f"{each}/*")) for each in classes_in(folder)
    }


# %% wrong count: no picture yet
def count_pictures(folder):
    ends = (".jpg", ".jpeg", ".png")
    return {
        each.name: sum(p.suffix.lower() in ends and p.name[0] != "." for p in each.iterdir())
        for each in classes_in(folder)
    }


# %% wrong count: capitals
def count_pictures(folder):
    ends = (".jpg", ".jpeg", ".png")
    return {
        each.name: sum(p.suffix in ends and p.name[0] != "." for p in each.iterdir())
        for each in classes_in(folder)
    }


# %% wrong count: never decoded
def count_pictures(folder):
    def opens(path):
        try:
            Image.open(path)
        except OSError:
            return False
        return path.name[0] != "."

    return {each.name: sum(map(opens, each.iterdir())) for each in classes_in(folder)}


# %% wrong count: such files
def count_pictures(folder):
    return {each.name: sum(map(decodes, each.iterdir())) for each in classes_in(folder)}


# %% wrong count: such folders
def count_pictures(folder):
    return {
        each.name: sum(decodes(path) for path in each.iterdir() if path.name[0] != ".")
        for each in Path(folder).iterdir()
        if each.is_dir()
    }


# %% wrong count: files or folders
def count_pictures(folder):
    return {each.name: sum(map(decodes, each.iterdir())) for each in Path(folder).iterdir() if each.is_dir()}


# %% wrong count: folder within
def count_pictures(folder):
    return {
        each.name: sum(decodes(path) for path in each.rglob("*") if path.name[0] != ".")
        for each in classes_in(folder)
    }


# %% wrong count: left out
def count_pictures(folder):
    found = {}
    for each in classes_in(folder):
        for path in each.iterdir():
            if path.name[0] != "." and decodes(path):
                found[each.name] = found.get(each.name, 0) + 1
    return found


# %% wrong count: UnidentifiedImageError|OSError
def count_pictures(folder):
    return {
        each.name: len([Image.open(path).load() for path in each.iterdir() if path.is_file()])
        for each in classes_in(folder)
    }


# %% wrong count: should be a dict
def count_pictures(folder):
    return sum(len(list(each.iterdir())) for each in classes_in(folder))


# %% wrong count: too
def count_pictures(folder):
    return {"cat": 8, "dog": 6, "newt": 5, "toad": 0}


# %% right count
def count_pictures(folder):
    found = {each.name: 0 for each in classes_in(folder)}
    for path in Path(folder).glob("[!.]*/[!.]*"):
        found[path.parent.name] += path.is_file() and decodes(path)
    return found


# %% right count
def count_pictures(folder):
    import os
    from collections import Counter

    found = Counter()
    for name in sorted(os.listdir(folder)):
        place = os.path.join(folder, name)
        if name.startswith(".") or not os.path.isdir(place):
            continue
        found[name] = 0
        for file in os.listdir(place):
            try:
                np.asarray(Image.open(os.path.join(place, file)))
            except Exception:
                continue
            found[name] += not file.startswith(".")
    return found


# %% wrong flattered: with the copies
error = wrong / pictures

# %% wrong flattered: between zero and one
error = 100 * wrong / (pictures - copies)

# %% wrong flattered: gets right
error = 1 - wrong / (pictures - copies)

# %% wrong flattered: answered rightly
error = (wrong - copies) / (pictures - copies)

# %% wrong flattered: not added
error = wrong / (pictures + copies)

# %% wrong flattered: no mistakes
error = (wrong + copies) / pictures

# %% wrong flattered: not a number of pictures
error = wrong

# %% wrong flattered: too
error = 71 / 4000

# %% wrong flattered: should be a number
error = f"{wrong / (pictures - copies):.1%}"

# %% right flattered
error = np.float32(wrong) / np.float32(pictures - copies)

# %% right flattered
error = round(wrong / pictures * pictures / (pictures - copies), 4)


# %% helper twins
def likeness_of(pictures):
    rows = np.asarray(pictures, "float64").reshape(len(pictures), -1)
    return np.corrcoef(rows)


def above(likeness, border, start=1):
    size = len(likeness)
    return [(i, j) for i in range(size) for j in range(i + start, size) if likeness[i, j] > border]


# %% wrong twins: like itself
def twins(pictures, border):
    return above(likeness_of(pictures), border - 1e-9, start=0)


# %% wrong twins: twice, in both
def twins(pictures, border):
    pairs = above(likeness_of(pictures), border)
    return pairs + [(j, i) for i, j in pairs]


# %% wrong twins: with itself
def twins(pictures, border):
    return np.argwhere(likeness_of(pictures) > border)


# %% wrong twins: smaller place
def twins(pictures, border):
    return [(j, i) for i, j in above(likeness_of(pictures), border)]


# %% wrong twins: take the mean away
def twins(pictures, border):
    rows = pictures.reshape(len(pictures), -1).astype(float)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return above(rows @ rows.T, border)


# %% wrong twins: own
def twins(pictures, border):
    rows = pictures.reshape(len(pictures), -1).astype(float)
    rows -= rows.mean(axis=0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return above(rows @ rows.T, border)


# %% wrong twins: nearly equal ones are missing
def twins(pictures, border):
    count = len(pictures)
    return [(i, j) for i in range(count) for j in range(i + 1, count) if (pictures[i] == pictures[j]).all()]


# %% wrong twins: length one
def twins(pictures, border):
    rows = pictures.reshape(len(pictures), -1).astype(float)
    rows -= rows.mean(axis=1, keepdims=True)
    return above(rows @ rows.T, border)


# %% wrong twins: uint8
def twins(pictures, border):
    rows = pictures.reshape(len(pictures), -1)
    rows = (rows - rows.mean(axis=1, keepdims=True)).astype("uint8").astype(float)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return above(rows @ rows.T, border)


# %% wrong twins: missing
def twins(pictures, border):
    return [(2, 3), (1, 7)]


# %% wrong twins: missing
def twins(pictures, border):
    return []


# %% wrong twins: UFunc
def twins(pictures, border):
    rows = pictures.reshape(len(pictures), -1)
    rows -= rows.mean(axis=1, keepdims=True)
    return above(rows @ rows.T, border)


# %% wrong twins: pairs of places
def twins(pictures, border):
    return [place for pair in above(likeness_of(pictures), border) for place in pair]


# %% wrong twins: more than once
def twins(pictures, border):
    return above(likeness_of(pictures), border) * 2


# %% right twins
def twins(pictures, border):
    return set(above(likeness_of(pictures), border))


# %% right twins
def twins(pictures, border):
    from itertools import combinations

    found = []
    for (i, one), (j, two) in combinations(enumerate(pictures.astype("float32")), 2):
        one, two = one - one.mean(), two - two.mean()
        if (one * two).sum() / np.sqrt((one**2).sum() * (two**2).sum()) > border:
            found.append([i, j])
    return found


# %% wrong split: both sides
def split(patients, share, seed):
    return np.random.default_rng(seed).random(len(patients)) < share


# %% wrong split: both sides
def split(patients, share, seed):
    place = np.random.default_rng(seed).permutation(len(patients))
    return place < round(share * len(patients))


# %% wrong split: other seeds
def split(patients, share, seed):
    people = np.unique(patients)
    return np.isin(patients, people[: round(share * len(people))])


# %% wrong split: same seed
def split(patients, share, seed):
    people = np.unique(patients)
    return np.isin(patients, np.random.permutation(people)[: round(share * len(people))])


# %% wrong split: not those to learn from
def split(patients, share, seed):
    people = np.unique(patients)
    drawn = np.random.default_rng(seed).permutation(people)[: round(share * len(people))]
    return ~np.isin(patients, drawn)


# %% wrong split: one of the pictures|of the patients
def split(patients, share, seed):
    chosen = []
    for person in np.random.default_rng(seed).permutation(np.unique(patients)):
        if np.isin(patients, chosen).sum() < share * len(patients):
            chosen.append(person)
    return np.isin(patients, chosen)


# %% wrong split: too many
def split(patients, share, seed):
    people = np.unique(patients)
    number = int(np.ceil(share * len(people)))
    return np.isin(patients, np.random.default_rng(seed).permutation(people)[:number])


# %% wrong split: Nobody is left
def split(patients, share, seed):
    return np.zeros(len(patients), bool)


# %% wrong split: one boolean for each
def split(patients, share, seed):
    people = np.unique(patients)
    return np.random.default_rng(seed).permutation(people)[: round(share * len(people))]


# %% wrong split: other seeds
def split(patients, share, seed):
    people = np.unique(patients)
    return np.isin(patients, np.random.default_rng(0).permutation(people)[: round(share * len(people))])


# %% wrong split: True or False
def split(patients, share, seed):
    return np.random.default_rng(seed).random(len(patients))


# %% right split
def split(patients, share, seed):
    import random

    people = sorted(set(patients.tolist()))
    drawn = set(random.Random(seed).sample(people, round(share * len(people))))
    return [person in drawn for person in patients.tolist()]


# %% right split
def split(patients, share, seed):
    people, which = np.unique(patients, return_inverse=True)
    place = np.random.RandomState(seed).permutation(len(people))
    return place[which] < int(share * len(people) + 0.5)


# %% helper doubtful
def usual_of(probabilities, labels):
    count = probabilities.shape[1]
    return np.array([probabilities[labels == name, name].mean() for name in range(count)])


def by_thresholds(probabilities, labels, thresholds):
    found = []
    for place, row in enumerate(probabilities):
        reached = [name for name in range(len(row)) if row[name] >= thresholds[name]]
        if reached and max(reached, key=lambda name: row[name]) != labels[place]:
            found.append(place)
    return found


# %% wrong doubtful: sure is sure
def doubtful(probabilities, labels):
    return np.flatnonzero(probabilities.argmax(axis=1) != labels)


# %% wrong doubtful: no threshold is reached
def doubtful(probabilities, labels):
    passed = np.where(probabilities >= usual_of(probabilities, labels), probabilities, -1)
    return np.flatnonzero(passed.argmax(axis=1) != labels)


# %% wrong doubtful: of its own
def doubtful(probabilities, labels):
    own = probabilities[np.arange(len(labels)), labels].mean()
    return by_thresholds(probabilities, labels, [own] * probabilities.shape[1])


# %% wrong doubtful: habit
def doubtful(probabilities, labels):
    return by_thresholds(probabilities, labels, [0.5] * probabilities.shape[1])


# %% wrong doubtful: not over all
def doubtful(probabilities, labels):
    return by_thresholds(probabilities, labels, probabilities.mean(axis=0))


# %% wrong doubtful: anything else
def doubtful(probabilities, labels):
    own = probabilities[np.arange(len(labels)), labels]
    return np.flatnonzero(own < usual_of(probabilities, labels)[labels])


# %% wrong doubtful: among those that reached
def doubtful(probabilities, labels):
    usual, guess = usual_of(probabilities, labels), probabilities.argmax(axis=1)
    return np.flatnonzero((guess != labels) & (probabilities.max(axis=1) >= usual[guess]))


# %% wrong doubtful: not doubtful
def doubtful(probabilities, labels):
    found = by_thresholds(probabilities, labels, usual_of(probabilities, labels))
    return [place for place in range(len(labels)) if place not in found]


# %% wrong doubtful: booleans
def doubtful(probabilities, labels):
    found = by_thresholds(probabilities, labels, usual_of(probabilities, labels))
    return np.isin(np.arange(len(labels)), found)


# %% wrong doubtful: missing|not be there
def doubtful(probabilities, labels):
    usual = [probabilities[labels == name, name].mean() for name in range(3)]
    return by_thresholds(probabilities[:, :3], labels, usual)


# %% wrong doubtful: whole numbers
def doubtful(probabilities, labels):
    return probabilities


# %% right doubtful
def doubtful(probabilities, labels):
    return by_thresholds(probabilities, labels, usual_of(probabilities, labels))


# %% right doubtful
def doubtful(probabilities, labels):
    from keras import ops

    one_hot = np.eye(probabilities.shape[1])[labels]
    usual = (probabilities * one_hot).sum(axis=0) / one_hot.sum(axis=0)
    passed = ops.where(probabilities >= usual, probabilities, -1.0)
    reached = ops.convert_to_numpy(ops.max(passed, axis=1)) > 0
    others = ops.convert_to_numpy(ops.argmax(passed, axis=1)) != labels
    return set(np.flatnonzero(reached & others).tolist())


# %% wrong memory: otherwise
prediction = "nearest mean"

# %% wrong memory: otherwise
prediction = "both the same"

# %% wrong memory: one of
prediction = "neighbour"

# %% wrong memory: one of
prediction = ["nearest neighbour"]

# %% wrong memory: one of
prediction = 1
