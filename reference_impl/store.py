"""The SQLite file of the LGC: what it holds survives a ``kill -9``.

Every write is one short transaction, committed before anything is answered or
sent. ``synchronous=FULL`` makes a commit durable against a power cut as well.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)

metadata = MetaData()

counters = Table(
    "compteur",
    metadata,
    Column("genre", String, primary_key=True),
    Column("valeur", Integer, nullable=False),
)

settings = Table(
    "reglage",
    metadata,
    Column("nom", String, primary_key=True),
    Column("valeur", String, nullable=False),
)

patients = Table(
    "patient",
    metadata,
    Column("id", String, primary_key=True),
    Column("traits", JSON, nullable=False),
    Column("statut", String, nullable=False),
    Column("attributs", JSON, nullable=False),
    Column("ins", JSON),
    Column("historique", JSON, nullable=False),
    Column("justificatif", JSON),
    Column("canal", String, nullable=False),
    Column("date_incertaine", Boolean, nullable=False),
    Column("propose", JSON),
    Column("interroge_le", String),
    Column("alertes", JSON, nullable=False),
)

identity_log = Table(
    "journal_identite",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("patient", ForeignKey("patient.id"), nullable=False),
    Column("le", String, nullable=False),
    Column("evenement", String, nullable=False),
    Column("avant", JSON),
    Column("apres", JSON, nullable=False),
)

insi_calls = Table(
    "appel_insi",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("le", String, nullable=False),
    # An identity received and not integrated has no file.
    Column("patient", ForeignKey("patient.id")),
    Column("professionnel", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("voie", String, nullable=False),
    Column("message_id", String, nullable=False),
    Column("code", String, nullable=False),
    Column("libelle", Text, nullable=False),
    Column("contenu", JSON),
)

worklist = Table(
    "tache",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("patient", ForeignKey("patient.id")),
    Column("motif", String, nullable=False),
    Column("le", String, nullable=False),
)

trusted_senders = Table(
    "emetteur_de_confiance",
    metadata,
    Column("adresse", String, primary_key=True),
    Column("depuis", String, nullable=False),
)

documents = Table(
    "document",
    metadata,
    Column("id", String, primary_key=True),
    Column("patient", ForeignKey("patient.id"), nullable=False),
    Column("auteur", String, nullable=False),
    Column("identifiant_unique", String, nullable=False, unique=True),
    Column("identifiant_lot", String, nullable=False),
    Column("type", String, nullable=False),
    Column("titre", Text, nullable=False),
    Column("texte", Text, nullable=False),
    Column("cree_le", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("remplace", String),
    Column("contenu", LargeBinary, nullable=False),
    Column("ins_ecrite", String),
    Column("diffuse", Boolean, nullable=False),
)

shipments = Table(
    "envoi",
    metadata,
    Column("id", String, primary_key=True),
    Column("ordre", Integer, nullable=False, unique=True),
    Column("genre", String, nullable=False),
    Column("etat", String, nullable=False),
    Column("patient", ForeignKey("patient.id")),
    Column("professionnel", String, nullable=False),
    Column("tentatives", Integer, nullable=False),
    Column("issue_inconnue", Boolean, nullable=False),
    Column("prochaine_tentative", String, nullable=False),
    Column("erreur", JSON),
    Column("identifiant_unique", String),
    Column("message_id", String),
    Column("contenu", JSON, nullable=False),
    Column("cree_le", String, nullable=False),
    Column("acquitte_le", String),
)

ordonnances = Table(
    "ordonnance",
    metadata,
    Column("id", String, primary_key=True),
    Column("patient", ForeignKey("patient.id"), nullable=False),
    Column("professionnel", String, nullable=False),
    Column("etat", String, nullable=False),
    Column("numero", String, unique=True),
    Column("issue_inconnue", Boolean, nullable=False),
    Column("jours_validite", Integer, nullable=False),
    Column("contenu", JSON, nullable=False),
    Column("alertes", JSON, nullable=False),
    Column("numeros_annules", JSON, nullable=False),
    Column("n1", String),
    Column("n3", String),
    Column("cree_le", String, nullable=False),
)

ordonnance_traces = Table(
    "trace_ordonnance",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("trace", JSON, nullable=False),
    Column("envoyee", Boolean, nullable=False),
)


class Store:
    """One SQLite file; thread-safe, each unit of work has its own connection."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine: Engine = create_engine(
            f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False}
        )
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        metadata.create_all(self._engine)

    @contextmanager
    def unit(self) -> Generator[Connection]:
        """One transaction: committed at the end, rolled back on any error."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def within(self, connection: Connection | None) -> Generator[Connection]:
        """The transaction of a connection when there is one, else one of its own."""
        if connection is not None:
            yield connection
            return
        with self.unit() as own:
            yield own

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()


def _configure(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: _begin does, and takes the write lock.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
