"""Ordonnances: what they say, the drug base, their numbers, and the service that keeps them."""
