"""nowake plans, executes and measures large orders so that they leave as little wake in the market as possible."""
