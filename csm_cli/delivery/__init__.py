"""Delivery: chapters become the files that a shop, a player and an editor take. No torch."""
