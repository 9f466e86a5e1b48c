"""Delivery: chapters on tape become the files that a shop, a player and an editor take. No torch, no scripts."""
