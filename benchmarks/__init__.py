"""How fast, measured: `make bench`. Budgets are ratios of figures from one run, never times."""
