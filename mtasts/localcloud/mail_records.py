"""The records with which the domains of a local cloud protect their name."""

from __future__ import annotations

SPF = "v=spf1 mx -all"
DMARC = "v=DMARC1; p=reject"
# RFC 8463 appendix A.2 gives this one as an example.
DKIM = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
