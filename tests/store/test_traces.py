"""What is noted in passing counts for as long as the files say what it was made of (threats.md G8)."""

from clawdbot.store.traces import Traces, fitting


def test_a_state_is_seen_as_it_was_noted() -> None:
    """The last note counts; others know nothing of it."""
    traces: Traces[str] = Traces()
    assert not traces
    traces.note("1", "stored", "seen")
    traces.note("1", "stored", "seen again")
    assert traces
    assert traces.over("1", "stored") == "seen again"
    assert traces.over("2", "stored") == "stored"


def test_G8_a_note_about_another_state_counts_for_nothing() -> None:
    """Whatever was decided in the meantime stands, here and when everything is saved."""
    traces: Traces[str] = Traces()
    traces.note("1", "stored", "seen")
    traces.note("2", "stored", "seen")
    now = {"1": "decided", "2": "stored"}
    assert traces.over("1", "decided") == "decided"
    assert fitting(traces.all(), now.__getitem__) == {"2": "seen"}


def test_only_what_was_saved_is_forgotten() -> None:
    """What came while it was being saved stays."""
    traces: Traces[str] = Traces()
    traces.note("1", "stored", "seen")
    traces.note("2", "stored", "seen")
    saved = traces.all()
    traces.note("2", "stored", "seen again")
    traces.forget(saved)
    assert set(traces.all()) == {"2"}
    traces.forget(traces.all())
    assert not traces
