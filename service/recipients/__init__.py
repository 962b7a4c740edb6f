"""Who else gets data (Art. 4(9)), and how they and the person are told."""
