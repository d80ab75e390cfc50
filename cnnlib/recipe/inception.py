"""How GoogLeNet is trained: on ImageNet, and small enough for two cores, with and without auxiliary heads."""

from __future__ import annotations

from dataclasses import replace

from cnnlib.data.preparation import Preparation
from cnnlib.data.views import MultiCrop, RandomAreaView
from cnnlib.models.inception import AUXILIARY_HEADS
from cnnlib.recipe.base import Recipe
from cnnlib.schedules import cosine, exponential

_GOOGLENET = Recipe(
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
        "Szegedy et al. 2015, sections 5 to 7. Batch size, first rate, number of epochs, weight decay and "
        "initial weights, which the paper does not give, are those of the replication in Caffe. How fast the "
        "average of the weights moves is our choice. The photometric distortions, which the paper only "
        "mentions, are left out."
    ),
)

_SMALL = replace(
    _GOOGLENET,
    name="googlenet_small",
    data="imagenette",
    rates=exponential(0.01, 0.96, 1, 30),
    averaging=None,
    preparation=Preparation("standard", train=_GOOGLENET.preparation.train),
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


RECIPES = (_GOOGLENET, _SMALL, _SMALL_PLAIN, *map(_reduced, REDUCTIONS))
