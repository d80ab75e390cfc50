"""A Sphinx extension: formulas are written into the pages as MathML, which browsers draw by themselves.

No script has to be loaded first, so a page with formulas is as light as one without, and they are there with
scripts switched off and on paper.
"""

import re

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

_LOGGER = logging.getLogger(__name__)
_CONVERTER = LatexToMathML(annotation=False, fancy_error=False)


def mathml(latex: str, display: bool) -> str:
    """Write a formula in LaTeX as MathML.

    Args:
        latex: the formula, with or without an environment such as `align` around it.
        display: whether it stands on a line of its own.

    Raises:
        LatexError: The formula is wrong, or uses what can't be written as MathML.
    """
    # Numbers are Sphinx's, which the text refers to.
    latex = re.sub(r"\\(begin|end)\{(align|equation|gather)\}", r"\\\1{\2*}", latex.strip())
    if r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    return _CONVERTER.convert_with_local_state(latex, displaystyle=display)


def _write(page: HTML5Translator, node: nodes.Node, display: bool) -> None:
    """Append a formula to a page; what can't be written is a warning, and stays LaTeX."""
    try:
        page.body.append(mathml(node.astext(), display))
    except LatexError as error:
        _LOGGER.warning("the formula %r: %s", node.astext(), error, location=node)
        page.body.append(f"<code>{page.encode(node.astext())}</code>")


def _inline(page: HTML5Translator, node: nodes.math) -> None:
    page.body.append(page.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    _write(page, node, display=False)
    page.body.append("</span>")
    raise nodes.SkipNode


def _block(page: HTML5Translator, node: nodes.math_block) -> None:
    page.body.append(page.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        page.body.append(f'<span class="eqno">({get_node_equation_number(page, node)})')
        page.add_permalink_ref(node, "Link to this equation")
        page.body.append("</span>")
    _write(page, node, display=True)
    page.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the way of writing formulas that `html_math_renderer: mathml` asks for."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
