"""The inverse question: the best network of a family within limits, exactly."""
