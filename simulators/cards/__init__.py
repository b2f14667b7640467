"""Virtual cards: operating systems that answer APDUs, and the readers that hold them.

Sources: fact sheet ``cards.md`` (CPS §1–4, carte Vitale §5–6, virtual readers §7–8),
ISO/IEC 7816-3, 7816-4, 7816-8 and 7816-15, IAS ECC.
"""
