"""HTTP over TLS for every service: Starlette routes, uvicorn's protocol, our journal.

- :mod:`.host`: one event loop in one thread for all listeners;
- :mod:`.connection`: one connection: TLS peer, malformed HTTP, one write per answer;
- :mod:`.carrier`: one listener: from bytes to endpoint, faults, journal, answer.
"""

from simulators.web.carrier import Carrier
from simulators.web.host import Host

__all__ = ["Carrier", "Host"]
