"""The status of stacks for a terminal: a line per domain, and below it what has to be done."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtasts.clock import minute
from mtasts.render.visible import visible
from mtasts.ruling_catalogue import Kind
from mtasts.status.rows import Standing

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from mtasts.status.rows import Claim, DomainStatus, EvidenceSeen, Overview, StackStatus

_CLAIMS_MAX = 4
_SHOWN_MAX = 400
_TITLES = ("DOMAIN", "MODE", "SINCE", "ID", "PROVEN", "EVID", "STATE")


@dataclass(frozen=True, slots=True)
class _Layout:
    """The widths of lines, columns and dates, in characters."""

    width: int
    columns: tuple[int, ...]
    dates: int
    is_wide: bool = False


NARROW = _Layout(80, (22, 8, 10, 8, 10, 5), 10)
WIDE = _Layout(160, (40, 8, 16, 32, 16, 5), 16, is_wide=True)


def as_text(found: Overview, layout: _Layout = NARROW) -> str:
    """The rows, stack by stack, and a summary; no line is longer than the layout's width."""
    return "\n".join(_lines(found, layout)) + "\n"


def _lines(found: Overview, layout: _Layout) -> Iterator[str]:
    yield _row(_TITLES, layout)
    for stack in found.stacks:
        yield ""
        yield from _stack(stack, found.at, layout)
    yield ""
    yield from _wrapped(summary(found), "", layout)


def summary(found: Overview) -> str:
    """One line: the number of stacks, of domains, and of domains in each state."""
    parts = [f"{count} {standing}" for standing, count in found.counts.items() if count]
    rows = sum(len(each.domains) for each in found.stacks)
    stacks = _counted(len(found.stacks), "stack")
    return f"{stacks}, {_counted(rows, 'domain')} at {minute(found.at)}: {', '.join(parts)}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _stack(found: StackStatus, now: dt.datetime, layout: _Layout) -> Iterator[str]:
    parts = [found.agency, f"hosting {found.hosting}", f"dns {found.dns}"] if found.dns else []
    facts = visible(", ".join(parts or [found.file]))
    yield from _wrapped(f"{visible(found.stack)}: {facts}", "", layout)
    yield from _claims(found, "  ", layout)
    if found.run and not found.claims:
        yield from _labelled("every domain is retired", found.run, "  ", layout)
    for text in found.warnings if layout.is_wide else ():
        yield from _wrapped(f"warning: {visible(str(text))}", "  ", layout)
    for each in found.domains:
        yield from _domain(each, now, layout)


def _domain(found: DomainStatus, now: dt.datetime, layout: _Layout) -> Iterator[str]:
    name = f"  {found.name}"
    if len(name) > layout.columns[0]:
        yield name
        name = ""
    proven = found.proof.at if found.proof is not None else None
    id_ = visible(found.id)[: layout.columns[3]] or "-"
    cells = (
        name,
        found.mode or "-",
        _date(found.since, layout),
        id_,
        _date(proven, layout),
        _age(found.evidence, now),
        str(found.standing),
    )
    yield _row(cells, layout)
    yield from _claims(found, "    ", layout)
    yield from _facts(found, layout)


def _facts(found: DomainStatus, layout: _Layout) -> Iterator[str]:
    """Lines about evidence and overrides; on a wide terminal also all that is known."""
    indent = "    "
    unmet = found.evidence.unmet
    if unmet is not None and found.standing is Standing.GOOD:
        lacks = f"{_counted(len(unmet), 'condition')} unmet" if unmet else "every condition is met"
        yield from _labelled(f"enforce: {lacks}", found.run, indent, layout)
    override = found.override
    if override is not None:
        begins = f"from {override.begins} " if override.begins is not None else ""
        words, by = ", ".join(sorted(override.waives)), visible(override.approved_by, 200)
        override_text = f"override of {words} {begins}until {override.expires} by {by}"
        yield from _wrapped(override_text, indent, layout)
    if not layout.is_wide:
        return
    yield from (line for text in _more(found) for line in _wrapped(text, indent, layout))


def _more(found: DomainStatus) -> Iterator[str]:
    """The lines that only a wide terminal has room for."""
    proof = found.proof
    if proof is not None:
        seen = ", ".join(map(visible, proof.addresses)) or "no address"
        unseen = f"; unseen: {', '.join(map(visible, proof.unseen))}" if proof.unseen else ""
        yield f"proven at {seen}{unseen}"
    if found.phase is not None:
        yield f"retirement: {found.phase}"
    if found.stage is not None:
        yield f"stage: {found.stage}"
    if found.adopted_until is not None:
        yield f"taken over: senders may hold an earlier policy until {minute(found.adopted_until)}"
    if found.evidence.problem:
        yield f"evidence: {visible(found.evidence.problem)}"
    yield from (f"unmet: {visible(str(each))}" for each in found.evidence.unmet or ())
    yield from (f"warning: {visible(each)}" for each in found.unclaimed(Kind.WARNING))
    yield from (f"note: {visible(each)}" for each in found.unclaimed(Kind.NOTE))


def _claims(found: StackStatus | DomainStatus, indent: str, layout: _Layout) -> Iterator[str]:
    """The claims, the most severe first, and then the next step."""
    claims = sorted((each for each in found.claims if each.text), key=lambda e: -e.standing.rank)
    most = len(claims) if layout.is_wide else _CLAIMS_MAX
    for each in claims[:most]:
        yield from _wrapped(_claim(each, layout), indent, layout)
    if len(claims) > most:
        yield f"{indent}and {len(claims) - most} more: --wide"
    if found.claims:
        due = found.next
        label = "next" if due.until is None else f"next, from {minute(due.until)}"
        yield from _labelled(label, due.run, indent, layout)


def _claim(found: Claim, layout: _Layout) -> str:
    until = f" until {minute(found.until)}" if found.until is not None else ""
    limit = _SHOWN_MAX * 5 if layout.is_wide else _SHOWN_MAX
    return f"{found.standing}{until}: {visible(found.text, limit)}"


def _row(cells: tuple[str, ...], layout: _Layout) -> str:
    *first, last = cells
    padded = (f"{cell:<{width}}" for cell, width in zip(first, layout.columns, strict=True))
    return " ".join((*padded, last))


def _wrapped(text: str, indent: str, layout: _Layout) -> list[str]:
    return textwrap.wrap(
        text,
        layout.width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )


def _labelled(label: str, run: tuple[str, ...], indent: str, layout: _Layout) -> Iterator[str]:
    """A label and its commands: a single short command on the same line, others below."""
    lines = list(_commands(run, f"{indent}  ", layout))
    if len(lines) == 1 and len(line := f"{indent}{label}: {lines[0].strip()}") <= layout.width:
        yield line
    elif lines:
        yield f"{indent}{label}:"
        yield from lines


def _commands(run: tuple[str, ...], indent: str, layout: _Layout) -> Iterator[str]:
    """The commands, ready to be pasted: a long one is continued after a backslash."""
    for command in run:
        lines = textwrap.wrap(
            visible(command),
            layout.width - 2,
            initial_indent=indent,
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from (f"{line} \\" for line in lines[:-1])
        yield lines[-1]


def _date(moment: dt.datetime | None, layout: _Layout) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"[: layout.dates] if moment is not None else "-"


def _age(found: EvidenceSeen, now: dt.datetime) -> str:
    if found.collected is not None:
        return f"{(now - found.collected).days} d"
    return "bad" if found.problem else "-"
