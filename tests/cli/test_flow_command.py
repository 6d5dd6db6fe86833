"""`nowake flow` and `nowake discover`, as a user meets them."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_commands import answer, nowake


def test_flow_answers_with_every_part_and_its_intervals() -> None:
    found = answer("flow", "generated", "--start", "10:00", "--end", "11:30")
    parts = {part["part"]: part for part in found["parts"]}
    assert {"Who took", "What trading costs", "Order flow", "Toxicity", "Efficiency", "Regimes"} <= set(parts)
    for part in parts.values():
        assert all(row["low"] <= row["value"] <= row["high"] for row in part["findings"])
    assert all(0 <= value <= 1 for value in found["vpin"]["value"] if value is not None)
    assert {row["rule"] for row in found["rules"] if row["rule"]} == {"tick", "quote", "lee-ready", "emo", "clnv"}
    assert len(found["regimes"]["names"]) == 5


def test_flow_writes_a_page_that_says_how_to_make_it_again_and_needs_no_network(tmp_path: Path) -> None:
    page = tmp_path / "flow.html"
    result = nowake("flow", "generated", "--end", "11:00", "--html", str(page), "--pictures", str(tmp_path / "drawn"))
    assert result.returncode == 0, result.stderr
    text = page.read_text()
    assert "nowake flow generated --end 11:00" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert {"flow-markouts.svg", "flow-toxicity.svg", "flow-imbalance.svg", "flow-regimes.svg"} == {
        path.name for path in (tmp_path / "drawn").iterdir()
    }


def test_wrong_questions_to_flow_are_one_line_each() -> None:
    for arguments, said in (
        (("--level", "95"), "level 95.0 must be between 0 and 1"),
        (("--bar", "soon"), "duration 'soon' is not a number with a unit"),
        (("--start", "12:00", "--end", "11:00"), "is empty; give a later end"),
        (("--since", "2012-06-31"), "--since '2012-06-31' is not a date"),
        (("--bucket", "-5"), "-5"),
    ):
        result = nowake("flow", "generated", *arguments)
        assert result.returncode == 2, (arguments, result.stdout)
        assert said in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1


def test_discover_needs_two_markets_that_are_not_the_same_one() -> None:
    for sources, said in (
        (("generated",), "alone has nobody to share a price with"),
        (("generated", "generated"), "are one market; name two or more"),
    ):
        result = nowake("discover", *sources)
        assert result.returncode == 2
        assert said in result.stderr


def test_markets_that_share_no_price_are_refused_and_told_why() -> None:
    result = nowake("discover", "generated:1", "generated:2", "--every", "5s", "--sweep", "5s")
    assert result.returncode == 2
    assert "cointegration does not hold" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_both_explain_themselves() -> None:
    for command, said in (("flow", "what trading costs by venue"), ("discover", "information share with its bounds")):
        result = nowake(command, "--help")
        assert result.returncode == 0
        assert said in " ".join(result.stdout.split())
