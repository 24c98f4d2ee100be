"""The decisions that need measurements on a GPU: the default precision, and the fastest convolutions."""
import math

from evaluations import by_metrics
from measurements import HALF, KINDS, NETWORKS, PRECISIONS, best, rate


def default_precision(network, ours, evaluations):
    """The fastest row whose precision and convolution have fp32's metrics, or None; and the precisions that could be
    faster but were not measured."""
    unknown = [p for p in PRECISIONS if not any(r.get("network") == network and r.get("precision") == p and
                                                "images_per_second" in r for r in ours) or
               not any(e["network"] == network and e["precision"] == p and
                       "largest_metric_difference_from_fp32" in e for e in evaluations)]
    return best(by_metrics(network, ours, evaluations)[0]), unknown


def decisions(ours, evaluations, kernels, checks):
    """One sentence per decision."""
    parts = []
    for network, title in NETWORKS.items():
        row, unknown = default_precision(network, ours, evaluations)
        text = f"{row['precision']} ({row['convolution']}, {rate(row)} images/s)" if row else "undecided"
        parts.append(f"{title} {text}" + (f", without knowing {' and '.join(unknown)}" if unknown else ""))
    failed = any(result.startswith("failed") for result in checks.values())
    found = [f"default precision: {'; '.join(parts)}.{' But something failed, see above.' if failed else ''}"]

    def faster(k):
        return k["wgmma_tflops"] > k["implicit-gemm_tflops"]
    both = [k for k in kernels if "wgmma_tflops" in k and "implicit-gemm_tflops" in k]
    for network in dict.fromkeys(k["network"] for k in both):
        shapes = [f"{k['shape']} {k['pass']} {k['precision']} "
                  f"({k['wgmma_tflops'] / k['implicit-gemm_tflops']:.2f} x)"
                  for k in both if k["network"] == network and faster(k)]
        count = sum(k["network"] == network for k in both)
        found.append(f"wgmma beats own (mma.sync) in {len(shapes)} of {count} convolutions of {network}"
                     f"{': ' if shapes else ''}{', '.join(shapes)}.")
    if not both:
        found.append("wgmma against own (mma.sync): no convolution was timed with both.")

    # Over the networks and precisions that were timed with every kind.
    rates = {}
    for network in NETWORKS:
        for precision in HALF:
            rows = [best(ours, network=network, precision=precision, convolution=kind) for kind in KINDS]
            if all(rows):
                rates[network, precision] = [r["images_per_second"] for r in rows]
    if rates:
        means = [math.exp(sum(math.log(r[i]) for r in rates.values()) / len(rates)) for i in range(len(KINDS))]
        order = sorted(zip(means, KINDS), reverse=True)
        found.append(f"fastest convolution: {order[0][1]} (geometric mean of images/s over "
                     f"{', '.join(f'{NETWORKS[n]} {p}' for n, p in rates)}: "
                     f"{', '.join(f'{kind} {mean:,.0f}' for mean, kind in order)}).")
    else:
        found.append("fastest convolution: undecided, nothing was timed with all three.")
    return found
