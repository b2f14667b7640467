"""Binds the MOM features to pytest."""

from pytest_bdd import scenarios

scenarios(".")
