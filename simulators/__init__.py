"""The national services, played on their real wires.

Each service has the same rooms: ``state`` (behaviour, no wire), ``wire``
(bytes to objects, no socket), ``server`` (the thin adapter to the platform),
``errors`` (the service's error catalogue with the source of each).
Shared rooms: :mod:`simulators.kernel` (what a service is given),
:mod:`simulators.http` (requests and answers as values), :mod:`simulators.journal`,
:mod:`simulators.store`, :mod:`simulators.clock`, :mod:`simulators.faults`,
:mod:`simulators.pki`, :mod:`simulators.web`, :mod:`simulators.platform`.
"""
