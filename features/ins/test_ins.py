"""Binds the INS features to pytest."""

from pytest_bdd import scenarios

scenarios(".")
