"""The first code cell of every notebook: it sees to the book's package where that is missing, as on Colab."""

from __future__ import annotations

from cnncourse import PLACEHOLDER

# Without an address there is nothing that it may install from: the placeholder could be somebody's.
TEXT = """\
# On Colab this fetches the book's helper package and looks for a GPU.
# Where the package is already there, it installs nothing.
import shutil
import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

if find_spec("{package}") is None:
    source = {address}
    source = max(Path().glob("{package}-*.whl"), default=source)
    if source:
        %pip install --quiet {{source}}
        invalidate_caches()
    if find_spec("{package}") is None:
        raise SystemExit(
            "The book's package {package} is missing and could not be "
            "installed: put the file {package}-*.whl beside this notebook "
            "and run this cell again."
        )
if "google.colab" in sys.modules and not shutil.which("nvidia-smi"):
    print("No GPU is on. The quick profile needs none; for the others choose")
    print("Runtime > Change runtime type > T4 GPU, then run all cells again.")"""


def setup_cell(url: str, package: str = "cnnlib") -> str:
    """The text of the cell.

    Args:
        url: of the repository, or the placeholder for one.
        package: name of the package.
    """
    address = "None" if PLACEHOLDER in url else f'"git+{url}"'
    return TEXT.format(package=package, address=address)
