"""He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition (2016), the paper of ResNet.

Also what the authors say beside their released networks, and what those who repeated the paper found.
"""

from cnnbook.papers import Fact, Paper

_BLOCKS = {18: "2, 2, 2, 2", 34: "3, 4, 6, 3", 50: "3, 4, 6, 3", 101: "3, 4, 23, 3", 152: "3, 8, 36, 3"}

# By depth and option of the shortcuts; the plain networks are those of option A without the shortcuts.
_PARAMETERS = {
    "18 plain": 11_515_688,
    "18 A": 11_515_688,
    "18 B": 11_689_512,
    "18 C": 12_043_816,
    "34 plain": 21_623_848,
    "34 A": 21_623_848,
    "34 B": 21_797_672,
    "34 C": 22_716_840,
    "50 B": 25_557_032,
    "101 B": 44_549_160,
    "152 B": 60_192_808,
}

_MULTIPLY_ADDS = {
    "18 plain": 1_794_805_760,
    "18 A": 1_794_805_760,
    "18 B": 1_814_073_344,
    "18 C": 1_878_298_624,
    "34 plain": 3_644_493_824,
    "34 A": 3_644_493_824,
    "34 B": 3_663_761_408,
    "34 C": 3_830_747_136,
    "50 B": 3_857_973_248,
    "101 B": 7_570_194_432,
    "152 B": 11_282_415_616,
}

_MULTIPLY_ADDS_3X3 = {"50 B": 4_089_184_256, "101 B": 7_801_405_440, "152 B": 11_513_626_624}

_PROJECTIONS = {"18 B": 3, "34 B": 3, "18 C": 8, "34 C": 16, "50 B": 4, "101 B": 4, "152 B": 4}

# Networks for CIFAR-10 by depth.
_CIFAR_PARAMETERS = {
    **{"20": 269_722, "32": 464_154, "44": 658_586, "56": 853_018, "110": 1_727_962, "1202": 19_421_274}
}

_CIFAR_PARAMETERS_B = {
    **{"20": 272_474, "32": 466_906, "44": 661_338, "56": 855_770, "110": 1_730_714, "1202": 19_424_026}
}

_CIFAR_MULTIPLY_ADDS = {
    "20": 40_551_040,
    "32": 68_862_592,
    "44": 97_174_144,
    "56": 125_485_696,
    "110": 252_887_680,
    "1202": 2_829_238_912,
}

_CIFAR_ERRORS = {"20": 8.75, "32": 7.51, "44": 7.17, "56": 6.97, "110": 6.43, "1202": 7.93}

_TEN_CROPS = {
    "vgg16": (28.07, 9.33),
    "prelu_net": (24.27, 7.38),
    "plain34": (28.54, 10.02),
    "resnet34_a": (25.03, 7.76),
    "resnet34_b": (24.52, 7.46),
    "resnet34_c": (24.19, 7.40),
    "resnet50": (22.85, 6.71),
    "resnet101": (21.75, 6.05),
    "resnet152": (21.43, 5.71),
}

_BEST = {
    "vgg_2015": (24.4, 7.1),
    "prelu_net": (21.59, 5.71),
    "bn_inception": (21.99, 5.81),
    "resnet34_b": (21.84, 5.71),
    "resnet34_c": (21.53, 5.60),
    "resnet50": (20.74, 5.25),
    "resnet101": (19.87, 4.60),
    "resnet152": (19.38, 4.49),
}

_ENSEMBLES = {"vgg": 7.32, "googlenet": 6.66, "vgg_2015": 6.8, "prelu_net": 4.94, "bn_inception": 4.82}

# Error in % on the test images of CIFAR-10, as table 6 compares them.
_OTHERS = {
    "Maxout": 9.38,
    "Network in Network": 8.81,
    "Deeply Supervised Net": 8.22,
    "FitNet, 19 layers, 2.5 million parameters": 8.39,
    "Highway, 19 layers, 2.3 million parameters, best": 7.54,
    "Highway, 19 layers, 2.3 million parameters, mean": 7.72,
    "Highway, 32 layers, 1.25 million parameters": 8.80,
}

_NAMES = {
    "vgg16": "VGG-16 as the authors ran it",
    "vgg": "VGG as entered in 2014",
    "vgg_2015": "VGG as published in 2015",
    "googlenet": "GoogLeNet",
    "prelu_net": "PReLU-net",
    "bn_inception": "BN-Inception",
    "plain34": "plain, 34 layers",
    "resnet34_a": "ResNet-34 of option A",
    "resnet34_b": "ResNet-34 of option B",
    "resnet34_c": "ResNet-34 of option C",
    "resnet50": "ResNet-50",
    "resnet101": "ResNet-101",
    "resnet152": "ResNet-152",
}

_README = "the authors' README"


def _errors(value: tuple[float, ...], where: str, protocol: str) -> Fact:
    kinds = "top-1 and top-5 error, %" if len(value) == 2 else "top-1 error, %"
    return Fact(value if len(value) == 2 else value[0], where, "read", f"{kinds}: validation, {protocol}")


def _best_test(net: str) -> str:
    return "dense at five scales" if net.startswith("resnet") else "tested by its authors"


_NETWORK = {
    "input_side": Fact(224, "section 3.4", "read", "side of the input image"),
    "blocks": Fact(_BLOCKS, "table 1", "read", "residual blocks in each of the four stages"),
    "basic_block": Fact("3, 3", "table 1", "read", "sides of the kernels of a block, up to 34 layers"),
    "bottleneck": Fact("1, 3, 1", "table 1", "read", "sides of the kernels of a block, from 50 layers on"),
    "stage_maps": Fact("64, 128, 256, 512", "table 1", "read", "maps of each stage, inside its blocks"),
    "bottleneck_factor": Fact(4, "table 1", "read", "times as many maps leave a bottleneck block"),
    "conv1": Fact("7, 2", "table 1", "read", "window and step of the first convolution"),
    "pool": Fact("3, 2", "table 1", "read", "window and step of the pooling layer"),
    "map_sides": Fact("112, 56, 28, 14, 7", "table 1", "read", "sides of the maps, conv1 and each stage"),
    "halving_blocks": Fact(
        "conv3_1, conv4_1, conv5_1", "table 1", "read", "blocks with a stride of two, besides the stem"
    ),
    "dense_layers": Fact(1, "table 1", "read", "dense layers"),
    "classes": Fact(1000, "table 1", "read", "classes"),
    "weight_layers": Fact({depth: depth for depth in _BLOCKS}, "table 1", "read", "layers with weights"),
    "thousand_million": Fact(
        {18: 1.8, 34: 3.6, 50: 3.8, 101: 7.6, 152: 11.3},
        "table 1",
        "read",
        "thousand million multiply-adds, called FLOPs",
    ),
    "block_order": Fact(
        "convolution, normalisation, ReLU", "section 3.4", "read", "order of the layers inside a block"
    ),
    "convolution_bias": Fact("no", "section 3.4", "memory", "convolutions have biases; the paper is silent"),
    "parameters": Fact(_PARAMETERS, "table 1", "computed", "parameters"),
    "multiply_adds": Fact(
        _MULTIPLY_ADDS,
        "table 1",
        "computed",
        "multiply-adds for one image, the first layer of a block halving",
    ),
    "multiply_adds_3x3": Fact(
        _MULTIPLY_ADDS_3X3,
        "torchvision, resnet",
        "computed",
        "multiply-adds for one image, the 3x3 of a block halving",
    ),
    "projections": Fact(_PROJECTIONS, "table 1", "computed", "convolutions on shortcuts"),
    "extra_projections": Fact(
        13, "section 4.1", "read", "convolutions on shortcuts that option C has more than B, at 34 layers"
    ),
    "parameters_of_a": Fact(0, "section 3.3", "read", "parameters of option A's shortcuts"),
    "bottleneck_work": Fact(
        218_365_952, "figure 5", "computed", "multiply-adds of a bottleneck block of 256 maps at 56x56"
    ),
    "basic_work": Fact(
        231_211_008, "figure 5", "computed", "multiply-adds of a basic block of 64 maps at 56x56"
    ),
    "projected_work": Fact(
        2, "section 4.1", "read", "times as much work of a bottleneck block with a convolution as shortcut"
    ),
    "projected_work_counted": Fact(1.94, "section 4.1", "computed", "the same, counted"),
}

_CIFAR_NETWORK = {
    "cifar_input_side": Fact(32, "section 4.2", "read", "CIFAR-10: side of the input image"),
    "cifar_maps": Fact("16, 32, 64", "section 4.2", "read", "CIFAR-10: maps of each stage"),
    "cifar_map_sides": Fact("32, 16, 8", "section 4.2", "read", "CIFAR-10: sides of the maps of each stage"),
    "cifar_depths": Fact(
        {"n = 3": 20, "n = 5": 32, "n = 7": 44, "n = 9": 56, "n = 18": 110, "n = 200": 1202},
        "section 4.2",
        "read",
        "CIFAR-10: layers with weights for n blocks a stage, 6n + 2",
    ),
    "cifar_shortcuts": Fact(
        {"20": 9, "32": 15, "44": 21, "56": 27, "110": 54, "1202": 600},
        "section 4.2",
        "read",
        "CIFAR-10: shortcuts, 3n",
    ),
    "cifar_option": Fact("A", "section 4.2", "read", "CIFAR-10: option of the shortcuts"),
    "cifar_million": Fact(
        {"20": 0.27, "32": 0.46, "44": 0.66, "56": 0.85, "110": 1.7, "1202": 19.4},
        "table 6",
        "read",
        "CIFAR-10: million parameters",
    ),
    "cifar_parameters": Fact(_CIFAR_PARAMETERS, "section 4.2", "computed", "CIFAR-10: parameters"),
    "cifar_parameters_plain": Fact(
        _CIFAR_PARAMETERS, "section 4.2", "computed", "CIFAR-10: parameters without shortcuts"
    ),
    "cifar_parameters_b": Fact(
        _CIFAR_PARAMETERS_B, "section 4.2", "computed", "CIFAR-10: parameters, were the shortcuts option B"
    ),
    "cifar_multiply_adds": Fact(
        _CIFAR_MULTIPLY_ADDS, "section 4.2", "computed", "CIFAR-10: multiply-adds for one image"
    ),
}

_LEARNING = {
    "batch_size": Fact(256, "section 3.4", "read", "images per update"),
    "momentum": Fact(0.9, "section 3.4", "read", "momentum"),
    "weight_decay": Fact(0.0001, "section 3.4", "read", "share of a weight that is added to its gradient"),
    "rate": Fact(0.1, "section 3.4", "read", "first learning rate"),
    "rate_divisor": Fact(10, "section 3.4", "read", "what the rate is divided by when the error stalls"),
    "updates": Fact(600_000, "section 3.4", "read", "updates in all, at most"),
    "epochs": Fact(119.9, "section 3.4", "computed", "passes that so many updates make of 1,281,167 images"),
    "dropout_layers": Fact(0, "section 3.4", "read", "layers with dropout"),
    "initial_weights": Fact(
        "a normal distribution of variance 2 / fan-in",
        "He et al., Delving Deep into Rectifiers, section 2.2",
        "memory",
        "initial weights",
    ),
    "scales": Fact("256 to 480", "section 3.4", "read", "shorter side, drawn for each training image"),
    "crop_side": Fact(224, "section 3.4", "read", "side of the random crops"),
    "test_crops": Fact(10, "section 3.4", "read", "crops averaged at test, for comparisons"),
    "test_scales": Fact(
        "224, 256, 384, 480, 640", "section 3.4", "read", "shorter sides averaged at test, for best results"
    ),
    "gpus": Fact(8, _README, "read", "GPUs that a network was trained on"),
    "images_per_gpu": Fact(32, _README, "read", "images per update and GPU"),
    "statistics": Fact(
        "exact means, computed after training",
        _README,
        "read",
        "means and variances of the normalisation in the released networks",
    ),
    "cifar_batch_size": Fact(128, "section 4.2", "read", "CIFAR-10: images per update"),
    "cifar_gpus": Fact(2, "section 4.2", "read", "CIFAR-10: GPUs"),
    "cifar_momentum": Fact(0.9, "section 4.2", "read", "CIFAR-10: momentum"),
    "cifar_weight_decay": Fact(
        0.0001, "section 4.2", "read", "CIFAR-10: share of a weight that is added to its gradient"
    ),
    "cifar_rate": Fact(0.1, "section 4.2", "read", "CIFAR-10: first learning rate"),
    "cifar_rate_divisor": Fact(10, "section 4.2", "read", "CIFAR-10: what the rate is divided by"),
    "cifar_rate_falls": Fact(
        {"first": 32_000, "second": 48_000},
        "section 4.2",
        "read",
        "CIFAR-10: updates after which the rate is divided",
    ),
    "cifar_updates": Fact(64_000, "section 4.2", "read", "CIFAR-10: updates in all"),
    "cifar_epochs": Fact(163.84, "section 4.2", "computed", "CIFAR-10: passes of 50,000 images"),
    "cifar_train_split": Fact(
        45_000, "section 4.2", "read", "CIFAR-10: images to train on while the schedule was chosen"
    ),
    "cifar_validation_split": Fact(
        5_000, "section 4.2", "read", "CIFAR-10: images to choose the schedule on"
    ),
    "cifar_epochs_of_split": Fact(182.04, "section 4.2", "computed", "CIFAR-10: passes of 45,000 images"),
    "cifar_pad": Fact(4, "section 4.2", "read", "CIFAR-10: pixels of padding before a random crop"),
    "cifar_crop": Fact(32, "section 4.2", "read", "CIFAR-10: side of the random crops"),
    "cifar_views": Fact(1, "section 4.2", "read", "CIFAR-10: views at test"),
    "cifar_warm_up_rate": Fact(0.01, "section 4.2", "read", "CIFAR-10, 110 layers: rate of the warm-up"),
    "cifar_warm_up_error": Fact(
        80, "section 4.2", "read", "CIFAR-10, 110 layers: % training error at which the warm-up ends"
    ),
    "cifar_warm_up_updates": Fact(
        400, "section 4.2", "read", "CIFAR-10, 110 layers: updates of the warm-up, roughly"
    ),
}

_RESULTS = {
    "plain18_ten_crops": _errors((27.94,), "table 2", "one net, plain, 18 layers, ten crops"),
    "resnet18_ten_crops": _errors((27.88,), "table 2", "one net, ResNet-18 of option A, ten crops"),
    **{
        f"{net}_ten_crops": _errors(value, "table 3", f"one net, {_NAMES.get(net, net)}, ten crops")
        for net, value in _TEN_CROPS.items()
    },
    "googlenet_ten_crops": Fact(
        9.15, "table 3", "read", "top-5 error, %: validation, one net, GoogLeNet, ten crops"
    ),
    **{
        f"{net}_best": _errors(value, "table 4", f"one net, {_NAMES.get(net, net)}, {_best_test(net)}")
        for net, value in _BEST.items()
    },
    "vgg_submission": Fact(8.43, "table 4", "read", "top-5 error, %: test, one net, VGG's entry of 2014"),
    "googlenet_best": Fact(
        7.89, "table 4", "read", "top-5 error, %: validation, one net, GoogLeNet, its best test"
    ),
    **{
        f"{name}_nets": Fact(error, "table 5", "read", f"top-5 error, %: test, mean of nets, {_NAMES[name]}")
        for name, error in _ENSEMBLES.items()
    },
    "six_nets": Fact(
        3.57, "table 5", "read", "top-5 error, %: ILSVRC-2015, test, mean of six nets, two of 152 layers"
    ),
    "nets": Fact(6, "section 4.1", "read", "networks of different depth whose outputs are averaged"),
    "place": Fact(1, "section 4.1", "read", "place in the classification of ILSVRC-2015"),
    **{
        f"resnet{depth}_one_crop": Fact(
            value, _README, "read", f"top-1 and top-5 error, %: validation, one net, {depth} layers, one crop"
        )
        for depth, value in {50: (24.7, 7.8), 101: (23.6, 7.1), 152: (23.0, 6.7)}.items()
    },
    "plain_training_error": Fact(
        "higher", "figure 4", "read", "training error of plain-34, against plain-18, all through the training"
    ),
    "longer_training": Fact(
        3, "section 4.1, footnote", "read", "times as many updates that did not help the plain networks"
    ),
    "cifar_errors": Fact(
        _CIFAR_ERRORS, "table 6", "read", "% error, CIFAR-10, test, one net; the best of five at 110 layers"
    ),
    "cifar_error_110_mean": Fact(6.61, "table 6", "read", "% error, CIFAR-10, test, 110 layers, five runs"),
    "cifar_error_110_deviation": Fact(0.16, "table 6", "read", "standard deviation of these five"),
    "cifar_training_error_1202": Fact(
        0.1, "section 4.2", "read", "% training error, CIFAR-10, 1202 layers, which it lies below"
    ),
    "cifar_plain_110": Fact(
        60, "figure 6", "read", "% error, CIFAR-10, 110 layers without shortcuts, which it lies above"
    ),
    "cifar_plain": Fact(
        {"20": 9.63, "32": 9.92, "44": 10.36, "56": 14.22},
        "a reproduction by others",
        "secondary",
        "% error, CIFAR-10, test, without shortcuts, one run each; the paper prints no such numbers",
    ),
    "cifar_plain_order": Fact(
        "rise", "figure 6", "read", "training and test errors from 20 to 56 layers without shortcuts"
    ),
    "cifar_responses": Fact(
        "smaller", "figure 7", "read", "responses of residual layers, against those of plain ones"
    ),
    "cifar_others": Fact(_OTHERS, "table 6", "read", "% error, CIFAR-10, test"),
}

HE2016 = Paper(
    citation="he2016",
    title="Deep Residual Learning for Image Recognition",
    facts={**_NETWORK, **_CIFAR_NETWORK, **_LEARNING, **_RESULTS},
)
