"""The DMP: existence, authorisation, deposit, search and retrieval of documents."""
