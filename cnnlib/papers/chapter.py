"""What the source chapter this book follows prints, and what its Keras form of LeNet-5 comes to."""

from cnnlib.papers import Fact, Paper

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
