"""Clinical documents: the PDF/A-1b letter, the CDA R2 N1 around it, the XDM archive."""
