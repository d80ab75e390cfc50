"""Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks (2012).

Also what the authors' own program says about the networks for CIFAR-10 that the paper only mentions, and
what those who repeated the paper found.
"""

from cnnbook.papers import Fact, Paper

# Layer: shape of its output, trainable parameters, multiply-adds for one image.
_LAYERS = {
    "conv1": ((55, 55, 96), 34_944, 105_415_200),
    "pool1": ((27, 27, 96), 0, 0),
    "conv2": ((27, 27, 256), 307_456, 223_948_800),
    "pool2": ((13, 13, 256), 0, 0),
    "conv3": ((13, 13, 384), 885_120, 149_520_384),
    "conv4": ((13, 13, 384), 663_936, 112_140_288),
    "conv5": ((13, 13, 256), 442_624, 74_760_192),
    "pool5": ((6, 6, 256), 0, 0),
    "fc6": ((4096,), 37_752_832, 37_748_736),
    "fc7": ((4096,), 16_781_312, 16_777_216),
    "fc8": ((1000,), 4_097_000, 4_096_000),
}

# Kernel height, width, maps it sees, maps it makes. Where it sees half of the maps, the two towers are apart.
_KERNELS = {
    "conv1": (11, 11, 3, 96),
    "conv2": (5, 5, 48, 256),
    "conv3": (3, 3, 256, 384),
    "conv4": (3, 3, 192, 384),
    "conv5": (3, 3, 192, 256),
}

_LATER_UNITS = {
    "conv2": 186_624,
    "conv3": 64_896,
    "conv4": 64_896,
    "conv5": 43_264,
    "fc6": 4_096,
    "fc7": 4_096,
    "fc8": 1_000,
}

_CIFAR_LAYERS = {
    "conv1": ((24, 24, 64), 4_864, 2_764_800),
    "pool1": ((12, 12, 64), 0, 0),
    "conv2": ((12, 12, 64), 102_464, 14_745_600),
    "pool2": ((6, 6, 64), 0, 0),
    "local3": ((6, 6, 32), 664_704, 663_552),
    "local4": ((6, 6, 32), 332_928, 331_776),
    "fc10": ((10,), 11_530, 11_520),
}

_CIFAR_DEVIATIONS = {"conv1": 0.0001, "conv2": 0.01, "local3": 0.04, "local4": 0.04, "fc10": 0.01}

_CAFFE = "Caffe, bvlc_alexnet"
_CONVNET = "cuda-convnet, layers-conv-local-11pct.cfg"
_CONVNET_RUN = "cuda-convnet, description of the CIFAR-10 networks"
_NO_PAPER = "not in the paper; implementations that use it"


def _errors(top1: float, top5: float, where: str, protocol: str) -> Fact:
    return Fact((top1, top5), where, "read", f"top-1 and top-5 error, %: {protocol}")


def _gain(top1: float, top5: float, where: str, cause: str) -> Fact:
    return Fact(
        (top1, top5),
        where,
        "read",
        f"points of top-1 and top-5 error that {cause} takes away; on which images is not said",
    )


_NETWORK = {
    "input_side": Fact(224, "section 3.5", "read", "side of the input image"),
    "input_values": Fact(150_528, "section 3.5", "read", "numbers in an input image"),
    "conv1_places": Fact(
        54.25, "section 3.5", "computed", "places of conv1 along a side of 224, without padding"
    ),
    "input_side_unpadded": Fact(227, _CAFFE, "read", "side of the input that needs no padding"),
    "map_sides": Fact("55, 27, 13, 6", "figure 2", "computed", "sides of the maps of conv1 and of each pool"),
    "map_sides_padded": Fact(
        "55, 27, 13, 6", "figure 2", "computed", "the same for an input of 224 with 2 pixels of padding"
    ),
    "weight_layers": Fact(8, "section 3.5", "read", "layers with weights"),
    "convolutions": Fact(5, "section 3.5", "read", "convolutional layers"),
    "dense_layers": Fact(3, "section 3.5", "read", "dense layers"),
    "kernels": Fact(
        _KERNELS, "section 3.5", "read", "kernel height, width, maps that it sees, maps that it makes"
    ),
    "conv1_stride": Fact(4, "section 3.5", "read", "pixels between neighbouring places of conv1"),
    "pool_window": Fact(3, "section 3.4", "read", "side of the window of a pooling layer"),
    "pool_stride": Fact(2, "section 3.4", "read", "step of the window of a pooling layer"),
    "pools_after": Fact("conv1, conv2, conv5", "section 3.5", "read", "layers that a pooling layer follows"),
    "lrn_after": Fact("conv1, conv2", "section 3.5", "read", "layers that response normalisation follows"),
    "classes": Fact(1000, "section 3.5", "read", "classes"),
    "layer_table": Fact(_LAYERS, "figure 2", "computed", "shape, parameters, multiply-adds"),
    "parameters": Fact(60_965_224, "figure 2", "computed", "parameters"),
    "million_parameters": Fact(60, "abstract", "read", "million parameters"),
    "multiply_adds": Fact(724_406_816, "figure 2", "computed", "multiply-adds for one image"),
    "neurons": Fact(650_000, "abstract", "read", "units"),
    "units": Fact(659_272, "figure 2", "computed", "units, with conv1 counted by its maps"),
    "units_printed": Fact(622_312, "figure 2", "computed", "units, as the figure's own numbers add up"),
    "conv1_units": Fact(253_440, "figure 2", "read", "units of conv1"),
    "conv1_units_as": Fact(
        (55, 48, 96), "figure 2", "computed", "sides that 253,440 is a product of; 48 is no side of a map"
    ),
    "later_units": Fact(_LATER_UNITS, "figure 2", "read", "units of the other layers"),
    "convolution_limit": Fact(
        1.0, "section 1", "read", "% of the parameters, which no convolutional layer is said to exceed"
    ),
    "conv3_share": Fact(1.45, "figure 2", "computed", "% of the parameters in conv3"),
    "conv4_share": Fact(1.09, "figure 2", "computed", "% of the parameters in conv4"),
    "dense_share": Fact(96.2, "figure 2", "computed", "% of the parameters in the dense layers"),
    "convolution_work": Fact(91.9, "figure 2", "computed", "% of the multiply-adds in the convolutions"),
    "parameters_one_group": Fact(
        62_378_344, "figure 2", "computed", "parameters, were the two towers fully connected"
    ),
    "multiply_adds_one_group": Fact(
        1_135_256_096, "figure 2", "computed", "multiply-adds, were the two towers fully connected"
    ),
    "parameters_one_tower": Fact(
        61_100_840, "Krizhevsky 2014", "computed", "parameters of the later network of one tower"
    ),
    "multiply_adds_one_tower": Fact(
        714_188_480, "Krizhevsky 2014", "computed", "multiply-adds of the later network of one tower"
    ),
    "parameters_one_gpu": Fact(
        59_798_312,
        "section 3.2, footnote",
        "memory",
        "parameters of the network on one GPU, if its widths are those we infer from the footnote",
    ),
    "lrn_k": Fact(2.0, "section 3.3", "read", "k of response normalisation"),
    "lrn_n": Fact(5, "section 3.3", "read", "n, the maps that are summed over"),
    "lrn_alpha": Fact(1e-4, "section 3.3", "read", "alpha, which the printed formula does not divide by n"),
    "lrn_beta": Fact(0.75, "section 3.3", "read", "beta, the exponent"),
    "lrn_alpha_divided": Fact(
        5e-4, "section 3.3", "computed", "alpha that means the same to a library that divides it by n"
    ),
}

_LEARNING = {
    "batch_size": Fact(128, "section 5", "read", "images per update"),
    "momentum": Fact(0.9, "section 5", "read", "momentum"),
    "weight_decay": Fact(0.0005, "section 5", "read", "share of a weight that is added to its gradient"),
    "decay_as_l2": Fact(
        0.00025, "section 5", "computed", "factor of the sum of squares whose gradient is that"
    ),
    "initial_deviation": Fact(0.01, "section 5", "read", "standard deviation of the initial weights"),
    "biases_of_one": Fact(
        "conv2, conv4, conv5, fc6, fc7", "section 5", "read", "layers whose biases start at 1; others at 0"
    ),
    "bias_caffe": Fact(0.1, _CAFFE, "read", "initial biases instead of 1, with which the loss stood still"),
    "rate": Fact(0.01, "section 5", "read", "first learning rate, the same in all layers"),
    "rate_divisor": Fact(10, "section 5", "read", "what the rate is divided by when validation error stalls"),
    "rate_reductions": Fact(3, "section 5", "read", "times the rate is reduced"),
    "epochs": Fact(90, "section 5", "read", "passes through the training images, roughly"),
    "train_images": Fact(1_200_000, "section 5", "read", "training images, roughly"),
    "updates": Fact(843_750, "section 5", "computed", "updates in all"),
    "gpus": Fact(2, "section 3.2", "read", "GPUs the network was spread over"),
    "gpu_memory": Fact(3, "section 3.2", "read", "GB of memory of each GPU"),
    "hardware": Fact("5 to 6 days, two GTX 580", "section 5", "read", "training"),
    "dropout": Fact(0.5, "section 4.2", "read", "chance that a unit is set to zero"),
    "dropout_layers": Fact("fc6, fc7", "section 4.2", "read", "layers with dropout"),
    "dropout_at_test": Fact(0.5, "section 4.2", "read", "factor of the units at test, none being dropped"),
    "dropout_slowdown": Fact(2, "section 4.2", "read", "times as many updates to converge, roughly"),
    "resized_side": Fact(256, "section 2", "read", "shorter side that a picture is resized to"),
    "crop_side": Fact(224, "section 4.1", "read", "side of the random crops"),
    "crop_factor": Fact(2048, "section 4.1", "read", "crops and mirror images of one picture"),
    "crop_factor_counted": Fact(2178, "section 4.1", "computed", "the same with all 33 x 33 places counted"),
    "colour_deviation": Fact(0.1, "section 4.1", "read", "standard deviation of the factors of a colour"),
    "colour_gain": Fact(1, "section 4.1", "read", "points of top-1 error that shifted colours take away"),
    "colour_eigenvalues": Fact(
        (0.2175, 0.0188, 0.0045), _NO_PAPER, "secondary", "eigenvalues of ImageNet's colours from 0 to 1"
    ),
    "colour_axes": Fact(
        ((-0.5675, -0.5808, -0.5836), (0.7192, -0.0045, -0.6948), (0.4009, -0.8140, 0.4203)),
        _NO_PAPER,
        "secondary",
        "their eigenvectors, red, green, blue",
    ),
    "test_crops": Fact(10, "section 4.1", "read", "crops whose outputs are averaged at test"),
}

_RESULTS = {
    "ilsvrc2010": _errors(37.5, 17.0, "table 1", "ILSVRC-2010, test, one net, ten crops"),
    "ilsvrc2010_one_crop": _errors(39.0, 18.3, "section 6", "ILSVRC-2010, test, one net, one crop"),
    "ilsvrc2010_sift": _errors(45.7, 25.7, "table 1", "ILSVRC-2010, test, SIFT and Fisher vectors"),
    "ilsvrc2010_sparse": _errors(47.1, 28.2, "table 1", "ILSVRC-2010, test, sparse coding"),
    "one_net": _errors(40.7, 18.2, "table 2", "ILSVRC-2012, validation, one net, ten crops"),
    "five_nets": _errors(38.1, 16.4, "table 2", "ILSVRC-2012, validation, mean of five nets, ten crops"),
    "five_nets_test": Fact(
        16.4, "table 2", "read", "top-5 error, %: ILSVRC-2012, test, mean of five nets, ten crops"
    ),
    "pretrained_net": _errors(
        39.0,
        16.6,
        "table 2",
        "ILSVRC-2012, validation, one net with a sixth convolution, pre-trained on more data, ten crops",
    ),
    "seven_nets": _errors(
        36.7,
        15.4,
        "table 2",
        "ILSVRC-2012, validation, mean of seven nets, two of them pre-trained on more data, ten crops",
    ),
    "seven_nets_test": Fact(
        15.3,
        "table 2",
        "read",
        "top-5 error, %: ILSVRC-2012, test, mean of seven nets, two pre-trained on more data, ten crops",
    ),
    "runner_up_test": Fact(
        26.2, "table 2", "read", "top-5 error, %: ILSVRC-2012, test, SIFT and Fisher vectors"
    ),
    "autumn_2009": _errors(67.4, 40.9, "section 6", "ImageNet of autumn 2009, test, 10,184 classes"),
    "caffe_accuracy": Fact(
        (57.1, 80.2),
        _CAFFE,
        "read",
        "top-1 and top-5 accuracy, %: ILSVRC-2012, validation, one net, centre crop",
    ),
    "two_gpus_gain": _gain(1.7, 1.2, "section 3.2", "the network on two GPUs, against half of it on one,"),
    "lrn_gain": _gain(1.4, 1.2, "section 3.3", "response normalisation"),
    "overlap_gain": _gain(0.4, 0.3, "section 3.4", "overlapping of the pooling windows"),
    "middle_layer_loss": Fact(
        2, "section 7", "read", "points of top-1 error that the removal of a middle layer adds, roughly"
    ),
}

_CIFAR = {
    "relu_error": Fact(25, "figure 1", "read", "% training error on CIFAR-10 at which speeds are compared"),
    "relu_speed": Fact(6, "figure 1", "read", "times as fast as tanh to that error, roughly"),
    "relu_epochs": Fact(6, "figure 1", "secondary", "epochs to that error with ReLU, read off the curve"),
    "tanh_epochs": Fact(36, "figure 1", "secondary", "epochs to that error with tanh, read off the curve"),
    "cifar_error": Fact(
        13, "section 3.3", "read", "% error, CIFAR-10, test, one net without response normalisation"
    ),
    "cifar_error_lrn": Fact(
        11, "section 3.3", "read", "% error, CIFAR-10, test, one net with response normalisation"
    ),
    "cifar_minutes": Fact("25 and 75", _CONVNET_RUN, "read", "minutes of training of the two networks"),
    "cifar_layer_table": Fact(
        _CIFAR_LAYERS, _CONVNET, "computed", "CIFAR-10 network: shape, parameters, multiply-adds"
    ),
    "cifar_parameters": Fact(1_116_490, _CONVNET, "computed", "CIFAR-10 network: parameters"),
    "cifar_multiply_adds": Fact(18_517_248, _CONVNET, "computed", "CIFAR-10 network: multiply-adds"),
    "cifar_deviations": Fact(
        _CIFAR_DEVIATIONS, _CONVNET, "read", "standard deviation of the initial weights"
    ),
    "cifar_lrn_n": Fact(5, _CONVNET, "read", "CIFAR-10 network: maps that are summed over"),
    "cifar_lrn_alpha": Fact(0.001, _CONVNET, "read", "CIFAR-10 network: alpha, which it divides by n"),
    "cifar_lrn_beta": Fact(0.75, _CONVNET, "read", "CIFAR-10 network: beta"),
    "cifar_lrn_k": Fact(1.0, _CONVNET, "read", "CIFAR-10 network: k"),
    "cifar_crop": Fact(24, _CONVNET_RUN, "read", "CIFAR-10 network: side of the random crops"),
    "cifar_border": Fact(4, _CONVNET_RUN, "read", "CIFAR-10 network: pixels around the central crop"),
    "cifar_views": Fact(10, _CONVNET_RUN, "read", "CIFAR-10 network: crops averaged at test"),
    "cifar_rates": Fact(
        (0.001, 0.002), _CONVNET, "read", "CIFAR-10 network: first rates of weights and of biases"
    ),
    "cifar_momentum": Fact(0.9, _CONVNET, "read", "CIFAR-10 network: momentum"),
    "cifar_weight_decay": Fact(
        0.004, _CONVNET, "read", "CIFAR-10 network: weight decay of local3, local4 and fc10; others 0"
    ),
    "cifar_batch_size": Fact(128, _CONVNET, "read", "CIFAR-10 network: images per update"),
    "cifar_epochs": Fact(
        "300 to 350 on four fifths of the images, 150 on all, 10 at a tenth of the rate, 10 at a hundredth",
        _CONVNET_RUN,
        "read",
        "CIFAR-10 network: epochs, roughly",
    ),
}

KRIZHEVSKY2012 = Paper(
    citation="krizhevsky2012",
    title="ImageNet Classification with Deep Convolutional Neural Networks",
    facts={**_NETWORK, **_LEARNING, **_RESULTS, **_CIFAR},
)
