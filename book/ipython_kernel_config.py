"""Kernel settings of the project's environment; `make` copies this to .venv/etc/ipython."""

config = get_config()  # type: ignore[name-defined]  # noqa: F821 - IPython hands it to this file

# What TensorFlow's native libraries write on the terminal as they load is no output of a cell.
config.IPKernelApp.capture_fd_output = False
