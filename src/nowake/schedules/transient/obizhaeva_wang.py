"""The cheapest schedule in a book that refills at one rate: a block, an even rate, a block.

Obizhaeva & Wang 2013, "Optimal trading strategy and supply/demand dynamics", Journal of Financial Markets 16. A share
moves the price by kappa, which comes back at the rate rho, and by a part that stays and that no schedule changes.

    continuous      x_0 = x_T = X / (rho T + 2),  rate rho x_0 between;            cost kappa X^2 / (rho T + 2)
    N + 1 blocks    x_0 = x_N = X / (2 + (N - 1)(1 - a)),  (1 - a) x_0 between,    a = exp(-rho T / N)

(the second in the form of Alfonsi, Fruth & Schied 2010, "Optimal execution strategies in limit order books with general
shape functions", Quantitative Finance 10). The blocks eat the book once, the rate then eats what refills.

With risk aversion lambda, the displacement D of the optimum follows from Euler's equation of the cost, which is D_T^2 /
2 kappa + rho / kappa integral of D^2, plus lambda sigma^2 integral of y^2 for what is left, y. With a = lambda sigma^2,

    beta^2 = a rho^2 / (kappa rho + a),   theta = rho (kappa rho + 2 a) / (2 (kappa rho + a)),   s = T - t,
    P = 2 exp(-beta s) (cosh beta s + theta / beta sinh beta s),
    Q = 2 exp(-beta s) (theta cosh beta s + beta sinh beta s),
    D_t = kappa X exp(-beta t) Q(s) / (rho P(T)),    y_t / X = exp(-beta t) (P(s) - Q(s) / rho) / P(T)

(derived here; the paper solves the same problem in its section on risk aversion, in other letters). Never against the
order. At beta = 0 it is the first line; for lambda to infinity all is done in the first block.

Wrong where impact is concave in size, where it is forgotten at more rates than one (use `Propagator`), and where
1 / rho is as short as a block takes to work: there is then no time for the book to be empty."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_SECOND
from nowake.models.impact.contract import Impact
from nowake.models.impact.kernel_exponential import Exponential
from nowake.models.market import MarketState, days_of
from nowake.models.terms import Floats
from nowake.schedules.almgren_chriss.liquidation import check_risk_aversion
from nowake.schedules.buckets import bucket_count
from nowake.schedules.certificate import Certificate
from nowake.schedules.clock import multiplier_of
from nowake.schedules.policy import Solved, needed, rounded
from nowake.schedules.schedule import Schedule
from nowake.schedules.transient.asked import Asked, asked, figures
from nowake.schedules.transient.laid import Laid, block_length_ns, check_block, edges_between_blocks, lay_ends
from nowake.schedules.transient.liquidation import TransientLiquidation
from nowake.schedules.transient.quadratic import residual_of

SERIES = 1e-2  # Below it sinh(x) / x - 1 is summed, for it cancels.


class ResilientBook(msgspec.Struct, frozen=True, kw_only=True):
    """The paper's problem: X shares in T sessions.

    Parameters
    ----------
    quantity, days
        X, shares, and T, sessions; above 0.
    resilience
        rho, a session; above 0.
    transient
        kappa, currency per share by which a share moves the price and which comes back; above 0.
    permanent
        Currency per share by which a share moves it for good, 0 or more.
    volatility, risk_aversion
        sigma, currency per share per sqrt(session), and lambda, per unit of currency; 0 or more.

    Raises
    ------
    BadParameter
        When a number is out of range.
    """

    quantity: float
    days: float
    resilience: float
    transient: float
    permanent: float = 0.0
    volatility: float = 0.0
    risk_aversion: float = 0.0

    def __post_init__(self) -> None:
        for name in ("quantity", "days", "resilience", "transient"):
            if not 0 < getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} must be a finite number above 0")
        for name in ("permanent", "volatility", "risk_aversion"):
            if not 0 <= getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} must be finite and 0 or more")

    @property
    def urgency(self) -> float:
        """beta, a session: how fast what is left falls between the blocks where risk matters; 0 where it does not."""
        return self.resilience * math.sqrt(self._fear * self._calm)

    @property
    def first_block(self) -> float:
        """Shares at once at the start."""
        return self.quantity * float(self._falls(self.days)) / (self.resilience * float(self._stands(self.days)))

    @property
    def last_block(self) -> float:
        """Shares at once at the end."""
        return float(self.holdings(np.array([self.days]))[0])

    def holdings(self, times_days: Floats) -> Floats:
        """What is left at instants in [0, T], after the first block and before the last."""
        left = self.days - np.asarray(times_days, dtype=np.float64)
        # P - Q / rho without its cancellation.
        shape = self._calm / 2 * (self._even(left) + 2 * self.resilience * self._odd(left))
        path: Floats = self.quantity * np.exp(-self.urgency * (self.days - left)) * shape / self._stands(self.days)
        return path

    @property
    def expected_cost(self) -> float:
        """Currency over the price before the order, without the spread: what comes back and what stays."""
        square, product, slope = self._integrals()
        beta, theta, scale = self.urgency, self._theta, float(self._stands(self.days)) ** 2
        met = (theta**2 * square + 2 * theta * beta**2 * product + beta**4 * slope) / self.resilience
        returns = self.transient * (met + 2 * math.exp(-2 * beta * self.days)) / scale
        return (returns + self.permanent / 2) * self.quantity**2

    @property
    def variance(self) -> float:
        """sigma^2 integral of the squared holdings, currency^2."""
        square, product, slope = self._integrals()
        rho, scale = self.resilience, (self._calm / 2 / float(self._stands(self.days))) ** 2
        return (self.volatility * self.quantity) ** 2 * scale * (square + 2 * rho * product + rho**2 * slope)

    def blocks(self, steps: int) -> Floats:
        """(steps + 1,) blocks at even instants, both ends included, that cost least without risk aversion.

        Raises
        ------
        BadParameter
            When steps are below 1, or there is risk aversion: `TransientLiquidation` solves that.
        """
        if steps < 1 or self.risk_aversion > 0:
            raise BadParameter(
                f"blocks in {steps} steps with risk_aversion {self.risk_aversion:g} have no closed form; give 1 or "
                "more steps and no risk aversion, or solve a TransientLiquidation"
            )
        refilled = -math.expm1(-self.resilience * self.days / steps)
        end = self.quantity / (2 + (steps - 1) * refilled)
        return np.array([end, *[refilled * end] * (steps - 1), end])

    @property
    def _calm(self) -> float:
        """kappa rho / (kappa rho + lambda sigma^2): 1 without risk aversion, towards 0 with much of it."""
        return 1 / (1 + self._fear)

    @property
    def _fear(self) -> float:
        """lambda sigma^2 / (kappa rho); what is beyond 1e300 is as good as it."""
        return min(self.risk_aversion * self.volatility**2 / (self.transient * self.resilience), 1e300)

    @property
    def _theta(self) -> float:
        return self.resilience * (1 - self._calm / 2)

    def _even(self, left: Floats | float) -> Floats:
        """2 exp(-beta s) cosh(beta s)."""
        return np.asarray(1 + np.exp(-2 * self.urgency * np.asarray(left)))

    def _odd(self, left: Floats | float) -> Floats:
        """2 exp(-beta s) sinh(beta s) / beta, over 2: s at beta = 0."""
        return np.asarray(left * mean_decay(2 * self.urgency * np.asarray(left)))

    def _stands(self, left: Floats | float) -> Floats:
        """P."""
        return self._even(left) + 2 * self._theta * self._odd(left)

    def _falls(self, left: Floats | float) -> Floats:
        """Q."""
        return self._theta * self._even(left) + 2 * self.urgency**2 * self._odd(left)

    def _integrals(self) -> tuple[float, float, float]:
        """4 exp(-2 beta T) times the integrals over s of cosh^2, of cosh sinh / beta and of sinh^2 / beta^2."""
        T, x = self.days, 2 * self.urgency * self.days
        gone, twice = math.exp(-x), float(mean_decay(2 * x))
        square = 2 * T * (gone + twice)
        product = 2 * T**2 * float(mean_decay(x)) ** 2
        excess = gone * (1 / 6 + x**2 / 120) if x < SERIES else (twice - gone) / x**2
        return square, product, 8 * T**3 * excess


def mean_decay(x: Floats | float) -> Floats:
    """(1 - exp(-x)) / x, 1 at 0."""
    x = np.asarray(x, dtype=np.float64)
    safe = np.where(x > 0, x, 1.0)
    return np.where(x > 0, -np.expm1(-safe) / safe, 1.0)


class ObizhaevaWang(msgspec.Struct, frozen=True):
    """Policy: a block, evenly what refills, a block.

    Parameters
    ----------
    model
        Impact that decays at one rate and is linear: `impact.ObizhaevaWang`.
    risk_aversion
        lambda, per unit of currency, as for `AlmgrenChriss`.
    bucket_ns, n
        Longest a bucket between the blocks may be, or how many; by default one minute, or a tenth of a shorter window.
    block_ns
        Time each block is worked in, evenly; by default a second, or a hundredth of a window under 100 seconds.
    """

    model: Impact
    risk_aversion: float = 0.0
    bucket_ns: int | None = None
    n: int | None = None
    block_ns: int | None = None

    def __post_init__(self) -> None:
        check_risk_aversion(self.risk_aversion)
        check_block(self.block_ns)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The optimal schedule of one order in one market, its cost and risk after rounding to lots.

        Raises
        ------
        BadParameter
            Without a market, when impact does not decay at one rate, nothing moves the price, or the window is too
            short for two blocks and the buckets between them.
        """
        market = needed(market, "a schedule for transient impact")
        read, solved = asked(self.model, order, market), self.solved(order, market)
        book = self._book(order, market, read)
        return rounded(
            "Obizhaeva-Wang",
            order,
            solved,
            market=market,
            **figures(read, order, market, solved),
            inputs={
                "risk_aversion": self.risk_aversion,
                "resilience": book.resilience,
                "transient": book.transient,
                "permanent": book.permanent,
                "volatility": book.volatility,
                "days": book.days,
                "block_seconds": block_length_ns(order, self.block_ns) / NS_PER_SECOND,
            },
            notes=(*read.notes, *self._laid(order).notes),
        )

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        """The optimum before rounding, by the closed form where there is no risk aversion; errors as for `plan`."""
        read = asked(self.model, order, market)
        book, laid = self._book(order, market, read), self._laid(order)
        problem = self._problem(book, laid)
        if self.risk_aversion > 0:
            found = problem.optimum()
            return Solved(edges_ns=laid.edges_ns, trades=found.trades, certificate=found.certificate)
        end = book.first_block
        trades = np.array([end, *(book.resilience * end * problem.lengths_days[1:-1]), end])
        trades *= book.quantity / trades.sum()
        quadratic = problem.quadratic()
        certificate = Certificate(
            method="closed form",
            kind="closed form",
            value=residual_of(quadratic, trades),
            objective=quadratic.objective(trades),
        )
        return Solved(edges_ns=laid.edges_ns, trades=trades, certificate=certificate)

    def objective(self, order: ParentOrder, market: MarketState, trades: Floats) -> float:
        """Cost plus risk aversion times variance of a block, even buckets and a block, in price times quantity."""
        if (trades < 0).any():
            return math.inf
        book = self._book(order, market, asked(self.model, order, market))
        return self._problem(book, self._laid(order)).quadratic().objective(trades)

    def _book(self, order: ParentOrder, market: MarketState, read: Asked) -> ResilientBook:
        if not isinstance(read.kernel, Exponential) or read.temporary > 0 or read.response.pressure.exponent != 1:
            raise BadParameter(
                f"{self.model.name} is not linear impact that decays at one rate; use Propagator, which takes any decay"
            )
        if not read.push > 0:
            raise BadParameter(
                f"nothing moves the price (impact {read.push:g}, volatility {market.daily_volatility.value:g}), so "
                "every schedule costs the same; give a model and a market in which trading does"
            )
        return ResilientBook(
            quantity=order.quantity,
            days=days_of(order),
            resilience=read.kernel.rate,
            transient=read.push,
            permanent=read.permanent,
            volatility=market.volatility,
            risk_aversion=self.risk_aversion * multiplier_of(order),
        )

    def _problem(self, book: ResilientBook, laid: Laid) -> TransientLiquidation:
        return TransientLiquidation(
            quantity=book.quantity,
            kernel=Exponential(book.resilience),
            push=book.transient,
            edges_days=laid.even_days,
            blocks_days=laid.blocks_days,
            permanent=book.permanent,
            volatility=book.volatility,
            risk_aversion=book.risk_aversion,
        )

    def _laid(self, order: ParentOrder) -> Laid:
        """The paper's blocks take no time, and even trading fills all of it between them."""
        block, count = block_length_ns(order, self.block_ns), bucket_count(order, bucket_ns=self.bucket_ns, n=self.n)
        return lay_ends(order, edges_between_blocks(order, count, block), block)
