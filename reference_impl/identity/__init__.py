"""Patient identity: traits, trust of the evidence, life cycle (RNIV, guide INS)."""
