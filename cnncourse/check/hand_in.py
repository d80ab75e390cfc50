"""The last cell of a notebook, which says what is missing; and the check of an exam, of form alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from cnncourse.check.answers import call, outcome, question, shape, value

EXAMPLE = "ada"  # the name that stands in a notebook as it is handed out
FORM = "form "  # how names begin of checks that look at the form alone


def form(name: str, given: Any, like: Any, *arguments: Any) -> None:
    """Check the type and shape of an answer and nothing else, as an examination does.

    Args:
        name: of the question.
        given: the answer; a function is called.
        like: something of the form that is asked for, or of a model the shape of one output.
        *arguments: what to call a function with.

    Raises:
        Wrong: it is of another form.
    """

    def formed() -> None:
        got = call(given, *arguments) if arguments else given
        if hasattr(got, "output_shape"):
            shape(got.output_shape[1:], like, name)
        else:
            value(got, like, name, tolerance=math.inf)

    question(formed, FORM + name, "This has the form that is asked for.")()


def ready(names: Mapping[str, Any], checks: Mapping[str, str], to_read: Sequence[str] = ()) -> None:
    """Say what is missing in a notebook: a name, an answer, a check that has not been run.

    Args:
        names: of the notebook, as `globals()` gives them.
        checks: by question, the check of its answer, such as "check.output_size", or "form NAME".
        to_read: questions that a person reads.
    """
    missing = []
    if names.get("student", EXAMPLE) == EXAMPLE:
        missing.append(f"The name is still {EXAMPLE!r}: write yours, and run all cells again.")
    for title, check in checks.items():
        module, _, name = check.rpartition(".")
        formal = check.startswith(FORM)
        said = outcome(check if formal else getattr(names.get(module), name, None))
        if said is None:
            missing.append(f"{title}: its check has not been run.")
        elif not said:
            missing.append(f"{title}: {'not of the form that is asked for' if formal else 'not right yet'}.")
    done = "Every check says that you are right."
    if any(check.startswith(FORM) for check in checks.values()):
        done = "Every answer has the form that is asked for; whether it is right is found when it is graded."
    for line in missing or [done]:
        print(line)
    for title in to_read:
        print(f"{title}: a person reads your answer; is it written?")
    print("Save the notebook before you hand it in; what is not right yet can be handed in too.")
