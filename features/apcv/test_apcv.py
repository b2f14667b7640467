"""Binds the features of the appli carte Vitale to pytest."""

from pytest_bdd import scenarios

scenarios(".")
