"""How far a platform's numbered news are done with, where the platform sends again what we ask for. Pure."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """Which numbers are done with. They come in ascending order, with gaps, and any of them may come again.

    Attributes:
        last: everything up to this number is done with; ``None`` before the first.
        processed: done with above ``last``.
        under_way: received and not done with.
        window: how far below ``last`` a repetition can be; what is further below is news from a new numbering.
            ``None`` where a new numbering is told in another way.
        reached: the highest number that came in this run. What is done with above it, from before a crash, does not
            make what lies between done with: that has yet to come again.
    """

    last: int | None = None
    processed: set[int] = field(default_factory=set)
    under_way: set[int] = field(default_factory=set)
    window: int | None = None
    reached: int | None = None

    @property
    def offset(self) -> int | None:
        """The lowest number that is not done with, as far as we know."""
        return None if self.last is None else self.last + 1

    def take(self, number: int) -> bool:
        """Take note of a number that was received; ``False`` if it is under way or done with."""
        if self.last is not None and number <= self.last:
            if self.window is None or self.last - number < self.window:
                return False
            self.processed.clear()
            self.under_way.clear()
            self.last = number - 1
            self.reached = None
        if self.last is None:
            self.last = number - 1
        self.reached = number if self.reached is None else max(self.reached, number)
        if number in self.processed or number in self.under_way:
            return False
        self.under_way.add(number)
        return True

    def finish(self, number: int) -> None:
        """A number is done with. Unknown ones, as of a numbering that has ended, do not count."""
        if number not in self.under_way:
            return
        self.under_way.remove(number)
        self.processed.add(number)
        above = min(self.under_way, default=(self.reached or number) + 1)
        passed = {each for each in self.processed if each < above}
        self.last = max(passed, default=self.last)
        self.processed -= passed
