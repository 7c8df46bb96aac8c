"""The status of stacks as one HTML page without script, which loads nothing (docs/status.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mtasts.clock import minute
from mtasts.render.page import page
from mtasts.render.status_text import summary
from mtasts.render.visible import visible
from mtasts.ruling_catalogue import Kind
from mtasts.status.rows import Standing

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from mtasts.status.rows import (
        Claim,
        DomainStatus,
        EvidenceSeen,
        Overview,
        StackStatus,
    )

_TITLES = ("Mode", "Since", "Id", "Last proof", "Evidence")


def as_html(found: Overview) -> str:
    """The page about all stacks of ``found``."""
    return page(
        "status.html",
        found.at,
        summary=summary(found),
        index=list(_index(found)),
        titles=[*_TITLES, "State"],
        stacks=[_stack(each, found.at) for each in found.stacks],
    )


def _index(found: Overview) -> Iterator[dict[str, Any]]:
    """Links to every stack and domain that is not good, the most severe state first."""
    rows = [
        (each.standing, _anchor(stack, each), each.name)
        for stack in found.stacks
        for each in stack.domains
        if any(claim.text for claim in each.claims)
    ]
    rows += [(each.standing, _anchor(each), each.stack) for each in found.stacks if each.claims]
    for standing in reversed(Standing):
        links = [
            {"anchor": anchor, "name": visible(name)}
            for each, anchor, name in rows
            if each is standing
        ]
        if links and standing is not Standing.GOOD:
            yield {**_standing(standing), "links": links}


def _anchor(stack: StackStatus, domain: DomainStatus | None = None) -> str:
    name = quote(stack.stack, safe="")
    return name if domain is None else f"{name}/{quote(domain.name, safe='')}"


def _stack(found: StackStatus, now: dt.datetime) -> dict[str, Any]:
    parts = [found.agency, f"hosting {found.hosting}", f"dns {found.dns}"] if found.dns else []
    return {
        "anchor": _anchor(found),
        "name": visible(found.stack),
        "about": visible(", ".join(parts or [found.file])),
        **_claims(found.claims, found.next),
        "more": list(_lines("warning:", list(map(str, found.warnings)))),
        "domains": [_domain(each, now, _anchor(found, each)) for each in found.domains],
    }


def _domain(found: DomainStatus, now: dt.datetime, anchor: str) -> dict[str, Any]:
    proof = found.proof
    cells = (
        found.mode,
        _date(found.since),
        visible(found.id),
        _date(proof.at if proof is not None else None),
        _evidence(found.evidence, now),
    )
    return {
        "anchor": anchor,
        "name": found.name,
        "cells": list(zip(_TITLES, cells, strict=True)),
        **_standing(found.standing),
        **_claims(found.claims, found.next),
        "more": list(_more(found)),
    }


def _more(found: DomainStatus) -> Iterator[tuple[str, str]]:
    proof, override, unmet = found.proof, found.override, found.evidence.unmet
    if proof is not None:
        unseen = f"; unseen: {', '.join(proof.unseen)}" if proof.unseen else ""
        yield from _lines("proven at:", [f"{', '.join(proof.addresses) or 'no address'}{unseen}"])
    if found.phase is not None:
        yield from _lines("retirement:", [str(found.phase)])
    if found.stage is not None:
        yield from _lines("stage:", [str(found.stage)])
    if found.adopted_until is not None:
        until = minute(found.adopted_until)
        yield from _lines("taken over:", [f"senders may hold an earlier policy until {until}"])
    if override is not None:
        words = ", ".join(sorted(override.waives))
        text = f"{words} until {override.expires} by {override.approved_by}: {override.reason}"
        yield from _lines("override:", [text])
    yield from _lines("evidence:", [found.evidence.problem] if found.evidence.problem else [])
    if unmet is not None:
        yield from _lines("unmet for enforce:", list(map(str, unmet)) or ["nothing"])
    yield from _lines("warning:", found.unclaimed(Kind.WARNING))
    yield from _lines("note:", found.unclaimed(Kind.NOTE))


def _claims(claims: Sequence[Claim], due: Claim) -> dict[str, Any]:
    """The claims, the most severe first, and the commands of the next step."""
    severe_first = sorted(
        (each for each in claims if each.text), key=lambda each: -each.standing.rank
    )
    return {
        "claims": [
            {**_standing(each.standing), "until": _until(each), "text": visible(each.text)}
            for each in severe_first
        ],
        "run": [visible(each) for each in due.run],
        "begins": _until(due),
    }


def _until(claim: Claim) -> str:
    return minute(claim.until) if claim.until is not None else ""


def _lines(title: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from ((title, visible(each)) for each in texts)


def _standing(found: Standing) -> dict[str, str]:
    return {"word": str(found), "look": found.replace(" ", "-")}


def _date(moment: dt.datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else ""


def _evidence(found: EvidenceSeen, now: dt.datetime) -> str:
    if found.collected is not None:
        return f"{(now - found.collected).days} days old"
    return "cannot be used" if found.problem else ""
