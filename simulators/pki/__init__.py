"""A test IGC-Santé: same shape, same OIDs, names nobody can take for the real one.

Sources: fact sheets ``cards.md`` §4 (CPS certificates), ``ins-insi.md`` §2.3
(INSI-AUTO, INSI-MANU), ``dmp.md`` §5–6 (ORG_AUTH_CLI, ORG_SIGN, SSL_SERV).
"""

from simulators.pki.credential import Credential
from simulators.pki.hierarchy import Pki
from simulators.pki.keys import KeyCache

__all__ = ["Credential", "KeyCache", "Pki"]
