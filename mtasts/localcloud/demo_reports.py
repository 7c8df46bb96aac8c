"""TLS reports in the demo: put into a bucket, pulled into a store, and judged by the gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mtasts.clock import clock
from mtasts.localcloud import moto_host
from mtasts.localcloud.reports import write_reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtasts.localcloud.cloud import Cloud
    from mtasts.localcloud.project import Project, Run

_BUCKET = "tls-reports-of-the-demo"
# The folder in which an inbox's endpoint stores the reports that are posted to it
# (docs/reports.md).
_POSTED = "https/"
_STORE = "tls-reports"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The reports about one domain, in the bucket of an inbox."""

    cloud: Cloud
    domain: str
    hosts: Sequence[str]

    def arrive(self, project: Project, *, days: int, failed: int = 0) -> None:
        """Put reports about the last ``days`` days into the bucket.

        On the last of those days, ``failed`` sessions failed.
        """
        s3 = moto_host.session().client("s3", endpoint_url=self.cloud.aws)
        s3.create_bucket(Bucket=_BUCKET)
        now = clock(project.environment)()
        with TemporaryDirectory() as name:
            folder = Path(name)
            write_reports(folder, self.domain, self.hosts, now, days=days, failed=failed)
            for path in sorted(folder.iterdir()):
                s3.put_object(Bucket=_BUCKET, Key=f"{_POSTED}{path.name}", Body=path.read_bytes())

    def judge(self, project: Project) -> Run:
        """Pull new reports into the store, and run ``mtasts gate collect`` for the domain with it.

        Raises:
            ProjectError: the reports could not be pulled.
        """
        project.mtasts("reports", "pull", "--from", f"s3://{_BUCKET}", "--store", _STORE).required()
        return project.mtasts("gate", "collect", self.domain, "--store", _STORE)
