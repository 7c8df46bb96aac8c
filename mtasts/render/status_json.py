"""The status of stacks as one JSON document of a stable shape (docs/status.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mtasts.render.visible import visible

if TYPE_CHECKING:
    import datetime as dt

    from mtasts.config import Override
    from mtasts.rulings import Ruling, RulingJson
    from mtasts.status.rows import (
        Claim,
        DomainStatus,
        EvidenceSeen,
        Overview,
        StackStatus,
    )


def as_json(found: Overview) -> str:
    """One JSON object about all stacks of ``found``."""
    document = {
        "at": found.at.isoformat(),
        "standing": str(found.standing),
        "counts": {str(standing): count for standing, count in found.counts.items()},
        "stacks": [_stack(each) for each in found.stacks],
    }
    return json.dumps(document) + "\n"


def _stack(found: StackStatus) -> dict[str, Any]:
    return {
        "stack": visible(found.stack),
        "file": visible(found.file),
        "agency": found.agency or None,
        "hosting": found.hosting or None,
        "dns": found.dns or None,
        "standing": str(found.standing),
        "claims": [_claim(each) for each in found.claims],
        "next": list(found.next.run),
        "warnings": [visible(str(each)) for each in found.warnings],
        "rulings": [_ruling(each) for each in found.warnings],
        "domains": [_domain(each) for each in found.domains],
    }


def _domain(found: DomainStatus) -> dict[str, Any]:
    proof = found.proof
    return {
        "domain": found.name,
        "standing": str(found.standing),
        "mode": found.mode or None,
        "since": _date(found.since),
        "id": visible(found.id) or None,
        "proof": {
            "at": _date(proof.at),
            "id": visible(proof.id),
            "addresses": [visible(each) for each in proof.addresses],
            "unseen": [visible(each) for each in proof.unseen],
        }
        if proof is not None
        else None,
        "evidence": _evidence(found.evidence),
        "retirement": str(found.phase) if found.phase is not None else None,
        "stage": str(found.stage) if found.stage is not None else None,
        "moves": found.moves,
        "adoptedHeldUntil": _date(found.adopted_until),
        "override": _override(found.override),
        "claims": [_claim(each) for each in found.claims],
        "next": list(found.next.run),
        "warnings": [visible(str(each)) for each in found.warnings],
        "notes": [visible(str(each)) for each in found.notes],
        "rulings": [_ruling(each) for each in found.rulings],
    }


def _claim(found: Claim) -> dict[str, Any]:
    return {
        "id": found.id or None,
        "standing": str(found.standing),
        "text": visible(found.text),
        "until": _date(found.until),
        "run": list(found.run),
    }


def _evidence(found: EvidenceSeen) -> dict[str, Any] | None:
    if found == type(found)():
        return None
    return {
        "collected": _date(found.collected),
        "problem": visible(found.problem) or None,
        "unmet": None if found.unmet is None else [visible(str(each)) for each in found.unmet],
        "unmetIds": None if found.unmet is None else [each.id for each in found.unmet],
    }


def _ruling(found: Ruling) -> RulingJson:
    row = found.as_json()
    row["text"] = visible(row["text"])
    return row


def _override(found: Override | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "for": sorted(found.waives),
        "from": found.begins.isoformat() if found.begins is not None else None,
        "expires": found.expires.isoformat(),
        "approvedBy": visible(found.approved_by),
        "reason": visible(found.reason),
    }


def _date(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
