"""From the masters of the exercises to a class and back: what to hand out, and the grading of what comes in.

Everything here stands on nbgrader, which only an instructor needs: `pip install nbgrader`.
"""

# What a student finds where an answer was: it runs, and the check then says that there is no answer yet.
STUB = "...  # your answer"
