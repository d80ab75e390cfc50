"""Images with their labels, in memory."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels.

    Attributes:
        x: images, uint8 (N, height, width, channels).
        y: labels, int64 (N,).
    """

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.y)

    def __repr__(self) -> str:
        """Say how many images of which shape, rather than print them."""
        return f"Split({len(self):,} images of {' x '.join(map(str, self.x.shape[1:]))})"
