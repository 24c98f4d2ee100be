"""The report's tables."""
from measurements import HALF, KINDS, NETWORKS, NOT_RUN, PRECISIONS, best, rate


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)] + ["| " + " | ".join(r) + " |" for r in rows]


def evaluation_table(evaluations):
    def number(row, key, form):
        return format(row[key], form) if key in row else "-"
    rows = [[f"{e['network']} {e['precision']} {e['convolution']}",
             number(e, "largest_score_difference_from_cpu", ".1e"), number(e, "mean_score_difference_from_cpu", ".1e"),
             number(e, "largest_metric_difference_from_fp32", ".3f")] for e in evaluations if e["precision"] != "cpu"]
    return table(["evaluation", "largest difference of a score from the CPU's", "on average",
                  "of a metric from fp32's, percentage points"], rows or [["-", NOT_RUN, NOT_RUN, NOT_RUN]])


def figure_table(evaluations):
    """ODIN's figures for each set, the CPU's in the first line."""
    full = [e for e in evaluations if e["network"] in NETWORKS]
    names = list(dict.fromkeys(name.split(", odin, ")[0] for e in full for name in e["figures"] if ", odin, " in name))

    def figure(e, of, metric):
        value = e["figures"].get(f"{of}, odin, {metric}")
        return "-" if value is None else f"{value:.2f}"
    return table(["evaluation", *names],
                 [[f"{e['precision']} {e['convolution']}".strip(),
                   *(f"{figure(e, of, 'fpr_at_tpr95')} / {figure(e, of, 'auroc')}" for of in names)] for e in full])


def batch_table(ours):
    rows = [r for r in ours if r.get("device_batch", 0) > 0 and "images_per_second" in r]
    sizes = sorted({r["device_batch"] for r in rows})
    return table(["network", "convolution", *map(str, sizes)],
                 [[network, kind, *(rate(best(rows, network=network, convolution=kind, device_batch=size))
                                    for size in sizes)]
                  for network in NETWORKS for kind in KINDS
                  if best(rows, network=network, convolution=kind)] or [["-", NOT_RUN]])


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
    if not rows:
        rows.append(["-", "-", "-", "fp16"] + [NOT_RUN] * 4)
    return table(["network", "pass", "shape", "precision", "plain", "own (mma.sync)", "own (wgmma)", "cuDNN or cuBLAS"],
                 rows)
