"""What the source chapter this book follows prints, what follows from it, and where it is wrong."""

from dataclasses import dataclass

from cnnlib.papers import Fact, Paper
from cnnlib.papers.krizhevsky2012 import KRIZHEVSKY2012
from cnnlib.papers.lecun1998 import LECUN1998
from cnnlib.papers.simonyan2015 import SIMONYAN2015

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

_LENET_FACTS = {
    "lenet_layers": Fact(_LENET, "figure 5.5", "computed", "shape, parameters, multiply-adds of each layer"),
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
}

_ALEXNET_FACTS = {
    "alexnet_million_parameters": Fact(60, "AlexNet", "read", "million parameters of AlexNet, roughly"),
    "alexnet_neurons": Fact(650_000, "AlexNet", "read", "units of AlexNet"),
    "alexnet_last_layer": Fact(
        7, "AlexNet, architecture", "read", "number of AlexNet's last layer, with pools numbered too"
    ),
    "alexnet_dense_layers": Fact(2, "AlexNet, dropout", "read", "dense layers of AlexNet"),
    "alexnet_l2": Fact(
        0.0005, "AlexNet, weight regularization", "read", "factor to give to Keras's L2 for AlexNet's decay"
    ),
    "alexnet_gpus": Fact(1, "AlexNet, multiple GPUs", "read", "GPUs AlexNet was trained on"),
    "alexnet_top5": Fact(15.3, "VGGNet, performance", "read", "top-5 error of AlexNet, %"),
    "alexnet_convolutions_before_pools": Fact(
        "1 or 2", "Inception", "read", "convolutions before each pool of AlexNet"
    ),
}

_VGG_FACTS = {
    "vgg_millions": Fact(
        {"A": 133, "A-LRN": 133, "B": 133, "C": 134, "D": 138, "E": 144},
        "table 5.1",
        "read",
        "million parameters of VGG",
    ),
    "vgg_more_dense_layers": Fact("yes", "VGGNet", "read", "VGG has more dense layers than AlexNet"),
    "vgg_networks": Fact(1, "VGGNet", "read", "networks that the name VGG stands for"),
    "vgg_pool_stride": Fact(1, "VGGNet", "read", "step of VGG's pools, in one place of two"),
    "vgg_inputs_at_stride_1": Fact(
        25_690_112, "VGGNet", "computed", "inputs of VGG's first dense layer, were that the step"
    ),
    "vgg_weights_at_stride_1": Fact(
        105_226_698_752, "VGGNet", "computed", "weights of VGG's first dense layer, were that the step"
    ),
    "vgg_pool_keeps_size": Fact("yes", "VGGNet", "read", "VGG's pools keep the size of the maps"),
    "vgg_kernel_sides": Fact("3", "VGGNet, features", "read", "sides of all of VGG's kernels"),
    "vgg_c_as_printed": Fact(
        SIMONYAN2015["configurations"]["D"], "figure 5.9", "read", "convolutions of VGG's configuration C"
    ),
    "vgg_e_as_printed": Fact(16, "figure 5.9", "computed", "layers with weights in the column printed for E"),
    "vgg_pool_parameters": Fact(
        65_664, "VGG16, structural details", "read", "parameters of VGG16's second pool"
    ),
    "vgg_pool_as_convolution": Fact(
        65_664, "VGG16, structural details", "computed", "the same, were that pool a convolution"
    ),
    "vgg_parameters": Fact(138_423_208, "VGG16, structural details", "read", "parameters of VGG16"),
    "vgg_parameters_too_many": Fact(
        65_664, "VGG16, structural details", "computed", "by how many that total is too large"
    ),
    "vgg19_more_than": Fact(144, "VGGNet, configurations", "read", "million parameters that VGG19 exceeds"),
    "vgg_top5": Fact((8.1, 7.4), "VGGNet, performance", "read", "top-5 errors of VGG16 and VGG19, %"),
}

CHAPTER = Paper(
    citation="chapter",
    title="Advanced CNN architectures",
    facts={**_LENET_FACTS, **_ALEXNET_FACTS, **_VGG_FACTS},
)


@dataclass(frozen=True)
class Erratum:
    """A statement of the chapter that does not hold, what does, and how a reader can tell.

    Attributes:
        number: place in the list.
        says: the chapter's statement in other words; in brackets, what it leaves out.
        right: what holds.
        check: where to look, or what to run.
        claims: the facts of the chapter that the ledger holds against its own count.
    """

    number: int
    says: str
    right: str
    check: str
    claims: tuple[str, ...] = ()


_PAPER = LECUN1998.facts
_S2, _C3, _S4 = (LECUN1998["layer_table"][name][1] for name in ("s2", "c3", "s4"))
_PHASES = ", ".join(f"{rate:g} ({passes})" for rate, passes in LECUN1998["schedule"])
_PRINTED = ", ".join(f"{rate:g} ({epochs})" for rate, epochs in CHAPTER["lenet_schedule"])

LENET_ERRATA = (
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
        ("lenet_schedule",),
    ),
    Erratum(
        12,
        "Those values are the learning rate.",
        "Each is the numerator of a step of its own for every weight, eps / (mu + h), with one digit per "
        "update. As rates of plain gradient descent they hardly train the network.",
        "Paper, appendix C; the records of `lenet5_chapter`",
    ),
)

_ALEX, _VGG = KRIZHEVSKY2012, SIMONYAN2015

ALEXNET_ERRATA = (
    Erratum(
        13,
        "From LeNet to Inception and ResNet, the classifier is a series of dense layers.",
        "Not in GoogLeNet and ResNet: there the mean of each map goes into a single dense layer.",
        "Szegedy et al. 2015, table 1; He et al. 2016, table 1",
    ),
    Erratum(
        14,
        f"In the line of AlexNet's layers the softmax has the number {CHAPTER['alexnet_last_layer']}, after "
        "two dense layers with larger numbers.",
        "By the line's own count it is the eleventh layer, and in the paper the third dense layer. Response "
        f"normalisation after {_ALEX['lrn_after']} is missing.",
        "Paper, section 3.5; `audit.table(models.AlexNet())`",
        ("alexnet_last_layer",),
    ),
    Erratum(
        15,
        "Dropout removes connections.",
        "It sets the outputs of units to zero. What drops single connections is another method, DropConnect.",
        "Paper, section 4.2",
    ),
    Erratum(
        16,
        "Dropout prevents overfitting because it leads out of bad local minima.",
        "The paper's reason is another: units cannot rely on each other, and a test averages many networks.",
        "Paper, section 4.2",
    ),
    Erratum(
        17,
        "Dropout is in the two dense layers.",
        f"There are {_ALEX['dense_layers']}; dropout follows {_ALEX['dropout_layers']}.",
        "Paper, section 4.2; `audit.table(models.AlexNet())`",
        ("alexnet_dense_layers",),
    ),
    Erratum(
        18,
        "Augmentation means rotations, scalings, mirror images and more.",
        f"AlexNet's is random squares of {_ALEX['crop_side']} pixels, mirror images, and shifts of colour "
        "along the principal axes; it neither rotates nor scales. Unmentioned: at test it averages the "
        f"outputs for {_ALEX['test_crops']} crops.",
        "Paper, section 4.1; `data.views.RandomView`, `TenCrop`",
    ),
    Erratum(
        19,
        "Local response normalisation makes training converge faster.",
        "The paper claims better generalisation, by {} and {} points of top-1 and top-5 error. VGG measured "
        "no gain: {} % of top-5 error without it, {} % with it. The chapter leaves out the constants.".format(
            *_ALEX["lrn_gain"], _VGG["one_scale_256_a"][1], _VGG["one_scale_256_a_lrn"][1]
        ),
        "Paper, section 3.3; Simonyan and Zisserman 2015, table 3",
    ),
    Erratum(
        20,
        "Weight decay is there against overfitting.",
        "In the paper it also serves the learning itself: it lowered the error on the training images.",
        "Paper, section 5",
    ),
    Erratum(
        21,
        f"Keras's `l2` with {_ALEX['weight_decay']} is AlexNet's weight decay, shown on a convolution of 32 "
        "maps.",
        "Keras adds the factor times the square of a weight, whose gradient is twice the factor times the "
        f"weight. The paper's gradient is {_ALEX['weight_decay']} times the weight, so the factor is "
        f"{_ALEX['decay_as_l2']}. AlexNet has no such convolution.",
        "Paper, section 5; the numeric gradient in `ledger.alexnet`",
        ("alexnet_l2",),
    ),
    Erratum(
        22,
        "One GTX 580 was too small for the training examples.",
        f"There were {_ALEX['gpus']}, because the network did not fit into the {_ALEX['gpu_memory']} GB of "
        "one. The images need not: they pass through in batches.",
        "Paper, section 3.2",
        ("alexnet_gpus",),
    ),
    Erratum(
        23,
        f"AlexNet's top-5 error is {CHAPTER['alexnet_top5']} %.",
        f"That is the mean of seven networks, two of them pre-trained on more data, on the test images. One "
        f"AlexNet has {_ALEX['one_net'][1]} % on the validation images.",
        "Paper, table 2",
        ("alexnet_top5",),
    ),
    Erratum(
        24,
        "AlexNet pools after one or two convolutions.",
        f"It pools after {_ALEX['pools_after']}: after one, one and three convolutions.",
        "Paper, section 3.5; `audit.table(models.AlexNet())`",
        ("alexnet_convolutions_before_pools",),
    ),
    Erratum(
        25,
        "(Nothing on AlexNet's optimiser, its initial weights, the errors of a single network; no code.)",
        f"Gradient descent with momentum {_ALEX['momentum']}, {_ALEX['batch_size']} images an update; a rate "
        f"of {_ALEX['rate']}, cut to a tenth when the validation error stalls, {_ALEX['rate_reductions']} "
        f"times in about {_ALEX['epochs']} epochs; weights from a normal distribution of deviation "
        f"{_ALEX['initial_deviation']}. One network has errors of {_ALEX['one_net'][0]} % and "
        f"{_ALEX['one_net'][1]} %, top-1 and top-5, on the validation images.",
        "Paper, section 5 and table 2",
    ),
    Erratum(
        26,
        "LeNet and AlexNet both end in a softmax.",
        "AlexNet does; LeNet-5 ends in radial basis functions (number 4).",
        "LeCun et al. 1998, section II-B",
    ),
)

VGG_ERRATA = (
    Erratum(
        27,
        "VGG has more convolutions, more pools and more dense layers.",
        f"The dense layers are as many as AlexNet's, {_ALEX['dense_layers']}. The pools are {_VGG['pools']}, "
        "where AlexNet has three.",
        "Paper, table 1; `audit.table(models.VGG16())`",
        ("vgg_more_dense_layers",),
    ),
    Erratum(
        28,
        "VGGNet is another name for VGG16.",
        f"The paper has {len(_VGG['configurations'])} configurations: {', '.join(_VGG['configurations'])}. "
        "VGG16 is D and VGG19 is E, as the chapter says itself further on.",
        "Paper, table 1",
        ("vgg_networks",),
    ),
    Erratum(
        29,
        "VGG's pools have a stride of one (and, further on, of two).",
        f"It is {_VGG['pool_stride']}. With a stride of one the first dense layer would have "
        f"{CHAPTER['vgg_inputs_at_stride_1']:,} inputs and {CHAPTER['vgg_weights_at_stride_1']:,} weights.",
        "Paper, section 2.1; `audit.table(models.VGG16())`",
        ("vgg_pool_stride",),
    ),
    Erratum(
        30,
        "VGG's pools are padded to keep the size.",
        "Its convolutions are. Each pool halves height and width.",
        "Paper, section 2.1; `audit.table(models.VGG16())`",
        ("vgg_pool_keeps_size",),
    ),
    Erratum(
        31,
        "Every convolution of VGG is 3x3.",
        "Configuration C has three of 1x1.",
        'Paper, table 1; `models.VGG("C")`',
        ("vgg_kernel_sides",),
    ),
    Erratum(
        32,
        "In the table of configurations the columns C, D and E are the same.",
        "The last convolution in blocks three to five of C is 1x1, and E has four in each of these blocks. "
        f"As printed, E has {CHAPTER['vgg_e_as_printed']} layers with weights under a head that says "
        f"{_VGG['weight_layers']['E']}. The row of the softmax is missing. Some of this may be damage of our "
        "copy.",
        "Paper, table 1; add up a column",
        ("vgg_c_as_printed", "vgg_e_as_printed"),
    ),
    Erratum(
        33,
        "A layer of VGG16 is called conv3064.",
        "conv3-64; the slip may be our copy's alone.",
        "Paper, table 1",
    ),
    Erratum(
        34,
        f"VGG16's second pool has {CHAPTER['vgg_pool_parameters']:,} parameters.",
        "None: a pool has nothing to train. The number is that of a convolution of 2x2 with 128 maps, "
        "2 x 2 x 128 x 128 + 128.",
        "`audit.table(models.VGG16())`",
        ("vgg_pool_parameters",),
    ),
    Erratum(
        35,
        f"VGG16 has {CHAPTER['vgg_parameters']:,} parameters.",
        f"{_VGG['parameters']['D']:,}. The difference, {CHAPTER['vgg_parameters_too_many']:,}, is the row of "
        "number 34.",
        "`audit.totals(audit.table(models.VGG16()))`",
        ("vgg_parameters",),
    ),
    Erratum(
        36,
        f"VGG19 has more than {CHAPTER['vgg19_more_than']} million parameters.",
        f"It has {_VGG['parameters']['E']:,}, which is less, and rounds to that.",
        "`audit.totals(audit.table(models.VGG19()))`",
        ("vgg19_more_than",),
    ),
    Erratum(
        37,
        "VGG was trained much as AlexNet was; momentum and rates are given.",
        f"An update takes {_VGG['batch_size']} images, not {_ALEX['batch_size']}. Left out: the penalty of "
        f"{_VGG['weight_decay']}, dropout, that the rate is cut {_VGG['rate_reductions']} times in "
        f"{_VGG['updates']:,} updates or {_VGG['epochs']} epochs, the start from A's weights, the scales of "
        "the images.",
        "Paper, section 3.1",
    ),
    Erratum(
        38,
        "VGG16's top-5 error is {} %, VGG19's about {} %.".format(*CHAPTER["vgg_top5"]),
        "The two were measured differently. On the same terms, on validation images, they are {} and {} % "
        "at one scale, {} and {} % at three, {} and {} % with many crops, {} and {} % with both.".format(
            *(
                _VGG[f"{test}_{net}"][1]
                for test in ("one_scale_jitter", "multi_scale_jitter", "views_crops", "views_both")
                for net in ("d", "e")
            )
        ),
        "Paper, tables 3 to 5",
        ("vgg_top5",),
    ),
    Erratum(
        39,
        "VGG needed fewer epochs than AlexNet because depth and small kernels regularise.",
        f"{_VGG['epochs']} against about {_ALEX['epochs']}. The authors put this forward as a conjecture, "
        "beside a second cause: some layers were initialised from a trained network.",
        "Paper, section 3.1",
    ),
)

ERRATA = (*LENET_ERRATA, *ALEXNET_ERRATA, *VGG_ERRATA)
