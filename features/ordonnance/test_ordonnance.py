"""Binds the features of the ordonnance numérique to pytest."""

from pytest_bdd import scenarios

scenarios(".")
