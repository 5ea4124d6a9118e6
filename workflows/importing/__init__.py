"""What is taken over from elsewhere."""
