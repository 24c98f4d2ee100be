#!/usr/bin/env python3
"""Tests of tools/bench/sass_report.py on machine code written by hand."""
import importlib.util
import pathlib
import unittest

PATH = pathlib.Path(__file__).resolve().parents[3] / "tools" / "bench" / "sass_report.py"
spec = importlib.util.spec_from_file_location("sass_report", PATH)
sass_report = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sass_report)

NAME = "void conv_wgmma_kernel<WarpgroupTile<__half, 128, 48, 2>, 4>(GemmArguments)"
CODE = [
    "MOV R1, R2",
    "ISETP.GT.AND P0, PT, R1, RZ, PT",  # 0x10, the outer loop begins
    "IADD3 R1, R1, 0x1, RZ",            # 0x20, the main loop begins
    "@P0 BRA 0x60",
    "LDG.E.U16 R2, desc[UR4][R2.64]",
    "BRA 0x80",
    "LDGSTS.E.BYPASS.128 [R5], desc[UR4][R2.64], !P0",  # 0x60
    "LDGSTS.E.BYPASS.128 [R6], desc[UR4][R2.64], !P0",
    "HGMMA.64x48x16.F32 R24, gdesc[UR4], R24, gsb0",  # 0x80
    "@!P1 BRA 0x20",                                  # 0x90
    "@!P2 BRA 0x10",
    "STG.E.128 desc[UR4][R2.64], R4",
    "EXIT",
    "BRA 0xd0",
    "NOP",
]


def listing(name=NAME, code=CODE):
    lines = [f"\t\tFunction : {name}", "\t.headerflags\t@\"EF_CUDA_SM90\""]
    for i, text in enumerate(code):
        lines.append(f"        /*{16 * i:04x}*/                   {text} ;   /* 0x0000000000007918 */")
        lines.append("                                                       /* 0x000fc00000000000 */")
    return "\n".join(lines)


def usage(registers=87, stack=0):
    return f" Function {NAME}:\n  REG:{registers} STACK:{stack} SHARED:1024 LOCAL:0\n"


class SassReport(unittest.TestCase):
    def counted(self, code=None, **resources):
        found = sass_report.report(listing(code=code or CODE), usage(**resources), "90a")
        self.assertEqual(list(found), ["wgmma 128 x 48, sm_90a"])
        return found["wgmma 128 x 48, sm_90a"]

    def test_a_kernel_is_cut_at_the_innermost_loop_around_its_products(self):
        counts = self.counted()
        self.assertEqual(counts["total"], 13)
        self.assertEqual((counts["before"], counts["loop"], counts["epilogue"]), (2, 8, 3))
        self.assertEqual((counts["products"], counts["copies"]), (1, 2))

    def test_a_step_is_the_way_with_the_most_copies(self):
        self.assertEqual(self.counted()["step"], 6)  # without the narrow load and the branch behind it

    def test_narrow_loads_count_in_the_loop_only(self):
        self.assertEqual(self.counted()["narrow"], 1)
        code = list(CODE)
        code[0], code[4] = code[4], code[0]
        self.assertEqual(self.counted(code)["narrow"], 0)
        code[4] = "STS.U16 [R5+0x2], R2"
        self.assertEqual(self.counted(code)["narrow"], 1)

    def test_registers_spills_and_shared_memory(self):
        counts = self.counted(registers=90, stack=16)
        self.assertEqual((counts["registers"], counts["spilled"]), (90, 16))
        self.assertEqual(counts["shared"], 4 * (128 + 48) * 128)
        halo = "void conv_halo_kernel<TensorTile<__half, 256, 16, 8, 1> >(GemmArguments)"
        self.assertEqual(sass_report.shared_bytes(halo), (256 + 67 + 144) * 112)
        wide = "void implicit_gemm_kernel<TensorTile<__half, 128, 160, 4, 2>, 4>(GemmArguments)"
        self.assertEqual(sass_report.shared_bytes(wide), 128 * (44 * 16 + 4))  # the staged sums need more

    def test_other_kernels_are_left_out(self):
        self.assertEqual(sass_report.report(listing(NAME.replace("__half", "__nv_bfloat16")), usage(), "90a"), {})
        without = [text for text in CODE if "HGMMA" not in text]
        self.assertEqual(sass_report.report(listing(code=without), usage(), "90a"), {})

    def test_what_got_worse_is_named(self):
        kernel = {"total": 1000, "step": 100, "epilogue": 500, "registers": 80, "spilled": 0, "narrow": 0}
        expected = {"nvcc": "13.0.88", "kernels": {"wgmma 128 x 48, sm_90a": kernel}}

        def worse(nvcc="13.0.88", **changes):
            changed = {"wgmma 128 x 48, sm_90a": dict(kernel, **changes)}
            return sass_report.worse({"nvcc": nvcc, "kernels": changed}, expected)
        self.assertEqual(worse(), [])
        self.assertEqual(worse(step=102, total=900), [])
        self.assertEqual(worse(step=103), ["wgmma 128 x 48, sm_90a: step is 103, was 100"])
        self.assertEqual(worse(registers=96), ["wgmma 128 x 48, sm_90a: registers is 96, was 80"])
        self.assertEqual(worse(spilled=4, narrow=1),
                         ["wgmma 128 x 48, sm_90a: spilled is 4, was 0",
                          "wgmma 128 x 48, sm_90a: narrow is 1, was 0"])
        # Another compiler counts otherwise, but must not spill either.
        self.assertEqual(worse(nvcc="13.1.2", step=200), [])
        self.assertEqual(worse(nvcc="13.1.2", step=200, spilled=8),
                         ["wgmma 128 x 48, sm_90a: spilled is 8, was 0"])
        gone = sass_report.worse({"nvcc": "13.0.88", "kernels": {}}, expected)
        self.assertIn("this kernel is gone", gone[0])

    def test_bytes_of_a_convolution(self):
        # 160 channels at 32 x 32: nine times the pixels, and 4 tiles of pixels with all the weights.
        forward, backward, memory = sass_report.moved(32, 160, 160, 3, 1)
        self.assertEqual(forward, 9 * (1024 * 160 * 2 + 4 * 160 * 160 * 2))
        self.assertEqual(backward, forward)
        self.assertEqual(memory, 1024 * 320 * 2)
        # Two tiles of channels read the pixels twice.
        self.assertEqual(sass_report.moved(16, 320, 320, 1, 1)[0], 256 * 320 * 2 * 2 + 320 * 320 * 2)
        # A DenseNet's windows: the pixels once, with 33 more at either end of a tile, and all nine taps' weights.
        forward, backward, memory = sass_report.moved(32, 48, 12, 3, 1)
        self.assertEqual(forward, 4 * 2 * (48 * (256 + 66) + 9 * 48 * 12))
        self.assertEqual(backward, 4 * 2 * (12 * (256 + 66) + 9 * 16 * 48))
        self.assertEqual(memory, 1024 * (48 + 12) * 2)

    def test_the_stored_values_have_no_spill_and_no_narrow_load(self):
        expected = sass_report.json.loads(sass_report.EXPECTED.read_text())
        self.assertEqual(len(expected["kernels"]), 10)
        for kernel in expected["kernels"].values():
            self.assertEqual((kernel["spilled"], kernel["narrow"]), (0, 0))
            self.assertLess(kernel["epilogue"], 5000)


if __name__ == "__main__":
    unittest.main()
