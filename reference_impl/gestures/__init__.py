"""What a user can do with the LGC: one function for each action of the driver contract."""
