"""A CPS through a PKCS#11 module: CryptoLib CPS, OpenSC, or another.

Objects are found by the labels of CryptoLib (sheet of cards §2). The module itself
refuses a card that EF_ACTUA says out of date. PyKCS11 asks a module how long a
signature is before it gives room for it, so that a CPS4 has exactly 256 octets, as
CryptoLib wants. It holds the interpreter while a module works: a slow card delays
every gesture.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from reference_impl.cards.chip import SIGNATURE_KEY, Place
from reference_impl.cards.errors import (
    CardError,
    blocked,
    inconsistent,
    removed,
    unreadable,
    wrong_code,
    wrong_unblocking_code,
)
from reference_impl.errors import ConfigurationError

_LABEL = re.compile(r"(CPS[34])v\d+-(\d{10})")
_CERTIFICATE = "Certificat de Signature CPS"
_IDENTITY = "CPS_ID_CARD"
_CHIPDOC = "ChipDoc"
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo of SHA-256 without the digest (RFC 8017 §9.2, note 1)."""

_BAD_EF_ACTUA = 0x80000001
"""CKR_ASIP_BAD_EF_ACTUA."""

_GONE = frozenset(
    {
        "CKR_DEVICE_REMOVED",
        "CKR_TOKEN_NOT_PRESENT",
        "CKR_TOKEN_NOT_RECOGNIZED",
        "CKR_SESSION_HANDLE_INVALID",
        "CKR_SESSION_CLOSED",
        "CKR_DEVICE_ERROR",
        "CKR_SLOT_ID_INVALID",
    }
)
_NOT_BY_THE_CARD = frozenset(
    {"CKR_MECHANISM_INVALID", "CKR_FUNCTION_NOT_SUPPORTED", "CKR_MECHANISM_PARAM_INVALID"}
)
"""A module that cannot hash with this key, as OpenSC 0.23, may still sign a DigestInfo."""

_modules: dict[Path, Any] = {}
_loading = threading.Lock()
_T = TypeVar("_T")


class TokenPlace:
    """A slot of the module that holds a token."""

    def __init__(self, module: Any, slot: int) -> None:
        self._module = module
        self._slot = slot
        self.name = str(module.getSlotInfo(slot).slotDescription).strip()

    def open(self) -> TokenCps:
        """Open a session with the token, if it is a CPS."""
        token = TokenCps(self._module, self._slot, self.name)
        if _IDENTITY not in token.labels():
            token.close()
            raise CardError(
                "CARTE_INCONNUE", f"Le jeton « {self.name} » n’est pas une carte CPS.", "carte"
            )
        return token


class TokenCps:
    """A CPS as its objects. Its number is that of the label of the token."""

    def __init__(self, module: Any, slot: int, reader: str) -> None:
        self.reader = reader
        self._module = module
        self._slot = slot
        self._p11 = _pykcs11()
        self._session = self._asked(
            lambda: module.openSession(
                slot, self._p11.CKF_SERIAL_SESSION | self._p11.CKF_RW_SESSION
            )
        )
        info = self._token()
        self._label = _LABEL.match(str(info.label))
        self.family = self._label[1] if self._label else _family(str(info.model))

    def number(self) -> str | None:
        """The number in the label of the token."""
        return self._label[2] if self._label else None

    def validity(self) -> None:
        """Nothing: the module judges EF_ACTUA when the code is presented."""
        return

    def labels(self) -> tuple[str, ...]:
        """Labels of the data objects visible now."""
        found = self._objects(self._p11.CKO_DATA)
        return tuple(self._attribute(one, self._p11.CKA_LABEL) for one in found)

    def data(self, label: str) -> bytes | None:
        """Value of a data object."""
        found = self._objects(self._p11.CKO_DATA, label)
        return self._bytes(found[0]) if found else None

    def certificate(self) -> bytes:
        """Value of the signature certificate."""
        found = self._objects(self._p11.CKO_CERTIFICATE, _CERTIFICATE)
        if not found:
            raise unreadable("le certificat de signature manque")
        return self._bytes(found[0])

    def tries_left(self) -> int | None:
        """What the flags of the token tell: none, one, at least one wrong code, or nothing."""
        flags = int(self._token().flags)
        if flags & self._p11.CKF_USER_PIN_LOCKED:
            return 0
        if flags & self._p11.CKF_USER_PIN_FINAL_TRY:
            return 1
        return 2 if flags & self._p11.CKF_USER_PIN_COUNT_LOW else None

    def verify(self, code: str) -> None:
        """C_Login of the user."""
        self._login(code, self._p11.CKU_USER, wrong_code)

    def unblock(self, unblocking_code: str, new_code: str) -> None:
        """C_Login of the security officer, whose code is the unblocking one, then C_InitPIN."""
        self._login(unblocking_code, self._p11.CKU_SO, lambda _left: wrong_unblocking_code(None))
        self._asked(lambda: self._session.initPin(new_code))
        self._asked(self._session.logout)

    def sign(self, message: bytes) -> bytes:
        """CKM_SHA256_RSA_PKCS, or CKM_RSA_PKCS of a DigestInfo made here."""
        whole = self._p11.Mechanism(self._p11.CKM_SHA256_RSA_PKCS, None)
        try:
            return bytes(self._session.sign(self._key, message, whole))
        except self._p11.PyKCS11Error as error:
            if _name(error) not in _NOT_BY_THE_CARD:
                raise self._explained(error) from error
        digest = _DIGEST_INFO + hashlib.sha256(message).digest()
        plain = self._p11.Mechanism(self._p11.CKM_RSA_PKCS, None)
        return bytes(self._asked(lambda: self._session.sign(self._key, digest, plain)))

    def present(self) -> bool:
        """Whether the session is still one with the token."""
        try:
            self._session.getSessionInfo()
            slots = self._module.getSlotList(tokenPresent=True)
        except self._p11.PyKCS11Error:
            return False
        return self._slot in slots

    def close(self) -> None:
        """Log out and end the session."""
        for leave in (self._session.logout, self._session.closeSession):
            try:
                leave()
            except self._p11.PyKCS11Error:
                continue

    @cached_property
    def _key(self) -> Any:
        found = self._objects(self._p11.CKO_PRIVATE_KEY, SIGNATURE_KEY)
        if not found:
            raise unreadable(f"la clé « {SIGNATURE_KEY} » manque")
        return found[0]

    def _token(self) -> Any:
        return self._asked(lambda: self._module.getTokenInfo(self._slot))

    def _objects(self, kind: int, label: str | None = None) -> list[Any]:
        wanted: list[tuple[int, object]] = [(self._p11.CKA_CLASS, kind)]
        if label is not None:
            wanted.append((self._p11.CKA_LABEL, label))
        return self._asked(lambda: self._session.findObjects(wanted))

    def _attribute(self, one: Any, attribute: int) -> str:
        return str(self._asked(lambda: self._session.getAttributeValue(one, [attribute]))[0])

    def _bytes(self, one: Any) -> bytes:
        wanted = [self._p11.CKA_VALUE]
        return bytes(self._asked(lambda: self._session.getAttributeValue(one, wanted))[0] or b"")

    def _login(self, code: str, user: int, wrong: Callable[[int | None], CardError]) -> None:
        try:
            self._session.login(code, user)
        except self._p11.PyKCS11Error as error:
            name = _name(error)
            if name == "CKR_USER_ALREADY_LOGGED_IN":
                return
            if name == "CKR_PIN_LOCKED":
                raise (blocked() if user == self._p11.CKU_USER else wrong(0)) from error
            if name in ("CKR_PIN_INCORRECT", "CKR_PIN_LEN_RANGE", "CKR_PIN_INVALID"):
                raise wrong(self.tries_left()) from error
            raise self._explained(error) from error

    def _asked(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except self._p11.PyKCS11Error as error:
            raise self._explained(error) from error

    def _explained(self, error: Any) -> CardError:
        if error.value == _BAD_EF_ACTUA:
            return inconsistent("elle n’est pas valable à cette date (EF_ACTUA)")
        name = _name(error)
        if name in _GONE:
            return removed(self.reader)
        return CardError("CARTE_PKCS11", f"Le module PKCS#11 a refusé : {name}.", "carte")


def token_places(module: Path | None) -> Sequence[Place]:
    """The slots of a module that hold a token. Raises ConfigurationError."""
    if module is None:
        raise ConfigurationError(
            "PKCS11_SANS_MODULE",
            "L’accès aux cartes est « pkcs11 », mais le chemin du module manque.",
            "cartes.pkcs11",
        )
    loaded = _loaded(module)
    return [TokenPlace(loaded, slot) for slot in loaded.getSlotList(tokenPresent=True)]


def _loaded(path: Path) -> Any:
    """A module, initialised once for the life of the process, as PKCS#11 wants."""
    p11 = _pykcs11()
    with _loading:
        if path not in _modules:
            library = p11.PyKCS11Lib()
            try:
                library.load(str(path))
            except p11.PyKCS11Error as error:
                raise ConfigurationError(
                    "PKCS11_ILLISIBLE",
                    f"Le module PKCS#11 {path.name} ne se charge pas.",
                    "cartes.pkcs11",
                ) from error
            _modules[path] = library
        return _modules[path]


def _pykcs11() -> Any:
    try:
        return importlib.import_module("PyKCS11")
    except ImportError as error:
        raise ConfigurationError(
            "PKCS11_ABSENT",
            "L’accès par PKCS#11 demande PyKCS11 : installez « segur-bench[pcsc] ».",
            "cartes.acces",
        ) from error


def _name(error: Any) -> str:
    """``CKR_PIN_INCORRECT`` of an error."""
    return str(_pykcs11().CKR.get(error.value, f"{error.value:08X}"))


def _family(model: str) -> str:
    return "CPS4" if _CHIPDOC in model else "CPS3"
