"""Pro Santé Connect sessions."""

from __future__ import annotations

from reference_impl.contract import ProfessionalOnly, SessionAnswer, SessionJson
from reference_impl.lgc import Lgc


def open_session(lgc: Lgc, asked: ProfessionalOnly) -> SessionAnswer:
    """``session.open``."""
    session = lgc.sessions.open(lgc.publisher.professional(asked.professionnel))
    opened = SessionJson(
        professionnel=session.professional, ouverte_le=session.opened_at.isoformat()
    )
    return SessionAnswer(session=opened)


def close_session(lgc: Lgc, asked: ProfessionalOnly) -> SessionAnswer:
    """``session.close``: what was read under this session ends first, while it can be told."""
    professional = lgc.publisher.professional(asked.professionnel)
    lgc.apcv.close(professional)
    session = lgc.sessions.close(professional)
    closed = SessionJson(
        professionnel=session.professional,
        ouverte_le=session.opened_at.isoformat(),
        fermee_le=lgc.clock.now().isoformat(),
    )
    return SessionAnswer(session=closed)
