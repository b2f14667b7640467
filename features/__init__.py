"""Gherkin features in French, and their steps. Steps talk only to the bench."""
