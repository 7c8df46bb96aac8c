"""Write ``docs/policy-pack.md``: every rule of the policy pack, from the code.

``python tools/policy_pack_page.py`` writes it; a test compares it.
"""

from __future__ import annotations

from pathlib import Path

from wrapping import wrapped

from mtasts.policypack.judging import NOT_JUDGED, NOT_JUDGED_MEANS, NOT_JUDGED_TO_DO
from mtasts.policypack.rule import DomainRule
from mtasts.policypack.table import SUBJECTS
from mtasts.templating import render

DOCUMENT = Path(__file__).parents[1] / "docs" / "policy-pack.md"


def document() -> str:
    """The whole page as Markdown."""
    subjects = [
        (
            subject,
            [
                {
                    "rule": rule,
                    "example": f"rules/{rule.id.replace('-', '_')}.py",
                    "about_domain": isinstance(rule, DomainRule),
                    "settings": [
                        {"name": each.name, "means": each.means, "default": f"{each.default:.10g}"}
                        for each in rule.settings
                    ],
                }
                for rule in rows
            ],
        )
        for subject, rows in SUBJECTS.items()
    ]
    not_judged = {"id": NOT_JUDGED, "means": NOT_JUDGED_MEANS, "to_do": NOT_JUDGED_TO_DO}
    return wrapped(render("docs/policy-pack.md", subjects=subjects, not_judged=not_judged))


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
