"""The register of cases: numbers, states, lists, how long they are kept."""
