"""The book adds networks, recipes and data sets that these tests try the library on."""

import cnnbook  # noqa: F401
