"""How the papers' networks are trained, each setting with its section; and LeNet-5 by what is known today."""

from dataclasses import replace

from cnnlib.data.preparation import Preparation
from cnnlib.data.views import GridCrops, MultiCrop, RandomAreaView, RandomView, TenCrop
from cnnlib.models.inception import AUXILIARY_HEADS
from cnnlib.models.resnet import STAGES
from cnnlib.models.vgg import CONFIGURATIONS
from cnnlib.recipe import Recipe, add, falling
from cnnlib.schedules import Plateau, cosine, exponential

# LeNet-5

add(
    Recipe(
        name="lenet5_modern",
        network="LeNet5",
        data="mnist",
        optimizer="adam",
        rates=cosine(0.002, 20),
        batch_size=64,
        preparation=Preparation("unit", "affine"),
        source="Our choice, on validation digits.",
    )
)

# AlexNet: Krizhevsky et al. 2012

add(
    Recipe(
        name="alexnet",
        network="AlexNet",
        data="imagenet",
        optimizer="sgd",
        optimizer_settings={"momentum": 0.9},  # section 5
        rates=falling(0.01, 10, times=3),  # section 5
        hold=Plateau(patience=5, epochs=90),  # section 5: the epochs
        batch_size=128,  # section 5
        weight_decay=0.0005,  # section 5
        preparation=Preparation(
            "mean_image",  # section 2
            "pca_colour",  # section 4.1
            train=RandomView(224, (256, 256), square=True),  # sections 2 and 4.1
            test=TenCrop(224, 256),  # section 4.1
        ),
        network_settings={
            "input_shape": [224, 224, 3],  # section 3.5
            "bias_ones": 0.1,  # Caffe, bvlc_alexnet
        },
        source=(
            "Krizhevsky et al. 2012, sections 2, 4.1 and 5. Biases of 0.1 instead of 1 are those of the "
            "replication in Caffe; how long an error must stall (5 epochs) is our choice."
        ),
    )
)

# VGG: Simonyan and Zisserman 2015

_VGG = Recipe(
    name="vgg",
    network="VGG",
    data="imagenet",
    optimizer="sgd",
    optimizer_settings={"momentum": 0.9},  # section 3.1
    rates=falling(0.01, 10, times=3),  # section 3.1
    hold=Plateau(patience=5, epochs=74),  # section 3.1: the epochs
    batch_size=256,  # section 3.1
    weight_decay=0.0005,  # section 3.1
    preparation=Preparation(
        "mean_rgb",  # section 2.1
        "pca_colour",  # section 3.1
        train=RandomView(224, (256, 512)),  # section 3.1
        test=GridCrops(224, (256, 384, 512)),  # section 3.2
    ),
    source=(
        "Simonyan and Zisserman 2015, section 3.1, with jittered scales and Glorot's initial weights; "
        "how long an error must stall (5 epochs) is our choice."
    ),
)

for _config in CONFIGURATIONS:
    _name = f"vgg_{_config.lower().replace('-', '_')}"
    add(replace(_VGG, name=_name, network_settings={"config": _config}))

# GoogLeNet: Szegedy et al. 2015

add(
    Recipe(
        name="googlenet",
        network="GoogLeNet",
        data="imagenet",
        optimizer="sgd",
        optimizer_settings={"momentum": 0.9},  # section 6
        rates=exponential(0.01, 0.96, 8, 250),  # Caffe; the factor and its 8 epochs: section 6
        batch_size=32,  # Caffe, bvlc_googlenet
        weight_decay=0.0002,  # Caffe, bvlc_googlenet
        averaging=0.9999,
        preparation=Preparation(
            "mean_rgb",  # section 5
            train=RandomAreaView(224, (0.08, 1.0), (3 / 4, 4 / 3)),  # section 6
            test=MultiCrop(224, (256, 288, 320, 352)),  # section 7
        ),
        heads=dict.fromkeys(AUXILIARY_HEADS.values(), 0.3),  # section 5
        network_settings={"aux_heads": True},
        source=(
            "Szegedy et al. 2015, sections 5 to 7. Batch size, first rate, number of epochs, weight decay "
            "and initial weights, which the paper does not give, are those of the replication in Caffe. How "
            "fast the average of the weights moves is our choice. The photometric distortions, which the "
            "paper only mentions, are left out."
        ),
    )
)

# Residual networks and their plain twins, on ImageNet and on CIFAR-10: He et al. 2016

_IMAGENET = Recipe(
    name="resnet",
    network="ResNet",
    data="imagenet",
    optimizer="sgd",
    optimizer_settings={"momentum": 0.9},  # section 3.4
    rates=falling(0.1, 10, times=2),  # section 3.4: the first, and what it is divided by
    hold=Plateau(patience=5, epochs=120),  # section 3.4: 600,000 updates
    batch_size=256,  # section 3.4
    weight_decay=0.0001,  # section 3.4
    preparation=Preparation(  # section 3.4
        "mean_image", "pca_colour", train=RandomView(224, (256, 480)), test=TenCrop(224, 256)
    ),
    source=(
        "He et al. 2016, section 3.4. How often the rate falls (twice), and how long an error must stall "
        "before it does (5 epochs), are our choice."
    ),
)

# Updates that each rate holds on CIFAR-10: it falls after 32,000 and 48,000 of 64,000 (section 4.2).
_HOLDS = (32_000, 16_000, 16_000)

_CIFAR = Recipe(
    name="resnet_cifar",
    network="ResNetCIFAR",
    data="cifar10",
    optimizer="sgd",
    optimizer_settings={"momentum": 0.9},  # section 4.2
    rates=falling(0.1, 10, times=2),  # section 4.2
    hold=_HOLDS,
    batch_size=128,  # section 4.2
    weight_decay=0.0001,  # section 4.2
    preparation=Preparation("mean_image", "pad_crop_flip"),  # section 4.2
    source="He et al. 2016, section 4.2. All images are trained on from the start.",
)

# The first updates at a lower rate, as 110 layers need it.
_WARM_UP = 400  # section 4.2
_WARMED_UP = replace(
    _CIFAR,
    rates=(0.01, *_CIFAR.rates),  # section 4.2
    hold=(_WARM_UP, _HOLDS[0] - _WARM_UP, *_HOLDS[1:]),
    source=(
        f"{_CIFAR.source} The warm-up ends after {_WARM_UP} updates, where the paper waits for the error of "
        "the training images."
    ),
)


_DEPTHS = (20, 32, 44, 56)  # figure 6
for _kind, _recipe, _depths in (
    ("resnet", _IMAGENET, tuple(STAGES)),
    ("plain", _IMAGENET, (18, 34)),
    ("resnet", _CIFAR, _DEPTHS),
    ("resnet", _WARMED_UP, (110,)),
    ("plain", _CIFAR, _DEPTHS),
):
    for _depth in _depths:
        _settings = {"depth": _depth} | ({} if _kind == "resnet" else {"residual": False})
        add(replace(_recipe, name=f"{_kind}{_depth}", network_settings=_settings))
