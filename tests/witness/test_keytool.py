"""Witness: Java's ``keytool``, on the truststores of the bench."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from simulators.pki import Pki

pytestmark = [
    pytest.mark.witness,
    pytest.mark.skipif(shutil.which("keytool") is None, reason="keytool n'est pas installé"),
]


@pytest.mark.parametrize(("file", "kind"), [("jks", "JKS"), ("p12", "PKCS12")])
def test_the_truststore_is_read_with_its_two_authorities(tmp_path, file, kind):
    pki = Pki()
    parts = pki.write(tmp_path)
    store = tmp_path / parts["confiance"][file]
    done = subprocess.run(
        ["keytool", "-J-Duser.language=en", "-list", "-v", "-keystore", str(store),
         "-storetype", kind, "-storepass", parts["confiance"]["mot_de_passe"]],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Your keystore contains 2 entries" in done.stdout
    assert done.stdout.count("trustedCertEntry") == 2
    for name in ("racine-elementaire", "organisations"):
        number = pki.authority(name).certificate.serial_number
        assert f"Serial number: {number:x}" in done.stdout


def test_a_wrong_password_is_noticed(tmp_path):
    parts = Pki().write(tmp_path)
    store = tmp_path / parts["confiance"]["jks"]
    done = subprocess.run(
        ["keytool", "-list", "-keystore", str(store), "-storepass", "mauvais"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
