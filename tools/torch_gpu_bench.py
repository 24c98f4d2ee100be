#!/usr/bin/env python3
"""Times ODIN in PyTorch on a GPU: the fastest of its ways, for tools/gpu_check.sh.

    tools/torch_gpu_bench.py --network densenet_bc_100 --precision fp16 [--seconds S] [--batches 256,512]

Prints one line of JSON for each way: eager and compiled ("max-autotune"), NCHW and channels_last, each batch size. A
batch is copied from pinned memory, as our own program copies it; forward pass, gradient in the input, second forward
pass. Ways that fail are reported with their error.
"""
import argparse
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "pytorch"))

import torch  # noqa: E402
from networks import DenseNet3, WideResNet, odin  # noqa: E402

NETWORKS = {"densenet_bc_100": DenseNet3, "wrn_28_10": WideResNet}
TYPES = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
STD = (0.25, 0.24, 0.26)


def steps(network, device_type, layout, seconds, batch):
    """Images a second."""
    host = torch.randn(batch, 3, 32, 32, dtype=device_type).pin_memory()
    std = torch.tensor(STD, dtype=device_type, device="cuda")

    def run():
        torch.compiler.cudagraph_mark_step_begin()  # results of the last step may be overwritten
        images = host.to("cuda", non_blocking=True).to(memory_format=layout)
        logits, _, perturbed = odin(network, images, 1000.0, 0.0014, std)
        return logits, perturbed

    for _ in range(3):  # compiles, chooses algorithms
        run()
    torch.cuda.synchronize()
    count, start = 0, time.perf_counter()
    while True:
        for _ in range(4):
            run()
        torch.cuda.synchronize()
        count += 4 * batch
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return count / elapsed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, required=True)
    parser.add_argument("--precision", choices=TYPES, required=True)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--batches", default="256,512")
    parser.add_argument("--compile", action="store_true", help="with torch.compile too, which takes minutes")
    options = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = options.precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = options.precision == "tf32"
    dtype = TYPES[options.precision]
    batches = [int(batch) for batch in options.batches.split(",")]
    for layout, layout_name in ((torch.contiguous_format, "NCHW"), (torch.channels_last, "channels_last")):
        model = NETWORKS[options.network]().eval().to("cuda", dtype).to(memory_format=layout)
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        ways = [("eager", model, batches)]
        if options.compile and layout is torch.channels_last:
            ways.append(("compiled", torch.compile(model, mode="max-autotune"), batches[:1]))
        for way, network, sizes in ways:
            for batch in sizes:
                line = {"network": options.network, "precision": options.precision, "way": f"{way}, {layout_name}",
                        "batch": batch, "torch": torch.__version__, "gpu": torch.cuda.get_device_name()}
                try:
                    line["images_per_second"] = steps(network, dtype, layout, options.seconds, batch)
                except Exception as error:  # a way that fails is no reason to lose the others
                    line["error"] = f"{type(error).__name__}: {error}"[:300]
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
