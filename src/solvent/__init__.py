"""Solvent keeps software that calls language models solvent: each call is paid before it is sent, booked once."""
