"""fetch_data --list: what is there, what is missing, how large it is and where it goes."""
from fetching.store import stored_network


def place_and_state(item, options):
    if item.folder:
        folder = options.data_dir / item.folder
        there = folder.is_dir() and any(folder.iterdir())
        return item.folder, "yes" if there else "no"
    if (options.weights_dir / f"{item.name}.h5").exists():
        return f"{item.name}.h5", "yes"
    return f"{item.name}.h5", "convert" if stored_network(item, options) else "no"


def size_of(item):
    return f"{item.size / 1e6:.0f} MB" if item.size >= 1e7 else f"{item.size / 1e6:.1f} MB" if item.size else "?"


def listing(catalogue, options):
    """The lines of the table. Sizes are those of the downloads, where they are known."""
    rows = [("name", "what", "download", "goes to", "there")]
    for item in catalogue.items.values():
        rows.append((item.name, item.title, size_of(item), *place_and_state(item, options)))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for name, what, size, place, state in rows:
        lines.append(f"{name:{widths[0]}} {what:{widths[1]}} {size:>{widths[2]}} {place:{widths[3]}} {state}")
    return lines + ["", f"Sets go below {options.data_dir} (--data-dir), networks below {options.weights_dir} "
                    "(--weights-dir)."]
