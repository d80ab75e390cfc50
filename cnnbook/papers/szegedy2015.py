"""Szegedy et al.: Going Deeper with Convolutions (2015), the paper of GoogLeNet.

Also what those who repeated the paper found, where it leaves something out.
"""

from cnnbook.papers import Fact, Paper

# Row of the paper's table 1: shape of its output, parameters with biases, multiply-adds for one image.
_ROWS = {
    "conv1": ((112, 112, 64), 9_472, 118_013_952),
    "conv2": ((56, 56, 192), 114_944, 359_661_568),
    "3a": ((28, 28, 256), 163_696, 128_049_152),
    "3b": ((28, 28, 480), 388_736, 304_267_264),
    "4a": ((14, 14, 512), 376_176, 73_608_192),
    "4b": ((14, 14, 512), 449_160, 87_908_352),
    "4c": ((14, 14, 512), 510_104, 99_850_240),
    "4d": ((14, 14, 528), 605_376, 118_515_712),
    "4e": ((14, 14, 832), 868_352, 169_996_288),
    "5a": ((7, 7, 832), 1_043_456, 51_079_168),
    "5b": ((7, 7, 1024), 1_444_080, 70_697_984),
    "linear": ((1000,), 1_025_000, 1_024_000),
}

# Maps of the 1x1; of the 1x1 before the 3x3, the 3x3; of the 1x1 before the 5x5, the 5x5; of the 1x1 after
# the pool.
_MODULES = {
    "3a": "64; 96, 128; 16, 32; 32",
    "3b": "128; 128, 192; 32, 96; 64",
    "4a": "192; 96, 208; 16, 48; 64",
    "4b": "160; 112, 224; 24, 64; 64",
    "4c": "128; 128, 256; 24, 64; 64",
    "4d": "112; 144, 288; 32, 64; 64",
    "4e": "256; 160, 320; 32, 128; 128",
    "5a": "256; 160, 320; 32, 128; 128",
    "5b": "384; 192, 384; 48, 128; 128",
}

_SHAPES = {name: shape for name, (shape, _, _) in _ROWS.items() if name != "linear"}

# What the table prints for its rows, apart from where that does not follow from the row's own maps.
_PRINTED_WEIGHTS = {"conv2": 112.0, "3a": 159.0, "3b": 380.0, "4b": 437.0, "linear": 1000.0}
_ODD_WEIGHTS = {"4a": 364.0, "4c": 463.0, "4d": 580.0, "4e": 840.0, "5a": 1072.0, "5b": 1388.0}
_PRINTED_WORK = {
    **{"conv2": 360.0, "3a": 128.0, "3b": 304.0, "4a": 73.0, "4b": 88.0, "4c": 100.0, "4d": 119.0},
    **{"4e": 170.0, "5b": 71.0, "linear": 1.0},
}

# Networks averaged, crops of each image, top-5 error in %, and points that it lies below the first line.
_TESTS = {
    "one_net_one_crop": (1, 1, 10.07, None),
    "one_net_ten_crops": (1, 10, 9.15, 0.92),
    "one_net_144_crops": (1, 144, 7.89, 2.18),
    "seven_nets_one_crop": (7, 1, 8.09, 1.98),
    "seven_nets_ten_crops": (7, 10, 7.62, 2.45),
    "seven_nets_144_crops": (7, 144, 6.67, 3.45),
}

_CAFFE = "Caffe, bvlc_googlenet"


def _words(nets: int, crops: int) -> str:
    """How one line of table 3 was measured."""
    return f"{'one net' if nets == 1 else f'mean of {nets} nets'}, {crops} crop{'s' * (crops > 1)}"


_NETWORK = {
    "input_side": Fact(224, "section 5", "read", "side of the input image"),
    "weight_layers": Fact(22, "section 5", "read", "layers with weights, one behind the other"),
    "layers_with_pools": Fact(27, "section 5", "read", "the same, with pooling layers"),
    "building_blocks": Fact(100, "section 5", "read", "layers in all, roughly"),
    "modules": Fact(9, "table 1", "read", "inception modules"),
    "modules_between_pools": Fact("2, 5, 2", "table 1", "read", "inception modules between pooling layers"),
    "module_maps": Fact(
        _MODULES, "table 1", "read", "maps of a module: 1x1; 3x3 and its 1x1; 5x5 and its 1x1; pool's 1x1"
    ),
    "module_kernels": Fact("1, 3, 5", "section 4", "read", "sides of a module's kernels"),
    "module_pool": Fact("3, 1", "section 4", "read", "window and step of the pooling layer in a module"),
    "shapes": Fact(_SHAPES, "table 1", "read", "shape of a row's output"),
    "map_sides": Fact("112, 56, 28, 14, 7", "table 1", "read", "sides of the maps, first to last"),
    "conv1_window": Fact("7, 2", "table 1", "read", "window and step of the first convolution"),
    "pool_window": Fact(3, "table 1", "read", "side of the window of a pooling layer between modules"),
    "pool_stride": Fact(2, "table 1", "read", "step of the window of a pooling layer between modules"),
    "average_pool": Fact(7, "table 1", "read", "side of the window of the last pooling layer, all of a map"),
    "dropout": Fact(0.4, "table 1", "read", "chance that a unit before the last layer is set to zero"),
    "dense_layers": Fact(1, "table 1", "read", "dense layers"),
    "classes": Fact(1000, "table 1", "read", "classes"),
    "lrn_after": Fact(
        "the first pool, the second convolution", "figure 3", "memory", "where response normalisation stands"
    ),
    "lrn_after_caffe": Fact("pool1, conv2", _CAFFE, "read", "layers that response normalisation follows"),
    "layer_table": Fact(_ROWS, "table 1", "computed", "shape, parameters, multiply-adds"),
    "parameters": Fact(6_998_552, "table 1", "computed", "parameters"),
    "weights": Fact(6_990_272, "table 1", "computed", "parameters without biases"),
    "multiply_adds": Fact(1_582_671_872, "table 1", "computed", "multiply-adds for one image"),
    "printed_weights": Fact(_PRINTED_WEIGHTS, "table 1", "read", "times 1024 weights"),
    "printed_weights_odd": Fact(_ODD_WEIGHTS, "table 1", "read", "times 1024 weights"),
    "printed_weights_conv1": Fact(2.7, "table 1", "read", "times 1024 weights of conv1"),
    "printed_work": Fact(_PRINTED_WORK, "table 1", "read", "million multiply-adds"),
    "printed_work_5a": Fact(54.0, "table 1", "read", "million multiply-adds of 5a"),
    "printed_work_conv1": Fact(34.0, "table 1", "read", "million multiply-adds of conv1"),
    "printed_weights_sum": Fact(
        6797.7, "table 1", "computed", "times 1024 weights, as the table's own numbers add up"
    ),
    "printed_work_sum": Fact(
        1502.0, "table 1", "computed", "million multiply-adds, as the table's own numbers add up"
    ),
    "budget": Fact(1.5, "section 1", "read", "thousand million multiply-adds that a network was given"),
    "separable_conv1_weights": Fact(
        2_712, "table 1", "computed", "weights of conv1, were it separable with 8 maps for each colour"
    ),
    "separable_conv1_work": Fact(
        34_019_328, "table 1", "computed", "multiply-adds of conv1, were it separable with 8 maps per colour"
    ),
    "conv1_was_separable": Fact(
        "yes", "table 1", "memory", "conv1 was separable: our guess, from the two numbers that the row prints"
    ),
    "separable_later": Fact(
        8,
        "Ioffe and Szegedy 2015",
        "secondary",
        "maps for each colour in the separable first layer of the authors' next network",
    ),
    "facenet_conv1_weights": Fact(
        9.0, "Schroff et al. 2015", "secondary", "thousand weights of conv1 in another paper's table"
    ),
    "facenet_conv1_work": Fact(
        119.0, "Schroff et al. 2015", "secondary", "million multiply-adds of conv1 in another paper's table"
    ),
    "fewer_than_alexnet": Fact(12, "section 1", "read", "times fewer parameters than AlexNet"),
    "million_by_that": Fact(5.1, "section 1", "computed", "million parameters that this would make"),
    "alexnet_ratio": Fact(8.7, "table 1", "computed", "times as many parameters in AlexNet"),
    "vgg16_ratio": Fact(19.8, "table 1", "computed", "times as many parameters in VGG16"),
}

_HEADS = {
    "head_inputs": Fact("4a, 4d", "section 5", "read", "modules whose outputs the auxiliary heads see"),
    "head_pool": Fact("5, 3", "section 5", "read", "window and step of an auxiliary head's pooling layer"),
    "head_shapes": Fact(
        {"4a": (4, 4, 512), "4d": (4, 4, 528)}, "section 5", "read", "shape of what it pools to"
    ),
    "head_maps": Fact(128, "section 5", "read", "maps of an auxiliary head's 1x1 convolution"),
    "head_units": Fact(1024, "section 5", "read", "units of an auxiliary head's first dense layer"),
    "head_dropout": Fact(0.7, "section 5", "read", "chance that one of these units is set to zero"),
    "head_weight": Fact(0.3, "section 5", "read", "factor of an auxiliary head's loss"),
    "head_parameters": Fact(
        {"4a": 3_188_840, "4d": 3_190_888}, "section 5", "computed", "parameters of an auxiliary head"
    ),
    "head_multiply_adds": Fact(
        {"4a": 4_169_728, "4d": 4_202_496}, "section 5", "computed", "multiply-adds of an auxiliary head"
    ),
    "heads_parameters": Fact(6_379_728, "section 5", "computed", "parameters of both auxiliary heads"),
    "parameters_with_heads": Fact(
        13_378_280, "section 5", "computed", "parameters while the auxiliary heads are there, in training"
    ),
}

_LEARNING = {
    "momentum": Fact(0.9, "section 6", "read", "momentum"),
    "rate_factor": Fact(0.96, "section 6", "read", "what the rate is multiplied by"),
    "rate_every": Fact(8, "section 6", "read", "epochs after which it is"),
    "averaged_weights": Fact("yes", "section 6", "read", "at test the weights are means over the updates"),
    "hardware": Fact(
        "CPUs; within a week on a few GPUs, by the authors' estimate", "section 6", "read", "training"
    ),
    "patch_area": Fact("8 to 100", "section 6", "read", "% of a picture's area in a random patch"),
    "patch_ratio": Fact("3/4 to 4/3", "section 6", "read", "width by height of a random patch"),
    "average_pool_gain": Fact(
        0.6,
        "section 5",
        "read",
        "points of top-1 error that the mean of each map takes away, against dense layers, roughly",
    ),
    "test_scales": Fact("256, 288, 320, 352", "section 7", "read", "shorter sides of a test picture"),
    "test_squares": Fact(3, "section 7", "read", "squares of each scale"),
    "square_crops": Fact(6, "section 7", "read", "crops of each square"),
    "test_crops": Fact(144, "section 7", "read", "crops in all, with mirror images"),
    "nets": Fact(7, "section 7", "read", "networks whose outputs are averaged"),
    "same_nets": Fact(
        6, "section 7", "read", "of these, networks alike and, by oversight, with the same initial weights"
    ),
    "caffe_batch_size": Fact(32, _CAFFE, "read", "images per update"),
    "caffe_rate": Fact(0.01, _CAFFE, "read", "first learning rate"),
    "caffe_rate_factor": Fact(0.96, _CAFFE, "read", "what the rate is multiplied by"),
    "caffe_rate_every": Fact(320_000, _CAFFE, "read", "updates after which it is"),
    "caffe_rate_every_epochs": Fact(8.0, _CAFFE, "computed", "epochs after which it is"),
    "caffe_updates": Fact(10_000_000, _CAFFE, "read", "updates in all"),
    "caffe_epochs": Fact(250, _CAFFE, "computed", "epochs in all, roughly"),
    "caffe_rate_left": Fact(0.282, _CAFFE, "computed", "share of the first rate that is left at the end"),
    "caffe_quick_epochs": Fact(60, _CAFFE, "read", "epochs of a quicker schedule"),
    "caffe_momentum": Fact(0.9, _CAFFE, "read", "momentum"),
    "caffe_weight_decay": Fact(
        0.0002, _CAFFE, "read", "share of a weight that is added to its gradient; the paper does not say"
    ),
    "caffe_initial_weights": Fact(
        "Glorot and Bengio's, where the original is said to have had a normal distribution",
        _CAFFE,
        "read",
        "initial weights; the paper does not say",
    ),
    "caffe_initial_bias": Fact(0.2, _CAFFE, "read", "initial biases; the paper does not say"),
    "torchvision_dropout": Fact(0.2, "torchvision, googlenet", "read", "dropout of another implementation"),
    "torchvision_kernel": Fact(
        3, "torchvision, googlenet", "memory", "side of the kernels that stand there for those of 5x5"
    ),
}

_RESULTS = {
    **{
        name: Fact(
            error,
            "table 3",
            "read",
            f"top-5 error, %: ILSVRC-2014, validation, {_words(nets, crops)}",
        )
        for name, (nets, crops, error, _) in _TESTS.items()
    },
    **{
        f"{name}_gain": Fact(
            gain,
            "table 3",
            "read",
            f"points of top-5 error on validation below one net and one crop: {_words(nets, crops)}",
        )
        for name, (nets, crops, _, gain) in _TESTS.items()
        if gain is not None
    },
    "costs": Fact(
        {name: nets * crops for name, (nets, crops, _, _) in _TESTS.items()},
        "table 3",
        "read",
        "images that a test of one picture puts through a network",
    ),
    "submission_test": Fact(
        6.67, "table 2", "read", "top-5 error, %: ILSVRC-2014, test, mean of 7 nets, 144 crops"
    ),
    "place": Fact(1, "table 2", "read", "place in the classification of ILSVRC-2014"),
    "supervision": Fact(
        (16.4, 15.3),
        "table 2",
        "read",
        "top-5 error, %: ILSVRC-2012, test, the nets of Krizhevsky et al., without and with more data",
    ),
    "clarifai": Fact(
        (11.7, 11.2),
        "table 2",
        "read",
        "top-5 error, %: test, nets of Clarifai, without and with more data",
    ),
    "msra": Fact(7.35, "table 2", "read", "top-5 error, %: test, nets of MSRA"),
    "vgg": Fact(7.32, "table 2", "read", "top-5 error, %: test, nets of VGG"),
    "caffe_accuracy": Fact(
        (68.7, 88.9),
        _CAFFE,
        "read",
        "top-1 and top-5 accuracy, %: ILSVRC-2012, validation, one net, centre crop",
    ),
}

SZEGEDY2015 = Paper(
    citation="szegedy2015",
    title="Going Deeper with Convolutions",
    facts={**_NETWORK, **_HEADS, **_LEARNING, **_RESULTS},
)
