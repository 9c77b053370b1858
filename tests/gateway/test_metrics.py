"""Counters, gauges and histograms in Prometheus' text format."""

import pytest

from clawdbot.gateway.metrics import Counter, Gauge, Histogram, exposition


def test_a_counter_without_labels_is_there_before_it_counts() -> None:
    counter = Counter("tries_total", "Tries")
    assert exposition([counter]) == "# HELP tries_total Tries\n# TYPE tries_total counter\ntries_total 0\n"
    counter.count()
    assert exposition([counter]).endswith("tries_total 1\n")


def test_a_counter_has_a_line_for_each_combination_of_labels() -> None:
    counter = Counter("seen_total", "Seen", ("what", "where"))
    for what in ("b", "a", "b"):
        counter.count(what, "here")
    assert exposition([counter]).splitlines()[2:] == [
        'seen_total{what="a",where="here"} 1',
        'seen_total{what="b",where="here"} 2',
    ]
    with pytest.raises(ValueError, match="what, where"):
        counter.count("a")


def test_what_a_label_says_stays_in_its_quotes() -> None:
    gauge = Gauge("g", "G", ("said",), [(('a"b\\c\nd',), 1)])
    assert exposition([gauge]).splitlines()[2] == r'g{said="a\"b\\c\nd"} 1'


def test_a_gauge_may_be_another_type() -> None:
    """For what is counted elsewhere."""
    gauge = Gauge("cpu_seconds_total", "Time", (), [((), 0.5)], kind="counter")
    assert exposition([gauge]).splitlines()[1:] == ["# TYPE cpu_seconds_total counter", "cpu_seconds_total 0.5"]


def test_a_histogram_adds_up() -> None:
    """Buckets hold what is at most their bound, and all that is in smaller ones."""
    histogram = Histogram("took_seconds", "Took", "of", bounds=(0.5, 1.0))
    for value in (0.25, 0.5, 0.75, 4.0):
        histogram.observe(value, "read")
    assert exposition([histogram]).splitlines() == [
        "# HELP took_seconds Took",
        "# TYPE took_seconds histogram",
        'took_seconds_bucket{of="read",le="0.5"} 2',
        'took_seconds_bucket{of="read",le="1.0"} 3',
        'took_seconds_bucket{of="read",le="+Inf"} 4',
        'took_seconds_sum{of="read"} 5.5',
        'took_seconds_count{of="read"} 4',
    ]
