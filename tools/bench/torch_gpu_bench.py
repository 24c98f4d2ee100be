#!/usr/bin/env python3
"""Times ODIN in PyTorch on a GPU, for tools/gpu_check/gpu_check.sh.

    tools/bench/torch_gpu_bench.py --networks densenet_bc_100,wrn_28_10 --precisions fp16,bf16 [--seconds S]
                                   [--batches N,N] [--compile MODE,MODE]

Prints one line of JSON for each way, as it is done: eager, NCHW and channels_last; with --compile instead compiled in
those modes ("max-autotune" is the best, and takes minutes), channels_last. The batch is what our own program runs at
once, if no other is named. It is copied from pinned memory, as our own program copies it; forward pass, gradient in the
input, second forward pass. Ways that fail are reported with their error; the exit status is then 1.
"""
import argparse
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "pytorch"))

import torch  # noqa: E402
from networks import DenseNet3, WideResNet, odin  # noqa: E402

# The network, and the batch of kernels/cuda/plan/plan_executor.cpp.
NETWORKS = {"densenet_bc_100": (DenseNet3, 512), "wrn_28_10": (WideResNet, 256)}
TYPES = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
LAYOUTS = {"NCHW": torch.contiguous_format, "channels_last": torch.channels_last}
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


def ways(make, dtype, modes):
    """(name, network, layout) of each way; a network lives no longer than its way is measured."""
    for name in ("channels_last",) if modes else LAYOUTS:
        for mode in modes or ("",):
            model = make().eval().to("cuda", dtype).to(memory_format=LAYOUTS[name])
            for parameter in model.parameters():
                parameter.requires_grad_(False)
            if mode:
                yield f"compiled ({mode}), {name}", torch.compile(model, mode=mode), LAYOUTS[name]
            else:
                yield f"eager, {name}", model, LAYOUTS[name]
            del model
            torch.compiler.reset()
            torch.cuda.empty_cache()


def main():
    def several(known=None):
        def parse(text):
            values = text.split(",")
            if known and not set(values) <= set(known):
                raise argparse.ArgumentTypeError(f"{text} is not of {', '.join(known)}")
            return values
        return parse
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=several(NETWORKS), required=True)
    parser.add_argument("--precisions", type=several(TYPES), required=True)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--batches", type=several(), default=[])
    parser.add_argument("--compile", type=several(("default", "reduce-overhead", "max-autotune")), default=[])
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("torch_gpu_bench.py: PyTorch finds no NVIDIA GPU")
    torch.backends.cudnn.benchmark = True
    status = 0
    for precision in options.precisions:
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        dtype = TYPES[precision]
        for network in options.networks:
            make, batch = NETWORKS[network]
            for way, model, layout in ways(make, dtype, options.compile):
                for size in [int(size) for size in options.batches] or [batch]:
                    line = {"network": network, "precision": precision, "way": way, "batch": size,
                            "torch": torch.__version__, "gpu": torch.cuda.get_device_name()}
                    try:
                        line["images_per_second"] = steps(model, dtype, layout, options.seconds, size)
                    except Exception as error:  # a way that fails is no reason to lose the others
                        line["error"] = f"{type(error).__name__}: {error}"[:300]
                        status = 1
                    print(json.dumps(line), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
