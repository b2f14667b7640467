"""The bench itself: campaigns, drivers, verdicts, command line, console."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("segur-bench")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0.0.0"
