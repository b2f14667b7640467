"""Reading an appli carte Vitale: calls, answers, and the context of each professional."""
