"""Appli carte Vitale: services AUTH and SIGN, and the phone that shows its code.

- :mod:`.codec`: what a QR or NFC carries, sealed by the simulator;
- :mod:`.state`: profiles, codes already used, contexts — no wire;
- :mod:`.wire`: answers as bytes; faults are those of INSi, of the same family;
- :mod:`.errors`: CodeStatut, all ours but 0;
- :mod:`.faults`: lies and failures a tester may ask for; :mod:`.negatives`: by cases of the sheet;
- :mod:`.description`: ``?wsdl`` of both services, of our making;
- :mod:`.admission`: who is let in;
- :mod:`.handset`: the phone as addresses; :mod:`.telephone`: its page;
- :mod:`.server`: the addresses.
"""
