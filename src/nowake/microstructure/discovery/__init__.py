"""Where the price is made: information shares of markets that trade one thing, and who leads whom."""
