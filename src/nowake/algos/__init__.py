"""Algorithms: each a frozen record of parameters with one pure method, decide(). Its parameters are the algorithm."""

from nowake.algos.adaptive import Adaptive
from nowake.algos.follow import Follow
from nowake.algos.iceberg import Iceberg
from nowake.algos.participate import Participate
from nowake.algos.post import Post
from nowake.algos.shortfall import Shortfall
from nowake.algos.twap import Twap
from nowake.algos.vwap import Vwap

Algorithm = Twap | Vwap | Participate | Shortfall | Iceberg | Follow | Adaptive | Post

__all__ = ["Adaptive", "Algorithm", "Follow", "Iceberg", "Participate", "Post", "Shortfall", "Twap", "Vwap"]
