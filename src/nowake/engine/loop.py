"""The one stateful loop: learn events, evolve the view, ask the algorithm, reconcile, gate, journal, send.

Nothing here reads the time or draws a number: events carry the one, the view the seed of the other. So a turn is a
function of the turns before it, and replay.py can take every one of them again from the journal alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from nowake.domain.decider import Decider, Decision, Reason, Wake
from nowake.domain.event import AnyEvent, ChildDenied
from nowake.domain.version import VERSION
from nowake.engine.evolve import evolve, send
from nowake.engine.gate import Limits, check
from nowake.engine.journal import Footer, Header, Journal, Sent, Turn
from nowake.engine.ports import World
from nowake.engine.reconcile import Patience, reconcile
from nowake.engine.run import ChildRecord, RunRecord
from nowake.engine.view import View

_OVER = frozenset({Reason.MARKET_CLOSED, Reason.DATA_ENDED})
_WHY_NOT = frozenset({Reason.RATE_CAP, Reason.PRICE_LIMIT, Reason.EMPTY_BOOK, Reason.HALTED, *_OVER})


class Engine:
    """One parent order, its algorithm, and what is known so far."""

    def __init__(self, decider: Decider, *, seed: int, limits: Limits, patience: Patience) -> None:
        self.decider = decider
        self.limits = limits
        self.patience = patience
        self.view = View(order=decider.order, seed=seed)
        self.decision = Decision(reason=Reason.NOT_STARTED)
        self.recheck_ns: int | None = None
        self.events = self.decisions = self.commands = 0
        self._obstacle = Reason.WINDOW_OVER

    def step(self, events: Sequence[AnyEvent]) -> Turn:
        """Learn a batch of events and decide once; what was sent is in the turn."""
        view = self.view
        for event in events:
            evolve(view, event)
        self.decision = self.decider.decide(view)
        view.memo = self.decision.memo
        self._note_obstacle()
        reconciled = reconcile(view, self.decision, self.patience, self.limits)
        self.recheck_ns = reconciled.recheck_ns
        sent = []
        for command, reason in reconciled.outgoing:
            denied = check(command, self.limits, view)
            send(view, command, reason)
            if denied is not None:
                evolve(view, ChildDenied(view.now_ns, command.child_id, denied))
            sent.append(Sent(command, reason, denied))
        self.events += len(events)
        self.decisions += 1
        self.commands += len(sent)
        return Turn(tuple(events), self.decision.reason, tuple(sent))

    def _note_obstacle(self) -> None:
        """Remember what last stood in the way; a market that closes on an order already stopped is not the reason."""
        reason = self.decision.reason
        if self.decision.done or (reason in _OVER and self._obstacle is not Reason.WINDOW_OVER):
            return
        self._obstacle = reason if reason in _WHY_NOT else Reason.WINDOW_OVER

    @property
    def is_over(self) -> bool:
        """Whether the algorithm is done and nothing of it can trade any more."""
        return self.decision.done and not self.view.live

    @property
    def wake(self) -> Wake:
        """When to look again: what the algorithm asked, and never later than a recheck or the window's end."""
        wake, now_ns = self.decision.wake, self.view.now_ns
        times = [time_ns for time_ns in (wake.time_ns, self.recheck_ns, self.view.order.end_ns) if time_ns is not None]
        coming = [time_ns for time_ns in times if time_ns > now_ns]
        return Wake(
            time_ns=min(coming, default=None),
            on_touch=wake.on_touch,
            volume_lots=wake.volume_lots,
            bid_at_least_ticks=wake.bid_at_least_ticks,
            ask_at_most_ticks=wake.ask_at_most_ticks,
        )

    @property
    def residual_reason(self) -> Reason | None:
        """Why lots are left, or None when none are."""
        if self.view.remaining_lots <= 0:
            return None
        if self._obstacle is Reason.WINDOW_OVER and self.view.last_refusal is not None:
            return Reason.REFUSED
        return self._obstacle


def run(
    decider: Decider,
    world: World,
    *,
    seed: int,
    journal: Journal,
    limits: Limits | None = None,
    patience: Patience | None = None,
    data_source: str = "",
    data_fingerprint: str = "",
    progress: Callable[[int], None] | None = None,
) -> RunRecord:
    """Work one parent order in a world until it is done or the world ends.

    Parameters
    ----------
    decider
        The algorithm and its order.
    world
        Where to trade.
    seed
        Of every random draw.
    journal
        Where each turn is recorded before its commands leave.
    limits, patience
        Of the gate and of the reconciliation; defaults as documented there (`Limits.for_instrument`).
    data_source, data_fingerprint
        Where the market data came from, and their hash, for the record.
    progress
        Called now and then with the time reached, in nanoseconds.
    """
    limits = Limits.for_instrument(decider.order.instrument, limits)
    engine = Engine(decider, seed=seed, limits=limits, patience=patience or Patience())
    header = _header(engine, world, data_source=data_source, data_fingerprint=data_fingerprint)
    journal.append(header)
    journal.commit()
    wake = Wake(time_ns=decider.order.start_ns)
    while batch := world.advance(wake):
        turn = engine.step(batch)
        journal.append(turn)
        for sent in turn.sent:
            if sent.denied is None:
                world.submit(sent.command)
        if progress is not None and engine.decisions % 256 == 0:
            progress(engine.view.now_ns)
        if engine.is_over:
            break
        wake = engine.wake
    journal.append(footer(engine, journal))
    journal.commit()
    return record(engine, header, journal)


def _header(engine: Engine, world: World, *, data_source: str, data_fingerprint: str) -> Header:
    return Header(
        version=VERSION,
        order=engine.view.order,
        algorithm=msgspec.to_builtins(engine.decider),
        seed=engine.view.seed,
        limits=engine.limits,
        patience=engine.patience,
        world=world.name,
        data_source=data_source,
        data_fingerprint=data_fingerprint,
        assumptions=world.assumptions,
    )


def footer(engine: Engine, journal: Journal) -> Footer:
    """How a run that is over ended, and the seal of its journal."""
    view = engine.view
    return Footer(
        chain=journal.hash,
        executed_lots=view.executed_lots,
        residual_lots=view.remaining_lots,
        residual_reason=engine.residual_reason,
    )


def record(engine: Engine, header: Header, journal: Journal, *, is_complete: bool = True) -> RunRecord:
    """Everything a report needs to know of a run that is over, or of what a journal cut short holds of one."""
    view = engine.view
    algorithm = {name: value for name, value in header.algorithm.items() if name not in {"order", "type"}}
    return RunRecord(
        order=view.order,
        algorithm=str(header.algorithm.get("type", type(engine.decider).__name__)),
        parameters=algorithm,
        seed=view.seed,
        world=header.world,
        assumptions=header.assumptions,
        fills=tuple(view.fills),
        children=tuple(_child_records(view)),
        residual_lots=view.remaining_lots,
        residual_reason=engine.residual_reason,
        refusals={reason.value: count for reason, count in view.refusals.items()},
        arrival_ns=view.arrival_ns,
        arrival=view.arrival or view.book,
        ended_ns=view.now_ns,
        events=engine.events,
        decisions=engine.decisions,
        commands=engine.commands,
        journal_hash=journal.hash,
        journal_path=None if journal.path is None else str(journal.path),
        complete=is_complete,
        data_source=header.data_source,
        data_fingerprint=header.data_fingerprint,
    )


def _child_records(view: View) -> list[ChildRecord]:
    children = sorted((*view.done.values(), *view.live.values()), key=lambda child: child.child_id)
    return [
        ChildRecord(
            child_id=child.child_id,
            side=child.side,
            lots=child.lots,
            price_ticks=child.price_ticks,
            time_in_force=child.time_in_force,
            reason=child.reason,
            placed_ns=child.placed_ns,
            ended_ns=child.ended_ns,
            state=child.state,
            filled_lots=child.filled_lots,
        )
        for child in children
    ]
