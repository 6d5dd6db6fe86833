"""What desks call the columns of a file of orders: guessed only to be suggested, never to be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from nowake.data.text import shortened
from nowake.domain.errors import BadParameter

_MOST_SHOWN = 600

# Compared in small letters, without blanks, signs and trailing digits: "Cum_Qty" and "cumqty", "ADV20" and "adv".
_ALIASES = {
    "order_id": "id orderid parentid parentorderid clordid parent ordernumber orderno ordid metaorderid",
    "symbol": "ticker sym ric instrument instrumentid security securityid isin sedol cusip stock asset product",
    "side": "direction buysell bs way verb action orderside tradeside dir sign",
    "quantity": "qty shares size executedqty filledqty execqty executedquantity filledquantity cumqty cumquantity "
    "execshares executedshares filledshares orderqty orderquantity ordersize totalqty doneqty amount",
    "start": "starttime arrivaltime ordertime created creationtime begin begintime arrivaldatetime starttimestamp "
    "releasetime entrytime decisiontime submittime arrivalts startts time timestamp",
    "end": "endtime lastfilltime completed completiontime completion finish finishtime completedtime donetime endts "
    "endtimestamp stoptime lastexectime",
    "arrival_price": "arrival arrivalmid arrivalpx strike strikeprice decisionprice decisionpx arrivalmidprice "
    "benchmarkprice startmid startprice s",
    "average_price": "avgprice avgpx execprice executionprice fillvwap averagepx avgexecprice avgfillprice execpx "
    "averageexecutionprice averagefillprice execvwap meanprice",
    "volatility": "vol sigma dailyvol dailyvolatility dailysigma histvol historicalvolatility realizedvol realisedvol "
    "volpct volatilitypct dailyvolpct",
    "daily_volume": "adv advshares avgdailyvolume averagedailyvolume mdv mediandailyvolume dayvolume avgvolume volume",
    "spread_bps": "spread avgspread avgspreadbps averagespread quotedspread quotedspreadbps bidask bidaskbps "
    "bidaskspread bidaskspreadbps arrivalspread arrivalspreadbps",
    "daily_volatility": "volatility vol sigma dailyvol dailysigma histvol historicalvolatility realizedvol realisedvol "
    "volpct dailyvolpct",
    "price": "px last lastpx lastprice mid midprice close closeprice prevclose refprice referenceprice arrivalprice",
    "lot_size": "lot lotsize roundlot boardlot lots minlot",
    "tick_size": "tick ticksize",
    "multiplier": "contractsize contractmultiplier pointvalue",
    "currency": "ccy cur crncy tradingcurrency",
    "sector": "industry gics gicssector icb group industrygroup",
    "beta": "marketbeta adjbeta betatomarket",
    "days": "horizon horizondays sessions daystotrade",
    "limit": "limitprice limitpx lmt",
    "fill_time": "exectime transacttime tradetime executiontime filltimestamp fillts",
    "fill_price": "lastpx lastprice fillpx execprice tradeprice price px",
    "fill_quantity": "lastqty lastshares lastquantity fillqty fillshares fillsize execqty tradeqty quantity qty",
}


class MissingColumns(BadParameter):
    """A file lacks columns; the message says which, what it has instead, and how to name them, as in Python.

    Parameters
    ----------
    file, missing
        Name of the file, and our names of what it lacks.
    headings
        Its own names.
    suggested
        Their name -> ours, for what may be meant.
    rest
        A last sentence.
    """

    def __init__(
        self, file: str, missing: Iterable[str], headings: Iterable[str], suggested: Mapping[str, str], rest: str = ""
    ) -> None:
        self.suggested, self._rest = dict(suggested), rest
        self._start = f"{file} has no {', '.join(missing)}; it has {shortened(', '.join(headings), _MOST_SHOWN)}"
        super().__init__(self._told(f"columns={self.suggested}", "columns={'your name': 'our name'}"))

    def in_shell(self) -> str:
        """The message with the entries as options of the command line."""
        options = " ".join(f"--column {_quoted(f'{theirs}={ours}')}" for theirs, ours in self.suggested.items())
        return self._told(options, "--column YOURS=OURS")

    def _told(self, entries: str, form: str) -> str:
        how = f"if these are they, give {entries}" if self.suggested else f"say which is which with {form}"
        return "; ".join(filter(None, (self._start, how, self._rest)))


def look_alikes(headings: Iterable[str], needed: Iterable[str]) -> dict[str, str]:
    """Their name -> ours, for those of ours that one of theirs looks like; each of theirs stands for one of ours."""
    theirs = {_plain(name): name for name in reversed(list(headings))}
    found: dict[str, str] = {}
    for ours in needed:
        for alias in map(_plain, (ours, *_ALIASES.get(ours, "").split())):
            if alias in theirs and theirs[alias] not in found:
                found[theirs[alias]] = ours
                break
    return found


def looks_of_fills(headings: Iterable[str]) -> bool:
    """Whether the names are rather those of a row a fill than of a row an order."""
    names = list(headings)
    fills = look_alikes(names, ("fill_time", "fill_price", "fill_quantity"))
    return len(fills) > max(1, len(look_alikes(names, ("end", "average_price", "quantity"))))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _quoted(text: str) -> str:
    return f"'{text}'" if re.search(r"[^\w=.:/+-]", text) else text
