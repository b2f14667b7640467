"""``segur-bench benchmark``: what the simulators cost, measured in one run.

Absolute times say more of the machine than of the bench, so every figure that can
be is put beside a bare server given the same octets by the same clients, turn by
turn (A B A B). Rates are those of whole messages, each one distinct, as the
reference LGC wrote and signed it.

- :mod:`.figures`: medians, percentiles, ratios; no clock here;
- :mod:`.plan`: how many of everything;
- :mod:`.processes`: the simulators, the bare servers, each in a process of its own;
- :mod:`.subject`, :mod:`.bare_http`, :mod:`.bare_smtp`: what those processes run;
- :mod:`.capture`: messages written by the reference LGC, taken from the journal;
- :mod:`.clients`, :mod:`.load`, :mod:`.round_trips`, :mod:`.startup`: the measures;
- :mod:`.peers`: GreenMail and maildev, on demand;
- :mod:`.running`: the whole of it, in order; :mod:`.screen`: what is printed.
"""
