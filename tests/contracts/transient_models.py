"""Impact models with memory that the battery goes over."""

from nowake.models.impact import Impact, ObizhaevaWang, Propagator, Transient, kernels

TRANSIENT_MODELS: list[Impact] = [
    ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0).known_to(permanent=0.1, transient=1.0, resilience=8.0),
    Propagator(y=0.8, gamma=0.5, delta=0.6).known_to(y=0.2, gamma=0.05, delta=0.1),
    Propagator(y=2.0, gamma=0.45, delta=0.9),
    Transient(
        permanent=0.2,
        transient=4.0,
        kernel=kernels.MultiExponential(weights=(0.6, 0.3, 0.1), rates=(300.0, 20.0, 0.5)),
    ),
    Transient(permanent=0.05, transient=1.0, kernel=kernels.ShiftedPowerLaw(exponent=0.4, cutoff_days=1e-3)),
    Transient(permanent=0.1, transient=2.0, kernel=kernels.CappedLinear(horizon_days=0.07)),
    Transient(permanent=0.1, transient=0.5, kernel=kernels.PowerLaw(0.6)),
]
