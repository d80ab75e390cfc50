"""A linear classifier of features, fitted without a learning rate: the problem is convex."""

import numpy as np
from scipy import optimize
from scipy.special import softmax


def regression(
    x: np.ndarray, y: np.ndarray, class_weights: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise the cross-entropy of a softmax, and half the penalty times the squared weights.

    Args:
        x: features (n, features), standardised.
        y: labels (n,).
        class_weights: factors of the loss (classes,).
        penalty: on the weights; the biases are free.

    Returns:
        Kernel (features, classes) and bias (classes,), float32.
    """
    shape, counts = (x.shape[1] + 1, len(class_weights)), (class_weights[y] / len(y))[:, None]
    right = np.eye(len(class_weights), dtype="float32")[y]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        kernel, bias = np.split(flat.reshape(shape).astype("float32"), [-1])
        given = softmax(x @ kernel + bias, axis=1)
        error = (given - right) * counts
        value = -(counts * right * np.log(np.maximum(given, 1e-12))).sum()
        slope = np.concatenate([x.T @ error + penalty * kernel, error.sum(axis=0, keepdims=True)])
        return float(value + penalty / 2 * (kernel**2).sum()), slope.ravel().astype("float64")

    start = np.zeros(shape[0] * shape[1])
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    kernel, bias = np.split(found.x.reshape(shape).astype("float32"), [-1])
    return kernel, bias[0]


def mean_loss(given: np.ndarray, labels: np.ndarray) -> float:
    """Cross-entropy of probabilities (n, classes); infinite where they are no numbers."""
    if not np.isfinite(given).all():
        return float("inf")
    return float(-np.log(np.maximum(given[np.arange(len(labels)), labels], 1e-12)).mean())
