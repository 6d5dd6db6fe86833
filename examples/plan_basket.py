"""When to trade how much of many orders? A two-sided basket, planned as a whole and line by line."""

import warnings

import nowake as nw
from nowake.schedules.portfolio import EvenBasket, Limits, OptimalBasket

# Twelve buys and twelve sells of made-up stocks; it is told what was assumed for lack of a covariance.
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    basket = nw.load_basket("demo")
print(basket)
print(*(warning.message for warning in told), sep="\n")

limits = Limits(max_participation=0.2, dollar_band=0.02, sector_band=0.05, cash_band=0.05)
plans = {
    "even": nw.plan_basket(basket, EvenBasket()),
    "neutral": nw.plan_basket(basket, risk_aversion="neutral", limits=limits),
    "aggressive": nw.plan_basket(basket, risk_aversion="aggressive", limits=limits),
    "own λ, half hours": nw.plan_basket(basket, OptimalBasket(risk_aversion=3e-6, limits=limits, buckets=12)),
}
print("\nplan                cost bps  risk bps  widest net  known to")
for name, plan in plans.items():
    widest = abs(plan.exposure("dollar")).max()
    known = "" if plan.certificate is None else f"{plan.certificate.value:.0e}"
    print(f"{name:<18} {plan.expected_cost_bps:9.1f} {plan.risk_bps:9.1f} {widest:11,.0f}  {known}")

plan = plans["neutral"]
print(f"\nheld back by: {', '.join(plan.binding)}")
print("\nwhat each sector brings of the risk at the start, and of what is left at half time")
shares = plan.risk_left / plan.risk_left.sum(axis=1, keepdims=True).clip(1e-9)
for sector in sorted({line.sector for line in basket.lines}):
    inside = [line.sector == sector for line in basket.lines]
    print(f"{sector:<10} {shares[0, inside].sum():7.0%} {shares[len(shares) // 2, inside].sum():7.0%}")

follow = plan.follow()  # An algorithm a line, for simulate or paper.
print(f"\n{follow[0].order}: {follow[0].schedule.lots[:8]} ... = {sum(follow[0].schedule.lots)} lots")
