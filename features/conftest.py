"""Loads the steps; the ``scenario`` fixture comes from the bench's plugin."""

from features.steps.apcv import *  # noqa: F403 - pytest-bdd finds steps by name in this module
from features.steps.dossier import *  # noqa: F403 - id.
from features.steps.envois import *  # noqa: F403 - id.
from features.steps.identite import *  # noqa: F403 - id.
from features.steps.insi import *  # noqa: F403 - id.
from features.steps.mom import *  # noqa: F403 - id.
from features.steps.ordonnance import *  # noqa: F403 - id.
from features.steps.pharmacie import *  # noqa: F403 - id.
from features.steps.reception import *  # noqa: F403 - id.
from features.steps.utilisable import *  # noqa: F403 - id.
from features.steps.vitale import *  # noqa: F403 - id.
