"""The last cell of a student's notebook: what is missing before it is handed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnncourse.check.answers import outcome

EXAMPLE = "ada"  # the name that stands in a notebook as it is handed out


def ready(names: Mapping[str, Any], checks: Mapping[str, str], to_read: Sequence[str] = ()) -> None:
    """Say what is missing in a notebook: a name, an answer, a check that has not been run.

    Args:
        names: of the notebook, as `globals()` gives them.
        checks: by question, the check of its answer, such as "check.output_size".
        to_read: questions that a person reads.
    """
    missing = []
    if names.get("student", EXAMPLE) == EXAMPLE:
        missing.append(f"The name is still {EXAMPLE!r}: write yours, and run all cells again.")
    for question, check in checks.items():
        module, _, name = check.rpartition(".")
        said = outcome(getattr(names.get(module), name, None))
        if said is None:
            missing.append(f"{question}: its check has not been run.")
        elif not said:
            missing.append(f"{question}: not right yet.")
    for line in missing or ["Every check says that you are right."]:
        print(line)
    for question in to_read:
        print(f"{question}: a person reads your answer; is it written?")
    print("Save the notebook before you hand it in; what is not right yet can be handed in too.")
