"""What the source chapter this book follows prints, what follows from it, and where it is wrong."""

from dataclasses import dataclass

from cnnbook.papers import Fact, Paper
from cnnbook.papers.he2016 import HE2016
from cnnbook.papers.krizhevsky2012 import KRIZHEVSKY2012
from cnnbook.papers.lecun1998 import LECUN1998
from cnnbook.papers.simonyan2015 import SIMONYAN2015
from cnnbook.papers.szegedy2015 import SZEGEDY2015
from cnnbook.papers.yosinski2014 import YOSINSKI2014

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

_NAIVE, _REDUCED = "Inception module, naive version", "Inception module, dimensionality reduction"

_INCEPTION_FACTS = {
    "inception_weight_layers": Fact(22, "Inception", "read", "layers with weights in GoogLeNet"),
    "inception_fewer_parameters": Fact(
        12, "Inception", "read", "times fewer parameters in GoogLeNet than in VGG"
    ),
    "inception_fewer_counted": Fact(
        10.6, "Inception", "computed", "times fewer, by the two numbers that stand beside it"
    ),
    "inception_million_parameters": Fact(13, "Inception", "read", "million parameters of GoogLeNet, roughly"),
    "inception_example": Fact(
        {"input": (32, 32, 200), "1x1": 64, "3x3": 128, "5x5": 32, "reduced": 16, "pool": 32},
        _NAIVE,
        "read",
        "example of a module: its input, or maps",
    ),
    "inception_pool_output": Fact((32, 32, 32), _NAIVE, "read", "shape of the example's pooled maps"),
    "inception_naive_maps": Fact(256, _NAIVE, "read", "maps of the example's output, without reduction"),
    "inception_reduced_maps": Fact(
        256, _REDUCED, "computed", "maps of the example's output, with reduction, the pool's to 32 maps"
    ),
    "inception_convolutions": Fact(4, _NAIVE, "read", "convolutions that the example's input goes through"),
    "inception_5x5_filter": Fact((5, 5, 32), _REDUCED, "read", "shape of one of the example's 5x5 filters"),
    "inception_5x5_work": Fact(
        163_840_000, _REDUCED, "computed", "multiplications of the example's 5x5 without reduction"
    ),
    "inception_reduction_work": Fact(
        3_276_800, _REDUCED, "computed", "multiplications of the example's 1x1 before the 5x5"
    ),
    "inception_reduced_5x5_work": Fact(
        13_107_200, _REDUCED, "computed", "multiplications of the example's 5x5 behind that 1x1"
    ),
    "inception_reduced_million": Fact(16.3, _REDUCED, "read", "million multiplications of the two together"),
    "inception_formula": Fact(
        (32 * 32 * 200) * (1 * 1 * 16 + 32 * 32 * 16) * (5 * 5 * 32),
        _REDUCED,
        "computed",
        "the same by the formula, with its brackets as printed",
    ),
    "inception_saving": Fact(10, _REDUCED, "read", "times fewer multiplications with reduction, roughly"),
    "inception_5x5_weights": Fact(
        160_000, _REDUCED, "computed", "weights of the example's 5x5 without reduction"
    ),
    "inception_reduced_weights": Fact(
        16_000, _REDUCED, "computed", "weights of the example's 1x1 and 5x5 with reduction"
    ),
    "inception_naive_work": Fact(
        412_876_800, _NAIVE, "computed", "multiplications of the example's module without reduction"
    ),
    "inception_modules": Fact(9, "Inception architecture", "read", "inception modules of GoogLeNet"),
    "inception_modules_between_pools": Fact(
        "2, 5, 5", "Inception architecture", "read", "inception modules between GoogLeNet's pools"
    ),
}

_RESNET_FACTS = {
    "resnet_depths": Fact("50, 101, 152", "ResNet", "read", "layers with weights in the ResNets"),
    "resnet_lighter": Fact("yes", "ResNet", "read", "all of these ResNets do less work than VGG19"),
    "resnet_top5": Fact(3.57, "ResNet", "read", "top-5 error of ResNet, %"),
    "resnet_block_convolutions": Fact(
        "3", "ResNet, residual blocks", "read", "convolutions on the main path of a block"
    ),
    "resnet_block_starts_with": Fact(
        "1", "ResNet, residual blocks", "read", "side of the kernel that a block starts with"
    ),
    "resnet_relus_before_sum": Fact(
        3, "ResNet, residual blocks", "read", "ReLUs on the main path of a bottleneck block, before the sum"
    ),
    "resnet_last_reduces": Fact(
        "yes", "ResNet, residual blocks", "read", "the last convolution of a bottleneck block reduces"
    ),
    "resnet_shortcut_reduces": Fact(
        "yes", "ResNet, residual blocks", "read", "a convolution on a shortcut reduces the number of maps"
    ),
}

_APPROACHES, _TABLE = "Transfer learning, approaches", "Transfer learning, table 6.1"

_TRANSFER_FACTS = {
    "transfer_frozen_convolutions": Fact(
        13, _APPROACHES, "read", "convolutions of VGG16 that are frozen when it extracts features"
    ),
    "transfer_frozen_parameters": Fact(
        14_714_688, _APPROACHES, "computed", "parameters of VGG16 that are frozen then"
    ),
    "transfer_new_units": Fact(
        "hidden", "Transfer learning, figure 6.2", "read", "what the two units of the new softmax are"
    ),
    "transfer_transferred": Fact(
        "feature maps", "Transfer learning, definition", "read", "what goes from one network to the other"
    ),
    "transfer_frozen_layers": Fact(
        {"1": "13", "2": "8 to 10", "3": "4 to 6", "4": "0"},
        "Transfer learning, scenarios",
        "computed",
        "of VGG16's 13 convolutions, those that the text's advice freezes, by scenario",
    ),
    "transfer_table_1": Fact("feature extractor", _TABLE, "read", "what to do with few, similar images"),
    "transfer_table_2": Fact(
        "fine-tune the full network", _TABLE, "read", "what to do with many, similar images"
    ),
    "transfer_table_3": Fact(
        "fine-tune from activations earlier in the network",
        _TABLE,
        "read",
        "what to do with few, different images",
    ),
    "transfer_table_4": Fact(
        "fine-tune everything", _TABLE, "read", "what to do with many, different images"
    ),
}

CHAPTER = Paper(
    citation="chapter",
    title="Advanced CNN architectures",
    facts={
        **_LENET_FACTS,
        **_ALEXNET_FACTS,
        **_VGG_FACTS,
        **_INCEPTION_FACTS,
        **_RESNET_FACTS,
        **_TRANSFER_FACTS,
    },
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

_GOOGLENET, _RESNET = SZEGEDY2015, HE2016
_EXAMPLE = CHAPTER["inception_example"]
_NAIVE_MAPS = (*(_EXAMPLE[size] for size in ("1x1", "3x3", "5x5")), _EXAMPLE["input"][-1])
_REDUCTION, _BEHIND = CHAPTER["inception_reduction_work"], CHAPTER["inception_reduced_5x5_work"]

INCEPTION_ERRATA = (
    Erratum(
        40,
        f"GoogLeNet has {CHAPTER['inception_fewer_parameters']} times fewer parameters than VGG, about "
        f"{CHAPTER['inception_million_parameters']} million instead of {CHAPTER['vgg_millions']['D']}.",
        f"The paper's {_GOOGLENET['fewer_than_alexnet']} is meant against AlexNet, and by our count it is "
        f"{_GOOGLENET['alexnet_ratio']} there; against VGG16 it is {_GOOGLENET['vgg16_ratio']}. The "
        f"chapter's own two numbers make {CHAPTER['inception_fewer_counted']}.",
        "Paper, section 1; `audit.totals(audit.table(models.GoogLeNet()))`",
        ("inception_fewer_parameters",),
    ),
    Erratum(
        41,
        f"GoogLeNet has about {CHAPTER['inception_million_parameters']} million parameters.",
        f"It has {_GOOGLENET['parameters']:,}. There are {_GOOGLENET['parameters_with_heads']:,} while it "
        "trains: two auxiliary heads, which the chapter does not mention, are taken off afterwards.",
        "Paper, table 1 and section 5; `audit.totals(audit.table(models.GoogLeNet()))`",
        ("inception_million_parameters",),
    ),
    Erratum(
        42,
        "The pooling branch of the naive module puts out 32 maps.",
        f"A pool puts out as many maps as it gets, here {_EXAMPLE['input'][-1]}, as the chapter says itself "
        "further on.",
        "`audit.table` of `models.naive_inception_module`",
        ("inception_pool_output",),
    ),
    Erratum(
        43,
        f"The naive module puts out {CHAPTER['inception_naive_maps']} maps.",
        f"It puts out {' + '.join(map(str, _NAIVE_MAPS))} = {sum(_NAIVE_MAPS)}. "
        f"{CHAPTER['inception_reduced_maps']} is right for the module with reductions, if it reduces what it "
        f"pooled to {_EXAMPLE['pool']} maps.",
        "`audit.table` of `models.naive_inception_module`",
        ("inception_naive_maps",),
    ),
    Erratum(
        44,
        f"The module's input goes through {CHAPTER['inception_convolutions']} convolutions.",
        "Through three convolutions and a pool.",
        "The chapter's own list; paper, section 4",
        ("inception_convolutions",),
    ),
    Erratum(
        45,
        f"The filters of the 5x5 convolution are 5x5x{CHAPTER['inception_5x5_filter'][-1]}.",
        f"Each of the {_EXAMPLE['5x5']} filters is 5x5x{_EXAMPLE['input'][-1]}: it spans all maps of its "
        "input. The product comes out right because the two numbers change places.",
        "`audit.table` of `models.naive_inception_module`",
        ("inception_5x5_filter",),
    ),
    Erratum(
        46,
        "A formula for the work with a reduction, in which the sum stands inside a product.",
        "As printed it gives {:,}. Meant is the sum of two products, (32 x 32 x 200) x (1 x 1 x 16) + "
        "(32 x 32 x 16) x (5 x 5 x 32) = {:,}. The brackets may be damage of our copy.".format(
            CHAPTER["inception_formula"], _REDUCTION + _BEHIND
        ),
        "`audit.totals` of the two convolutions",
        ("inception_formula",),
    ),
    Erratum(
        47,
        f"The work with a reduction is {CHAPTER['inception_reduced_million']} million.",
        f"{_REDUCTION:,} + {_BEHIND:,} = {_REDUCTION + _BEHIND:,}, which rounds to "
        f"{(_REDUCTION + _BEHIND) / 1e6:.1f} million; the chapter adds rounded numbers.",
        "`audit.totals` of the two convolutions",
        ("inception_reduced_million",),
    ),
    Erratum(
        48,
        "A 1x1 convolution keeps height and width.",
        "At a stride of one. With a stride of two it halves both, which the chapter relies on further on, in "
        "ResNet.",
        "`audit.table(models.ResNet50())`, the first block of a stage",
    ),
    Erratum(
        49,
        "Experiments of the paper's authors showed that a moderate reduction does no harm.",
        "The paper has no such experiment. It argues from embeddings, whose few numbers can still describe "
        "much of a patch.",
        "Paper, section 4",
    ),
    Erratum(
        50,
        "One paragraph of the recap stands there twice, with the head of a page and its number in between.",
        "Once is enough. All of this may be damage of our copy.",
        "The chapter's recap of inception modules",
    ),
    Erratum(
        51,
        "GoogLeNet begins exactly as AlexNet and LeNet do.",
        "It begins with a convolution of 7x7 with a stride of two and 64 maps, a pool, a convolution of 1x1 "
        "with 64 maps, one of 3x3 with 192, and a pool. Response normalisation is not in the paper's table; "
        f"Caffe's version has it after {_GOOGLENET['lrn_after_caffe'].replace(', ', ' and ')}.",
        "Paper, table 1; `audit.table(models.GoogLeNet())`",
    ),
    Erratum(
        52,
        f"The modules between the pools are {CHAPTER['inception_modules_between_pools']}, "
        f"{CHAPTER['inception_modules']} in all.",
        f"They are {_GOOGLENET['modules_between_pools']}, which does make {_GOOGLENET['modules']}.",
        "Paper, table 1; `audit.table(models.GoogLeNet())`",
        ("inception_modules_between_pools",),
    ),
    Erratum(
        53,
        "GoogLeNet ends in the usual dense layers and a softmax.",
        f"It ends in the mean of each map, dropout of {_GOOGLENET['dropout']}, one dense layer and a "
        f"softmax. The mean instead of dense layers gained about {_GOOGLENET['average_pool_gain']} points of "
        "top-1 accuracy.",
        "Paper, section 5 and table 1; `audit.table(models.GoogLeNet())`",
    ),
    Erratum(
        54,
        "(Nothing on how GoogLeNet learns and is tested; no code, no error.)",
        f"Two auxiliary heads, whose losses count {_GOOGLENET['head_weight']} each, with dropout of "
        f"{_GOOGLENET['head_dropout']}; gradient descent with momentum {_GOOGLENET['momentum']}; a rate that "
        f"falls to {_GOOGLENET['rate_factor']} of itself every {_GOOGLENET['rate_every']} epochs; weights "
        f"averaged over the updates; {_GOOGLENET['test_crops']} crops of each image at test. The mean of "
        f"{_GOOGLENET['nets']} networks has a top-5 error of {_GOOGLENET['submission_test']} %, one network "
        f"with one crop {_GOOGLENET['one_net_one_crop']} % on validation images.",
        "Paper, sections 5 to 7 and table 3",
    ),
    Erratum(
        55,
        "The module is efficient without deeper or wider networks.",
        "Its purpose is to make networks deeper and wider at the same cost.",
        "Paper, sections 1 and 3",
    ),
    Erratum(
        56,
        "The complexity and the depth of the architecture can reduce overfitting.",
        "The paper counts it among the drawbacks of larger networks that they overfit more, and so does the "
        "chapter itself, under ResNet.",
        "Paper, section 3",
    ),
)

RESNET_ERRATA = (
    Erratum(
        57,
        f"ResNets have {CHAPTER['resnet_depths']} layers, and ResNet's top-5 error is "
        f"{CHAPTER['resnet_top5']} %.",
        f"That is the mean of {_RESNET['nets']} networks, on the test images. One ResNet-152 has "
        f"{_RESNET['resnet152_best'][1]} % on the validation images. The paper also has 18 and 34 layers, "
        "and 20 to 1202 for CIFAR-10.",
        "Paper, tables 1 and 4 to 6",
        ("resnet_depths", "resnet_top5"),
    ),
    Erratum(
        58,
        "What stands in the way of very deep networks is that gradients vanish, and shortcuts cure that.",
        "The authors think vanishing gradients unlikely: their plain networks are normalised, and they found "
        "the gradients in good order. They speak of degradation, a difficulty of optimising.",
        "Paper, section 4.1",
    ),
    Erratum(
        59,
        "Apart from that the trouble with more layers is overfitting, which can be dealt with.",
        "The plain network of 34 layers has a higher error than that of 18 on the training images too, so it "
        "does not overfit.",
        "Paper, figure 4 and section 4.1",
    ),
    Erratum(
        60,
        "Because it can learn the identity, a layer with a shortcut is at least as good as the one before.",
        "Only such a solution exists; training need not find it. On CIFAR-10 the network of 1202 layers has "
        f"an error of {_RESNET['cifar_errors']['1202']} %, that of 110 layers "
        f"{_RESNET['cifar_errors']['110']} %.",
        "Paper, table 6",
    ),
    Erratum(
        61,
        f"The main path of a residual block has {CHAPTER['resnet_block_convolutions']} convolutions, the "
        "first of them 1x1.",
        "Only in bottleneck blocks, from 50 layers on. The blocks of 18 and 34 layers and those for CIFAR-10 "
        "have two convolutions of 3x3.",
        "Paper, figure 5 and table 1; `audit.table(models.ResNet18())`",
        ("resnet_block_convolutions", "resnet_block_starts_with"),
    ),
    Erratum(
        62,
        "The main path is convolution, batch normalisation and ReLU, three times.",
        "The third ReLU comes after the sum, as the chapter says itself a little later.",
        "Paper, figure 2; `audit.table(models.ResNet50())`",
        ("resnet_relus_before_sum",),
    ),
    Erratum(
        63,
        "The first 1x1 convolution of a block downsamples its input, the last one its output.",
        f"The first reduces the number of maps. The last restores it, to {_RESNET['bottleneck_factor']} "
        "times as many. Height and width are halved by convolutions with a stride of two, in the first block "
        "of each stage but one, and before them by the stem's convolution and its pool.",
        "Paper, table 1; `audit.table(models.ResNet50())`",
        ("resnet_last_reduces",),
    ),
    Erratum(
        64,
        "A 1x1 convolution on the shortcut is there to reduce the input's size, as matrices that are added "
        "must have similar sizes.",
        "Their sizes must be equal. The paper calls it a projection and has it where sizes differ, "
        f"{_RESNET['projections']['34 B']} or {_RESNET['projections']['50 B']} times in a network; it makes "
        "more maps, not fewer, and the first one of ResNet-50 has a stride of one. Option A does without.",
        "Paper, section 3.3; `audit.table(models.ResNet50())`",
        ("resnet_shortcut_reduces",),
    ),
)

_TRANSFER = YOSINSKI2014

TRANSFER_ERRATA = (
    Erratum(
        65,
        "What a network learns, and what one network hands on to another, are feature maps.",
        "It learns weights, and weights are handed on, as the chapter says itself further down. Feature maps "
        "are activations: what the weights make of an image.",
        "`transfer.feature_extractor(model).get_weights()` against its output",
        ("transfer_transferred",),
    ),
    Erratum(
        66,
        "The new softmax for cats and dogs has two hidden units.",
        "Its two units are the network's outputs.",
        "`transfer.classifier(512, 2).output_shape`",
        ("transfer_new_units",),
    ),
    Erratum(
        67,
        "Many images, similar to the old: by the text freeze 60 to 80 % of the network, since all of it need "
        "not be fine-tuned; by the table fine-tune all of it.",
        "Only one of them can be the advice. Yosinski et al. 2014 copied layers to a task with much data and "
        f"let all of them learn on: {_TRANSFER['fine_tuned_gain']} points above training from scratch, while "
        f"copied layers that stayed frozen lost from layer {_TRANSFER['transfers_worse'].split()[0]} on.",
        "Yosinski et al. 2014, section 4.1; `transfer.advise(100_000, 'similar')`",
        ("transfer_table_2",),
    ),
    Erratum(
        68,
        "Few images, different from the old: by the text freeze the first third or half and fine-tune the "
        "rest; by the table start from activations earlier in the network.",
        "In the notes of the course CS231n, where the scenarios come from, the latter means a linear "
        "classifier on the output of an earlier layer, with nothing fine-tuned. The images are different in "
        "one place, very different in another; the scenarios are numbered i to iv and 1 to 4, in the same "
        "order.",
        "`transfer.advise(1_000, 'different')`",
        ("transfer_table_3",),
    ),
    Erratum(
        69,
        "Fine-tuning means, by its formal definition, to freeze some layers; there are three scenarios, "
        "namely classifier, feature extractor and fine-tuning.",
        "Fine-tuning may train all layers, as in the chapter's own scenario 4. The three are approaches; "
        "scenarios are the four cases of size and similarity.",
        "The chapter's scenario 4; `transfer.freeze(model, 0.0)`",
    ),
    Erratum(
        70,
        "An example with dogs stands earlier in the chapter; a classifier is trained to overfit; nobody need "
        "ever train from scratch; ImageNet is a great number of data sets; features only grow more specific "
        "with depth; transfer learning is a way to general artificial intelligence.",
        "There is no such example. A classifier is fitted; overfitting is the failure. Much data of its own "
        "kind, or a network of another form, is a reason to train from scratch. ImageNet is one data set. "
        f"Frozen layers {_TRANSFER['co_adapted']} lose even on the task they learned, since neighbouring "
        "layers depend on each other, and fine-tuning undoes it. For the last claim nothing is offered.",
        "Yosinski et al. 2014, section 4.1",
    ),
)

ERRATA = (
    *LENET_ERRATA,
    *ALEXNET_ERRATA,
    *VGG_ERRATA,
    *INCEPTION_ERRATA,
    *RESNET_ERRATA,
    *TRANSFER_ERRATA,
)
