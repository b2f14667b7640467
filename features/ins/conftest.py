"""Loads the steps of the CNDA cases, apart: their people are those CNDA hands out."""

from features.steps.cnda import *  # noqa: F403 - pytest-bdd finds steps by name in this module
