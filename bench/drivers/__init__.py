"""How a campaign moves a practice-management software.

Four ways, one wording of the steps: ``reference`` starts the reference LGC,
``http`` speaks the driver contract to a product, ``command`` runs an executable
per gesture, ``manual`` shows the gesture to a tester.
"""

from bench.drivers.base import ActionOutcome, ActionResult, Driver, DriverError

__all__ = ["ActionOutcome", "ActionResult", "Driver", "DriverError"]
