"""The same training in plain PyTorch: torch.compile, channels last, automatic mixed precision.

The images lie on the device as bytes and are shuffled and augmented there, a batch at a time: the quickest
way that plain PyTorch has, so the comparison is with the network's own speed and not with a slow loader.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

import networks
import torch
from harness import Job, Turns

GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if GPU else "cpu")
# On a CPU torch.compile writes C++.
COMPILER = GPU or bool(shutil.which("g++") or shutil.which("clang++"))


def train(job: Job, turns: Turns) -> None:
    """Train; a turn is an epoch."""
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")  # as TensorFlow and JAX do where the GPU can
    x, y = networks.random_images(job.network, job.images)
    images, labels = torch.from_numpy(x).to(DEVICE), torch.from_numpy(y).to(DEVICE)
    model = networks.for_torch(job.network).to(DEVICE, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 1e-4, networks.MOMENTUM)
    compiled = torch.compile(model) if COMPILER else model
    turns.begin()
    for _ in range(job.epochs):
        loss, wrong = _epoch(job, compiled, optimizer, images, labels)
        turns(compiled=COMPILER, loss=loss, wrong=wrong)


def _epoch(
    job: Job,
    model: Callable[[torch.Tensor], torch.Tensor],
    optimizer: torch.optim.Optimizer,
    images: torch.Tensor,
    labels: torch.Tensor,
) -> tuple[float, float]:
    """Train one epoch; return the sums of losses and of wrong answers, as the other sides count them too."""
    half = job.precision.removeprefix("mixed_")
    mixed = torch.autocast(DEVICE.type, getattr(torch, half), enabled=half != job.precision)
    scaler = torch.amp.GradScaler(DEVICE.type, enabled=half == "float16")
    augment = AUGMENTATIONS[job.augmentation]
    losses, wrong = torch.zeros((), device=DEVICE), torch.zeros((), device=DEVICE)
    order = torch.randperm(len(images), device=DEVICE)[: job.images_per_epoch]
    for chosen in order.split(job.batch_size):
        # (b, h, w, c) seen as (b, c, h, w) is channels last already.
        batch = augment((images[chosen].float() / 255).permute(0, 3, 1, 2))
        with mixed:
            scores = model(batch)
            loss = torch.nn.functional.cross_entropy(scores, labels[chosen])
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses += loss.detach()
        wrong += (scores.detach().argmax(1) != labels[chosen]).sum()
    return losses.item(), wrong.item()


def _affine(images: torch.Tensor) -> torch.Tensor:
    """Shift, scale, squeeze and shear as `cnnlib.data.augmentation.RandomAffine` does by default."""

    def draw(limit: float) -> torch.Tensor:
        return (2 * torch.rand(len(images), device=images.device) - 1) * limit

    size, ratio, zero = 1 + draw(0.1), 1 + draw(0.1), torch.zeros(len(images), device=images.device)
    # affine_grid counts in halves of the image, from its centre.
    rows = [size * ratio, draw(0.15), draw(2.0) * 2 / images.shape[3]]
    rows += [zero, size / ratio, draw(2.0) * 2 / images.shape[2]]
    grid = torch.nn.functional.affine_grid(
        torch.stack(rows, 1).reshape(-1, 2, 3), list(images.shape), align_corners=False
    )
    return torch.nn.functional.grid_sample(images, grid, align_corners=False)


def _pad_crop_flip(images: torch.Tensor) -> torch.Tensor:
    """Pad four pixels of zeros on every side, crop back to the size, mirror (He et al. 2016, section 4.2)."""
    count, _, height, width = images.shape
    padded = torch.nn.functional.pad(images, (4, 4, 4, 4)).permute(0, 2, 3, 1)
    rows, columns = (
        torch.randint(0, 9, (count, 1), device=images.device) + torch.arange(length, device=images.device)
        for length in (height, width)
    )
    mirrored = torch.rand(count, 1, device=images.device) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    places = torch.arange(count, device=images.device)[:, None, None]
    return padded[places, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


AUGMENTATIONS: dict[str | None, Callable[[torch.Tensor], torch.Tensor]] = {
    None: lambda images: images,
    "affine": _affine,
    "pad_crop_flip": _pad_crop_flip,
}


def about(job: Job, turns: Turns) -> None:
    """Report PyTorch's version and whether it sees a GPU."""
    turns(torch=torch.__version__, accelerated=GPU, compiler=COMPILER)
