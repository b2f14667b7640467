"""The part ``prescription`` of the bench's settings, which a test may change while it runs.

``{"prescription": {"adaptateurs": "mon-dossier", "envoi_tardif_h": 24,
"cis_retires": ["60000001"], "exige_ins": true}}``

``adaptateurs``: folder of the adapters of an editor (``*.toml``), relative to the
campaign's, whose own ``adaptateurs`` is read anyway; read when the bench starts.
``voie``: the wire that the descriptor tells the product to use, ``rest`` or ``soap``.
``envoi_tardif_h``: how old, in hours, a number may be when it is sent; null, it is
of the same day. ``cis_retires``: CIS that are warned about. ``exige_ins``: whether
an ordonnance without INS is refused.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from rules.formats.prescription_adapter import Adapter, AdapterError, load_folder
from simulators.errors import SettingsError
from simulators.kernel import Kernel
from simulators.prescription.state import PrescriptionState

FOLDER, WAY = "adaptateurs", "voie"
KEPT = "adaptateurs-lus"
"""Where a campaign keeps the adapters it was played with."""
WAYS = ("rest", "soap")
DEFAULTS: Mapping[str, Any] = {"envoi_tardif_h": None, "cis_retires": [], "exige_ins": False}
LONGEST = 24 * 31


def verify(name: str, value: object) -> Any:
    """The value of a setting; raises ValueError with a French sentence."""
    if name == "envoi_tardif_h" and (
        value is None or (type(value) is int and 0 < value <= LONGEST)
    ):
        return value
    if name == "cis_retires" and isinstance(value, list):
        return [str(one) for one in cast("list[object]", value)]
    if name == "exige_ins" and isinstance(value, bool):
        return value
    raise ValueError(
        f"Ordonnance numérique : « {name} » : {value!r} ne veut rien dire. Réglages connus : "
        f"envoi_tardif_h (heures, 1 à {LONGEST}, ou null), cis_retires (liste de CIS), exige_ins "
        "(true ou false) ; états : consentements, ordonnances, pharmacie."
    )


def start(state: PrescriptionState, kernel: Kernel) -> None:
    """Put the settings that the campaign does not have yet. Raises SettingsError."""
    wanted = {**DEFAULTS, **{n: v for n, v in _told(kernel).items() if n not in (FOLDER, WAY)}}
    known = state.settings()
    try:
        checked = {name: verify(name, value) for name, value in wanted.items()}
    except ValueError as error:
        raise SettingsError(str(error)) from error
    for name, value in checked.items():
        if name not in known:
            state.set_setting(name, value)


def way(kernel: Kernel) -> str:
    """The wire that the product is told to use. Raises SettingsError."""
    told = _told(kernel).get(WAY, WAYS[0])
    if told not in WAYS:
        raise SettingsError(f"Ordonnance numérique : voie {told!r} ; attendu : rest ou soap.")
    return told


def adapters(kernel: Kernel) -> Iterable[Adapter]:
    """The wires that an editor added; the campaign keeps a copy. Raises SettingsError."""
    try:
        for folder in _folders(kernel):
            yield from load_folder(folder)
            _keep(folder, kernel)
    except AdapterError as error:
        raise SettingsError(f"Adaptateur d'ordonnance numérique : {error}") from error


def _keep(folder: Path, kernel: Kernel) -> None:
    # A campaign is judged again from its folder alone, elsewhere and later.
    if kernel.folder is not None:
        (kernel.folder / KEPT).mkdir(exist_ok=True)
        for path in folder.glob("*.toml"):
            shutil.copyfile(path, kernel.folder / KEPT / path.name)


def _folders(kernel: Kernel) -> Iterable[Path]:
    campaign = kernel.folder or Path()
    told = _told(kernel).get(FOLDER)
    if told is not None:
        yield campaign / str(told)
    if kernel.folder is not None and (campaign / FOLDER).is_dir() and told != FOLDER:
        yield campaign / FOLDER


def _told(kernel: Kernel) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", kernel.settings.get("prescription") or {})
