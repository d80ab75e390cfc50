"""What torchvision, PyTorch's library of networks, says of the networks that it builds.

What keras.applications builds needs no facts: it is installed with Keras and can be counted.
"""

from cnnbook.papers import Fact, Paper

_DOCUMENTATION, _COPIES = "documentation of the weights", "copies of torchvision's files, weights"

_PUBLISHED = {
    "parameters": Fact(
        {
            "alexnet": 61_100_840,
            "vgg16": 138_357_544,
            "vgg19": 143_667_240,
            "googlenet": 6_624_904,
            "resnet50": 25_557_032,
            "resnet152": 60_192_808,
        },
        _DOCUMENTATION,
        "read",
        "parameters",
    ),
    "parameters_copied": Fact(
        {"resnet18": 11_689_512, "resnet34": 21_797_672, "resnet101": 44_549_160},
        _COPIES,
        "secondary",
        "parameters",
    ),
    "work": Fact(
        {"vgg16": 15.47, "vgg19": 19.63, "googlenet": 1.50, "resnet50": 4.09, "resnet152": 11.51},
        _DOCUMENTATION,
        "read",
        "thousand million multiply-adds for one image, called GFLOPS",
    ),
    "work_copied": Fact(
        {"alexnet": 0.714, "resnet18": 1.814, "resnet34": 3.664, "resnet101": 7.801},
        _COPIES,
        "secondary",
        "thousand million multiply-adds for one image, called GFLOPS",
    ),
}

_BUILT = {
    "alexnet_maps": Fact(
        "64, 192, 384, 256, 256", "alexnet.py", "read", "maps of AlexNet's convolutions, all in one tower"
    ),
    "alexnet_padding": Fact(2, "alexnet.py", "read", "pixels of zeros around AlexNet's image"),
    "alexnet_lrn_layers": Fact(0, "alexnet.py", "read", "layers of response normalisation in AlexNet"),
    "vgg_dropout_layers": Fact(2, "vgg.py", "read", "layers with dropout in VGG16"),
    "googlenet_lrn_layers": Fact(0, "googlenet.py", "read", "layers of response normalisation in GoogLeNet"),
    "googlenet_biases": Fact(0, "googlenet.py", "read", "biases of GoogLeNet's convolutions"),
    "googlenet_epsilon": Fact(
        0.001, "googlenet.py", "read", "epsilon of the batch normalisation behind GoogLeNet's convolutions"
    ),
    "googlenet_kernel": Fact(
        "a known bug", "googlenet.py, comment", "read", "3x3 where GoogLeNet's modules should have 5x5"
    ),
    "googlenet_last_pool": Fact(
        2, "googlenet.py", "read", "side of the window of the last pooling between GoogLeNet's modules"
    ),
    "resnet_shortcut": Fact("B", "resnet.py", "read", "option of the shortcuts, at 18 and 34 layers too"),
    "resnet_stride_in": Fact(
        "3x3", "documentation of resnet50", "read", "convolution of a bottleneck that has the stride"
    ),
}

TORCHVISION = Paper(
    citation="torchvision",
    title="torchvision.models",
    facts={**_PUBLISHED, **_BUILT},
)
