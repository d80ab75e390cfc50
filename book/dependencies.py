"""The files a notebook depends on, found by reading its imports and never by running them.

The answer may hold a file too many, never one too few: where an import can't be read off the source (a name
that is computed, a cell in another language that speaks of the package), everything in reach counts.
"""

import ast
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
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
    pending: set[str] = set()
    nodes: list[ast.AST] = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            try:
                nodes.extend(_walk(_parse_cell(cell.source)))
            except SyntaxError:  # a cell of another language, such as %%bash
                pending.update(f"{name}.*" for name in names if name in cell.source)
    aliases = _aliases(nodes, names)
    # A name that is imported dynamically in a cell may be any of them.
    for name in names:
        pending.update(_imports(nodes, names, name, aliases))
    asked: set[str] = set()
    seen: set[Path] = set()
    files: set[Path] = set()
    words = set(_words(nodes))
    while pending:
        name = pending.pop()
        if name in asked:
            continue
        asked.add(name)
        for path, parent in _resolve(name, packages):
            if path in seen:
                continue
            seen.add(path)
            if path.is_dir():
                files.update(_data_files(path))
            else:
                files.add(path)
                imported, said = _of_module(path.read_bytes(), tuple(names), parent)
                pending.update(imported)
                words.update(said)
    # A paper's facts are found by its name, the first part of its file's.
    return {file for file in files if file.suffix != ".toml" or file.name.partition(".")[0] in words}


def _words(nodes: list[ast.AST]) -> Iterator[str]:
    """Yield what strings in code begin with, up to a dot, as he2016 in "he2016.cifar.epochs"."""
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.partition(".")[0]


@cache  # by content: every notebook asks for the same modules
def _of_module(content: bytes, packages: tuple[str, ...], parent: str) -> tuple[list[str], set[str]]:
    """What a module imports, and what its strings begin with."""
    with suppress(SyntaxError):  # the notebook's own run will say where it is
        tree = ast.parse(content)
        face, names, nodes = _face(tree), list(packages), list(_walk(tree))
        imported = list(_imports(nodes, names, parent, _aliases(nodes, names)))
        if face is None:
            return imported, set(_words(nodes))
        # Names of a face count where they are used; what it imports by itself counts at once.
        return [name for name in imported if not name.endswith(".*") and name not in face.values()], set()
    return [], set()


def _parse_cell(source: str) -> ast.AST:
    """Parse a code cell; magics are understood or survived."""
    if source.startswith("%%"):
        source = source.partition("\n")[2]
    try:
        return ast.parse(source)
    except SyntaxError:  # magics, which few cells have and which take longer than all else here
        return ast.parse(TransformerManager().transform_cell(source))


def _aliases(nodes: list[ast.AST], packages: list[str]) -> dict[str, str]:
    """Find the names that stand for a whole package, as after `import cnnlib as cnn`."""
    return {
        alias.asname or alias.name: alias.name
        for node in nodes
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in packages
    }


@cache
def _face_of(content: bytes) -> dict[str, str]:
    return _face(ast.parse(content)) or {}


def _face(tree: ast.AST) -> dict[str, str] | None:
    """Read the table `_FACE` of a package that looks its names up when they are used; None without one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_FACE":
            return ast.literal_eval(node.value)
    return None


def _imports(
    nodes: list[ast.AST], packages: list[str], parent: str, aliases: dict[str, str]
) -> Iterator[str]:
    """Yield the dotted names that code may import, inside functions too.

    Args:
        nodes: All of the parsed code.
        packages: Names of the packages that matter.
        parent: Dotted name that the code's relative imports start from. A name that is imported dynamically
            is taken to be any of the modules in it, hence `parent.*`.
        aliases: What stands for a whole package; `cnn.models.LeNet5` is as good as an import. A package that
            is used in another way may be asked for any name.
    """
    either = "|".join(packages)
    bases = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parent.split(".")[: parent.count(".") + 2 - node.level] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Name | ast.Attribute):
            if (node.id if isinstance(node, ast.Name) else node.attr) in _DYNAMIC:
                yield f"{parent}.*"
            root, *rest = _dotted(node)
            if root in aliases and (rest or id(node) not in bases):
                yield ".".join([aliases[root], *(rest or "*")])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(rf"(?:{either})(\.\w+)*", node.value):  # resources.files("cnnbook.records")
                yield node.value
            for name in re.findall(rf"-m\s+((?:{either})[\w.]*)", node.value):  # !python -m cnnlib
                yield f"{name}.__main__"


def _dotted(node: ast.AST) -> list[str]:
    """The parts of a name such as cnn.models.LeNet5; the first is empty where it is no plain name."""
    if isinstance(node, ast.Attribute):
        return [*_dotted(node.value), node.attr]
    return [node.id if isinstance(node, ast.Name) else ""]


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, leaving out what only a type checker sees."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in child.orelse:
                yield from _walk(other)
        else:
            yield from _walk(child)


@cache  # every notebook asks for the same names
def _resolve(name: str, packages: tuple[Path, ...]) -> list[tuple[Path, str]]:
    return list(_places(name, packages))


def _places(name: str, packages: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
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
        if depth and (folder / "__init__.py").is_file():
            face = _face_of((folder / "__init__.py").read_bytes())
            if part in face:
                yield from _resolve(face[part], packages)
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
