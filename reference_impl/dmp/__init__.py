"""The DMP as a client sees it: VIHF, TD0.2, TD0.3, TD2.1, TD3.1, TD3.2."""
