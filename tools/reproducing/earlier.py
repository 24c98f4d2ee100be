"""What a RESULTS.md that is there says of networks that are not evaluated now."""
import itertools


class Earlier:
    """Gives lines as they are: none of a network that was evaluated now, nor of one that the file does not know."""

    def __init__(self, text, evaluated):
        self.lines, self.evaluated = text.splitlines(), evaluated

    def section(self, level, name):
        """A network's section under a heading of that level, with the heading."""
        heading = f"{'#' * level} {name}"
        if name in self.evaluated or heading not in self.lines:
            return []
        below = self.lines[self.lines.index(heading) + 1:]
        return [heading, *itertools.takewhile(lambda line: not line.startswith("#"), below)]

    def rows(self, first, name):
        """A network's rows of the table with this first line."""
        if name in self.evaluated or first not in self.lines:
            return []
        table = itertools.takewhile(lambda line: line.startswith("|"), self.lines[self.lines.index(first):])
        return [line for line in table if line.startswith(f"| {name} |")]
