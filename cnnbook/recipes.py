"""How networks are trained that only the book trains: in 1998, in comparisons, and on two cores."""

from __future__ import annotations

from dataclasses import replace

from cnnbook.lenet1998 import MAPLoss
from cnnbook.levenberg_marquardt import DiagonalLevenbergMarquardt
from cnnlib.data.preparation import Preparation
from cnnlib.data.views import CentreView, RandomView, TenCrop
from cnnlib.models.vgg import CONFIGURATIONS
from cnnlib.recipe import LOSSES, OPTIMIZERS, RECIPES, Recipe, add
from cnnlib.schedules import cosine, exponential

OPTIMIZERS["diagonal_lm"], LOSSES["map"] = DiagonalLevenbergMarquardt, MAPLoss


def per_epoch(phases: tuple[tuple[float, int], ...]) -> tuple[float, ...]:
    """Spell out a step schedule: the rate of every epoch from (rate, epochs) pairs."""
    return tuple(rate for rate, epochs in phases for _ in range(epochs))


# LeNet-5

_RATES = per_epoch(((0.0005, 2), (0.0002, 3), (0.0001, 3), (0.00005, 4), (0.00001, 8)))  # section III-B


def lr_schedule(epoch: int) -> float:
    """Global rate of LeNet-5's optimiser in a 0-based epoch, as Keras's LearningRateScheduler counts.

    After the last printed pass the last rate holds.

    Raises:
        ValueError: a negative epoch.

    Source: LeCun et al. 1998, section III-B.
    """
    if epoch < 0:
        raise ValueError(f"Epochs count from 0, so there is no epoch {epoch}.")
    return _RATES[min(epoch, len(_RATES) - 1)]


_PAPER = Recipe(
    name="lenet5_original",
    network="LeNet5Original",
    data="mnist",
    optimizer="diagonal_lm",
    optimizer_settings={"mu": 0.5},
    rates=_RATES,
    batch_size=1,  # appendix C
    loss="map",  # section II-C
    loss_settings={"j": 0.1},
    preparation=Preparation("lecun1998"),
    source=(
        "LeCun et al. 1998. Our choice, on validation digits: mu (the 0.02 that is often quoted does "
        "badly) and j (not printed)."
    ),
)

_CHAPTER = Recipe(
    name="lenet5_chapter",
    network="LeNet5",
    data="mnist",
    optimizer="sgd",
    # What Keras makes of the printed function, which lost a rate and counts epochs from 1.
    rates=per_epoch(((0.0005, 3), (0.0002, 3), (0.00005, 4), (0.00001, 10))),
    batch_size=32,
    source="The chapter's schedule as rates of plain SGD; optimiser and batch size (not named) are Keras's.",
)

# AlexNet, and the networks for CIFAR-10 beside it

_ALEXNET_SMALL = replace(
    RECIPES["alexnet"],
    name="alexnet_small",
    data="imagenette",
    batch_size=32,
    rates=per_epoch(((0.01, 9), (0.001, 3))),
    hold=None,
    network_settings=RECIPES["alexnet"].network_settings | {"width": 0.5},
    source=(
        "The settings of AlexNet on ImageNet for a machine without a GPU: half of the maps and units, few "
        "pictures, and therefore smaller batches; 12 epochs are what there was time for."
    ),
)

# All from cuda-convnet, layers-conv-local-13pct.cfg and the description of these networks beside it.
_CUDA_CONVNET = Recipe(
    name="cuda_convnet",
    network="CudaConvnet",
    data="cifar10",
    optimizer="sgd",
    optimizer_settings={"momentum": 0.9},
    rates=per_epoch(((0.001, 500), (0.0001, 10), (0.00001, 10))),
    batch_size=128,
    preparation=Preparation("mean_image", train=RandomView(24, (32, 32)), test=TenCrop(24, 32)),
    network_settings={
        "decay": 0.004,  # of local3, local4 and fc10
        "local_response_normalization": False,
    },
    source=(
        "cuda-convnet, layers-conv-local-13pct.cfg. All images are trained on from the start; biases have "
        "the rate of the weights, where the program gives them twice that."
    ),
)


def _with_normalisation(recipe: Recipe, name: str) -> Recipe:
    settings = recipe.network_settings | {"local_response_normalization": True}
    source = recipe.source.replace("13pct", "11pct")
    return replace(recipe, name=name, network_settings=settings, source=source)


_CUDA_CONVNET_SHORT = replace(
    _CUDA_CONVNET,
    name="cuda_convnet_short",
    rates=per_epoch(((0.001, 8), (0.0001, 1), (0.00001, 1))),
    source=f"{_CUDA_CONVNET.source} 10 epochs instead of 520, for a machine without a GPU.",
)

_FIGURE_1 = replace(
    _CUDA_CONVNET,
    name="four_layers_relu",
    rates=(0.002,) * 10,
    preparation=Preparation("mean_image", train=CentreView(24, 32), test=CentreView(24, 32)),
    network_settings={"local_response_normalization": False, "activation": "relu"},
    source=(
        "The comparison of figure 1 of Krizhevsky et al. 2012, whose network is not described: here that of "
        "cuda-convnet, with nothing that regularises. The rate is our choice, for each activation by itself, "
        "on validation images after 2 epochs."
    ),
)
_FIGURE_1_TANH = replace(
    _FIGURE_1,
    name="four_layers_tanh",
    rates=(0.008,) * 20,
    network_settings=_FIGURE_1.network_settings | {"activation": "tanh"},
)


def _rates(recipe: Recipe, *rates: float) -> tuple[dict, ...]:
    return tuple({"rates": (rate,) * len(recipe.rates)} for rate in rates)


# VGG


def _vgg_small(config: str) -> Recipe:
    full = RECIPES[f"vgg_{config.lower().replace('-', '_')}"]
    return replace(
        full,
        name=f"{full.name}_small",
        data="cifar10",
        batch_size=128,
        rates=per_epoch(((0.01, 6), (0.001, 2))),
        hold=None,
        preparation=replace(full.preparation, augmentation="pad_crop_flip"),
        network_settings={"config": config, "input_shape": [32, 32, 3], "width": 0.25},
        source=(
            "The settings of VGG on ImageNet for CIFAR-10 and a machine without a GPU: a quarter of the maps "
            "and units, batches half as large, shifts by up to 4 pixels in place of scale jitter; 8 epochs "
            "are what there was time for."
        ),
    )


# GoogLeNet

_SMALL = replace(
    RECIPES["googlenet"],
    name="googlenet_small",
    data="imagenette",
    rates=exponential(0.01, 0.96, 1, 30),
    averaging=None,
    preparation=Preparation("standard", train=RECIPES["googlenet"].preparation.train),
    network_settings={"aux_heads": True, "width": 0.25},
    source=(
        "The settings of GoogLeNet on ImageNet for a machine without a GPU: a quarter of the maps, few "
        "pictures, pixels divided by their standard deviation so that the narrow network can be trained at "
        "that rate, a rate that falls after every epoch, no average of the weights, one crop at test; 30 "
        "epochs are what there was time for."
    ),
)
_SMALL_PLAIN = replace(
    _SMALL,
    name="googlenet_small_without_heads",
    heads={},
    network_settings={"width": 0.25},
)

# By how much the sweep divides the maps of the reductions.
REDUCTIONS = (1, 2, 4, 8, 16)


def _reduced(divisor: int) -> Recipe:
    return Recipe(
        name=f"googlenet_reduced_{divisor}",
        network="GoogLeNet",
        data="cifar10",
        optimizer="adam",
        rates=cosine(0.001, 6),
        batch_size=128,
        preparation=Preparation("standard", "pad_crop_flip"),
        network_settings={"input_shape": [32, 32, 3], "width": 0.25, "reduction": 1 / divisor},
        source=(
            "Our own experiment, on how few maps the reductions may leave: GoogLeNet with a quarter of its "
            "maps, whose modules see maps of 4x4 and less of an image of CIFAR-10. Optimiser, rate and "
            "epochs are our choice, not tuned."
        ),
    )


# Residual networks

SHORT_DEPTHS = (20, 56)


def _shorter(recipe: Recipe, name: str, part: int, said: str) -> Recipe:
    """The same for two cores: half of the maps, and the `part`-th part of the updates."""
    assert isinstance(recipe.hold, tuple)
    return replace(
        recipe,
        name=f"{recipe.name}_{name}",
        hold=tuple(updates // part for updates in recipe.hold),
        network_settings=recipe.network_settings | {"width": 0.5},
        source=f"{recipe.source} For a machine without a GPU: half of the maps, and {said} of the updates.",
    )


_SHORT = [
    _shorter(RECIPES[f"{kind}{depth}"], "short", 16, "a 16th")
    for kind in ("resnet", "plain")
    for depth in SHORT_DEPTHS
]
# What depth is worth takes longer to show.
_DEPTH = [_shorter(RECIPES[f"resnet{depth}"], "depth", 8, "an eighth") for depth in SHORT_DEPTHS]


# The five networks, and residual ones without their shortcuts, on the same images by the same recipe

# What differs between them: the builder and its settings.
_NETWORKS: dict[str, tuple[str, dict]] = {
    "lenet5": ("LeNet5", {"input_shape": [32, 32, 3]}),
    "alexnet": ("AlexNetCIFAR", {"width": 0.25}),
    "vgg16": ("VGG16CIFAR", {"width": 0.25}),
    "googlenet": ("GoogLeNetCIFAR", {"width": 0.25}),
    "plain20": ("ResNetCIFAR", {"depth": 20, "residual": False, "width": 0.5}),
    "resnet20": ("ResNetCIFAR", {"depth": 20, "width": 0.5}),
}


def _compared(name: str) -> Recipe:
    network, settings = _NETWORKS[name]
    return Recipe(
        name=f"{name}_compared",
        network=network,
        data="cifar10",
        optimizer="adam",
        rates=cosine(0.001, 12),
        batch_size=128,
        preparation=Preparation("standard", "pad_crop_flip"),
        network_settings=settings,
        source=(
            "Our own comparison: one optimiser at its usual rate and one number of epochs for all networks, "
            "tuned for none of them, and fewer maps in all but LeNet-5."
        ),
    )


add(
    *(_PAPER, _CHAPTER),
    *(_FIGURE_1, _FIGURE_1_TANH),
    *(_CUDA_CONVNET, _with_normalisation(_CUDA_CONVNET, "cuda_convnet_lrn")),
    *(_CUDA_CONVNET_SHORT, _with_normalisation(_CUDA_CONVNET_SHORT, "cuda_convnet_lrn_short")),
    _ALEXNET_SMALL,
    *map(_vgg_small, CONFIGURATIONS),
    *(_SMALL, _SMALL_PLAIN, *map(_reduced, REDUCTIONS)),
    *_SHORT,
    *_DEPTH,
    *map(_compared, _NETWORKS),
)

CANDIDATES: dict[str, tuple[dict, ...]] = {
    _FIGURE_1.name: _rates(_FIGURE_1, 0.001, 0.002, 0.004, 0.008),
    _FIGURE_1_TANH.name: _rates(_FIGURE_1_TANH, 0.004, 0.008, 0.016),
    _ALEXNET_SMALL.name: tuple(
        {"network_settings": _ALEXNET_SMALL.network_settings | {"bias_ones": bias}}
        for bias in (1.0, 0.1, 0.0)  # the paper's (section 5), Caffe's, Keras's
    ),
    _PAPER.name: (
        *(
            {"optimizer_settings": {"mu": mu}, "loss_settings": {"j": 1.0}}
            for mu in (0.02, 0.1, 0.25, 0.5, 1.0, 2.0)  # the first is the one that is often quoted
        ),
        *({"optimizer_settings": {"mu": 0.5}, "loss_settings": {"j": j}} for j in (0.1, 10.0)),
    ),
    "lenet5_modern": (
        {"preparation": Preparation("unit")},
        *({"rates": cosine(first, len(RECIPES["lenet5_modern"].rates))} for first in (0.001, 0.002, 0.004)),
    ),
}
"""What a recipe's own choices were chosen from, on validation images."""
