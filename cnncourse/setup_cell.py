"""The first code cell of every notebook: it sees to the book's package where that is missing, as on Colab."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cnncourse import PLACEHOLDER

# Without an address there is nothing that it may install from: the placeholder could be somebody's, and so
# could the package's name in a registry.
TEXT = """\
# On Colab this fetches the book's helper package and looks for a GPU.
# Where the package is already there, it installs nothing.
import shutil
import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from os.path import getmtime
from pathlib import Path

# A folder of your Google Drive, where that is connected to Colab.
drive = Path("/content/drive/MyDrive/{package}")
if find_spec("{package}") is None:
    source = {address}
    for folder in (drive, Path()):
        wheels = folder.glob("{package}-*-any.whl")
        source = max(wheels, key=getmtime, default=source)
    if source:
        %pip install --quiet "{{source}}"
        invalidate_caches()
    if find_spec("{package}") is None:
        raise SystemExit(
            "The book's package {package} is missing and could not be "
            "installed: put the file {package}-*.whl, which `make wheel` "
            f"writes, beside this notebook or into {{drive}}, "
            "and run this cell again."
        )
if "google.colab" in sys.modules and not shutil.which("nvidia-smi"):
    print("No GPU is on. The quick profile needs none; for the others choose")
    print("Runtime > Change runtime type > T4 GPU, then run all cells again.")"""

# What the wheel is made of.
PACKED = ("cnnlib", "cnnbook", "cnncourse", "pyproject.toml")


def setup_cell(url: str, commit: str, package: str = "cnnlib") -> str:
    """The text of the cell.

    Args:
        url: of the repository, or the placeholder for one.
        commit: to install from there, so that a notebook stays with the package that it was written for.
        package: name of the package.
    """
    # The whole address in one line would be longer than a page shows.
    address = "None" if PLACEHOLDER in url else f'(\n        "git+{url}"\n        "@{commit}"\n    )'
    return TEXT.format(package=package, address=address)


def packed_commit(root: Path) -> str:
    """The last commit that changed what the package is made of; "" outside of a repository."""
    command = ["git", "-C", str(root), "log", "-1", "--format=%H", "--", *PACKED]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:  # there is no git
        return ""
