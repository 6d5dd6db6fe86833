import xml.etree.ElementTree as ET

import numpy as np
from tests.unit.models.volume_days import session_on, simulated, weekday

from nowake.models.volatility import Diurnal
from nowake.models.volume import average_curve
from nowake.reports.pictures.seasonality import seasonality

CURVE = average_curve(simulated(12, 26))
DIURNAL = Diurnal.fit(np.random.default_rng(1).normal(0, 0.01, (20, 26)))


def test_picture_of_volume_alone_has_one_panel_and_of_both_two() -> None:
    session = session_on(weekday(11))
    one, two = seasonality(CURVE, session), seasonality(CURVE, session, DIURNAL)
    assert "volatility" not in one.alt
    assert "volatility is at most" in two.alt
    named = seasonality(CURVE, session, source="bars:XYZ")
    assert named.title == "Volume and volatility over the day: bars:XYZ"
    assert str(session.date) not in named.svg
    assert "mean of 12 days; lines are 95% intervals" in two.svg
    for picture in (one, two):
        ET.fromstring(picture.svg)
    assert seasonality(CURVE, session, DIURNAL) == two
