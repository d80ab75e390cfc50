"""Every question takes its reference answer and others as good, and refuses what students get wrong."""

from __future__ import annotations

from collections import Counter

import pytest
from masters import MASTERS, Answer, Question, answers, attempt, questions

from cnncourse.check import Wrong

QUESTIONS = {(path.stem, each.name): each for path in MASTERS for each in questions(path)}
KEPT = [(QUESTIONS[path.stem, each.question], each) for path in MASTERS for each in answers(path.stem)]
STUDENTS = ("ada", "grace-2")


def named(value: Question | Answer | str) -> str:
    """What a case is called in pytest's report."""
    return (
        f"{value.section}:{value.name}" if isinstance(value, Question) else str(getattr(value, "word", value))
    )


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=named)
def test_the_reference_answer_is_right_for_every_student(question, student):
    attempt(question, question.answer, student)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=named)
def test_the_untouched_stub_is_wrong(question):
    with pytest.raises(Wrong):
        attempt(question, question.stub)


@pytest.mark.parametrize(("question", "answer"), [case for case in KEPT if case[1].word], ids=named)
def test_a_wrong_answer_is_refused_with_a_helpful_word(question, answer):
    with pytest.raises(Wrong, match=rf"(?is).*{answer.word}"):
        attempt(question, answer.code)


@pytest.mark.parametrize(("question", "answer"), [case for case in KEPT if not case[1].word], ids=named)
def test_another_right_answer_is_accepted(question, answer):
    attempt(question, answer.code, STUDENTS[1])


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=named)
def test_every_question_has_five_wrong_answers(question):
    kept = Counter(answer.question for answer in answers(question.section) if answer.word)
    assert kept[question.name] >= 5


@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_every_section_has_five_questions(path):
    assert len(questions(path)) >= 5
