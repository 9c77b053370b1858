"""Findings: what is open and should not be, and how to close it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is, worst first."""

    CRITICAL = "critical"
    """Somebody who should not can get in, read secrets or change them."""
    WARN = "warn"
    """One mistake away from that."""
    INFO = "info"
    """Worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing. No text in it is a secret, and none is from outside unescaped.

    Attributes:
        id: the same for the same kind of thing, for scripts; the reference's, where it has one.
        title: what, in a few words that are always the same.
        detail: what exactly.
        mend: what the owner types or sets.
        file: where it is.
        key: the key in the configuration, if it is one.
    """

    id: str
    severity: Severity
    title: str
    detail: str = ""
    mend: str = ""
    file: str = ""
    key: str = ""

    def as_json(self) -> dict[str, str]:
        """The reference's shape, with file and key besides; what is empty is left out."""
        shape = {
            "checkId": self.id,
            "severity": self.severity.value,
            "title": self.title,
            "detail": self.detail,
            "remediation": self.mend,
            "file": self.file,
            "key": self.key,
        }
        return {name: text for name, text in shape.items() if text}


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first; among equals, as they were found."""
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def counted(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many of each severity."""
    counts = dict.fromkeys(Severity, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts
