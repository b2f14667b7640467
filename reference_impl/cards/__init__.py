"""Cards of the LGC: the professional's CPS, which signs, and the patient's carte Vitale."""
