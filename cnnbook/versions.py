"""Whether the packages of an environment are the ones that `cnnlib` needs."""

import importlib.metadata
import platform
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

BACKENDS = ("tensorflow", "jax", "torch")  # one of them will do

# What the book was tested with; lies beside the package in a checkout alone.
LOCK = Path(__file__).resolve().parents[1] / "requirements.txt"


class Remark(NamedTuple):
    """One line about one package, and whether the library cannot work with it."""

    text: str
    breaks: bool


def read_freeze(text: str) -> dict[str, str]:
    """Read the lines `name==version` of a list; of several versions of a package the newest counts."""
    found: dict[str, str] = {}
    for name, version in re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", text, re.M):
        name = canonicalize_name(name)
        if name not in found or Version(version) > Version(found[name]):
            found[name] = version
    return found


def here() -> dict[str, str]:
    """The packages that this interpreter finds, with their versions; of two copies the one it imports."""
    found = reversed(list(importlib.metadata.distributions()))
    return {canonicalize_name(each.name): each.version for each in found if each.name}


def remarks(
    installed: Mapping[str, str],
    requires: Iterable[str],
    tested: Mapping[str, str] | None = None,
) -> list[Remark]:
    """Hold installed packages against requirements.

    Args:
        installed: versions by canonical name.
        requires: requirements as in a package's metadata, those of its extras with their markers.
        tested: versions by canonical name; a newer one is worth a line.
    """
    found, needed, tested = [], [Requirement(text) for text in requires], tested or {}
    for each in needed:
        name = canonicalize_name(each.name)
        version = installed.get(name)
        if version is None:
            if each.marker is None or each.marker.evaluate({"extra": ""}):  # else nobody asked for that extra
                found.append(Remark(f"{name} is missing: {each.specifier} is needed", breaks=True))
        elif not each.specifier.contains(version, prereleases=True):
            found.append(Remark(f"{name} {version} does not fit: {each.specifier} is needed", breaks=True))
        elif name in tested and Version(version) > Version(tested[name]):
            remark = f"{name} {version} is newer than {tested[name]}, which was tested"
            found.append(Remark(remark, breaks=False))
    backends = {each.name for each in needed} & set(BACKENDS)
    if backends and not backends & set(installed):
        found.append(Remark(f"missing: one of {', '.join(BACKENDS)}, for Keras to compute with", breaks=True))
    return found


def report(freeze: str | None = None) -> list[Remark]:
    """Hold a list of packages, or this environment, against what `cnnlib` needs.

    Args:
        freeze: path of a list as `pip freeze` writes it; None means this environment and its Python.

    Raises:
        ValueError: the file lists no version, or cnnlib runs without having been installed.
        OSError: the file can't be read.
    """
    try:
        ours = importlib.metadata.metadata("cnnlib")
    except importlib.metadata.PackageNotFoundError as error:
        raise ValueError("cnnlib is not installed here: pip install . in its folder.") from error
    tested = read_freeze(LOCK.read_text("utf-8")) if LOCK.is_file() else {}
    requires = ours.get_all("Requires-Dist") or []
    if freeze is None:
        python = {"python": platform.python_version()}
        return remarks(here() | python, [f"python {ours['Requires-Python']}", *requires], tested)
    installed = read_freeze(Path(freeze).read_text("utf-8"))
    if not installed:
        raise ValueError(f"{freeze} has no line such as numpy==2.1.3: give it a list made by pip freeze.")
    return remarks(installed, requires, tested)
