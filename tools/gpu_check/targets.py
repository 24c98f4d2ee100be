"""Whether each network is as fast as it should be."""
from evaluations import by_metrics
from measurements import HALF, NETWORKS, NOT_RUN, PRECISIONS, best

# By network: how many times faster than PyTorch, and which share of which limit (a field of odin_bench).
TARGETS = {"densenet_bc_100": (3.0, "fraction_of_bandwidth_floor", "the bandwidth floor", 0.5),
           "wrn_28_10": (1.3, "fraction_of_peak", "the measured peak", 0.6)}


def targets(ours, theirs, evaluations):
    """One sentence per network. Only rows with fp32's metrics meet a target."""
    def most(rows, key):
        return max((r for r in rows if key in r), key=lambda r: r[key], default=None)

    found = []
    for network, (factor, share, of, least) in TARGETS.items():
        good, unknown = by_metrics(network, ours, evaluations)
        timed = [r for r in ours if r.get("network") == network]

        def counting(key, precisions):
            """The row with the largest value, and a function that words the verdict on it."""
            rows, others, all_rows = ([r for r in rows if r["precision"] in precisions]
                                      for rows in (good, unknown, timed))
            row, other = most(rows, key), most(others, key)
            if not row and not other:
                return None, lambda _: ("not met, nothing that was timed has fp32's metrics" if most(all_rows, key)
                                        else NOT_RUN)
            if not row:
                return other, lambda enough: f"{'undecided' if enough else 'not met'}, its metrics are unknown"
            more = f"{other['precision']} {other['convolution']}" if other and other[key] > row[key] else ""
            return row, lambda enough: ("met" if enough else "not met") + (
                f", without knowing the metrics of {more}, which has more" if more else "")

        (a, said), b = counting("images_per_second", PRECISIONS), best(theirs, network=network)
        if a and b:
            ratio = a["images_per_second"] / b["images_per_second"]
            text = f"{ratio:.2f} x the fastest PyTorch ({a['precision']} against {b['precision']}, {b['way']})"
            text += f", at least {factor}: {said(ratio >= factor)}"
            if not best([r for r in theirs if r.get("way", "").startswith("compiled (max-autotune")], network=network):
                text += ", but without torch.compile at its best"
        else:
            text = f"{factor} x the fastest PyTorch: {said(False) if b else NOT_RUN}"
        half, said = counting(share, HALF)
        if half:
            text += f"; {half[share]:.0%} of {of} in half precision, aim {least:.0%}: {said(half[share] >= least)}"
        else:
            text += f"; {least:.0%} of {of}: {said(False)}"
        if a:
            text += f"; 18,000 images in {18000 / a['images_per_second']:.2f} s"
        found.append(f"{NETWORKS[network]}: {text}.")
    return found
