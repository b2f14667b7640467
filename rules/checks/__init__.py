"""The checks, one module per subject; :func:`rules.checking.all_checks` loads them all."""
