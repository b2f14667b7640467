"""The reading API of the carte Vitale: its C library, and the bench that feeds it.

``api_lec.c`` is what a product loads instead of the GIE's library; :mod:`.building`
compiles it for Linux or Windows, :mod:`.listener` answers its calls, :mod:`.document`
writes the XML it returns. Source: fact sheet ``cards.md`` §6.
"""
