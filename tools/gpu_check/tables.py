"""The report's tables."""
from measurements import HALF, KINDS, NETWORKS, NOT_RUN, PRECISIONS, best, rate


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)] + ["| " + " | ".join(r) + " |" for r in rows]


def evaluation_table(evaluations):
    def number(row, key, form):
        return format(row[key], form) if key in row else "-"
    rows = []
    for network in NETWORKS:
        for precision in PRECISIONS:
            for kind in KINDS if precision in HALF else ("own", "cudnn"):
                row = next((e for e in evaluations if (e["network"], e["precision"], e["convolution"]) ==
                            (network, precision, kind)), None)
                rows.append([f"{network} {precision} {kind}"] +
                            ([number(row, "largest_score_difference_from_cpu", ".1e"),
                              number(row, "largest_metric_difference_from_fp32", ".3f")] if row else [NOT_RUN] * 2))
    return table(["network, precision, convolution", "largest difference of a score", "of a metric, percentage points"],
                 rows)


def rate_table(ours, theirs):
    def way(network, precision, start, end):
        row = best([r for r in theirs if r.get("way", "").startswith(start) and r["way"].endswith(end)],
                   network=network, precision=precision)
        errors = [r["error"].split(":")[0] for r in theirs if (r.get("network"), r.get("precision")) ==
                  (network, precision) and r.get("way", "").startswith(start) and r["way"].endswith(end) and
                  "error" in r]
        return f"{rate(row)} (batch {row['batch']})" if row else errors[0] if errors else NOT_RUN
    rows = []
    for network in NETWORKS:
        for precision in PRECISIONS:
            kinds = [best(ours, network=network, precision=precision, convolution=kind) for kind in KINDS]
            ours_best = best([r for r in kinds if r])
            torch = best(theirs, network=network, precision=precision)
            limits = [f"{ours_best[key]:.0%}" if ours_best and key in ours_best else "-"
                      for key in ("fraction_of_peak", "fraction_of_bandwidth_floor")]
            rows.append([network, precision, rate(kinds[0]), rate(kinds[1]) if precision in HALF else "-",
                         rate(kinds[2]), *limits, way(network, precision, "eager", "NCHW"),
                         way(network, precision, "eager", "channels_last"),
                         way(network, precision, "compiled", "") if precision == "fp16" else "-",
                         f"{ours_best['images_per_second'] / torch['images_per_second']:.2f}"
                         if ours_best and torch else "-"])
    return table(["network", "precision", "ours, own convolutions", "ours, wgmma", "ours, cuDNN", "of peak",
                  "of bandwidth floor", "PyTorch, NCHW", "PyTorch, channels_last", "PyTorch, compiled",
                  "ours / PyTorch, the fastest"], rows)


def kernel_table(kernels):
    rows = []
    for k in kernels:
        rows.append([k["network"], k["pass"], k["shape"], k["precision"],
                     *(f"{k[name]:.1f}" if name in k else "-" for name in (
                         "plain_tflops", "implicit-gemm_tflops", "wgmma_tflops", "library_tflops"))])
    for precision in ("fp16", "tf32"):
        if not any(k["precision"] == precision for k in kernels):
            rows.append(["-", "-", "-", precision] + [NOT_RUN] * 4)
    return table(["network", "pass", "shape", "precision", "plain", "own (mma.sync)", "own (wgmma)", "cuDNN or cuBLAS"],
                 rows)
