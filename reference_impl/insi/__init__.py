"""Client of the INSi teleservice (SEL-MP-043): search of an INS by traits of identity."""
