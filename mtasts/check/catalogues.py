"""Every finding of the checks by its id, whichever table it stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mtasts.check import domain_catalogue, policy_catalogue, record_catalogue

if TYPE_CHECKING:
    from mtasts.findings import Severity


class Row(NamedTuple):
    """What a table says of an id, whatever a domain has to do with it."""

    severity: Severity
    clause: str
    summary: str
    fix: str


_TABLES = (domain_catalogue.CATALOGUE, record_catalogue.CATALOGUE, policy_catalogue.CATALOGUE)
ROWS = {id_: Row(*row[:4]) for table in _TABLES for id_, row in table.items()}
