"""How much it costs to trade against those who know more: VPIN, PIN, mark-outs, components of the spread."""
