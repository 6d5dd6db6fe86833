"""Who began each trade, the buyer or the seller, and how sure that is."""
