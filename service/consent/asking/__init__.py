"""Who must be asked, and whose answer ends, when one bundle takes the place of another."""
