"""What every widget is: a picture, and the numbers that a script on its page needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cnnlib.plots import Drawing


@dataclass(frozen=True, repr=False)
class Widget:
    """A picture with numbers for a script.

    Attributes:
        name: of the script, as in `book/_static/widgets/<name>.js`.
        data: what the script starts from; anything that JSON can hold.
        picture: what there is to see without the script.
    """

    name: str
    data: Any
    picture: Drawing

    def _repr_html_(self) -> str:
        # "</" would end the script element.
        data = json.dumps(self.data, separators=(",", ":"), allow_nan=False).replace("</", "<\\/")
        return (
            f'<div class="cnn-widget" data-widget="{self.name}">{self.picture._repr_html_()}'
            f'<script type="application/json">{data}</script></div>'
        )

    def __repr__(self) -> str:
        return f"<Widget {self.name}: {self.picture.alt}>"
