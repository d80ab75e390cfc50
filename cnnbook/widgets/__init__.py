"""Figures that answer: a picture, and the numbers that a page of the book makes it move with.

In a notebook, on paper and with scripts switched off a widget is its picture. In the book the scripts of
`book/_static/widgets` take the numbers and put controls in its place.
"""

from cnnbook.widgets.base import Widget
from cnnbook.widgets.digit import draw_a_digit
from cnnbook.widgets.picture import show_a_picture
from cnnbook.widgets.training import train_lenet5, tried
from cnnbook.widgets.workbench import comparison, convolution, schedules

__all__ = [
    "Widget",
    "comparison",
    "convolution",
    "draw_a_digit",
    "schedules",
    "show_a_picture",
    "train_lenet5",
    "tried",
]
