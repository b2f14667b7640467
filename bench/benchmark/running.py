"""The whole benchmark, in order."""

from __future__ import annotations

import os
import platform as machine_of
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from bench.benchmark import peers, processes
from bench.benchmark.capture import capture
from bench.benchmark.clients import Bench, HttpClient, ImapClient, SmtpClient, access_token
from bench.benchmark.figures import Benchmark, Figure, Peer, Sample, Target, percentile
from bench.benchmark.judging import seconds_to_judge
from bench.benchmark.load import Contender, Rates, compare
from bench.benchmark.plan import Plan
from bench.benchmark.round_trips import round_trips
from bench.benchmark.startup import Start, campaigns, cold_starts
from bench.environments import from_json

OURS = "segur-bench"
BARE_HTTP = "uvicorn nu"
BARE_SMTP = "aiosmtpd nu"
ORGANISATION = "org-insi-manu"
Step = Callable[[str], None]


class Running:
    """One run: the simulators, the bare servers, and what is measured on them."""

    def __init__(self, plan: Plan, folder: Path, step: Step) -> None:
        self.plan = plan
        self.folder = folder
        self.step = step
        self.environment = processes.compiled(folder / "compile")
        self.figures: list[Figure] = []
        self.remarks: list[str] = []

    def measure(self, *, with_peers: bool) -> None:
        """Everything, in order; fills ``figures`` and ``remarks``."""
        with ExitStack() as stack:
            home = self.folder / "banc"
            self.step("Démarrage des simulateurs")
            subject = stack.enter_context(processes.running("bench.benchmark.subject", str(home)))
            self.bench = Bench.in_folder(home)
            self.known = from_json(subject.said["environnement"])
            self.captured = capture(home, self.plan, self.step)
            self.figures += _start_figures(
                cold_starts(self.captured, self.plan.starts, self.environment, self.step)
            )
            if self.plan.campaigns:
                taken = campaigns(self.plan.campaigns, self.environment, self.step)
                self.figures.append(_campaign_figure(taken))
            self._against_bare_servers(stack, with_peers=with_peers)
            self.figures += _memory_figure(
                "memoire-apres", "Mémoire après les mesures", [subject.resident]
            )

    def _process(self, module: str, *arguments: str) -> AbstractContextManager[processes.Process]:
        name = f"bench.benchmark.{module}"
        return processes.running(name, *arguments, environment=self.environment)

    def _against_bare_servers(self, stack: ExitStack, *, with_peers: bool) -> None:
        answers = self.captured.write_answers(self.folder / "reponses.json")
        http = stack.enter_context(self._process("bare_http", str(answers)))
        smtp = stack.enter_context(self._process("bare_smtp"))
        self.http_port, self.smtp_port = int(http.said["port"]), int(smtp.said["port"])
        others: dict[str, int] = {}
        if with_peers:
            self.step("Installation de GreenMail et de maildev")
            others = peers.serving_all(self.folder / "temoins", stack, self.remarks)
        self._deposits()
        self._mails(others)
        self._mailboxes()
        self._round_trips()

    # Rates

    def _renew(self) -> None:
        """The state in which the messages were written, at the instant of the last one."""
        self.bench.administer("/reset")
        self.bench.administer("/clock/freeze", {"at": self.captured.at.isoformat()})
        self.login = access_token(self.bench)

    def _judge(self, service: str) -> float:
        return seconds_to_judge(self.bench.folder, service, self.known)

    def _deposits(self) -> None:
        ours = self.bench.port(self.bench.descriptor["dmp"]["base"])
        deposits = self.captured.deposits
        contenders = (
            Contender(
                OURS,
                lambda: HttpClient(ours, self.bench.trust(self.bench.card)),
                deposits,
                self._renew,
                partial(self._judge, "dmp"),
            ),
            Contender(
                BARE_HTTP,
                lambda: HttpClient(self.http_port, self.bench.trust(self.bench.card)),
                deposits * self.plan.repeats,
                remark="mêmes octets, même TLS mutuel, réponse fixe",
            ),
        )
        self._rates("depots", "Dépôts DMP (ITI-41)", contenders)

    def _mails(self, others: dict[str, int]) -> None:
        ours = int(self.bench.descriptor["mssante"]["smtp"]["port"])
        mails = self.captured.mails
        contenders = [
            Contender(
                OURS,
                lambda: SmtpClient(ours, self.bench.trust(), self.login),
                mails,
                self._renew,
                partial(self._judge, "mssante"),
            ),
            Contender(
                BARE_SMTP,
                self._bare_smtp,
                mails * self.plan.repeats,
                remark="mêmes octets, STARTTLS, rien n'est lu ni gardé",
            ),
        ]
        for name, port in others.items():
            connect = partial(SmtpClient, port)
            contenders.append(
                Contender(name, connect, mails * self.plan.repeats, remark=peers.REMARK)
            )
        self._rates("courriels", "Courriels MSSanté (IHE_XDM)", contenders)

    def _bare_smtp(self, *, nagle: bool = False) -> SmtpClient:
        return SmtpClient(self.smtp_port, self.bench.trust(), ("banc", "jeton"), nagle=nagle)

    def _imap(self) -> ImapClient:
        port = int(self.bench.descriptor["mssante"]["imap"]["port"])
        return ImapClient(port, self.bench.trust(), self.login)

    def _mailboxes(self) -> None:
        """IMAP: mails put into the inbox, then read from it."""
        mails = self.captured.mails
        put = Contender(OURS, self._imap, mails, self._renew)
        read = Contender(OURS, self._imap, tuple(range(1, len(mails) + 1)))
        for name, label, contender, bound in (
            ("imap-append", "IMAP APPEND", put, 500),
            ("imap-fetch", "IMAP FETCH", read, 1500),
        ):
            step = partial(self._said, label)
            (ours,) = compare((contender,), self.plan.clients, self.plan.runs, step)
            target = Target("B-05", bound, at_most=False)
            self.figures.append(Figure(name, label, "/s", ours.sent, target=target))

    def _rates(self, name: str, label: str, contenders: Sequence[Contender]) -> None:
        step = partial(self._said, label)
        ours, *others = compare(contenders, self.plan.clients, self.plan.runs, step)
        found = tuple(Peer(r.name, r.sent, r.remark) for r in others)
        self.figures += _rate_figures(name, label, ours, found)

    def _said(self, label: str, text: str) -> None:
        self.step(f"{label} : {text}")

    # Round trips

    def _round_trips(self) -> None:
        self._renew()
        descriptor, captured = self.bench.descriptor, self.captured
        token = self.login
        insi, dmp = descriptor["insi"]["organisation"], descriptor["dmp"]["base"]
        psc = descriptor["psc"]["emetteur"]
        self._http_trip("http", "HTTP GET (jeu de clés PSC)", psc, None, captured.keys)
        self._http_trip("td02", "DMP TD0.2", dmp, self.bench.card, captured.existence)
        self._http_trip("insi", "INSi recherche", insi, ORGANISATION, captured.searches)
        smtp = SmtpClient(int(descriptor["mssante"]["smtp"]["port"]), self.bench.trust(), token)
        self._trip("smtp", "SMTP NOOP", smtp, BARE_SMTP, self._bare_smtp())
        careless = SmtpClient(
            int(descriptor["mssante"]["smtp"]["port"]), self.bench.trust(), token, nagle=True
        )
        bare = self._bare_smtp(nagle=True)
        label = "SMTP, un courriel par smtplib tel quel"
        self._trip("smtp-nagle", label, careless, BARE_SMTP, bare, captured.mails)
        self._trip("imap", "IMAP NOOP", self._imap())

    def _http_trip(
        self, name: str, label: str, url: str, certificate: str | None, items: tuple[Any, ...]
    ) -> None:
        trust = self.bench.trust(certificate)
        ours, bare = HttpClient(self.bench.port(url), trust), HttpClient(self.http_port, trust)
        self._trip(name, label, ours, BARE_HTTP, bare, items)

    def _trip(
        self,
        name: str,
        label: str,
        ours: Any,
        peer_name: str = "",
        bare: Any = None,
        items: tuple[Any, ...] = (),
    ) -> None:
        self._said("Aller-retour", label)
        found: list[Peer] = []
        try:
            taken = _timed_trips(ours, items, self.plan.round_trips)
            if bare is not None:
                found.append(Peer(peer_name, _timed_trips(bare, items, self.plan.round_trips)))
        finally:
            for client in (ours, bare):
                if client is not None:
                    client.close()
        self.figures.append(_trip_figure(name, label, taken, tuple(found)))


def run(plan: Plan, *, with_peers: bool, step: Step) -> Benchmark:
    """Measure everything in a temporary folder. Raises BenchEnvironmentError."""
    before = _load()
    with tempfile.TemporaryDirectory(prefix="banc-mesure-", ignore_cleanup_errors=True) as folder:
        measured = Running(plan, Path(folder), step)
        measured.measure(with_peers=with_peers)
    machine = {
        "systeme": machine_of.system(),
        "python": machine_of.python_version(),
        "processeurs": os.cpu_count(),
        "charge_avant": before,
        "charge_apres": _load(),
    }
    return Benchmark(tuple(measured.figures), machine, asdict(plan), tuple(measured.remarks))


def steps(plan: Plan, *, with_peers: bool) -> int:
    """How many times ``step`` is called, for a progress bar."""
    rates = (plan.runs + 1) * (6 + (len(peers.PROGRAMS) if with_peers else 0))
    return plan.messages + plan.starts + 1 + plan.campaigns + rates + 6 + 1 + int(with_peers)


def _load() -> float | None:
    """Load average of the last minute, where the system has one."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _timed_trips(client: Any, items: tuple[Any, ...], count: int) -> Sample:
    if items:
        return round_trips(client.send, items, count)
    return round_trips(lambda _none: client.nothing(), (None,), count)


def _start_figures(starts: list[Start]) -> list[Figure]:
    return [
        Figure(
            "demarrage",
            "Démarrage à froid, tous les simulateurs prêts",
            "s",
            Sample(tuple(s.ready for s in starts)),
            target=Target("B-01", 1.2, at_most=True),
            remark="processus neuf, import compris, clés déjà tirées, Python déjà compilé",
        ),
        Figure(
            "demarrage-processeur",
            "Démarrage à froid, temps de processeur",
            "s",
            Sample(tuple(s.processor for s in starts)),
            remark="ne dépend pas de la charge de la machine",
        ),
        Figure(
            "premiere-reponse",
            "Première réponse jugée (TD0.2)",
            "s",
            Sample(tuple(s.first_answer for s in starts)),
            remark="depuis le lancement : les contrôles sont chargés au premier message",
        ),
        *_memory_figure("memoire", "Mémoire au repos", [s.memory for s in starts]),
    ]


def _memory_figure(name: str, label: str, taken: list[float | None]) -> list[Figure]:
    known = tuple(value for value in taken if value is not None)
    if not known:
        return []
    target = Target("B-02", 150, at_most=True) if name == "memoire" else None
    return [Figure(name, label, "Mo", Sample(known), target=target, remark="mémoire résidente")]


def _campaign_figure(taken: Sample) -> Figure:
    return Figure(
        "campagne",
        "Campagne entière (mise en ordre de marche)",
        "s",
        taken,
        remark="de la commande au rapport, LGC de référence compris",
    )


def _rate_figures(name: str, label: str, ours: Rates, found: tuple[Peer, ...]) -> list[Figure]:
    bound = Target("B-04", 800, at_most=False) if name == "courriels" else None
    wire = {
        "depots": "lus, jugés par tous les contrôles, gardés, écrits avant la réponse",
        "courriels": "lus, remis, gardés, écrits avant la réponse",
    }[name]
    return [
        Figure(name, label, "/s", ours.sent, found, bound, remark=wire),
        Figure(
            f"{name}-verdict",
            f"{label}, verdict rendu",
            "/s",
            ours.whole,
            found,
            remark="en plus, le journal relu et chaque échange jugé par tous les contrôles",
        ),
    ]


def _trip_figure(name: str, label: str, taken: Sample, found: tuple[Peer, ...]) -> Figure:
    return Figure(
        f"aller-retour-{name}",
        label,
        "ms",
        taken,
        found,
        # A whole mail is several round trips.
        Target("B-03", 5, at_most=True) if name != "smtp-nagle" else None,
        p99=percentile(taken.values, 0.99),
    )
