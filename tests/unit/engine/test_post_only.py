"""Orders that must not take: refused by the venue where they would, which is news and no fault."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.engine.test_reconcile import AT_ONCE, commands, view_with

from nowake.algos import Twap
from nowake.data.generated import generate_day
from nowake.domain.command import AnyCommand, PlaceChild
from nowake.domain.decider import Decision, Intent, Reason
from nowake.domain.event import ChildAccepted, ChildRejected, Liquidity, RejectReason
from nowake.domain.order import ParentOrder, TimeInForce
from nowake.domain.side import Side
from nowake.engine.evolve import evolve, send
from nowake.engine.gate import Limits
from nowake.engine.journal import Sent, Turn
from nowake.engine.reconcile import Patience, reconcile
from nowake.engine.view import View
from nowake.verbs.replay import replay
from nowake.verbs.simulate import simulate

WANT = Decision(working=(Intent(Side.BUY, 100, 9_999, Reason.ON_SCHEDULE, post_only=True),), reason=Reason.ON_SCHEDULE)
POST = PlaceChild(1, Side.BUY, 100, 9_999, TimeInForce.DAY, post_only=True)


def outrun(times: int = 1) -> View:
    """A view whose post-only orders were refused so often, just now."""
    view = view_with()
    for child_id in range(1, times + 1):
        send(view, msgspec.structs.replace(POST, child_id=child_id), Reason.ON_SCHEDULE)
        evolve(view, ChildRejected(view.now_ns, child_id, RejectReason.WOULD_TAKE))
    return view


def test_an_intent_that_must_not_take_becomes_a_post_only_order() -> None:
    assert [POST] == commands(view_with(), WANT)


def test_an_order_on_its_way_that_may_take_does_not_serve_one_that_must_not() -> None:
    view = view_with()
    send(view, msgspec.structs.replace(POST, post_only=False), Reason.ON_SCHEDULE)
    assert ["CancelChild"] == [type(command).__name__ for command in commands(view, WANT)]
    evolve(view, ChildAccepted(view.now_ns, 1))
    view = view_with((100, 9_999))
    assert [] == commands(view, WANT)  # It rests: it takes no more.


def test_a_refusal_for_taking_is_counted_and_stands_in_no_ones_way() -> None:
    view = outrun(3)
    assert ({RejectReason.WOULD_TAKE: 3}, None, 0) == (view.refusals, view.last_refusal, view.refusals_in_a_row)


def test_an_order_that_was_outrun_is_sent_again_after_the_age_a_child_is_left_alone() -> None:
    patience, view = Patience(min_age_ns=250), outrun(3)
    reconciled = reconcile(view, WANT, patience, Limits())
    assert ((), view.now_ns + 250) == (reconciled.outgoing, reconciled.recheck_ns)
    view.now_ns += 250
    assert [4] == [out.command.child_id for out in reconcile(view, WANT, patience, Limits()).outgoing]
    assert [4] == [command.child_id for command in commands(outrun(3), WANT, AT_ONCE)]


def test_journals_keep_that_an_order_is_post_only_and_read_those_from_before_there_were_any() -> None:
    turn = Turn((), Reason.ON_SCHEDULE, (Sent(POST, Reason.ON_SCHEDULE),))
    assert turn == msgspec.msgpack.decode(msgspec.msgpack.encode(turn), type=Turn)
    old = {"type": "PlaceChild", "child_id": 1, "side": 1, "lots": 100, "price_ticks": 9_999, "time_in_force": "day"}
    assert msgspec.structs.replace(POST, post_only=False) == msgspec.convert(old, AnyCommand)


@pytest.mark.parametrize("latency", ["200us", "feed=30s,send=20s"])
def test_no_take_liq_never_takes_however_late_its_orders_are(latency: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    day = generate_day(3, events=40_000)
    order = ParentOrder.buy(day.instrument, 5_000 * day.instrument.quantity(1), start="10:00", end="12:00")
    run = simulate(Twap(order, no_take_liq=True), day, latency=latency, journal=tmp_path / "run.journal")
    assert {Liquidity.MAKER} == {fill.liquidity for fill in run.fills}
    assert replay(tmp_path / "run.journal").same
    if latency != "200us":
        assert run.refusals["would_take"] > 0
