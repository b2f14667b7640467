"""Téléservice ordonnance numérique (e-prescription unifiée), on every wire it is told of.

- :mod:`.errors`: the error catalogue, all of it ours;
- :mod:`.life`: states of an ordonnance, rounds of a line;
- :mod:`.rows`, :mod:`.state`: the base of one campaign and what each operation does to it;
- :mod:`.settings`: what a tester sets;
- :mod:`.admission`: who is let in;
- :mod:`.wire`: answers, faults, WSDL and OpenAPI as bytes, of any adapter;
- :mod:`.faults`: lies and failures a tester may ask for;
- :mod:`.robot`: two pharmacies that execute;
- :mod:`.server`: the address.

The wires themselves are files: :mod:`rules.formats.prescription_adapter`.
"""
