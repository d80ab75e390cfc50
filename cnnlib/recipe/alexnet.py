"""How AlexNet is trained."""

from __future__ import annotations

from cnnlib.data.preparation import Preparation
from cnnlib.data.views import RandomView, TenCrop
from cnnlib.recipe.base import Recipe, falling
from cnnlib.schedules import Plateau

_ALEXNET = Recipe(
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

RECIPES = (_ALEXNET,)
