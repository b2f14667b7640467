"""Write the lock files: ``tox run -e lock`` after a change of pyproject.toml.

One file per tox environment, hashes included, valid for every Python that the
project supports, without any registry address.
"""

import subprocess

GROUPS = {
    "test": ["test"],
    "witness": ["test"],
    "pcsc": ["test"],
    "lint": ["lint"],
    "types": ["test", "types"],
}
EXTRAS = {"witness": ["postgres"], "pcsc": ["pcsc"]}

for name, groups in GROUPS.items():
    subprocess.run(
        [
            "uv", "pip", "compile", "pyproject.toml",
            *(word for group in groups for word in ("--group", group)),
            *(word for extra in EXTRAS.get(name, ()) for word in ("--extra", extra)),
            "--universal", "--python-version", "3.11", "--generate-hashes",
            "--no-emit-index-url", "--no-header", "--quiet",
            "--output-file", f"requirements/{name}.txt",
        ],
        check=True,
    )  # fmt: skip
