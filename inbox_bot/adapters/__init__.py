"""Adapters: one outside library each; none knows another."""
