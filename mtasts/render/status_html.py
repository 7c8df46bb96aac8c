"""How stacks stand, as a page of its own: no script, and nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from mtasts.clock import minute
from mtasts.render.status_text import summary
from mtasts.render.visible import visible
from mtasts.ruling_catalogue import Kind
from mtasts.status.rows import (
    Standing,
)

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

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem}"
    "h2{margin:2rem 0 .3rem}h2 small{font-weight:normal}p{margin:.3rem 0}"
    "table{border-collapse:collapse;width:100%;table-layout:fixed}"
    "th{box-sizing:border-box}th:nth-child(1){width:18%}th:nth-child(2){width:7%}"
    "th:nth-child(3),th:nth-child(5){width:14%}th:nth-child(4){width:27%}th:nth-child(6){width:10%}"
    "td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;overflow-wrap:anywhere}"
    "tbody{border-top:1px solid #ccc}.told{padding-left:1.5rem}"
    "pre{margin:.2rem 0 .4rem;padding:.3rem .5rem;background:#f3f3f3;white-space:pre-wrap;"
    "overflow-wrap:anywhere}"
    ".held{color:#a40000}.due{color:#7a4d00}.not-known,.waiting{color:#555}.good{color:#1d6b2a}"
    "@media(max-width:50rem){thead{display:none}table,tbody,tr,td{display:block}"
    "td{padding:0}.name{font-weight:bold;padding-top:.5rem}.told{padding:0}"
    "td[data-is]::before{content:attr(data-is) ': ';color:#555}tbody{padding-bottom:.5rem}}"
)
_TITLES = ("Domain", "Mode", "Since", "Id", "Last proof", "Evidence", "State")


def as_html(found: Overview) -> str:
    """The page."""
    head = (
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>MTA-STS: status</title><style>{_STYLE}</style><h1>MTA-STS: status</h1>",
        f"<p>{escape(summary(found))}</p>",
        *_index(found),
    )
    return "\n".join((*head, *(line for each in found.stacks for line in _stack(each, found.at))))


def _index(found: Overview) -> Iterator[str]:
    """What is not good, as links into the page: the gravest first."""
    rows = [
        (each.standing, _anchor(stack, each), each.name)
        for stack in found.stacks
        for each in stack.domains
        if any(claim.text for claim in each.claims)
    ]
    rows += [(each.standing, _anchor(each), each.stack) for each in found.stacks if each.claims]
    for standing in reversed(Standing):
        links = [
            f"<a href='#{anchor}'>{escape(visible(name))}</a>"
            for each, anchor, name in rows
            if each is standing
        ]
        if links and standing is not Standing.GOOD:
            yield f"<p>{_standing(standing)}: {', '.join(links)}</p>"


def _anchor(stack: StackStatus, domain: DomainStatus | None = None) -> str:
    name = quote(stack.stack, safe="")
    return name if domain is None else f"{name}/{domain.name}"


def _stack(found: StackStatus, now: dt.datetime) -> Iterator[str]:
    parts = [found.agency, f"hosting {found.hosting}", f"dns {found.dns}"] if found.dns else []
    about = visible(", ".join(parts or [found.file]))
    name = escape(visible(found.stack))
    yield f"<h2 id='{_anchor(found)}'>{name} <small>{escape(about)}</small></h2>"
    yield from _told(found.claims, found.next)
    yield from _lines("warning:", list(map(str, found.warnings)))
    if not found.domains:
        return
    yield f"<table><thead><tr>{''.join(f'<th>{each}' for each in _TITLES)}</thead>"
    for each in found.domains:
        yield from _domain(each, now, _anchor(found, each))
    yield "</table>"


def _domain(found: DomainStatus, now: dt.datetime, anchor: str) -> Iterator[str]:
    proof = found.proof
    cells = (
        found.mode,
        _date(found.since),
        f"<code>{escape(visible(found.id))}</code>" if found.id else "",
        _date(proof.at if proof is not None else None),
        _evidence(found.evidence, now),
        _standing(found.standing),
    )
    titled = (
        f"<td data-is='{title}'>{cell}" if cell else "<td>"
        for title, cell in zip(_TITLES[1:], cells, strict=True)
    )
    yield f"<tbody id='{anchor}'><tr><td class=name>{escape(found.name)}{''.join(titled)}"
    more = [*_told(found.claims, found.next), *_more(found)]
    if more:
        yield f"<tr><td class=told colspan={len(_TITLES)}>{''.join(more)}"
    yield "</tbody>"


def _more(found: DomainStatus) -> Iterator[str]:
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
        yield from _lines("taken over:", [f"what was before may be held until {until}"])
    if override is not None:
        words = ", ".join(sorted(override.waives))
        told = f"{words} until {override.expires} by {override.approved_by}: {override.reason}"
        yield from _lines("override:", [told])
    yield from _lines("evidence:", [found.evidence.problem] if found.evidence.problem else [])
    if unmet is not None:
        yield from _lines("unmet for enforce:", list(map(str, unmet)) or ["nothing"])
    yield from _lines("warning:", found.untold(Kind.WARNING))
    yield from _lines("note:", found.untold(Kind.NOTE))


def _told(claims: Sequence[Claim], due: Claim) -> Iterator[str]:
    """The gravest first, and after them the next step."""
    for each in sorted(claims, key=lambda claim: -claim.standing.rank):
        if each.text:
            until = f" until {minute(each.until)}" if each.until is not None else ""
            yield f"<p>{_standing(each.standing)}{until}: {escape(visible(each.text))}</p>"
    if due.run:
        begins = f", from {minute(due.until)}" if due.until is not None else ""
        yield f"<p>next{begins}:<pre>{escape(chr(10).join(map(visible, due.run)))}</pre>"


def _lines(title: str, texts: Sequence[str]) -> Iterator[str]:
    yield from (f"<p><b>{title}</b> {escape(visible(each))}</p>" for each in texts)


def _standing(found: Standing) -> str:
    return f"<b class={found.replace(' ', '-')}>{found}</b>"


def _date(moment: dt.datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else ""


def _evidence(found: EvidenceSeen, now: dt.datetime) -> str:
    if found.collected is not None:
        return f"{(now - found.collected).days} days old"
    return "cannot be used" if found.problem else ""
