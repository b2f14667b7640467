"""The reference LGC: a headless practice-management software that does everything right.

A house of its own: it knows the environment descriptor and the network, and
imports nothing of the bench. Its constants are written a second time from the
documents on purpose, so that one mistake cannot hide another.
"""
