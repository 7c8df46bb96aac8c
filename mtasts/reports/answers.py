"""What the store answers to an operator: summary, failures, reporters, silence, timeline.

It is long because it is one list: a short function a section, all over the same question.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from mtasts.check.checks import CHECKS
from mtasts.check.row import Question
from mtasts.render import charts
from mtasts.render.charts import Chart
from mtasts.render.document import Document, Field, Kind, Section
from mtasts.reports.held import history_of
from mtasts.tlsrpt.applied import Applied
from mtasts.tlsrpt.meaning import meaning_of
from mtasts.tlsrpt.query_files import query_named
from mtasts.tlsrpt.silence import is_silent, quiet_days, typical_gap
from mtasts.tlsrpt.tables import RANKS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping

    from mtasts.check.notes import Checked
    from mtasts.render.document import Cell
    from mtasts.reports.held import History
    from mtasts.reports.store import Store, Value
    from mtasts.tlsrpt.trust import Trust

_CHART_TYPES = 7
_CHECKS_NAMED = 3

DOMAIN = Field("domain", "DOMAIN")
REPORTER = Field("reporter", "REPORTER")
REPORTS = Field("reports", "REPORTS", Kind.COUNT)
REPORTERS = Field("reporters", "REPORTERS", Kind.COUNT)
DAYS = Field("days", "DAYS", Kind.COUNT)
GOOD = Field("successful", "GOOD", Kind.COUNT)
FAILED = Field("failed", "FAILED", Kind.COUNT)
SHARE = Field("failed_share", "SHARE", Kind.SHARE)
SESSIONS = Field("sessions", "SESSIONS", Kind.COUNT)
FIRST = Field("first_day", "FIRST")
LAST = Field("last_day", "LAST")
RESULT = Field("result_type", "RESULT TYPE")
MX = Field("mx", "MX")


@dataclass(frozen=True, slots=True)
class AnswerScope:
    """What an operator asks: which days, which domain (empty: all), and which trust at least.

    ``histories`` has what the ledgers say, by domain; ``seen_now`` what ``mtasts check`` finds now,
    by domain, None where nobody has looked.
    """

    since: dt.date
    until: dt.date
    domain: str
    trust: Trust
    histories: Mapping[str, History] = field(default_factory=dict)
    seen_now: Mapping[str, Checked] | None = None

    @property
    def values(self) -> dict[str, Value]:
        """The parameters of the queries."""
        return {
            "since": self.since,
            "until": self.until,
            "domain": self.domain,
            "trust": RANKS[self.trust],
        }


class Answers:
    """Answers from one store."""

    def __init__(self, store: Store, scope: AnswerScope) -> None:
        """Nothing is asked of the store yet."""
        self._store = store
        self._scope = scope
        self._answered: dict[str, list[dict[str, Cell]]] = {}

    def _rows(self, name: str) -> list[dict[str, Cell]]:
        """The rows of a query, which is asked once."""
        if name not in self._answered:
            found = self._store.ask(query_named(name), self._scope.values)
            self._answered[name] = [cast("dict[str, Cell]", row) for row in found.records()]
        return self._answered[name]

    def domains(self) -> list[str]:
        """The policy domains that are asked about, sorted."""
        return sorted({str(row["domain"]) for row in self._rows("summary")})

    def failing_domains(self) -> list[str]:
        """Those with failed sessions, sorted."""
        return sorted({str(row["domain"]) for row in self._rows("failures")})

    def _document(self, title: str, *sections: Section) -> Document:
        scope = self._scope
        of = f" of {scope.domain}" if scope.domain else ""
        facts = [f"{scope.since} to {scope.until}, UTC days; trust {scope.trust} or better"]
        facts += self._trust_facts()
        by_reason: dict[str, list[str]] = defaultdict(list)
        for domain, history in sorted(scope.histories.items()):
            if history.problem:
                by_reason[history.problem].append(domain)
        for reason, domains in sorted(by_reason.items()):
            facts.append(f"the ledger of {_first_three(domains)} is not known: {reason}")
        return Document(f"TLS reports{of}: {title}", tuple(facts), sections)

    def _trust_facts(self) -> Iterable[str]:
        rows = self._rows("trust")
        if not rows:
            yield "no report of these days is stored"
            return
        counts = ", ".join(f"{row['reports']} {row['trust']}" for row in rows)
        yield f"reports stored: {counts}; gates and alerts count verified ones"

    def summary(self) -> Document:
        """Everything in brief: by domain, policy, result type and reporter, and what is amiss."""
        return self._document(
            "summary",
            self._by_domain(),
            self._by_policy(),
            self._by_type(),
            self._by_mx(),
            self._by_reporter(),
            self._new(),
            self._contradictions(),
            self._quarantine(),
            self._dropped(),
        )

    def failures(self) -> Document:
        """Every failure: where, who reports it, what it means and what to do."""
        return self._document("failures", self._failures(), self._meanings())

    def reporters(self) -> Document:
        """Who reports, how much, and with which trust."""
        return self._document("reporters", self._by_reporter(), self._contradictions())

    def silence(self) -> Document:
        """Who has stopped reporting."""
        return self._document("silence", self._silence())

    def timeline(self) -> Document:
        """The days, one by one."""
        return self._document("timeline", self._days(), self._type_days())

    def _by_domain(self) -> Section:
        rows = _with_share(self._rows("summary"))
        type_ = Field("policy_type", "POLICY")
        fields = (DOMAIN, type_, REPORTS, REPORTERS, GOOD, FAILED, SHARE)
        return Section("domains", "By domain", fields, rows, "No report has a session.")

    def _by_policy(self) -> Section:
        rows = []
        for row in self._rows("policies"):
            history = history_of(self._scope.histories, str(row["domain"]))
            standing = history.standing(
                _applied(row), _day(row, "first_day"), _day(row, "last_day")
            )
            policy = str(_applied(row)) if row["policy_type"] == "sts" else str(row["policy_type"])
            rows.append({**row, "applied": policy or "-", "ledger": standing})
        fields = (
            DOMAIN,
            Field("applied", "POLICY APPLIED"),
            Field("ledger", "BY LEDGER"),
            FIRST,
            LAST,
            GOOD,
            FAILED,
        )
        note = (
            "By ledger: the current policy, an old one that senders could still hold, one that "
            "was not served then, or not stated by the report."
        )
        return Section(
            "policies", "By policy", fields, tuple(rows), "No report names a policy.", note
        )

    def _by_type(self) -> Section:
        sums: dict[str, int] = defaultdict(int)
        for row in self._rows("failures"):
            sums[str(row["result_type"])] += _count(row, "sessions")
        return _sums("result_types", "By result type", RESULT, sums, "No session failed.")

    def _by_mx(self) -> Section:
        sums: dict[str, int] = defaultdict(int)
        for row in self._rows("failures"):
            sums[str(row["mx"]) or "not stated"] += _count(row, "sessions")
        return _sums("mx", "Failed sessions by MX host", MX, sums, "No session failed.")

    def _by_reporter(self) -> Section:
        rows = _with_share(self._rows("reporters"))
        trust = Field("trust", "TRUST")
        fields = (REPORTER, trust, REPORTS, LAST, GOOD, FAILED, SHARE)
        return Section("reporters", "By reporter", fields, rows, "Nobody reported.")

    def _first_days(self) -> dict[tuple[str, str, str], dt.date]:
        return {_key(row): _day(row, "first_day") for row in self._rows("first_seen")}

    def _new(self) -> Section:
        first_days = self._first_days()
        rows = [
            {**row, "first_day": first_days[_key(row)]}
            for row in self._rows("failures")
            if first_days[_key(row)] >= self._scope.since
        ]
        fields = (DOMAIN, RESULT, MX, FIRST, SESSIONS, REPORTERS)
        title = "Failures that are new in these days"
        return Section("new", title, fields, tuple(rows), "No failure is new in these days.")

    def _failures(self) -> Section:
        first_days, policies = self._first_days(), self._policies_of_failures()
        rows = []
        for row in self._rows("failures"):
            history = history_of(self._scope.histories, str(row["domain"]))
            first, last = _day(row, "first_day"), _day(row, "last_day")
            rows.append(
                {
                    **row,
                    "known_since": first_days[_key(row)],
                    "is_new": first_days[_key(row)] >= self._scope.since,
                    "policy_held": ", ".join(sorted(policies[_key(row)])) or "-",
                    "mx_listed": history.lists(str(row["mx"]), first, last),
                    "seen_now": self._seen_now(str(row["domain"]), str(row["result_type"])),
                }
            )
        fields: tuple[Field, ...] = (
            DOMAIN,
            RESULT,
            MX,
            SESSIONS,
            REPORTERS,
            LAST,
            Field("known_since", "SINCE"),
            Field("is_new", "NEW"),
            Field("policy_held", "POLICY HELD"),
            Field("mx_listed", "MX LISTED"),
        )
        if self._scope.seen_now is not None:
            fields += (Field("seen_now", "CHECK NOW"),)
        note = (
            "Since: the first day of it in all that is stored. Policy held: the policy that the "
            "senders applied, by the ledger. MX listed: whether a policy that they could hold then "
            "lists the host."
        )
        return Section("failures", "Failures", fields, tuple(rows), "No session failed.", note)

    def _policies_of_failures(self) -> dict[tuple[str, str, str], set[str]]:
        found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for row in self._rows("failure_policies"):
            history = history_of(self._scope.histories, str(row["domain"]))
            day = _day(row, "day")
            found[_key(row)].add(history.standing(_applied(row), day, day))
        return found

    def _seen_now(self, domain: str, result_type: str) -> str:
        """Whether a check finds now what a sender would report so; empty where nobody looked."""
        checked = (self._scope.seen_now or {}).get(domain)
        if checked is None:
            return ""
        causes = {each: CHECKS[each] for each in checks_of(result_type)}
        if not causes:
            return "no check looks for it"
        found = sorted({each.id for each in checked.findings} & causes.keys())
        if found:
            return ", ".join(found)
        needed = {question for each in causes.values() for question in each.depends_on}
        needed.add(Question.CHECK)
        reasons = [each.reason for each in checked.unknown if each.id in needed]
        return f"not known: {reasons[0]}" if reasons else "not seen"

    def _meanings(self) -> Section:
        rows: list[dict[str, Cell]] = []
        for type_ in sorted({str(row["result_type"]) for row in self._rows("failures")}):
            meaning = meaning_of(type_)
            causes = checks_of(type_)
            more = len(causes) - _CHECKS_NAMED
            named = ", ".join(causes[:_CHECKS_NAMED]) + (f" and {more} more" if more > 0 else "")
            rows.append(
                {
                    "result_type": type_,
                    "means": meaning.means,
                    "to_do": meaning.to_do,
                    "checks": named or "none",
                    "clause": meaning.clause,
                }
            )
        fields = (
            RESULT,
            Field("means", "WHAT IT MEANS"),
            Field("to_do", "WHAT TO DO"),
            Field("checks", "CHECKS"),
        )
        title = "What the failures mean"
        return Section("meanings", title, fields, tuple(rows), "Nothing failed.")

    def _contradictions(self) -> Section:
        fields = (
            Field("day", "DAY"),
            DOMAIN,
            REPORTER,
            Field("report_id", "REPORT ID"),
            FAILED,
            Field("detailed", "DETAILS", Kind.COUNT),
        )
        title = "Reports whose sums contradict"
        note = "The failure details of a report add up to more than its total; the total is used."
        rows = tuple(self._rows("contradictions"))
        return Section("contradictions", title, fields, rows, "No report contradicts itself.", note)

    def _quarantine(self) -> Section:
        fields = (
            Field("day", "DAY"),
            REPORTER,
            Field("report_id", "REPORT ID"),
            Field("trust", "TRUST"),
            GOOD,
            FAILED,
            Field("source", "SOURCE"),
        )
        note = "Each has the same id as a report that is counted, but other content."
        rows = tuple(self._rows("quarantine"))
        return Section("quarantine", "In quarantine", fields, rows, "Nothing.", note)

    def _dropped(self) -> Section:
        fields = (
            Field("kind", "KIND"),
            Field("reason", "REASON"),
            DOMAIN,
            Field("quantity", "COUNT", Kind.COUNT),
            Field("may_hide_failures", "MAY HIDE FAILURES"),
            LAST,
        )
        rows = tuple(self._rows("dropped"))
        return Section("dropped", "Not counted", fields, rows, "Everything was counted.")

    def _silence(self) -> Section:
        today = self._scope.until
        rows = []
        for row in self._rows("silence"):
            days, first, last = _count(row, "days"), _day(row, "first_day"), _day(row, "last_day")
            silent = is_silent(days, first, last, today)
            rows.append(
                {
                    **row,
                    "gap_days": round(typical_gap(days, first, last), 1),
                    "quiet_days": quiet_days(last, today),
                    "is_silent": silent,
                }
            )
        rows.sort(key=lambda row: (not row["is_silent"], -cast("int", row["quiet_days"])))
        fields = (
            DOMAIN,
            REPORTER,
            DAYS,
            FIRST,
            LAST,
            Field("gap_days", "USUAL GAP", Kind.COUNT),
            Field("quiet_days", "QUIET", Kind.COUNT),
            Field("is_silent", "SILENT"),
        )
        note = (
            "In days, over all that is stored. Silent: quiet for longer than four days and three "
            "times the usual gap, after reports of three days or more."
        )
        return Section("silence", "Reporters", fields, tuple(rows), "Nobody reported.", note)

    def _days(self) -> Section:
        rows = _with_share(self._rows("timeline"))
        values: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for row in rows:
            day = charts.day(row["day"])
            values[day][0] += _count(row, "successful")
            values[day][1] += _count(row, "failed")
        drawn: tuple[dict[str, str | int | float], ...] = tuple(
            {"day": day, "sessions": count, "result": result, "rank": rank}
            for day, counts in sorted(values.items())
            for rank, (result, count) in enumerate(
                zip(("successful", "failed"), counts, strict=True)
            )
        )
        chart = Chart(charts.SESSIONS, "Sessions by day, successful and failed", drawn)
        fields = (Field("day", "DAY"), DOMAIN, REPORTS, REPORTERS, GOOD, FAILED, SHARE)
        title = "Sessions by day"
        return Section("days", title, fields, rows, "No report.", chart=chart if rows else None)

    def _type_days(self) -> Section:
        rows = tuple(self._rows("timeline_types"))
        sums: dict[str, int] = defaultdict(int)
        for row in rows:
            sums[str(row["result_type"])] += _count(row, "sessions")
        most = sorted(sums, key=lambda each: (-sums[each], each))[:_CHART_TYPES]
        values: dict[tuple[str, str], int] = defaultdict(int)
        for row in rows:
            type_ = str(row["result_type"])
            shown = charts.label(type_) if type_ in most else "others"
            values[charts.day(row["day"]), shown] += _count(row, "sessions")
        drawn: tuple[dict[str, str | int | float], ...] = tuple(
            {"day": day, "type": type_, "sessions": count}
            for (day, type_), count in sorted(values.items())
        )
        chart = Chart(charts.FAILURES, "Failed sessions by day and result type", drawn)
        fields = (Field("day", "DAY"), DOMAIN, RESULT, SESSIONS)
        return Section(
            "failure_days",
            "Failed sessions by day and result type",
            fields,
            rows,
            "No session failed.",
            chart=chart if rows else None,
        )


ANSWERS: Final[Mapping[str, Callable[[Answers], Document]]] = {
    "summary": Answers.summary,
    "failures": Answers.failures,
    "reporters": Answers.reporters,
    "silence": Answers.silence,
    "timeline": Answers.timeline,
}


def checks_of(result_type: str) -> tuple[str, ...]:
    """The checks that look for what a sender reports as ``result_type``, by their ids."""
    return tuple(each.id for each in CHECKS.values() if each.result_type == result_type)


def _with_share(rows: list[dict[str, Cell]]) -> tuple[dict[str, Cell], ...]:
    found = []
    for row in rows:
        failed = _count(row, "failed")
        total = failed + _count(row, "successful")
        found.append({**row, "failed_share": failed / total if total else 0.0})
    return tuple(found)


def _sums(id_: str, title: str, by: Field, sums: Mapping[str, int], empty: str) -> Section:
    total = sum(sums.values())
    share = Field("share", "SHARE OF FAILED", Kind.SHARE)
    rows: tuple[dict[str, Cell], ...] = tuple(
        {by.key: each, "sessions": sums[each], "share": sums[each] / total if total else 0.0}
        for each in sorted(sums, key=lambda each: (-sums[each], each))
    )
    return Section(id_, title, (by, SESSIONS, share), rows, empty)


def _key(row: Mapping[str, Cell]) -> tuple[str, str, str]:
    return str(row["domain"]), str(row["result_type"]), str(row["mx"])


def _count(row: Mapping[str, Cell], key: str) -> int:
    return cast("int", row[key])


def _day(row: Mapping[str, Cell], key: str) -> dt.date:
    return cast("dt.date", row[key])


def _applied(row: Mapping[str, Cell]) -> Applied:
    """The policy of a row; its columns are texts with spaces between."""
    return Applied(
        str(row["mode"]),
        str(row["max_age"]),
        tuple(str(row["policy_mx"]).split()),
        tuple(str(row["mx_hosts"]).split()),
    )


def _first_three(names: list[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")
