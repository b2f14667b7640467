"""The part ``insi`` of the bench's settings, which a test may change while it runs.

``{"insi": {"profil": "qualification", "serialisation": "cnda", "controle_cn": false,
"en_tete": true, "idam": ["TSTBANC00042"], "verification": true, "delai_verification": 30}}``

``controle_cn``: is the CN of the organisation certificate verified; ``en_tete``: do the
answers carry an empty Header; ``idam``: authorisations the gateway knows;
``verification``: are WS_INS3 to WS_INS5 served, on a wire that is ours; and
``delai_verification``: seconds before a deposit of verifications is done.
"""

from __future__ import annotations

from typing import Any, cast

from simulators.errors import SettingsError
from simulators.insi.state import InsiState
from simulators.insi.wire import STYLES
from simulators.kernel import Kernel

PROFILES: dict[str, str | None] = {
    "production": None,
    "qualification": "desir_1020",
    "qualification-2021": "insi_102",
}
"""Profile to the fault answered when nobody is found (sheet §2.13); None answers CR 01."""


BOOLEANS = ("controle_cn", "en_tete", "verification")
LONGEST = 24 * 3600


def nobody(profile: str, *, by_card: bool) -> str | None:
    """The fault answered in this profile when nobody is found; None for CR 01."""
    error = PROFILES[profile]
    # The text of insi_102 is about traits: the one of the card was never seen.
    return "insi_9007" if by_card and error == "insi_102" else error


def verify(name: str, value: object) -> Any:
    """The value of a setting; raises ValueError with a French sentence."""
    if name == "profil" and value in PROFILES:
        return value
    if name == "serialisation" and value in STYLES:
        return value
    if name in BOOLEANS and isinstance(value, bool):
        return value
    if name == "delai_verification" and type(value) is int and 0 <= value <= LONGEST:
        return value
    if name == "idam" and isinstance(value, list):
        return [str(one) for one in cast("list[object]", value)]
    raise ValueError(
        f"INSi : « {name} » : {value!r} ne veut rien dire. Réglages connus : profil "
        f"({', '.join(PROFILES)}), serialisation ({', '.join(STYLES)}), "
        f"{', '.join(BOOLEANS)} (true ou false), delai_verification (secondes, 0 à {LONGEST}), "
        "idam (liste des autorisations connues), personnes."
    )


def defaults(kernel: Kernel) -> dict[str, Any]:
    """The settings a campaign starts with; raises SettingsError on those of the bench."""
    told = cast("dict[str, object]", kernel.settings.get("insi") or {})
    wanted: dict[str, object] = {
        "profil": "production",
        "serialisation": "2022",
        "controle_cn": True,
        "en_tete": False,
        "verification": False,
        "delai_verification": 30,
        "idam": [kernel.world.software.idam],
        **told,
    }
    try:
        return {name: verify(name, value) for name, value in wanted.items()}
    except ValueError as error:
        raise SettingsError(str(error)) from error


def start(state: InsiState, kernel: Kernel) -> None:
    """Put the settings that the campaign does not have yet."""
    known = state.settings()
    for name, value in defaults(kernel).items():
        if name not in known:
            state.set_setting(name, value)
