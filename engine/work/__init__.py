"""What the engine does by itself: due jobs, deliveries and timers, at ticks and in threads."""
