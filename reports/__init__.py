"""Reports: one stream of events in, HTML, JSON, JUnit XML and Cucumber JSON out."""
