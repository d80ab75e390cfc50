"""How AlexNet is trained, and the networks for CIFAR-10 beside it."""

from __future__ import annotations

from dataclasses import replace

from cnnlib.data.preparation import Preparation
from cnnlib.data.views import CentreView, RandomView, TenCrop
from cnnlib.recipe.base import Recipe, falling
from cnnlib.schedules import Plateau, per_epoch

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

_ALEXNET_SMALL = replace(
    _ALEXNET,
    name="alexnet_small",
    data="imagenette",
    batch_size=32,
    rates=per_epoch(((0.01, 9), (0.001, 3))),
    hold=None,
    network_settings=_ALEXNET.network_settings | {"width": 0.5},
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


RECIPES = (
    *(_FIGURE_1, _FIGURE_1_TANH),
    *(_CUDA_CONVNET, _with_normalisation(_CUDA_CONVNET, "cuda_convnet_lrn")),
    *(_CUDA_CONVNET_SHORT, _with_normalisation(_CUDA_CONVNET_SHORT, "cuda_convnet_lrn_short")),
    *(_ALEXNET, _ALEXNET_SMALL),
)

CANDIDATES: dict[str, tuple[dict, ...]] = {
    _FIGURE_1.name: _rates(_FIGURE_1, 0.001, 0.002, 0.004, 0.008),
    _FIGURE_1_TANH.name: _rates(_FIGURE_1_TANH, 0.004, 0.008, 0.016),
    _ALEXNET_SMALL.name: tuple(
        {"network_settings": _ALEXNET_SMALL.network_settings | {"bias_ones": bias}}
        for bias in (1.0, 0.1, 0.0)  # the paper's (section 5), Caffe's, Keras's
    ),
}
