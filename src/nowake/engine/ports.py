"""What the engine needs of the outside. One port, three tenants: simulated, paper, live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nowake.domain.command import AnyCommand
from nowake.domain.decider import Wake
from nowake.domain.event import AnyEvent


class World(Protocol):
    """A market the engine can trade one instrument in."""

    @property
    def name(self) -> str:
        """What this world is, for the record: "replay lobster:AMZN 2012-06-21"."""
        ...

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Each simplification, in a sentence a trader understands; printed with every result."""
        ...

    def submit(self, command: AnyCommand) -> None:
        """Send a command now, at the time of the last event handed out. What comes of it arrives as events."""
        ...

    def advance(self, wake: Wake) -> Sequence[AnyEvent]:
        """Let time pass until the earliest of `wake` or news of our own orders, and say what we learned.

        Events come in the order we learned them and end with one `MarketMoved`. An empty answer means the
        world is over; the batch before it carried a `MarketMoved` whose phase is CLOSED or ENDED.
        """
        ...
