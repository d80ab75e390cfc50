"""How GoogLeNet is trained on ImageNet."""

from __future__ import annotations

from cnnlib.data.preparation import Preparation
from cnnlib.data.views import MultiCrop, RandomAreaView
from cnnlib.models.inception import AUXILIARY_HEADS
from cnnlib.recipe.base import Recipe
from cnnlib.schedules import exponential

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

RECIPES = (_GOOGLENET,)
