"""Findings: order, counts and the shape for scripts."""

from clawdbot.audit.findings import Finding, Severity, counted, ranked

INFO = Finding("i", Severity.INFO, "info")
WARN = Finding("w", Severity.WARN, "warn")
CRITICAL = Finding("c", Severity.CRITICAL, "critical")


def test_the_worst_comes_first_and_equals_stay_in_order() -> None:
    other = Finding("w2", Severity.WARN, "warn")
    assert ranked([INFO, WARN, CRITICAL, other]) == [CRITICAL, WARN, other, INFO]


def test_every_severity_is_counted() -> None:
    assert counted([WARN, CRITICAL, WARN]) == {Severity.CRITICAL: 1, Severity.WARN: 2, Severity.INFO: 0}


def test_the_shape_for_scripts_leaves_out_what_is_empty() -> None:
    assert WARN.as_json() == {"checkId": "w", "severity": "warn", "title": "warn"}
    full = Finding("x", Severity.INFO, "t", "d", "m", "f", "k")
    assert full.as_json() == {
        "checkId": "x",
        "severity": "info",
        "title": "t",
        "detail": "d",
        "remediation": "m",
        "file": "f",
        "key": "k",
    }
