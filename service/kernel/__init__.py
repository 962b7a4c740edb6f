"""What every domain stands on; it knows no domain word."""
