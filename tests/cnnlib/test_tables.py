import pytest

from cnnlib.tables import Table


def test_integers_get_separators_and_columns_of_numbers_align_right():
    table = Table(["layer", "weights", "error"], [["c1", 61706, "0.95%"], ["**sum**", 1234, "1.2e-05"]])
    assert str(table).splitlines() == [
        "| layer | weights | error |",
        "| :-- | --: | --: |",
        "| c1 | 61,706 | 0.95% |",
        "| **sum** | 1,234 | 1.2e-05 |",
    ]


def test_a_number_that_is_a_link_is_a_number():
    assert str(Table(["error"], [['<a href="a.html#b">0.95%</a>']])).splitlines()[1] == "| --: |"
    assert str(Table(["error"], [['<a href="a.html#b">low</a>']])).splitlines()[1] == "| :-- |"


def test_a_column_with_words_in_it_aligns_left():
    assert str(Table(["mixed"], [[1], ["one"]])).splitlines()[1] == "| :-- |"


def test_a_row_that_does_not_fit_the_head_is_refused():
    with pytest.raises(ValueError, match=r"1 cells under 2 heads: \['c1'\]"):
        Table(["layer", "weights"], [["c1"]])


def test_a_notebook_shows_it_as_markdown():
    table = Table(["a"], [])
    assert table._repr_markdown_() == str(table) == "| a |\n| :-- |"
