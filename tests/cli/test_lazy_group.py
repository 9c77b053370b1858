"""Groups whose commands are imported when they are called: what lists say about a command is what the command says."""

from collections.abc import Iterator

import click
import pytest

from clawdbot.cli.app import root
from clawdbot.cli.lazy_group import LazyGroup


def groups(group: LazyGroup, *words: str) -> Iterator[tuple[str, LazyGroup]]:
    """A group and those below it, by their names."""
    yield " ".join(["clawdbot", *words]), group
    for name in group.list_commands(click.Context(group)):
        below = group.get_command(click.Context(group), name)
        if isinstance(below, LazyGroup):
            yield from groups(below, *words, name)


GROUPS = [pytest.param(*found, id=found[0]) for found in groups(root)]


@pytest.mark.parametrize(("path", "group"), GROUPS)
def test_a_command_is_listed_by_its_name_and_with_the_first_sentence_of_its_help(path: str, group: LazyGroup) -> None:
    """Every row of every table leads to the command of its name, and says what the command itself says."""
    for name, (_, text) in group.places.items():
        command = group.get_command(click.Context(group), name)
        assert command is not None
        assert (command.name, command.get_short_help_str(limit=1000)) == (name, text), path


def test_the_groups_are_found() -> None:
    """The walk above looks into every group that has a table."""
    assert {"clawdbot", "clawdbot pairing", "clawdbot devices", "clawdbot gateway", "clawdbot nodes"} <= {
        str(found.id) for found in GROUPS
    }


@pytest.mark.parametrize(("path", "group"), GROUPS)
def test_words_are_completed_from_the_table(path: str, group: LazyGroup) -> None:
    """All names for nothing, one for a whole name, each with its sentence; options for a dash."""
    ctx = click.Context(group, info_name=path)
    offered = [(item.value, item.help) for item in group.shell_complete(ctx, "")]
    assert offered == [(name, text) for name, (_, text) in sorted(group.places.items())]
    last = max(group.places)
    assert [item.value for item in group.shell_complete(ctx, last)] == [last]
    assert "--help" in [item.value for item in group.shell_complete(ctx, "--")]


def test_a_word_that_is_no_command_is_none() -> None:
    """A group knows what is in its table, and nothing else."""
    assert root.get_command(click.Context(root), "lazy_group") is None
