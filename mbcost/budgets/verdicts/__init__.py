"""The verdict of a check: for a terminal, a pull request, GitHub's annotations, JUnit readers, and as a table of results."""
