"""Impact models without memory that the battery goes over, one of each kind and one far from its defaults."""

from nowake.models.impact import (
    Almgren2005,
    Impact,
    IStar,
    Kyle,
    Linear,
    Logarithmic,
    PowerLaw,
    Reading,
    Reference,
    Saturating,
    SquareRoot,
    TwoPart,
)

# Prefactor and exponent of a fit far from a day's volume: correlated to 0.9.
CORRELATED = ((0.04, 0.0144), (0.0144, 0.0064))

STATIC_MODELS: list[Impact] = [
    Linear(gamma=2.5e-7, eta=2.5e-6, epsilon=0.0625).known_to(gamma=1e-7, eta=1e-6, epsilon=0.01),
    SquareRoot(),
    SquareRoot(y=0.7, reading=Reading.PEAK, relaxed=0.25),
    PowerLaw(y=0.9, exponent=0.6, covariance=CORRELATED),
    PowerLaw(y=1.2, exponent=0.35, reading=Reading.PEAK, relaxed=0.5, covariance=CORRELATED),
    Logarithmic(a=0.06, b=0.002).known_to(a=0.01, b=0.001),
    Logarithmic(a=0.06, b=0.03, reading=Reading.PEAK, relaxed=1.0).known_to(a=0.01),
    Saturating(a=0.3, b=0.05).known_to(a=0.1, b=0.02),
    Saturating(a=0.3, b=0.2, reading=Reading.PEAK, relaxed=0.0),
    TwoPart(alpha=0.2, gamma=0.3).known_to(alpha=0.05, beta=0.05, gamma=0.1),
    TwoPart(alpha=0.01, beta=0.4, gamma=0.1, reference=Reference.TRADE),
    TwoPart(alpha=0.5, beta=1.2, gamma=0.5, reference=Reference.DAY),
    Kyle(kyle_lambda=1e-6).known_to(kyle_lambda=2e-7),
    Kyle(kyle_lambda=1e-5, volatility_exponent=0.5, periods=13),
    Almgren2005(),
    Almgren2005(beta=0.5, delta=-0.1).known_to(gamma=0.041, eta=0.0062, beta=0.038, delta=0.22),
    IStar(a1=700, a2=0.55, a3=0.7, a4=0.5, b1=0.95).known_to(a1=50, a2=0.05, a3=0.05, a4=0.05, b1=0.02),
    IStar.from_percent_and_bps(a1=25, a2=0.38, a3=0.28),
]
