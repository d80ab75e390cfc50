"""What the checks are made of, by identity. This file's text is run inside the kernel of a submission."""

import builtins
import sys
import types
from json import dumps as dumps
from typing import Any

OURS = ("cnnlib", "cnnbook", "cnncourse")
THEIRS = ("builtins", "math", "json", "numpy", "numpy.linalg", "keras", "keras.ops", "keras.ops.nn")
SHELL = (
    "run_cell",
    "run_cell_async",
    "run_code",
    "run_ast_nodes",
    "showtraceback",
    "_showtraceback",
    "user_expressions",
)


def modules(shell: Any) -> dict:
    """Identities of what the checker's modules hold, of the code of its functions, of the shell's ways."""
    found = {}
    for name, module in list(sys.modules.items()):
        ours = name.partition(".")[0] in OURS
        if module is None or not (ours or name in THEIRS):
            continue
        found[f"{name}'s type"] = id(type(module))
        for key, thing in list(object.__getattribute__(module, "__dict__").items()):
            if name == "numpy" and thing is getattr(builtins, key, None):
                # `np.bool = bool` is a cure for old code that is found on the web, and changes nothing.
                thing = getattr(module, f"{key}_", thing)
            if not key.startswith("__") and (ours or callable(thing)):
                found.update(_parts(f"{name}.{key}", thing, ours))
    for key in SHELL:
        found[f"IPython's {key}"] = id(getattr(getattr(shell, key, None), "__func__", None))
    found["IPython's exceptions"] = len(shell.custom_exceptions)
    found["IPython's transformers"] = len(shell.ast_transformers) + len(shell.input_transformers_post)
    return found


def names(shell: Any, wanted: list) -> dict:
    """Identities of what names of the notebook stand for."""
    return {name: id(shell.user_ns.get(name)) for name in wanted}


def _parts(name: str, thing: object, ours: bool) -> dict:
    """Identity of a thing and of the code under it."""
    parts = {name: id(thing)}
    if isinstance(thing, types.FunctionType):
        parts[f"{name}'s code"] = id(thing.__code__)
        parts[f"{name}'s defaults"] = id(thing.__defaults__)
        inner = getattr(thing, "__wrapped__", None)
        if isinstance(inner, types.FunctionType):
            parts[f"{name}'s inner code"] = id(inner.__code__)
    elif ours and isinstance(thing, type) and thing.__module__.startswith(OURS):
        for key, part in vars(thing).items():
            if isinstance(part, types.FunctionType):
                parts[f"{name}.{key}"] = id(part.__code__)
    return parts
