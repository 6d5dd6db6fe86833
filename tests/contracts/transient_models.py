"""Impact models with memory that the battery goes over."""

from nowake.models.impact import Impact

TRANSIENT_MODELS: list[Impact] = []
