"""The folder given to ``Hn_Init``: ``api_lec.ini`` and the empty tables a product expects.

Names of files and keys: fact sheet ``cards.md`` §6. In the real folder
``Ressource_Vitale`` names a PC/SC reader; here it is the address of the bench.
"""

from __future__ import annotations

from pathlib import Path

from simulators.kernel import Address

INI = "api_lec.ini"
TABLES = ("tablebin.lec", "tablebin.hab", "pdt_cdc-011.csv")


def write(folder: Path, address: Address) -> None:
    """Write the folder; what is there already is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    where = f"{address.host}:{address.port}"
    text = f"[Lecteur]\nRessource_Vitale={where}\nRessource_CPS={where}\n"
    (folder / INI).write_text(text, encoding="ascii", newline="\r\n")
    for name in TABLES:
        (folder / name).touch()
