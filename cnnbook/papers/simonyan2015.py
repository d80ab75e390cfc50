"""Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition (2015)."""

from cnnbook.papers import Fact, Paper

# Blocks between slashes; 3-64 is a convolution of 3x3 with 64 maps. A pooling layer ends each block.
_CONFIGURATIONS = {
    "A": "3-64 / 3-128 / 3-256 3-256 / 3-512 3-512 / 3-512 3-512",
    "A-LRN": "3-64 LRN / 3-128 / 3-256 3-256 / 3-512 3-512 / 3-512 3-512",
    "B": "3-64 3-64 / 3-128 3-128 / 3-256 3-256 / 3-512 3-512 / 3-512 3-512",
    "C": "3-64 3-64 / 3-128 3-128 / 3-256 3-256 1-256 / 3-512 3-512 1-512 / 3-512 3-512 1-512",
    "D": "3-64 3-64 / 3-128 3-128 / 3-256 3-256 3-256 / 3-512 3-512 3-512 / 3-512 3-512 3-512",
    "E": (
        "3-64 3-64 / 3-128 3-128 / 3-256 3-256 3-256 3-256 / "
        "3-512 3-512 3-512 3-512 / 3-512 3-512 3-512 3-512"
    ),
}

# Trainable parameters of each layer of D, by the names that Keras gives them.
_LAYERS_OF_D = {
    "block1_conv1": 1_792,
    "block1_conv2": 36_928,
    "block2_conv1": 73_856,
    "block2_conv2": 147_584,
    "block3_conv1": 295_168,
    "block3_conv2": 590_080,
    "block3_conv3": 590_080,
    "block4_conv1": 1_180_160,
    "block4_conv2": 2_359_808,
    "block4_conv3": 2_359_808,
    "block5_conv1": 2_359_808,
    "block5_conv2": 2_359_808,
    "block5_conv3": 2_359_808,
    "fc1": 102_764_544,
    "fc2": 16_781_312,
    "predictions": 4_097_000,
}

_PARAMETERS = {
    "A": 132_863_336,
    "A-LRN": 132_863_336,
    "B": 133_047_848,
    "C": 133_638_952,
    "D": 138_357_544,
    "E": 143_667_240,
}

_MULTIPLY_ADDS = {
    "A": 7_609_090_048,
    "A-LRN": 7_609_090_048,
    "B": 11_308_466_176,
    "C": 11_770_888_192,
    "D": 15_470_264_320,
    "E": 19_632_062_464,
}

_HE = "He et al. 2015, section 4.1"

# Top-1 and top-5 error by training scale and configuration. Table 3: one scale at test; table 4: three.
_ONE_SCALE = {
    "256": {
        "a": (29.6, 10.4),
        "a_lrn": (29.7, 10.5),
        "b": (28.7, 9.9),
        "c": (28.1, 9.4),
        "d": (27.0, 8.8),
        "e": (27.3, 9.0),
    },
    "384": {"c": (28.1, 9.3), "d": (26.8, 8.7), "e": (26.9, 8.7)},
    "jitter": {"c": (27.3, 8.8), "d": (25.6, 8.1), "e": (25.5, 8.0)},
}
_ONE_SCALE_PROTOCOL = {
    "256": "trained at S = 256, tested dense at Q = 256",
    "384": "trained at S = 384, tested dense at Q = 384",
    "jitter": "trained at S from 256 to 512, tested dense at Q = 384",
}
_MULTI_SCALE = {
    "256": {"b": (28.2, 9.6), "c": (27.7, 9.2), "d": (26.6, 8.6), "e": (26.9, 8.7)},
    "384": {"c": (27.8, 9.2), "d": (26.5, 8.6), "e": (26.7, 8.6)},
    "jitter": {"c": (26.3, 8.2), "d": (24.8, 7.5), "e": (24.8, 7.5)},
}
_MULTI_SCALE_PROTOCOL = {
    "256": "trained at S = 256, tested dense at Q = 224, 256 and 288",
    "384": "trained at S = 384, tested dense at Q = 352, 384 and 416",
    "jitter": "trained at S from 256 to 512, tested dense at Q = 256, 384 and 512",
}
_VIEWS = {
    "dense": {"d": (24.8, 7.5), "e": (24.8, 7.5)},
    "crops": {"d": (24.6, 7.5), "e": (24.6, 7.4)},
    "both": {"d": (24.4, 7.2), "e": (24.4, 7.1)},
}
_VIEWS_PROTOCOL = {
    "dense": "trained at S from 256 to 512, tested dense at three scales",
    "crops": "trained at S from 256 to 512, tested with 50 crops at each of three scales",
    "both": "trained at S from 256 to 512, mean of dense and 150 crops at three scales",
}


def _errors(value: tuple[float, ...], where: str, protocol: str) -> Fact:
    columns = "top-1 and top-5 error on validation, top-5 on test, %" if len(value) == 3 else ""
    return Fact(value, where, "read", f"{columns or 'top-1 and top-5 error on validation, %'}: {protocol}")


def _table(name: str, where: str, cells: dict, protocol: dict) -> dict[str, Fact]:
    """One fact for each cell of a table of errors, with how it was measured."""
    return {
        f"{name}_{column}_{net}": _errors(
            value, where, f"one net, {net.upper().replace('_', '-')}, {protocol[column]}, mirrored too"
        )
        for column, nets in cells.items()
        for net, value in nets.items()
    }


_NETWORK = {
    "input_side": Fact(224, "section 2.1", "read", "side of the input image"),
    "configurations": Fact(_CONFIGURATIONS, "table 1", "read", "convolutions of each block"),
    "weight_layers": Fact(
        {"A": 11, "A-LRN": 11, "B": 13, "C": 16, "D": 16, "E": 19}, "table 1", "read", "layers with weights"
    ),
    "dense_units": Fact("4096, 4096, 1000", "table 1", "read", "units of the dense layers"),
    "pool_window": Fact(2, "section 2.1", "read", "side of the window of a pooling layer"),
    "pool_stride": Fact(2, "section 2.1", "read", "step of the window of a pooling layer"),
    "pools": Fact(5, "section 2.1", "read", "pooling layers"),
    "million_parameters": Fact(
        {"A": 133, "A-LRN": 133, "B": 133, "C": 134, "D": 138, "E": 144},
        "table 2",
        "read",
        "million parameters",
    ),
    "parameters": Fact(_PARAMETERS, "table 1", "computed", "parameters"),
    "multiply_adds": Fact(_MULTIPLY_ADDS, "table 1", "computed", "multiply-adds for one image of 224x224"),
    "convolution_work": Fact(
        {"A": 7.485, "B": 11.185, "C": 11.647, "D": 15.347, "E": 19.508},
        "table 1",
        "computed",
        "thousand million multiply-adds in the convolutions",
    ),
    "layers_of_d": Fact(_LAYERS_OF_D, "table 1", "computed", "parameters of a layer of D"),
    "convolution_parameters": Fact(14_714_688, "table 1", "computed", "parameters of D's convolutions"),
    "dense_parameters": Fact(123_642_856, "table 1", "computed", "parameters of D's dense layers"),
    "he_work_d": Fact(15.3, _HE, "read", "thousand million multiply-adds of D, as others quote them"),
    "he_work_e": Fact(19.6, _HE, "read", "thousand million multiply-adds of E, as others quote them"),
    "field_of_two": Fact(5, "section 2.3", "read", "side of what two convolutions of 3x3 see"),
    "field_of_three": Fact(7, "section 2.3", "read", "side of what three convolutions of 3x3 see"),
    "weights_of_two": Fact(18, "section 2.3", "computed", "weights of two of 3x3, in squares of the width"),
    "weights_of_one_5": Fact(25, "section 2.3", "computed", "weights of one of 5x5, in squares of the width"),
    "weights_of_three": Fact(27, "section 2.3", "read", "weights of three of 3x3, in squares of the width"),
    "weights_of_one_7": Fact(49, "section 2.3", "read", "weights of one of 7x7, in squares of the width"),
    "saving_of_two": Fact(28, "section 2.3", "computed", "% fewer weights than one of 5x5"),
    "saving_of_three": Fact(45, "section 2.3", "computed", "% fewer weights than one of 7x7"),
    "more_of_one_7": Fact(81, "section 2.3", "read", "% more weights of one of 7x7 than of three of 3x3"),
}

_LEARNING = {
    "batch_size": Fact(256, "section 3.1", "read", "images per update"),
    "momentum": Fact(0.9, "section 3.1", "read", "momentum"),
    "weight_decay": Fact(0.0005, "section 3.1", "read", "factor of the L2 penalty"),
    "dropout": Fact(0.5, "section 3.1", "read", "chance that a unit is set to zero"),
    "dropout_layers": Fact(2, "section 3.1", "read", "dense layers with dropout, the first ones"),
    "rate": Fact(0.01, "section 3.1", "read", "first learning rate"),
    "rate_divisor": Fact(10, "section 3.1", "read", "what the rate is divided by when accuracy stalls"),
    "rate_reductions": Fact(3, "section 3.1", "read", "times the rate is reduced"),
    "updates": Fact(370_000, "section 3.1", "read", "updates in all"),
    "epochs": Fact(74, "section 3.1", "read", "passes through the training images"),
    "epochs_counted": Fact(
        73.9, "section 3.1", "computed", "passes that so many updates make of 1,281,167 images"
    ),
    "initial_variance": Fact(0.01, "section 3.1", "read", "variance of A's initial weights"),
    "initial_deviation": Fact(0.1, "section 3.1", "computed", "standard deviation of A's initial weights"),
    "initial_bias": Fact(0.0, "section 3.1", "read", "initial biases"),
    "copied_convolutions": Fact(4, "section 3.1", "read", "convolutions that deeper networks copy from A"),
    "copied_dense_layers": Fact(3, "section 3.1", "read", "dense layers that deeper networks copy from A"),
    "crop_side": Fact(224, "section 3.1", "read", "side of the random crops"),
    "fixed_scales": Fact("256, 384", "section 3.1", "read", "shorter side S of training images, if fixed"),
    "jittered_scales": Fact("256 to 512", "section 3.1", "read", "shorter side S, drawn for each image"),
    "rate_at_384": Fact(0.001, "section 3.1", "read", "first rate at S = 384, starting from S = 256"),
    "hardware": Fact("2 to 3 weeks, four Titan Black", "section 3.3", "read", "training of one network"),
    "speed_of_four_gpus": Fact(3.75, "section 3.3", "read", "times as fast as one GPU"),
    "dense_kernels": Fact("7, 1, 1", "section 3.2", "read", "sides of the dense layers as convolutions"),
    "crops_per_scale": Fact(50, "section 3.2", "read", "crops at each scale"),
    "crops": Fact(150, "section 3.2", "read", "crops over three scales"),
}

_RESULTS = {
    **_table("one_scale", "table 3", _ONE_SCALE, _ONE_SCALE_PROTOCOL),
    **_table("multi_scale", "table 4", _MULTI_SCALE, _MULTI_SCALE_PROTOCOL),
    "multi_scale_jitter_e_test": Fact(
        7.3,
        "table 4",
        "read",
        f"top-5 error on test, %: one net, E, {_MULTI_SCALE_PROTOCOL['jitter']}, mirrored too",
    ),
    **_table("views", "table 5", _VIEWS, _VIEWS_PROTOCOL),
    "submission": _errors((24.7, 7.5, 7.3), "table 6", "mean of seven nets: the entry of ILSVRC-2014"),
    "two_nets_dense": _errors((24.0, 7.1, 7.0), "table 6", "mean of D and E, dense at three scales"),
    "two_nets_crops": _errors((23.9, 7.2), "table 6", "mean of D and E, 150 crops at three scales"),
    "two_nets": _errors((23.7, 6.8, 6.8), "tables 6 and 7", "mean of D and E, dense and 150 crops"),
    "one_net": _errors((24.4, 7.1, 7.0), "table 7", "one net, dense and 150 crops"),
    "place": Fact(2, "section 4.5", "read", "place in the classification of ILSVRC-2014"),
    "place_localisation": Fact(1, "appendix A", "memory", "place in the localisation of ILSVRC-2014"),
    "shallow_loss": Fact(
        7,
        "section 4.1",
        "read",
        "points of top-1 error on validation, centre crop, that one 5x5 for each pair of 3x3 adds to B",
    ),
}

SIMONYAN2015 = Paper(
    citation="simonyan2015",
    title="Very Deep Convolutional Networks for Large-Scale Image Recognition",
    facts={**_NETWORK, **_LEARNING, **_RESULTS},
)
