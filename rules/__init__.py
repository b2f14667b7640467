"""What "conforme" means: formats, checks and exigences.

Pure code: nothing here opens a socket or a file of the user, and nothing here
imports another package of the project. Bytes come in, findings go out.

Reading order for a newcomer: :mod:`rules.exchange` (what was observed),
:mod:`rules.formats` (bytes to typed artefacts), :mod:`rules.checking` (how a
check is declared), :mod:`rules.checks` (the checks), :mod:`rules.judge` (how
they are run).
"""
