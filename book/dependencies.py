"""The files a notebook depends on, found by reading its imports and never by running them.

The answer may hold a file too many, never one too few: where an import can't be read off the source (a name
that is computed, a cell in another language that speaks of the package), everything in reach counts.
"""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

_DYNAMIC = {"import_module", "__import__", "iter_modules", "walk_packages"}


def notebook_dependencies(notebook: NotebookNode, *packages: Path) -> set[Path]:
    """Find the files of packages that a notebook's code cells import, directly or through one another.

    Args:
        notebook: The notebook, in nbformat 4.
        packages: The packages' folders, such as `<root>/cnnlib`.

    Returns:
        Python modules and, for every folder imported from, the other files in it.
    """
    names = [package.name for package in packages]
    pending: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            pending.extend(_cell_imports(cell.source, names))
    seen: set[Path] = set()
    files: set[Path] = set()
    while pending:
        for path, parent in _resolve(pending.pop(), packages):
            if path in seen:
                continue
            seen.add(path)
            if path.is_dir():
                files.update(_data_files(path))
            else:
                files.add(path)
                with suppress(SyntaxError):  # the notebook's own run will say where it is
                    pending.extend(_imports(ast.parse(path.read_bytes()), names, parent))
    return files


def _cell_imports(source: str, packages: list[str]) -> Iterator[str]:
    """Yield the dotted names of `packages` that a code cell may import; magics are understood or survived."""
    if source.startswith("%%"):
        source = source.partition("\n")[2]
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:  # a cell of another language, such as %%bash
        yield from (f"{package}.*" for package in packages if package in source)
        return
    # A name that is imported dynamically in a cell may be any of them.
    for package in packages:
        yield from _imports(tree, packages, package)


def _imports(tree: ast.AST, packages: list[str], parent: str) -> Iterator[str]:
    """Yield the dotted names that code may import, inside functions too.

    Args:
        tree: The parsed code.
        packages: Names of the packages that matter.
        parent: Dotted name that the code's relative imports start from. A name that is imported dynamically
            is taken to be any of the modules in it, hence `parent.*`.
    """
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parent.split(".")[: parent.count(".") + 2 - node.level] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Name | ast.Attribute):
            if (node.id if isinstance(node, ast.Name) else node.attr) in _DYNAMIC:
                yield f"{parent}.*"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            either = "|".join(packages)
            if re.fullmatch(rf"(?:{either})(\.\w+)*", node.value):  # resources.files("cnnbook.records")
                yield node.value
            for name in re.findall(rf"-m\s+((?:{either})[\w.]*)", node.value):  # !python -m cnnlib
                yield f"{name}.__main__"


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, leaving out what only a type checker sees."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in child.orelse:
                yield from _walk(other)
        else:
            yield from _walk(child)


def _resolve(name: str, packages: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    """Yield each module and folder that a dotted name stands for, with the parent of the module's imports.

    A part that is no module (a function, a class) ends the search. A last part `*` is every module there.
    """
    parts = name.split(".")
    folder = next((package.parent for package in packages if package.name == parts[0]), None)
    if folder is None:
        return
    for depth, part in enumerate(parts):
        parent = ".".join(parts[:depth])
        if part == "*":
            for module in (*folder.glob("*.py"), *folder.glob("*/")):
                yield from _resolve(f"{parent}.{module.stem}", packages)
            return
        if (folder / f"{part}.py").is_file():
            yield folder / f"{part}.py", parent
            return
        folder /= part
        if not folder.is_dir():
            return
        yield folder, parent
        if (folder / "__init__.py").is_file():
            yield folder / "__init__.py", ".".join(parts[: depth + 1])


def _data_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that are not Python, without those of the packages inside it."""
    for entry in folder.iterdir():
        if entry.name.startswith((".", "__pycache__")):
            continue
        if entry.is_dir():
            if not any(entry.glob("*.py")):
                yield from _data_files(entry)
        elif entry.suffix not in (".py", ".pyc"):
            yield entry
