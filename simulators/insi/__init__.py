"""INSi teleservice: recherche de l'INS sur traits d'identité and par carte Vitale.

- :mod:`.people`: the fictitious people of the qualification base;
- :mod:`.state`: who exists, how a search is answered, settings — no wire;
- :mod:`.wire`: answers and faults as bytes, in each serialisation seen;
- :mod:`.errors`: the error catalogue, with what is real and what is ours;
- :mod:`.faults`: lies and failures a tester may ask for;
- :mod:`.negatives`: how each negative case of the sheet is played;
- :mod:`.verification`, :mod:`.verifying`: WS_INS3 to WS_INS5 as the bench imagines them;
- :mod:`.server`: the two addresses and ``?wsdl``.
"""
