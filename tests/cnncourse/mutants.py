"""How many small faults in the reference answers the checks notice.

    python tests/cnncourse/mutants.py               all sections; the last line is the score
    python tests/cnncourse/mutants.py 02_lenet5     one of them, with the mutants that were not noticed

A mutant is a reference answer with one thing changed: a number, an operator, a name among its likes, an
argument or a line left out. One that a check takes for right is said to survive. Some of those are not wrong
at all, such as a size of -2 where NumPy takes any negative one; they count as survivors all the same.
"""

from __future__ import annotations

import ast
import copy
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

from masters import MASTERS, Question, attempt, questions

SECONDS = 60  # that a mutant may take

SWAPS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
LIKES = {
    "same": "valid",
    "valid": "same",
    "relu": "tanh",
    "tanh": "relu",
    "softmax": "sigmoid",
    "sigmoid": "softmax",
}
NAMES = {"min": "max", "max": "min", "floor": "ceil", "ceil": "floor", "argmax": "argmin", "argmin": "argmax"}
NAMES |= {"mean": "sum", "sum": "mean", "add": "subtract", "concatenate": "stack", "sqrt": "square"}
NAMES |= {"MaxPooling2D": "AveragePooling2D", "AveragePooling2D": "MaxPooling2D", "exp": "log", "log": "exp"}

Change = tuple[int, str, Callable[[], object]]  # line, what is changed, and what changes it


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield (what was changed, the changed source) for every small change between the marks of an answer."""
    tree = ast.parse(source)
    begin, end = (source[: source.index(f"### {mark} SOLUTION")].count("\n") + 1 for mark in ("BEGIN", "END"))
    for place, node in enumerate(ast.walk(tree)):
        for number, (line, name, _) in enumerate(_changes(node)):
            if begin < line < end:
                other = copy.deepcopy(tree)
                make = list(_changes(list(ast.walk(other))[place]))[number][2]
                make()
                yield f"line {line}: {name}", ast.unparse(ast.fix_missing_locations(other))


def _changes(node: ast.AST) -> Iterator[Change]:
    """Yield the changes that a node of a syntax tree allows."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield node.lineno, f"not {node.value}", lambda: setattr(node, "value", not node.value)
        elif isinstance(node.value, int | float):
            yield node.lineno, f"{node.value} + 1", lambda: setattr(node, "value", node.value + 1)
        elif node.value in LIKES:
            new = LIKES[node.value]
            yield node.lineno, f"{node.value} to {new}", lambda: setattr(node, "value", new)
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in SWAPS:
        yield node.lineno, type(node.op).__name__, lambda: setattr(node, "op", SWAPS[type(node.op)]())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        new_op = SWAPS[type(node.ops[0])]()
        yield node.lineno, type(node.ops[0]).__name__, lambda: node.ops.__setitem__(0, new_op)
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        name = NAMES[node.attr]
        yield node.lineno, f"{node.attr} to {name}", lambda: setattr(node, "attr", name)
    if isinstance(node, ast.Call):
        for place, keyword in enumerate(node.keywords):
            yield node.lineno, f"without {keyword.arg}", lambda place=place: node.keywords.pop(place)
    if isinstance(node, ast.Return) and node.value is not None:
        yield node.lineno, "return nothing", lambda: setattr(node, "value", None)
    body = getattr(node, "body", None)
    if isinstance(body, list) and len(body) > 1:
        for place, statement in enumerate(body):
            if _matters(statement):
                yield statement.lineno, "left out", lambda place=place: body.pop(place)


def _matters(statement: ast.stmt) -> bool:
    """Whether leaving a statement out changes more than a name or a docstring."""
    text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return not text and not isinstance(statement, ast.Return | ast.Import | ast.ImportFrom)


def survives(question: Question, code: str) -> bool:
    """Whether a check takes a mutant for right; one that does not end is noticed."""
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(SECONDS)
    try:
        attempt(question, code)
    except BaseException:
        return False
    finally:
        signal.alarm(0)
    return True


def survivors(question: Question) -> tuple[int, list[str]]:
    """The number of a question's mutants, and those that survive."""
    made = list(mutants(question.answer))
    return len(made), [f"{question.name}: {name}" for name, code in made if survives(question, code)]


def main(sections: list[str]) -> int:
    """Print the score of the given sections, or of all; a status of 1 says that it is below 95 %."""
    chosen = [each for path in MASTERS if not sections or path.stem in sections for each in questions(path)]
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        results = list(pool.map(survivors, chosen))
    for question, (made, alive) in zip(chosen, results, strict=True):
        print(f"{question.section} {question.name}: {made - len(alive)} of {made}")
        for name in alive:
            print(f"    survives: {name}")
    total, left = sum(made for made, _ in results), sum(len(alive) for _, alive in results)
    print(f"{total - left} of {total} mutants noticed: {1 - left / total:.1%}")
    return int(left > 0.05 * total)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
