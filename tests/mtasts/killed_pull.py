"""The source of the pulls that are killed: reports of four days, a mail that waits, one skipped."""

from __future__ import annotations

from pulling import Literal
from report_mails import json_part, mail, report, signed


def source(*, is_ordered: bool) -> Literal:
    """The same each time."""
    found = {
        str(number): report(id_=str(number)).replace(b"05-10", b"05-0%d" % (number % 4 + 1))
        for number in range(1, 18)
    }
    found["18"] = signed(mail(json_part(report())), "sender.example")
    found["19"] = b"no report"
    found["20"] = b""
    return Literal(found, gone=frozenset({"20"}), is_ordered=is_ordered)
