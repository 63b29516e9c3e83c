"""Neutral vector bosons that mix: masses, couplings, what they shift, and what is exchanged between quarks and new particles."""
