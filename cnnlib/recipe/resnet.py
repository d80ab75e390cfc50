"""How residual networks and their plain twins are trained: on ImageNet, and on CIFAR-10."""

from __future__ import annotations

from dataclasses import replace

from cnnlib.data.preparation import Preparation
from cnnlib.data.views import RandomView, TenCrop
from cnnlib.models.resnet import STAGES
from cnnlib.recipe.base import Recipe, falling
from cnnlib.schedules import Plateau

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
# Depths of the networks for CIFAR-10 in figure 6: with shortcuts, and without.
RESIDUAL, PLAIN = (20, 32, 44, 56, 110), (20, 32, 44, 56)


def _network(recipe: Recipe, depth: int, residual: bool) -> Recipe:
    name = f"{'resnet' if residual else 'plain'}{depth}"
    settings = {"depth": depth} if residual else {"depth": depth, "residual": False}
    return replace(recipe, name=name, network_settings=settings)


def _warmed_up(recipe: Recipe) -> Recipe:
    """The first updates at a lower rate, as the paper needs it for 110 layers."""
    updates = 400  # section 4.2
    return replace(
        recipe,
        rates=(0.01, *recipe.rates),  # section 4.2
        hold=(updates, _HOLDS[0] - updates, *_HOLDS[1:]),
        source=(
            f"{recipe.source} The warm-up ends after {updates} updates, where the paper waits for the error "
            "of the training images."
        ),
    )


_ON_IMAGENET = [_network(_IMAGENET, depth, True) for depth in STAGES]
_ON_IMAGENET += [_network(_IMAGENET, depth, False) for depth in (18, 34)]
_ON_CIFAR = [_network(_CIFAR, depth, True) for depth in RESIDUAL]
_ON_CIFAR += [_network(_CIFAR, depth, False) for depth in PLAIN]

RECIPES = (
    *_ON_IMAGENET,
    *(_warmed_up(r) if r.network_settings["depth"] == 110 else r for r in _ON_CIFAR),
)
