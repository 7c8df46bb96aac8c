"""The SPF, DMARC and DKIM records of the domains of a local cloud."""

from __future__ import annotations

SPF = "v=spf1 mx -all"
DMARC = "v=DMARC1; p=reject"
# The example key of RFC 8463 appendix A.2.
DKIM = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
