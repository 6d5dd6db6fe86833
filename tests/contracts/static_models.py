"""Impact models without memory that the battery goes over, one of each kind and one far from its defaults."""

from nowake.models.impact import Impact, Linear, Reading, SquareRoot

STATIC_MODELS: list[Impact] = [
    Linear(gamma=2.5e-7, eta=2.5e-6, epsilon=0.0625).known_to(gamma=1e-7, eta=1e-6, epsilon=0.01),
    SquareRoot(),
    SquareRoot(y=0.7, reading=Reading.PEAK, relaxed=0.25),
]
