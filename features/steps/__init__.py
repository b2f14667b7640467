"""Steps, one module per subject; sentences a tester would say."""
