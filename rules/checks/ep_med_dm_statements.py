"""EP-19: the observations about a line: ALD, AT/MP, hors AMM, non remboursable, prévention.

The first schematrons (2022.01) asked for the ALD alone; those of the later versions ask
for each that is given here as required.

Source: e-prescription.md §9.4, §9.5; schematrons FR-En-rapport-avec-ALD and the like.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checks.ep_med_dm_values import counted, fixed, lacking, templates
from rules.findings import Finding
from rules.formats.cda_types import attribute, find
from rules.formats.ep_med_dm import FLAG_SYSTEM, V2022
from rules.formats.ep_med_dm_lines import ALD, STATEMENTS, DrugLine, Line, Statement, type_of
from rules.xml import place_of

_PARENTS = ("1.3.6.1.4.1.19376.1.5.3.1.4.13", "1.2.250.1.213.1.1.3.48")
_DRUG = (ALD, "GEN-180", "GEN-179", "GEN-181")
_DEVICE = (ALD, "GEN-180", "GEN-181", "GEN-295")


def statements(line: Line) -> Iterator[Finding]:
    """Those that its version requires, each once; whatever is said, in the form of the model."""
    required = _DRUG if isinstance(line, DrugLine) else _DEVICE
    for code, (name, _) in STATEMENTS.items():
        found = [s for s in line.statements if s.tells(code)]
        wanted = code in required and (code == ALD or line.version != V2022)
        if len(found) > 1 or (wanted and not found):
            yield Finding(
                f"{place_of(line.element)}/entryRelationship/observation",
                f"une observation {name} ({code})",
                str(len(found)),
                f"Dire {name} par oui ou par non, une fois sur chaque ligne.",
            )
        for statement in found:
            yield from _statement(statement, code, name)


def _statement(statement: Statement, code: str, name: str) -> Iterator[Finding]:
    element, known = statement.element, STATEMENTS[code][1]
    yield from templates(element, (*_PARENTS, known), f"l'observation {name}")
    advice = f"Écrire les valeurs fixes de l'observation {name}, telles que le modèle les donne."
    yield from fixed(element.getparent(), "", "typeCode", ("COMP",), advice)
    yield from counted(element, "id", 1, 1, f"Donner un id à l'observation {name}.")
    yield from fixed(element, "code", "code", (code,), advice)
    yield from fixed(element, "code", "codeSystem", (FLAG_SYSTEM,), advice)
    yield from fixed(element, "statusCode", "code", ("completed",), advice)
    advice = f"Relier l'observation {name} à son texte par text/reference."
    yield from lacking(element, "text/reference", statement.place, "une", advice)
    value = find(element, "value")
    if statement.value is None or type_of(value) != "BL":
        yield Finding(
            f"{statement.place}/value",
            "xsi:type BL, true ou false",
            f"{type_of(value) or 'sans type'}, {attribute(value, 'value') or 'absent'}",
            f"Répondre true ou false, une fois, à l'observation {name}.",
        )
    else:
        yield from counted(element, "value", 1, 1, f"Répondre une seule fois à {name}.")
