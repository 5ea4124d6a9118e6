"""Those who petition, in a store of their own."""
