import math
from decimal import Decimal

import msgspec
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, fill, instrument, order, quotes, trades

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side
from nowake.tca.analysis import analyse

QUOTES = quotes(
    [(0, 4_999, 5_001), (100, 5_009, 5_011), (200, 5_019, 5_021), (300, 5_039, 5_041), (1_000, 5_079, 5_081)]
)
TAPE = trades(
    [(50, 5_000, 100), (150, 5_011, 200), (300, 5_038, 300), (900, 5_041, 400), (DAY_SECONDS + 1, 5_100, 5_000)],
    auctions=[4],
)
ORDER = order(1_000, start_s=100, end_s=1_000)
# Takes 500 at the ask, then rests 300 at the bid and is met by the print of second 300.
FILLS = [fill(200.5, 5_021, 500, number=1), fill(300, 5_019, 300, maker=True, number=2, tape_ticks=5_038)]


def test_report_of_a_partly_filled_purchase() -> None:
    report = analyse(ORDER, FILLS, QUOTES, TAPE, decision_ns=50 * SECOND, fees=2.5)
    assert (report.executed_lots, report.residual_lots) == (800, 200)
    assert report.average_price == pytest.approx((500 * 50.21 + 300 * 50.19) / 800)
    assert report.benchmarks["decision"] == 50.0
    assert report.benchmarks["arrival"] == 50.1
    assert report.benchmarks["close"] == 51.0
    assert report.benchmarks["interval_twap"] == pytest.approx((50.1 * 100 + 50.2 * 100 + 50.4 * 700) / 900)
    # Tape 200 + 300 + 400 and our take of 500; the make is on the tape.
    assert report.market_lots == 1_400
    assert report.benchmarks["interval_vwap"] == pytest.approx(
        (200 * 50.11 + 300 * 50.38 + 400 * 50.41 + 500 * 50.21) / 1_400
    )
    # Our make of 300 taken out at the price the tape has.
    assert report.benchmarks["interval_vwap_ex_own"] == pytest.approx((200 * 50.11 + 400 * 50.41) / 600)
    assert report.participation == pytest.approx(800 / 1_400)
    assert report.passive_share == 300 / 800
    assert report.wagner == pytest.approx(
        {
            "delay": 1_000 * 0.10,
            "trading": 500 * 0.11 + 300 * 0.09,
            "opportunity": 200 * 0.70,
            "fees": 2.5,
        }
    )
    assert report.perold == pytest.approx(
        {"execution": 500 * 0.21 + 300 * 0.19, "opportunity": 200 * 0.80, "fees": 2.5}
    )
    assert report.shortfall == pytest.approx(sum(report.wagner.values())) == pytest.approx(sum(report.perold.values()))
    assert report.shortfall_bps == pytest.approx(report.shortfall / 50_000 * 1e4)
    # The take paid a cent over the mid of 50.20; the make, met by the print of second 300, saved one: the quote of
    # that very second came after it.
    assert report.trading["spread"] == pytest.approx(500 * 0.01 - 300 * 0.01)
    assert sum(report.trading.values()) == pytest.approx(report.wagner["trading"])
    assert report.notes == ()


def test_participation_while_trading_counts_the_market_until_our_last_fill() -> None:
    report = analyse(ORDER, FILLS, QUOTES, TAPE)
    # Until second 300: prints of 200 and 300, our make among them, our take of 500; 400 came later.
    assert (300 * SECOND, 1_000) == (report.last_fill_ns, report.active_market_lots)
    assert 0.8 == report.active_participation


def test_an_order_without_fills_never_took_part() -> None:
    report = analyse(ORDER, [], QUOTES, TAPE)
    assert (None, 0) == (report.last_fill_ns, report.active_market_lots)
    assert math.isnan(report.active_participation)


def test_cost_in_basis_points_is_against_each_benchmark() -> None:
    report = analyse(ORDER, FILLS, QUOTES, TAPE)
    for name, price in report.benchmarks.items():
        assert report.cost_bps[name] == pytest.approx((report.average_price - price) / price * 1e4)


def test_sale_in_the_same_market_gains_what_the_purchase_loses() -> None:
    buy = analyse(ORDER, FILLS, QUOTES, TAPE)
    sell = analyse(order(1_000, side=Side.SELL, start_s=100, end_s=1_000), FILLS, QUOTES, TAPE)
    assert sell.shortfall == -buy.shortfall
    assert sell.cost_bps["arrival"] == -buy.cost_bps["arrival"]
    assert sell.trading == {name: -value for name, value in buy.trading.items()}


def test_unfilled_order_has_only_opportunity_cost() -> None:
    report = analyse(ORDER, [], QUOTES, TAPE)
    assert (report.executed_lots, report.residual_lots) == (0, 1_000)
    assert math.isnan(report.average_price)
    assert math.isnan(report.passive_share)
    assert all(map(math.isnan, report.cost_bps.values()))
    assert report.wagner == {"delay": 0, "trading": 0, "opportunity": pytest.approx(1_000 * 0.7), "fees": 0}
    assert report.trading == {"spread": 0, "drift": 0}
    assert report.shortfall == pytest.approx(700)
    assert report.participation == 0


def test_filled_order_has_no_opportunity_cost_even_where_the_end_has_no_quote() -> None:
    gone = quotes([(0, 4_999, 5_001), (900, 0, 5_001)])
    report = analyse(order(800, start_s=100, end_s=1_000), FILLS, gone, TAPE)
    assert report.wagner["opportunity"] == 0
    assert not any("end of window" in note for note in report.notes)


def test_without_a_decision_time_there_is_no_delay_and_the_report_says_so() -> None:
    report = analyse(ORDER, FILLS, QUOTES, TAPE)
    assert report.wagner["delay"] == 0
    assert report.benchmarks["decision"] == report.benchmarks["arrival"]
    assert "No decision time was given" in report.notes[0]


def test_without_a_quote_at_arrival_the_last_print_is_used_and_flagged() -> None:
    late = quotes([(150, 5_009, 5_011), (1_000, 5_079, 5_081)])
    report = analyse(ORDER, FILLS, late, TAPE)
    assert report.benchmarks["arrival"] == 50.0
    assert "No two-sided quote stood at arrival: the last print before it is used." in report.notes


def test_an_order_that_starts_before_the_first_quote_arrives_at_the_first_mid_and_says_when() -> None:
    late = quotes([(150, 5_009, 5_011), (1_000, 5_079, 5_081)])
    report = analyse(order(1_000, start_s=10, end_s=1_000), FILLS, late, TAPE)
    assert report.benchmarks["arrival"] == 50.1
    at = ORDER.instrument.session.clock(150 * SECOND, fraction=True)
    note = f"No quote and no print by arrival: the first mid after it, of {at}, is used."
    assert note in report.notes


def test_without_quotes_it_arrives_at_the_first_print() -> None:
    report = analyse(order(1_000, start_s=10, end_s=1_000), FILLS, quotes([]), TAPE)
    assert report.benchmarks["arrival"] == 50.0
    assert any(note.startswith("No quote and no print by arrival: the first print after it") for note in report.notes)


def test_without_any_price_at_arrival_shortfall_is_unknown_not_zero() -> None:
    report = analyse(order(1_000, start_s=10, end_s=1_000), FILLS, quotes([]), trades([(5_000, 5_000, 100)]))
    assert math.isnan(report.benchmarks["arrival"])
    assert math.isnan(report.shortfall)
    assert math.isnan(report.cost_bps["arrival"])
    assert "No quote and no print by arrival: its price is unknown." in report.notes


def test_fill_that_met_no_quote_leaves_spread_unknown_and_counts_it() -> None:
    hole = quotes([(0, 5_009, 5_011), (250, 5_009, 0), (400, 5_009, 5_011)])
    report = analyse(ORDER, FILLS, hole, TAPE)
    assert all(map(math.isnan, report.trading.values()))
    assert not math.isnan(report.wagner["trading"])
    assert any("1 of 2 fills met no two-sided quote" in note for note in report.notes)


def test_window_without_prints_has_no_vwap_and_no_participation() -> None:
    report = analyse(order(10, start_s=400, end_s=500), [], QUOTES, TAPE)
    assert math.isnan(report.benchmarks["interval_vwap"])
    assert math.isnan(report.participation)
    assert any("Nothing printed between start and end" in note for note in report.notes)


def test_tape_that_lacks_our_prints_gives_no_vwap_without_us() -> None:
    report = analyse(ORDER, FILLS, QUOTES, trades([(300, 5_019, 100)]))
    assert math.isnan(report.benchmarks["interval_vwap_ex_own"])
    assert any("nothing is left on the tape" in note for note in report.notes)


def test_live_tape_is_told_apart_from_a_replayed_one() -> None:
    replayed = analyse(ORDER, FILLS, QUOTES, TAPE)
    shown = [msgspec.structs.replace(each, tape_ticks=each.price_ticks) for each in FILLS]
    live = analyse(ORDER, shown, QUOTES, TAPE)
    assert (replayed.market_lots, live.market_lots) == (1_400, 900)


def test_close_from_the_last_print_is_flagged() -> None:
    report = analyse(ORDER, FILLS, QUOTES, trades([(300, 5_019, 300), (2_000, 5_050, 1)]))
    assert report.benchmarks["close"] == 50.5
    assert "The tape has no closing auction: the close is the last print of the session, of 00:33:20." in report.notes


def test_fills_outside_the_window_and_auctions_inside_it_are_noted() -> None:
    tape = trades([(150, 5_011, 200), (200, 5_000, 7_000)], auctions=[1])
    report = analyse(ORDER, [fill(1_001, 5_080, 1)], QUOTES, tape)
    assert "1 of 1 fills lie outside the window: interval volume leaves them out." in report.notes
    assert "7,000 lots of auction prints in the window are left out of its volume and VWAP." in report.notes


def test_tick_and_lot_sizes_turn_into_currency() -> None:
    coin = order(3, start_s=100, end_s=1_000, of=instrument(tick="0.5", lot="0.001"))
    report = analyse(coin, [fill(150, 5_013, 2)], QUOTES, TAPE, decision_ns=0)
    assert report.average_price == 2_506.5
    assert report.wagner["trading"] == pytest.approx(2 * 3 * 0.5 * 0.001)
    assert report.shortfall_bps == pytest.approx(report.shortfall / (3 * 0.001 * 2_500) * 1e4)


def test_fees_count_once_in_each_decomposition() -> None:
    free, dear = (analyse(ORDER, FILLS, QUOTES, TAPE, fees=fees) for fees in (0.0, 12.0))
    assert dear.shortfall - free.shortfall == pytest.approx(12)
    assert dear.wagner["fees"] == dear.perold["fees"] == 12


@pytest.mark.parametrize("fees", [math.nan, math.inf])
def test_fees_that_are_no_number_are_refused(fees: float) -> None:
    with pytest.raises(BadParameter, match="fees"):
        analyse(ORDER, FILLS, QUOTES, TAPE, fees=fees)


def test_decision_after_the_start_is_refused() -> None:
    with pytest.raises(BadParameter, match="after the order's start"):
        analyse(ORDER, FILLS, QUOTES, TAPE, decision_ns=101 * SECOND)


def test_over_fill_is_refused() -> None:
    with pytest.raises(BadParameter, match="do not fit an order of 100"):
        analyse(order(100, start_s=100, end_s=1_000), FILLS, QUOTES, TAPE)


def test_parts_in_basis_points_sum_to_the_shortfall_and_are_those_of_the_amounts() -> None:
    report = analyse(ORDER, FILLS, QUOTES, TAPE, decision_ns=50 * SECOND, fees=2.5)
    assert sum(report.parts_bps.values()) == pytest.approx(report.shortfall_bps)
    assert report.parts_bps["fees"] == pytest.approx(2.5 / 50_000 * 1e4)
    assert report.parts_bps["opportunity"] == pytest.approx(report.wagner["opportunity"] / 50_000 * 1e4)


def test_a_multiplier_scales_amounts_and_no_basis_points() -> None:
    plain = analyse(ORDER, FILLS, QUOTES, TAPE)
    future = msgspec.structs.replace(ORDER.instrument, multiplier=Decimal(50))
    report = analyse(msgspec.structs.replace(ORDER, instrument=future), FILLS, QUOTES, TAPE)
    assert report.shortfall == pytest.approx(50 * plain.shortfall)
    assert report.trading["spread"] == pytest.approx(50 * plain.trading["spread"])
    assert (plain.shortfall_bps, plain.parts_bps) == (report.shortfall_bps, report.parts_bps)
    assert plain.average_price == report.average_price


def test_without_a_multiplier_amounts_are_unknown_basis_points_are_not_and_a_note_says_why() -> None:
    plain = analyse(ORDER, FILLS, QUOTES, TAPE)
    inverse = msgspec.structs.replace(ORDER.instrument, multiplier=None)
    order_of_it = msgspec.structs.replace(ORDER, instrument=inverse)
    report = analyse(order_of_it, FILLS, QUOTES, TAPE)
    amounts = [report.shortfall, report.wagner["trading"], report.trading["spread"], report.perold["execution"]]
    assert all(map(math.isnan, amounts))
    assert (plain.shortfall_bps, plain.parts_bps) == (report.shortfall_bps, report.parts_bps)
    assert inverse.no_value_because in report.notes
    assert math.isnan(analyse(order_of_it, FILLS, QUOTES, TAPE, fees=1.0).shortfall_bps)  # Fees are money.


def test_parts_are_relative_to_arrival_where_no_decision_price_is_known() -> None:
    report = analyse(ORDER, FILLS, QUOTES, TAPE, decision_ns=-1)
    assert math.isnan(report.shortfall_bps)
    assert report.parts_bps["opportunity"] == pytest.approx(report.wagner["opportunity"] / 50_100 * 1e4)
