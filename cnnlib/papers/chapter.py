"""What the source chapter this book follows prints, and what its Keras form of LeNet-5 comes to."""

from dataclasses import dataclass

from cnnlib.papers import Fact, Paper
from cnnlib.papers.lecun1998 import LECUN1998

# Layer of the Keras form: output shape, parameters, multiply-adds.
_LENET = {
    "c1": ((28, 28, 6), 156, 117_600),
    "s2": ((14, 14, 6), 0, 0),
    "c3": ((10, 10, 16), 2_416, 240_000),
    "s4": ((5, 5, 16), 0, 0),
    "c5": ((1, 1, 120), 48_120, 48_000),
    "flatten": ((120,), 0, 0),
    "f6": ((84,), 10_164, 10_080),
    "output": ((10,), 850, 840),
}

CHAPTER = Paper(
    citation="chapter",
    title="Advanced CNN architectures",
    facts={
        "lenet_layers": Fact(
            _LENET, "figure 5.5", "computed", "shape, parameters, multiply-adds of each layer"
        ),
        "lenet_parameters": Fact(61_706, "figure 5.5", "computed", "parameters of the Keras form"),
        "lenet_multiply_adds": Fact(416_520, "figure 5.5", "computed", "multiply-adds of the Keras form"),
        "lenet_extra_parameters": Fact(
            {"c3": 900, "output": 850, "subsampling": -44},
            "figure 5.5",
            "computed",
            "parameters more than in the network of 1998",
        ),
        "lenet_weight_layers": Fact(5, "LeNet-5", "computed", "layers with weights in the Keras form"),
        "lenet_passes": Fact(20, "LeNet-5, hyperparameters", "computed", "epochs"),
        # Its lr_schedule compares a 0-based epoch with <=, and one of the paper's five rates is missing.
        "lenet_schedule": Fact(
            ((0.0005, 3), (0.0002, 3), (0.00005, 4), (0.00001, 10)),
            "LeNet-5, hyperparameters",
            "computed",
            "rate and epochs it holds for, when Keras calls the printed function",
        ),
    },
)


@dataclass(frozen=True)
class Erratum:
    """A statement of the chapter that does not hold, what does, and how a reader can tell."""

    number: int
    says: str
    right: str
    check: str


_PAPER = LECUN1998.facts
_S2, _C3, _S4 = (LECUN1998["layer_table"][name][1] for name in ("s2", "c3", "s4"))
_PHASES = ", ".join(f"{rate:g} ({passes})" for rate, passes in LECUN1998["schedule"])
_PRINTED = ", ".join(f"{rate:g} ({epochs})" for rate, epochs in CHAPTER["lenet_schedule"])

ERRATA = (
    Erratum(
        1,
        f"{CHAPTER['lenet_weight_layers']} layers with weights gave LeNet-5 its name.",
        f"The paper counts {LECUN1998['layers']} layers besides the input, with parameters or fixed codes. "
        "The 5 is most likely a version: LeNet-1 and LeNet-4 came before.",
        "Paper, section II-B",
    ),
    Erratum(
        2,
        "Pooling layers hold no weights.",
        f"True of today's. S2 and S4 of LeNet-5 hold {_S2} and {_S4}.",
        "`audit.table(models.LeNet5Original())`",
    ),
    Erratum(
        3,
        "Three convolutions and two dense layers; later, three dense layers of 120, 84 and 10.",
        "C5, with 120 maps, is a convolution in the paper; the dense layers are F6 and the output.",
        "Paper, section II-B",
    ),
    Erratum(
        4,
        "The network ends in a softmax.",
        "It ends in ten Euclidean RBF units with fixed codes; the softmax is a later substitute. The "
        "squashing function also follows S2 and S4.",
        "Paper, section II-B",
    ),
    Erratum(
        5,
        "The activation is tanh, with outputs between -1 and 1.",
        f"It is {LECUN1998['squash_amplitude']} tanh(2x/3), between -{LECUN1998['squash_amplitude']} and "
        f"{LECUN1998['squash_amplitude']}; only f(1) = 1.",
        "Paper, appendix A; `layers.scaled_tanh`",
    ),
    Erratum(6, "C5 has 120 layers.", "C5 is one layer of 120 maps.", "`audit.table(models.LeNet5())`"),
    Erratum(
        7,
        "A pooling layer stands after each convolution.",
        "After C1 and C3 only.",
        "The chapter's own listing",
    ),
    Erratum(
        8,
        "S2 and S4 take the average.",
        "They take the sum, times a trained coefficient, plus a trained bias, squashed.",
        "`layers.TrainableSubsampling`",
    ),
    Erratum(
        9,
        f"(Nothing on how C3 is connected; its count is {CHAPTER['lenet_layers']['c3'][1]:,}.)",
        f"In the paper each map of C3 sees some maps of S2: {LECUN1998['c3_links']} links, {_C3:,} "
        "parameters. "
        f"This, the softmax and the subsampling make up the difference between "
        f"{CHAPTER['lenet_parameters']:,} and {LECUN1998['parameters']:,}.",
        "Paper, table I; the bridge in the section on LeNet-5",
    ),
    Erratum(
        10,
        "The rate takes four values.",
        f"It takes {len(LECUN1998['schedule'])}: {_PHASES}, each with the passes it holds for.",
        f"Paper, {_PAPER['schedule'].where}; `recipe.lr_schedule`",
    ),
    Erratum(
        11,
        "The printed schedule function, called by Keras.",
        "Keras counts epochs from 0, so the comparisons with <= hold the first phase an epoch too long: "
        f"{_PRINTED}.",
        "`papers.chapter`, `lenet_schedule`",
    ),
    Erratum(
        12,
        "Those values are the learning rate.",
        "Each is the numerator of a step of its own for every weight, eps / (mu + h), with one digit per "
        "update. As rates of plain gradient descent they hardly train the network.",
        "Paper, appendix C; the records of `lenet5_chapter`",
    ),
)
