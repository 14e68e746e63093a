"""Measurements with bounds, run by ``make bench`` on a quiet machine; pytest collects none of them."""
