"""Yosinski, Clune, Bengio, Lipson: How Transferable Are Features in Deep Neural Networks? (2014).

Also what others published on the rates of layers that were trained before.
"""

from cnnbook.papers import Fact, Paper

_SETUP = {
    "layers": Fact(8, "section 3", "read", "layers with weights, those of AlexNet"),
    "copied": Fact("1 to 7", "section 3", "read", "first layers that are copied, n"),
    "classes": Fact(1000, "section 3", "read", "classes of ImageNet, before they are split"),
    "half": Fact(500, "section 3", "read", "classes of each half, A and B, drawn at random"),
    "images_of_half": Fact(645_000, "section 3", "read", "training images of each half, roughly"),
    "updates": Fact(450_000, "supplement", "read", "updates of each training"),
    "man_made": Fact(551, "section 4.2", "read", "classes of the second split that are man-made"),
    "natural": Fact(449, "section 4.2", "read", "classes of the second split that are natural"),
    "frozen": Fact("AnB, BnB", "section 3", "read", "networks whose copied layers are frozen"),
    "fine_tuned": Fact("AnB+, BnB+", "section 3", "read", "networks whose copied layers learn on"),
}

_RESULTS = {
    "base_accuracy": Fact(62.5, "section 4.1", "read", "top-1 accuracy, %: 500 classes, no transfer"),
    "base_error": Fact(37.5, "section 4.1", "read", "top-1 error, %: 500 classes, no transfer"),
    "error_1000": Fact(42.5, "section 4.1", "read", "top-1 error, %: all 1000 classes"),
    "co_adapted": Fact(
        "3 to 6", "section 4.1", "read", "n at which BnB falls below the base, though the task is the same"
    ),
    "most_co_adapted": Fact("4, 5", "section 4.1", "read", "n at which BnB falls furthest"),
    "transfers_well": Fact("1, 2", "section 4.1", "read", "n at which AnB loses almost nothing"),
    "transfers_worse": Fact("4 to 7", "section 4.1", "read", "n at which AnB clearly loses"),
    "loss_by_co_adaptation": Fact(
        "3 to 5", "section 4.1", "read", "n at which AnB loses mostly by broken co-adaptation"
    ),
    "loss_by_specificity": Fact(
        "6, 7", "section 4.1", "read", "n at which AnB loses mostly because features are specific"
    ),
    "fine_tuned_drop": Fact(0, "section 4.1", "read", "points that BnB+ falls below the base"),
    "fine_tuned_gain": Fact(
        1.6, "section 4.1, table 1", "read", "points that AnB+ gains over the base, mean of n = 1 to 7"
    ),
    "fine_tuned_gain_high": Fact(
        2.1, "section 4.1, table 1", "read", "points that AnB+ gains over the base, mean of n = 5 to 7"
    ),
    "near_drop": Fact(8, "section 4.2", "read", "% lost at the last layer, frozen, between similar halves"),
    "far_drop": Fact(25, "section 4.2", "read", "% lost at the last layer, frozen, between unlike halves"),
    "random_to_chance": Fact(
        3, "section 4.3", "read", "n from which networks with n random, frozen layers come near chance"
    ),
    "far_against_random": Fact(
        "better", "section 4.3", "read", "features of an unlike task, against random filters"
    ),
}

_RATES = {
    "rcnn_divisor": Fact(
        10,
        "Girshick et al. 2014",
        "secondary",
        "what R-CNN divides the rate of its first training by, to fine-tune",
    ),
    "ulmfit_divisor": Fact(
        2.6,
        "Howard and Ruder 2018",
        "secondary",
        "what ULMFiT divides the rate by from each layer to the one below",
    ),
    "new_layer_factor": Fact(
        10, "Caffe's examples", "memory", "times as large a rate for a new layer as for pretrained ones"
    ),
}

YOSINSKI2014 = Paper(
    citation="yosinski2014",
    title="How Transferable Are Features in Deep Neural Networks?",
    facts={**_SETUP, **_RESULTS, **_RATES},
)
